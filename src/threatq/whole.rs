//! An object's answer, taken apart as it arrives: the object, and of the objects around it only numbers and names, since a
//! body may be large and nothing else of it is wanted.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::related::RELATED;
use super::{Object, lenient};

/// An object with the rows that it is related to, each under its type's word in routes.
pub(super) struct Whole {
    pub(super) object: Object,
    /// What was not delivered is absent, and what is no list was not delivered.
    pub(super) lists: Vec<(&'static str, Vec<Relation>)>,
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read twice, because a body may be large and neither reading holds what the other wants.
        let row = <&RawValue>::deserialize(deserializer)?.get();
        let object = serde_json::from_str(row).map_err(D::Error::custom)?;
        let Relations(lists) = serde_json::from_str(row).map_err(D::Error::custom)?;
        Ok(Self { object, lists })
    }
}

/// A related row: its number, and what names it.
pub(super) struct Relation {
    pub(super) id: i64,
    pub(super) name: String,
}

#[derive(Deserialize)]
struct RelationRow {
    #[serde(default, deserialize_with = "lenient::integer")]
    id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    value: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
}

impl RelationRow {
    fn relation(self) -> Option<Relation> {
        let names = [self.value, self.title, self.name].into_iter().flatten();
        let name = names.into_iter().find(|text| !text.is_empty());
        Some(Relation { id: self.id?, name: name.unwrap_or_else(|| "(no name)".to_owned()) })
    }
}

struct Relations(Vec<(&'static str, Vec<Relation>)>);

impl<'de> Deserialize<'de> for Relations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RelationsVisitor)
    }
}

struct RelationsVisitor;

impl<'de> Visitor<'de> for RelationsVisitor {
    type Value = Relations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Relations, A::Error> {
        let mut lists = Vec::new();
        while let Some(member) = members.next_key::<Cow<str>>()? {
            let Some(collection) = RELATED.into_iter().find(|known| *known == member) else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = members.next_value::<&RawValue>()?.get();
            if let Ok(RelationList(rows)) = serde_json::from_str(value) {
                lists.push((collection, rows));
            }
        }
        Ok(Relations(lists))
    }
}

/// The rows of a list that say a number; others are related to nothing.
struct RelationList(Vec<Relation>);

impl<'de> Deserialize<'de> for RelationList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows = Vec::new();
        lenient::each_row(deserializer, |row: &RawValue| {
            // Looked at first, because a failure costs far more than a row.
            if row.get().starts_with('{') {
                rows.extend(serde_json::from_str(row.get()).ok().and_then(RelationRow::relation));
            }
            Ok(())
        })?;
        Ok(Self(rows))
    }
}
