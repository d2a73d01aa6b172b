//! Many items that are told in one: how many, and the first of them by type. What is held does not grow with their number.

use chrono::{DateTime, Utc};

use super::Item;
use crate::config::Defang;
use crate::record::Event;

/// Why alerts are told in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// They are of one collection.
    Collection,
    /// A run has told its number of single ones.
    Overflow,
}

/// Items of one source.
pub(crate) struct Gathered {
    pub(crate) reason: Reason,
    /// The newest of their dates.
    pub(crate) date: DateTime<Utc>,
    pub(crate) collection: Option<String>,
    pub(crate) collection_hash: Option<String>,
    pub(crate) new: u64,
    pub(crate) updated: u64,
    pub(crate) removed: u64,
    /// How many items are kept.
    pub(crate) shown: usize,
    pub(crate) groups: Vec<Group>,
}

/// Items of one type.
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) count: u64,
    pub(crate) items: Vec<Item>,
}

impl Gathered {
    pub(crate) fn new(reason: Reason) -> Self {
        Self {
            reason,
            date: DateTime::UNIX_EPOCH,
            collection: None,
            collection_hash: None,
            new: 0,
            updated: 0,
            removed: 0,
            shown: 0,
            groups: Vec::new(),
        }
    }

    /// How many there are.
    pub(crate) fn total(&self) -> u64 {
        self.new + self.updated + self.removed
    }

    /// Adds one item, of which no more than `most` are kept, ready to be printed.
    pub(crate) fn add(&mut self, event: Event, mut item: Item, most: usize, defang: Defang) {
        self.date = self.date.max(item.date());
        match event {
            Event::Added => self.new += 1,
            Event::Updated => self.updated += 1,
            Event::Removed => self.removed += 1,
        }
        if self.collection.is_none() && !item.hidden {
            self.collection.clone_from(&item.collection);
            self.collection_hash.clone_from(&item.collection_hash);
        }
        let group = self.groups.iter().position(|group| group.title == item.types);
        // A handful of types at most, even where somebody invents them.
        let group = group.or_else(|| (self.groups.len() >= most).then_some(0));
        let title = item.types.clone();
        let kept = (self.shown < most).then(|| {
            self.shown += 1;
            item.defang(defang);
            item
        });
        match group.and_then(|place| self.groups.get_mut(place)) {
            Some(group) => {
                group.count += 1;
                group.items.extend(kept);
            }
            None => self.groups.push(Group { title, count: 1, items: kept.into_iter().collect() }),
        }
    }
}
