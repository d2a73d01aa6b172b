//! Data collections, which the API calls saved searches: `GET /api/search/query`, and running one on an object type.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::object::{Touched, touched_since};
use super::{Client, Error, Object, ObjectType, ObjectTypes, Paging, Pass, applicable, page};
use crate::candidates;
use crate::record;

/// What is asked of each row. An explicit list keeps rows small, and servers differ in what they send by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// What an alert shows.
    Shown,
    /// The id, and when it was last touched: all that is remembered of an object that is no news.
    Touched,
}

/// What is read of a collection in one pass.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// Its objects of this type.
    pub object_type: &'a ObjectType,
    /// Of these what was touched since, where that is enough.
    pub since: Option<DateTime<Utc>>,
    /// What of each.
    pub fields: Fields,
    /// How the list is read.
    pub paging: Paging,
}

impl Fields {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Shown => &[
                "id",
                "value",
                "title",
                "name",
                "type",
                "status",
                "score",
                "description",
                "sources",
                "tags",
                "touched_at",
            ],
            Self::Touched => &["id", "touched_at"],
        }
    }
}

/// One data collection.
#[derive(Clone, Debug)]
pub struct SavedSearch {
    /// The name that people gave it; not guaranteed to be unique.
    pub name: String,
    /// ThreatQ's hash of it.
    pub hash: Option<String>,
    json: Value,
}

/// A saved search as ThreatQ lists it. One that was run but never saved has no name.
#[derive(Deserialize)]
struct Row {
    name: Option<String>,
    hash: Option<String>,
    #[serde(default)]
    json: Value,
}

/// All data collections that this login may see.
pub struct SavedSearches {
    searches: Vec<SavedSearch>,
}

impl SavedSearches {
    /// Asks ThreatQ. Searches without a name are no data collections.
    pub fn read(client: &Client) -> Result<Self, Error> {
        let rows: Vec<Row> = client.list("/api/search/query")?;
        let named = |Row { name, hash, json }| name.map(|name| SavedSearch { name, hash, json });
        Ok(Self { searches: rows.into_iter().filter_map(named).collect() })
    }

    /// The data collection with exactly this name, or this hash.
    pub fn find(&self, name: &str) -> Result<&SavedSearch, Error> {
        let named: Vec<&SavedSearch> = self.searches.iter().filter(|search| search.name == name).collect();
        match named.as_slice() {
            [search] => Ok(search),
            [] => self.searches.iter().find(|search| search.hash.as_deref() == Some(name)).ok_or_else(|| {
                let known = self.searches.iter().map(|search| search.name.as_str());
                let hint = candidates::sentence(name, known);
                Error::Name(format!(
                    "no data collection '{name}'; {hint} (a collection must be shared with the login that reads it)"
                ))
            }),
            several => {
                let hashes: Vec<&str> = several.iter().filter_map(|search| search.hash.as_deref()).collect();
                let hashes = hashes.join(", ");
                Err(Error::Name(format!("several data collections are called '{name}': use one of the hashes {hashes}")))
            }
        }
    }
}

impl SavedSearch {
    /// The query in the form that the API runs. It may arrive as JSON or as JSON in a string.
    fn api_query(&self) -> Result<Map<String, Value>, Error> {
        let query = self.parsed().get("api_query").and_then(Value::as_object).cloned();
        query.ok_or_else(|| {
            Error::Nonsense(format!("data collection '{}' has no query that can be run", self.name))
        })
    }

    fn parsed(&self) -> Value {
        match &self.json {
            Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
            other => other.clone(),
        }
    }

    /// A fingerprint of what the collection asks for; another one means that it is another collection now.
    pub fn fingerprint(&self) -> Result<String, Error> {
        let query = self.api_query()?;
        // Members come sorted out of the map, so their order in the answer does not matter.
        Ok(record::digest([Value::Object(query).to_string().as_str()]))
    }

