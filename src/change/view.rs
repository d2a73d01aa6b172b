//! What an object looks like to us, as far as we look: what a mark holds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The parts of an object whose changes are reported. Absent means that ThreatQ did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The value, title or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The type within the object type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtype: Option<String>,
    /// The status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The score that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// The strictest TLP of its sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlp: Option<String>,
    /// A fingerprint of the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was last touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touched_at: Option<DateTime<Utc>>,
    /// Attribute rows: id, and `name: value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<u64, String>>,
    /// Comment rows by their ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<BTreeMap<u64, Comment>>,
    /// Names of sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<BTreeSet<String>>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeSet<String>>,
    /// Related objects: the type's code and the id, and `Type: value`. Attachments are not among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationships: Option<BTreeMap<String, String>>,
    /// Attached files: id, and name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<BTreeMap<u64, String>>,
}

/// What is remembered of a comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// A fingerprint of its text.
    pub text: String,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl View {
    /// This view, with what it does not say taken from an earlier one.
    #[must_use]
    pub fn completed_by(self, earlier: &Self) -> Self {
        let earlier = earlier.clone();
        Self {
            value: self.value.or(earlier.value),
            subtype: self.subtype.or(earlier.subtype),
            status: self.status.or(earlier.status),
            score: self.score.or(earlier.score),
            tlp: self.tlp.or(earlier.tlp),
            description: self.description.or(earlier.description),
            touched_at: self.touched_at.or(earlier.touched_at),
            attributes: self.attributes.or(earlier.attributes),
            comments: self.comments.or(earlier.comments),
            sources: self.sources.or(earlier.sources),
            tags: self.tags.or(earlier.tags),
            relationships: self.relationships.or(earlier.relationships),
            attachments: self.attachments.or(earlier.attachments),
        }
    }
}
