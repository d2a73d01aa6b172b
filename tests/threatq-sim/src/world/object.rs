//! One object of the library and the rows that hang on it.
//!
//! Follows sections 4.1 and 4.3 of the API reference. Plain data: what moves which stamp is in `world::change`.

use crate::stamp::Stamp;

/// An object of any type. `name` is its `value`, `title` or `name`, whichever its type has.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// The id of its [`ObjectType`](super::ObjectType).
    pub object_type: u16,
    pub id: u64,
    pub name: String,
    pub type_id: Option<u64>,
    pub status_id: Option<u64>,
    /// HTML, as ThreatQ's editor leaves it.
    pub description: Option<String>,
    pub score: Score,
    pub created_at: Stamp,
    pub updated_at: Stamp,
    pub touched_at: Stamp,
    pub published_at: Option<Stamp>,
    pub happened_at: Option<Stamp>,
    pub expires_at: Option<Stamp>,
    pub attributes: Vec<Attribute>,
    pub comments: Vec<Comment>,
    pub sources: Vec<SourceLink>,
    pub tags: Vec<Tag>,
    pub links: Vec<Link>,
}

/// An indicator's score: the manual one counts when it is set.
#[derive(Clone, Debug, Default)]
pub struct Score {
    pub manual: Option<u8>,
    pub generated: f64,
    pub updated_at: Stamp,
}

impl Score {
    /// The score as the Solr shape has it: an integer 0-10. Guess: a generated score is rounded.
    pub fn effective(&self) -> i64 {
        match self.manual {
            Some(manual) => i64::from(manual),
            None => self.generated.clamp(0.0, 10.0).round() as i64,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub id: u64,
    /// The id of the attribute's name.
    pub attribute_id: u64,
    pub name: String,
    pub value: String,
    pub source_id: Option<u64>,
    pub created_at: Stamp,
    pub updated_at: Stamp,
}

#[derive(Clone, Debug)]
pub struct Comment {
    pub id: u64,
    pub value: String,
    /// The source row of its author.
    pub source_id: Option<u64>,
    pub created_at: Stamp,
    pub updated_at: Stamp,
}

#[derive(Clone, Debug)]
pub struct Tag {
    pub id: u64,
    pub name: String,
}

/// That a source reported this object.
#[derive(Clone, Debug)]
pub struct SourceLink {
    /// The id of the link, not of the source.
    pub id: u64,
    pub source_id: u64,
    pub tlp_id: Option<u64>,
    pub created_at: Stamp,
    pub updated_at: Stamp,
}

/// A relationship, seen from one of its ends; both ends hold it with the same id.
#[derive(Clone, Debug)]
pub struct Link {
    pub id: u64,
    pub other_type: u16,
    pub other_id: u64,
    /// Whether this end is the one the link was made from.
    pub outgoing: bool,
    pub created_at: Stamp,
}
