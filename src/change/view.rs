//! What an object looks like to us, as far as we look: what a mark holds.
//!
//! Three things are told apart of every part: it was delivered, it was delivered and is empty, it was not delivered.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

use super::Excerpt;
use crate::record::Field;

/// The parts of an object whose changes are reported. Absent means that ThreatQ did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The object's own fields but its description. A field that is known to have no value is empty.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<Field, String>,
    /// The description; empty where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Excerpt>,
    /// When it was last touched.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub touched_at: Option<DateTime<Utc>>,
    /// Attribute rows by their ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<u64, Row>>,
    /// Comment rows by their ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<BTreeMap<u64, Row>>,
    /// Names of sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<BTreeSet<String>>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeSet<String>>,
    /// Related objects: by the type's code, by the id, `Type: value`. Attachments are not among them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub relationships: BTreeMap<String, BTreeMap<u64, String>>,
    /// Attached files: id, and name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<BTreeMap<u64, String>>,
}

/// What is remembered of an attribute, as `name: value`, or of a comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its text; of a comment the fingerprint only.
    #[serde(flatten)]
    pub text: Excerpt,
    /// Who wrote it, or where it is from. Another author alone is no change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
}

/// A time in chrono's own form, which its own way of writing it takes twice as long for; there is one in every mark.
#[expect(clippy::ref_option, reason = "serde calls it so")]
fn time<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)).serialize(serializer)
}

impl View {
    /// This view, with what it does not say taken from an earlier one.
    #[must_use]
    pub fn completed_by(self, earlier: &Self) -> Self {
        let mut whole = earlier.clone();
        whole.fields.extend(self.fields);
        whole.relationships.extend(self.relationships);
        Self {
            fields: whole.fields,
            description: self.description.or(whole.description),
            touched_at: self.touched_at.or(whole.touched_at),
            attributes: self.attributes.or(whole.attributes),
            comments: self.comments.or(whole.comments),
            sources: self.sources.or(whole.sources),
            tags: self.tags.or(whole.tags),
            relationships: whole.relationships,
            attachments: self.attachments.or(whole.attachments),
        }
    }

    /// A field of its own, where it was delivered and is not empty.
    pub fn field(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(String::as_str).filter(|value| !value.is_empty())
    }
}
