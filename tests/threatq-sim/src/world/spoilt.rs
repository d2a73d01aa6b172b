//! Rows that are not what they should be: members gone, null, or of a type that nobody expects.
//!
//! Follows section 11 of the API reference, whose lines 9 to 11 a client must be lenient about or complain of by id.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::World;

/// What is wrong with an object's rows.
#[derive(Clone, Debug)]
struct Wrong {
    members: Map<String, Value>,
    without: Vec<String>,
}

/// By object type and id.
#[derive(Clone, Debug, Default)]
pub(super) struct Spoilt(BTreeMap<(u16, u64), Wrong>);

impl World {
    /// From now on, the rows of this object have `members` in the place of their own, and none of those `without`, in both
    /// shapes. The object itself stays as it is. Twice replaces the first time; nothing at all makes the rows right again.
    pub fn spoil_row(
        &mut self,
        collection: &str,
        id: u64,
        members: Map<String, Value>,
        without: &[&str],
    ) -> Result<(), String> {
        let object_type = self.find(collection, id)?.object_type;
        if members.is_empty() && without.is_empty() {
            self.spoilt.0.remove(&(object_type, id));
        } else {
            let without = without.iter().map(|name| (*name).to_owned()).collect();
            self.spoilt.0.insert((object_type, id), Wrong { members, without });
        }
        Ok(())
    }

    /// Makes a row as wrong as it shall be.
    pub(crate) fn spoil(&self, object_type: u16, id: u64, row: &mut Map<String, Value>) {
        if let Some(wrong) = self.spoilt.0.get(&(object_type, id)) {
            row.retain(|name, _| !wrong.without.contains(name));
            row.extend(wrong.members.clone());
        }
    }

    /// Whether the rows of this object are wrong.
    pub(crate) fn is_spoilt(&self, object_type: u16, id: u64) -> bool {
        self.spoilt.0.contains_key(&(object_type, id))
    }
}
