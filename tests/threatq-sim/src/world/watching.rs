//! Watchlists: who watches which object.
//!
//! Section 5 of the API reference knows only an entry's `id`; every other member of an entry is a guess. Watching does
//! not touch the object (guess).

use std::collections::{BTreeMap, HashMap};

use super::World;
use crate::stamp::Stamp;

#[derive(Clone, Debug)]
pub struct WatchEntry {
    pub id: u64,
    pub user_id: u64,
    pub object_type: u16,
    pub object_id: u64,
    pub created_at: Stamp,
}

/// The entries of all users by their ids, which rise with time, and where each object's is.
#[derive(Clone, Debug, Default)]
pub(super) struct Watching {
    entries: BTreeMap<u64, WatchEntry>,
    places: HashMap<(u64, u16, u64), u64>,
}

impl World {
    /// Puts an object on a user's watchlist and returns the id of the entry; an entry that is there already stays.
    pub fn watch(&mut self, user_id: u64, collection: &str, id: u64) -> Result<u64, String> {
        self.user(user_id)?;
        let object_type = self.find(collection, id)?.object_type;
        if let Some(there) = self.watched(user_id, object_type, id) {
            return Ok(there.id);
        }
        let (entry, created_at) = (self.row_id(), self.now);
        let row = WatchEntry { id: entry, user_id, object_type, object_id: id, created_at };
        self.watching.entries.insert(entry, row);
        self.watching.places.insert((user_id, object_type, id), entry);
        Ok(entry)
    }

    pub fn unwatch(&mut self, user_id: u64, collection: &str, id: u64) -> Result<(), String> {
        let object_type = self.object_type(collection)?.id;
        let entry = self.watching.places.remove(&(user_id, object_type, id));
        let entry = entry.ok_or_else(|| format!("user {user_id} does not watch {collection} {id}"))?;
        self.watching.entries.remove(&entry);
        Ok(())
    }

    /// A user's entry for one object.
    pub fn watched(&self, user_id: u64, object_type: u16, id: u64) -> Option<&WatchEntry> {
        self.watching.entries.get(self.watching.places.get(&(user_id, object_type, id))?)
    }

    /// A user's entries, oldest first.
    pub fn watchlist(&self, user_id: u64) -> impl Iterator<Item = &WatchEntry> {
        self.watchlists().filter(move |entry| entry.user_id == user_id)
    }

    /// The entries of all users, oldest first.
    pub fn watchlists(&self) -> impl Iterator<Item = &WatchEntry> {
        self.watching.entries.values()
    }
}
