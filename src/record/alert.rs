//! One changed object in one source: what the fetchers find and the formatter turns into mail.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};

use super::{MarkEntry, Record, digest};

/// One changed object in one source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Derived from what changed; see [`Alert::id_of_content`].
    pub id: String,
    /// `watchlist`, or `collection/` and the collection's name.
    pub source: String,
    /// What happened to the object in that source.
    pub event: Event,
    /// When the fetcher saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_at: Option<DateTime<Utc>>,
    /// Whose watchlist holds the object; empty for a collection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watchers: Vec<Watcher>,
    /// The data collection; none for a watchlist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<Collection>,
    /// The object as it is now; where it was removed, as it was last known.
    pub object: Object,
    /// When ThreatQ says that the object was last touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<DateTime<Utc>>,
    /// What changed, for an update.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What to remember once this alert has been taken over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<MarkEntry>,
}

impl Alert {
    /// The id that follows from what changed and from the generation of the state that it was compared with.
    ///
    /// The same change has the same id in every run until it is taken over. What happens again later, as when somebody
    /// watches an object anew, has another one.
    pub fn id_of_content(&self, base: u64) -> String {
        let mut parts = vec![
            base.to_string(),
            self.source.clone(),
            self.event.to_string(),
            self.object.kind.clone(),
            self.object.id.to_string(),
            self.changed_at.map_or_else(String::new, |at| at.to_rfc3339()),
        ];
        parts.extend(
            self.watchers.iter().map(|watcher| watcher.email.clone().unwrap_or_else(|| watcher.name.clone())),
        );
        parts.extend(self.changes.iter().map(Change::to_string));
        digest(parts.iter().map(String::as_str))
    }
}

/// What happened to an object in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// It is new there.
    Added,
    /// It was there and changed.
    Updated,
    /// It was there and left.
    Removed,
}

/// A user whose watchlist holds the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watcher {
    /// The display name.
    pub name: String,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A saved search of ThreatQ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// The name people gave it.
    pub name: String,
    /// ThreatQ's hash of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// An object of the threat library.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Object {
    /// ThreatQ's code for the type: `indicator`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the screens call it: `Indicator`.
    pub type_name: String,
    /// And several of it: `Indicators`.
    pub type_plural: String,
    /// The number.
    pub id: u64,
    /// The value, title or name.
    pub value: String,
    /// The type within the object type: `IP Address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtype: Option<String>,
    /// The status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The score that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// The strictest TLP of its sources: red, amber, green or white.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<String>,
    /// Names of sources; none when ThreatQ did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<String>>,
    /// Tags; none when ThreatQ did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The description, which may be HTML.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "short")]
    pub description: Option<String>,
    /// The address of the object's page.
    pub link: String,
}

/// One difference between what was reported before and what is there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where.
    pub field: Field,
    /// Which way.
    #[serde(rename = "change")]
    pub kind: ChangeKind,
    /// The type of the related objects, by ThreatQ's code: `malware`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_type: Option<String>,
    /// How many, for a field that an object has several of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Which ones, where they are short.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// By whom, where ThreatQ says it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// The value before.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "short")]
    pub from: Option<String>,
    /// The value after.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "short")]
    pub to: Option<String>,
}

/// The longest text of a record that is for reading only; a line has an end, and a mail shows a thousand characters.
const TEXT_LIMIT: usize = 64 * 1024;

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn short<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) if text.len() > TEXT_LIMIT => {
            let start = text.get(..text.floor_char_boundary(TEXT_LIMIT)).unwrap_or_default();
            serializer.serialize_some(&format_args!("{start}…"))
        }
        other => other.serialize(serializer),
    }
}

/// What of an object can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is a word of ThreatQ's screens")]
pub enum Field {
    Value,
    Type,
    Status,
    Score,
    Tlp,
    Description,
    HappenedAt,
    StartedAt,
    EndedAt,
    DueAt,
    PublishedAt,
    ExpiresAt,
    Attribute,
    Comment,
    Source,
    Tag,
    Relationship,
    Attachment,
}

/// Which way something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum ChangeKind {
    Added,
    Changed,
    Removed,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "Added",
            Self::Updated => "Updated",
            Self::Removed => "Removed",
        })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "Value",
            Self::Type => "Type",
            Self::Status => "Status",
            Self::Score => "Score",
            Self::Tlp => "TLP",
            Self::Description => "Description",
            Self::HappenedAt => "Happened at",
            Self::StartedAt => "Started at",
            Self::EndedAt => "Ended at",
            Self::DueAt => "Due at",
            Self::PublishedAt => "Published at",
            Self::ExpiresAt => "Expires at",
            Self::Attribute => "Attribute",
            Self::Comment => "Comment",
            Self::Source => "Source",
            Self::Tag => "Tag",
            Self::Relationship => "Relationship",
            Self::Attachment => "Attachment",
        })
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        })
    }
}

/// The change in the guide's words: `Comment added: 2`, `Status changed: Review -> Active`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.kind)?;
        match (self.count, &self.from, &self.to) {
            (Some(count), _, _) => write!(f, ": {count}")?,
            (None, Some(from), Some(to)) => write!(f, ": {from} -> {to}")?,
            (None, Some(value), None) | (None, None, Some(value)) => write!(f, ": {value}")?,
            (None, None, None) => (),
        }
        if self.values.is_empty() { Ok(()) } else { write!(f, " ({})", self.values.join(", ")) }
    }
}

impl Record for Alert {
    const NAME: &'static str = "alert";

    fn summary(&self) -> (String, String) {
        let when = self.changed_at.map_or_else(|| "-".to_owned(), |at| at.format("%F %T").to_string());
        let changes: Vec<String> = self.changes.iter().map(Change::to_string).collect();
        let object = &self.object;
        let rest =
            format!("{when}  {}  {} {}  {}", self.source, object.type_name, object.value, changes.join("; "));
        (self.event.to_string().to_lowercase(), rest)
    }
}
