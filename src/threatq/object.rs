//! One object of the threat library, in either of the two shapes that ThreatQ sends.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::lenient::{self, Named};
use super::page::Row;
use super::related::{Related, Source, strictest};
use super::{Client, Error, ObjectType, Pass};
use crate::change::{self, View};
use crate::record;

/// One object as ThreatQ sends it. A list that is absent was not delivered, which is not the same as empty.
#[derive(Debug, Deserialize)]
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
    #[serde(rename = "type")]
    subtype: Option<Named>,
    status: Option<Named>,
    #[serde(default, deserialize_with = "score")]
    score: Option<i64>,
    description: Option<String>,
    attributes: Option<Vec<Attribute>>,
    comments: Option<Vec<Comment>>,
    sources: Option<Vec<Source>>,
    tags: Option<Vec<Named>>,
    /// Known where the object was read whole.
    #[serde(skip)]
    pub(super) related: Option<Related>,
}

#[derive(Debug, Deserialize)]
struct Attribute {
    #[serde(deserialize_with = "lenient::id")]
    id: u64,
    name: Option<String>,
    #[serde(rename = "attribute")]
    definition: Option<Named>,
    value: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    #[serde(deserialize_with = "lenient::id")]
    id: u64,
    value: Option<String>,
    #[serde(default)]
    sources: Vec<Source>,
    source_name: Option<String>,
}

impl Comment {
    /// The author is the comment's first source.
    fn remembered(&self) -> change::Comment {
        let by = self.sources.first().map(Source::name).or_else(|| self.source_name.clone());
        change::Comment { text: fingerprint(self.value.as_deref().unwrap_or_default()), by }
    }
}

/// Objects of one type by their numbers, and when each was last touched, as far as that is known.
pub type Touches = BTreeMap<u64, Option<DateTime<Utc>>>;

/// A row that only says when.
#[derive(Deserialize)]
struct Touched {
    #[serde(deserialize_with = "lenient::id")]
    id: u64,
    #[serde(default, deserialize_with = "lenient::date")]
    touched_at: Option<DateTime<Utc>>,
}

impl Row for Touched {
    fn id(&self) -> u64 {
        self.id
    }
}

/// The filter for what was touched since a time.
pub(super) fn touched_since(since: DateTime<Utc>) -> Value {
    json!({"touched_at": {"+gte": since.format("%Y-%m-%d %H:%M:%S").to_string()}})
}

impl Row for Object {
    fn id(&self) -> u64 {
        self.id
    }
}

/// A score is a number in one shape, and in the other a row where the one set by hand beats the computed one.
fn score<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let places = ["/manual_score", "/generated_score", ""];
    Ok(places.iter().find_map(|place| value.pointer(place).and_then(lenient::number)))
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
            let row = row.map_err(|reason| Error::Nonsense(format!("{route}: {reason}")))?;
            touched.insert(row.id, row.touched_at);
            Ok::<_, Error>(())
        })?;
        // A list that moved while it was read may have missed some; then all are looked at.
        Ok(pass.filter(Pass::is_whole).map(|_| touched))
    }

    /// The words that name the object: its value, title or name, whichever its type has.
    fn value_of(&self, object_type: &ObjectType) -> Option<&str> {
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
            value: self
                .value_of(object_type)
                .map_or_else(|| format!("({} {})", object_type.name, self.id), str::to_owned),
            subtype: self.subtype.clone().map(Named::into_name),
            status: self.status.clone().map(Named::into_name),
            score: self.score,
            tlp: self.tlp(),
            sources: self.source_names(),
            tags: self.tag_names(),
            description: self.description.clone(),
            link: object_type.link(origin, self.id),
        }
    }

    fn tlp(&self) -> Option<String> {
        strictest(self.sources.as_deref().unwrap_or_default())
    }

    fn source_names(&self) -> Option<Vec<String>> {
        self.sources.as_ref().map(|rows| rows.iter().map(Source::name).collect())
    }

    fn tag_names(&self) -> Option<Vec<String>> {
        self.tags.as_ref().map(|rows| rows.iter().cloned().map(Named::into_name).collect())
    }

    /// What is remembered of the object and compared with what was remembered.
    pub fn view(&self, object_type: &ObjectType) -> View {
        let attribute = |row: &Attribute| {
            let name =
                row.name.clone().or_else(|| row.definition.clone().map(Named::into_name)).unwrap_or_default();
            let value = match &row.value {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            (row.id, format!("{name}: {value}"))
        };
        View {
            value: self.value_of(object_type).map(str::to_owned),
            subtype: self.subtype.clone().map(Named::into_name),
            status: self.status.clone().map(Named::into_name),
            score: self.score,
            tlp: self.sources.as_ref().map(|_| self.tlp().unwrap_or_else(|| "none".to_owned())),
            description: self.description.as_deref().map(fingerprint),
            touched_at: self.touched_at,
            attributes: self.attributes.as_ref().map(|rows| rows.iter().map(attribute).collect()),
            comments: self
                .comments
                .as_ref()
                .map(|rows| rows.iter().map(|row| (row.id, row.remembered())).collect()),
            sources: self.source_names().map(|names| names.into_iter().collect()),
            tags: self.tag_names().map(|names| names.into_iter().collect()),
            relationships: self.related.as_ref().map(|related| related.objects.clone()),
            attachments: self.related.as_ref().map(|related| related.attachments.clone()),
        }
    }
}

/// Enough of a long text to see that it changed.
fn fingerprint(text: &str) -> String {
    record::digest([text]).chars().take(16).collect()
}
