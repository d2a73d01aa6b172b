//! One object of the threat library, in either of the two shapes that ThreatQ sends.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::lenient::{self, Named};
use super::page::Row;
use super::part::Part;
use super::related::Related;
use super::source::{Source, strictest};
use super::{Client, Error, ObjectType, Pass};
use crate::record;

/// One object as ThreatQ sends it. A list that is absent was not delivered, which is not the same as empty.
#[derive(Debug, Default, Deserialize)]
pub struct Object {
    /// Its number.
    #[serde(deserialize_with = "lenient::id")]
    pub id: u64,
    /// When anything of it or around it last changed.
    #[serde(default, deserialize_with = "lenient::date")]
    pub touched_at: Option<DateTime<Utc>>,
    value: Option<String>,
    title: Option<String>,
    name: Option<String>,
    #[serde(default, rename = "type")]
    pub(super) subtype: Part<Named>,
    #[serde(default)]
    pub(super) status: Part<Named>,
    #[serde(default, deserialize_with = "lenient::score")]
    pub(super) score: Part<i64>,
    #[serde(default)]
    pub(super) description: Part<String>,
    #[serde(default, deserialize_with = "lenient::dated")]
    pub(super) happened_at: Part<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::dated")]
    pub(super) started_at: Part<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::dated")]
    pub(super) ended_at: Part<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::dated")]
    pub(super) due_at: Part<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::dated")]
    pub(super) published_at: Part<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::dated")]
    pub(super) expires_at: Part<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::rows")]
    pub(super) attributes: Option<Vec<Attribute>>,
    #[serde(default, deserialize_with = "lenient::rows")]
    pub(super) comments: Option<Vec<Comment>>,
    #[serde(default, deserialize_with = "lenient::rows")]
    pub(super) sources: Option<Vec<Source>>,
    #[serde(default, deserialize_with = "lenient::rows")]
    pub(super) tags: Option<Vec<Named>>,
    /// Known where the object was read whole.
    #[serde(skip)]
    pub(super) related: Option<Related>,
    #[serde(skip)]
    pub(super) is_partial: bool,
}

/// One row of its attributes.
#[derive(Debug, Deserialize)]
pub(super) struct Attribute {
    #[serde(deserialize_with = "lenient::id")]
    pub(super) id: u64,
    pub(super) name: Option<String>,
    #[serde(rename = "attribute")]
    pub(super) definition: Option<Named>,
    #[serde(default, deserialize_with = "lenient::any")]
    pub(super) value: Option<Value>,
    #[serde(default, deserialize_with = "lenient::rows")]
    pub(super) sources: Option<Vec<Source>>,
}

/// One row of its comments.
#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    #[serde(deserialize_with = "lenient::id")]
    pub(super) id: u64,
    pub(super) value: Option<String>,
    #[serde(default, deserialize_with = "lenient::rows")]
    pub(super) sources: Option<Vec<Source>>,
    pub(super) source_name: Option<String>,
}

/// Objects of one type by their numbers, and when each was last touched, as far as that is known.
pub type Touches = BTreeMap<u64, Option<DateTime<Utc>>>;

/// A row that only says when.
#[derive(Deserialize)]
pub(super) struct Touched {
    #[serde(deserialize_with = "lenient::id")]
    id: u64,
    #[serde(default, deserialize_with = "lenient::date")]
    touched_at: Option<DateTime<Utc>>,
}

impl From<Touched> for Object {
    /// The object of which nothing else was asked for.
    fn from(row: Touched) -> Self {
        Self { id: row.id, touched_at: row.touched_at, ..Self::default() }
    }
}

impl Row for Touched {
    fn id(&self) -> u64 {
        self.id
    }
}

/// The filter for what was touched since a time.
pub(super) fn touched_since(since: DateTime<Utc>) -> Value {
    json!({"touched_at": {"+gte": lenient::window_from(since)}})
}

impl Row for Object {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Object {
    /// What of a type was touched since a time: ids, and when; none where listing that takes more pages than so many.
    ///
    /// Times are those of the search index, which have seconds.
    pub fn touched_since(
        client: &Client,
        object_type: &ObjectType,
        since: DateTime<Utc>,
        pages: usize,
    ) -> Result<Option<Touches>, Error> {
        let filters = json!({"+and": [touched_since(since)]});
        let body = json!({"criteria": {}, "filters": filters, "fields": ["id", "touched_at"]});
        let route = format!("/api/{}/query", object_type.collection);
        let mut touched = Touches::new();
        let pass = client.query_unless_longer(&route, &body, pages, |row: Result<Touched, String>| {
            match row {
                Ok(row) => {
                    touched.insert(row.id, row.touched_at);
                }
                Err(reason) => tracing::info!("{route}: {reason}"),
            }
            Ok::<_, Error>(())
        })?;
        // A list that moved while it was read may have missed some; then all are looked at.
        let pass = pass.filter(Pass::is_whole);
        Ok(pass.map(|pass| {
            // Of a row that cannot be read the id says enough. One without an id is about no object that is known.
            pass.ids().for_each(|id| _ = touched.entry(id).or_insert(None));
            touched
        }))
    }

    /// The object with the names of a type and a status of which only the number was delivered. One that its type does not
    /// have was not delivered.
    pub(super) fn named_by(mut self, object_type: &ObjectType) -> Self {
        for (part, choices) in
            [(&mut self.subtype, &object_type.types), (&mut self.status, &object_type.statuses)]
        {
            if let Part::Full(Named::Numbered(id)) = *part {
                let name = choices.iter().flatten().find_map(|choice| choice.name_of(id));
                *part = name.map_or(Part::Absent, |name| Part::Full(Named::Name(name.to_owned())));
            }
        }
        self
    }

    /// Whether it was read without what it is related to, which others of its type were read with.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// The words that name the object: its value, title or name, whichever its type has.
    pub(super) fn value_of(&self, object_type: &ObjectType) -> Option<&str> {
        // A signature's value is the text of the rule; its name is what people know.
        let places = if object_type.collection == "signatures" {
            [&self.name, &self.title, &self.value]
        } else {
            [&self.value, &self.title, &self.name]
        };
        places.into_iter().flatten().map(String::as_str).find(|text| !text.is_empty())
    }

    /// The object as it travels in an alert.
    pub fn to_record(&self, object_type: &ObjectType, origin: &str) -> record::Object {
        record::Object {
            kind: object_type.name.clone(),
            type_name: object_type.display_name.clone(),
            type_plural: object_type.display_name_plural.clone(),
            id: self.id,
            value: self.value_of(object_type).map_or_else(|| object_type.nameless(self.id), str::to_owned),
            subtype: self.subtype.get().cloned().map(Named::into_name),
            status: self.status.get().cloned().map(Named::into_name),
            score: self.score.get().copied(),
            tlp: self.sources.as_deref().and_then(strictest),
            sources: self.source_names(),
            tags: self.tag_names(),
            description: self.description.get().cloned(),
            link: object_type.link(origin, self.id),
        }
    }

    pub(super) fn source_names(&self) -> Option<Vec<String>> {
        self.sources.as_ref().map(|rows| rows.iter().map(Source::name).collect())
    }

    pub(super) fn tag_names(&self) -> Option<Vec<String>> {
        let name = |tag: &Named| match tag {
            Named::Name(name) => Some(name.clone()),
            // Tags of which only the number was delivered say nothing about those that are known by name.
            Named::Numbered(_) => None,
        };
        self.tags.as_ref()?.iter().map(name).collect()
    }
}