    /// The object types to look at: those that were asked for, or those that the collection selects (inferred), or
    /// indicators where it says nothing.
    pub fn object_types<'a>(
        &self,
        types: &'a ObjectTypes,
        asked_for: &[String],
    ) -> Result<Vec<&'a ObjectType>, Error> {
        let parsed = self.parsed();
        let objects = parsed.pointer("/ui_query/objects");
        let selected: Vec<String> = objects
            .and_then(|objects| objects.get("selected"))
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        let current = objects.and_then(|objects| objects.get("current")).and_then(Value::as_str);
        let names = match (asked_for, selected.as_slice()) {
            ([], []) => vec![current.unwrap_or("indicators").to_owned()],
            ([], selected) => selected.to_vec(),
            (asked_for, _) => asked_for.to_vec(),
        };
        let mut found: Vec<&ObjectType> = Vec::new();
        for name in &names {
            let object_type = types.find(name)?;
            if found.iter().all(|known| known.name != object_type.name) {
                found.push(object_type);
            }
        }
        Ok(found)
    }

    /// What is asked of a type: criteria, filters, and the conditions that do not apply and are left out.
    fn applicable(&self, object_type: &ObjectType) -> Result<(Value, Value, Vec<String>), Error> {
        let query = self.api_query()?;
        let part = |name: &str| match query.get(name) {
            Some(part @ Value::Object(_)) => Ok(applicable::to_type(part, object_type)),
            None | Some(Value::Null) => Ok((json!({}), Vec::new())),
            // What PHP makes of an object without members.
            Some(Value::Array(parts)) if parts.is_empty() => Ok((json!({}), Vec::new())),
            Some(_) => Err(Error::Nonsense(format!("the collection's {name} have a form that is not known"))),
        };
        let ((criteria, mut left_out), (filters, more)) = (part("criteria")?, part("filters")?);
        left_out.extend(more);
        Ok((criteria, filters, left_out))
    }

    /// A fingerprint of what is asked of a type. Another one, though the collection is the same, means that ThreatQ says
    /// otherwise what applies to the type, and that other objects are found.
    pub fn query_for(&self, object_type: &ObjectType) -> Result<String, Error> {
        let (criteria, filters, _) = self.applicable(object_type)?;
        Ok(record::digest([criteria.to_string().as_str(), filters.to_string().as_str()]))
    }

    /// One pass over the collection's objects of one type, or over those of them that were touched since a time, each
    /// handed on as it arrives. A window has no hash, and so no cursor either.
    pub fn objects<E: From<Error>>(
        &self,
        client: &Client,
        selection: &Selection<'_>,
        mut each: impl FnMut(Result<Object, String>) -> Result<(), E>,
    ) -> Result<Pass, E> {
        match selection.fields {
            Fields::Touched => {
                self.pass(client, selection, |row: Result<Touched, String>| each(row.map(Object::from)))
            }
            Fields::Shown => self.pass(client, selection, |row: Result<Box<Object>, String>| {
                each(row.map(|object| object.named_by(selection.object_type)))
            }),
        }
    }

    /// The same, with rows as they are.
    fn pass<T: page::Row + Send, E: From<Error>>(
        &self,
        client: &Client,
        selection: &Selection<'_>,
        mut each: impl FnMut(Result<T, String>) -> Result<(), E>,
    ) -> Result<Pass, E> {
        let Selection { object_type, since, fields, paging } = *selection;
        let (criteria, mut filters, left_out) = self.applicable(object_type)?;
        if !left_out.is_empty() {
            let (name, of_type, words) = (&self.name, &object_type.display_name_plural, left_out.join(", "));
            tracing::info!("collection '{name}': does not apply to {of_type}, and is left out: {words}");
        }
        let route = format!("/api/{}/query", object_type.collection);
        // What a hash stands for is run with every condition in it.
        let hash = self.plain_hash().filter(|_| left_out.is_empty());
        if let (Paging::Cursor, None, Some(hash)) = (paging, since, hash) {
            let route = format!("{route}/hash/{hash}");
            if let Some(pass) = client.query_by_cursor(&route, &fields.names().join(","), &mut each)? {
                return Ok(pass);
            }
        }
        if let Some(since) = since {
            // Beside the collection's own filters, which may hold dates that must go on counting.
            let window = touched_since(since);
            let is_empty = filters.as_object().is_some_and(Map::is_empty);
            filters = json!({"+and": if is_empty { vec![window] } else { vec![filters, window] }});
        }
        let body = json!({"criteria": criteria, "filters": filters, "fields": fields.names()});
        client.query(&route, &body, each)
    }

    /// The hash, unless it is one that would lead to another route.
    fn plain_hash(&self) -> Option<&str> {
        self.hash.as_deref().filter(|hash| hash.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    }
}
