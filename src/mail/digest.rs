//! Many items in one mail: what is new in a collection, or what a run found beyond its cap on single mails.
//!
//! The body names the first items, grouped by type; the full list is attached. A list that is too large for one mail
//! goes on in further ones, so that no mail is too large and no item is dropped. What is held in memory does not grow
//! with the number of items.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::route::Audience;
use super::spill::{Line, Spill};
use super::{list, size};
use crate::exit::Failure;
use crate::item::Item;
use crate::record::Event;

/// What the templates of a digest can use.
pub(super) const VARIABLES: &[&str] = &[
    "source",
    "collection",
    "collection_hash",
    "new",
    "updated",
    "removed",
    "total",
    "groups",
    "shown",
    "more",
    "hidden",
    "mailed",
    "attached",
    "left_out",
    "part",
    "parts",
    "origin",
];

/// Why alerts share a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// They are of one collection.
    Collection,
    /// A run has had its number of single mails.
    Overflow,
}

impl Reason {
    /// The name of its templates.
    pub(super) fn template(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Overflow => "overflow",
        }
    }
}

/// Items of one source for one audience.
pub(super) struct Digest {
    pub(super) reason: Reason,
    pub(super) audience: Rc<Audience>,
    pub(super) date: DateTime<Utc>,
    pub(super) list: Spill,
    pub(super) measure: Measure,
    collection: Option<String>,
    collection_hash: Option<String>,
    new: u64,
    updated: u64,
    removed: u64,
    shown: usize,
    groups: Vec<Group>,
}

/// What the list comes to, in bytes of the attachments and of the record that carries them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measure {
    pub(super) items: usize,
    pub(super) csv: usize,
    pub(super) json: usize,
    pub(super) record_csv: usize,
    pub(super) record_json: usize,
}

impl Measure {
    pub(super) fn add(&mut self, line: &Line<'_>) {
        self.items += 1;
        self.csv += line.csv.len() + 2;
        self.json += line.json.len() + 2;
        self.record_csv += size::json(line.csv) + 2;
        self.record_json += size::json(line.json) + 2;
    }
}

struct Group {
    title: String,
    count: u64,
    items: Vec<Item>,
}

/// What the templates of a digest see.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    source: &'a str,
    collection: Option<&'a str>,
    collection_hash: Option<&'a str>,
    new: u64,
    updated: u64,
    removed: u64,
    total: u64,
    groups: Vec<Shown<'a>>,
    shown: usize,
    more: u64,
    hidden: bool,
    /// The mails about single objects that this digest comes after.
    mailed: u64,
    pub(super) attached: Vec<String>,
    pub(super) left_out: Option<String>,
    pub(super) part: usize,
    pub(super) parts: usize,
    origin: Option<&'a str>,
}

#[derive(Serialize)]
struct Shown<'a> {
    title: &'a str,
    count: u64,
    rows: &'a [Item],
}

impl Digest {
    /// An empty digest.
    pub(super) fn new(reason: Reason, audience: Rc<Audience>) -> Self {
        Self {
            reason,
            audience,
            date: DateTime::UNIX_EPOCH,
            list: Spill::new(),
            measure: Measure::default(),
            collection: None,
            collection_hash: None,
            new: 0,
            updated: 0,
            removed: 0,
            shown: 0,
            groups: Vec::new(),
        }
    }

    /// Adds one item, of which no more than `most` are kept for the body.
    pub(super) fn add(&mut self, event: Event, mut item: Item, most: usize) -> Result<(), Failure> {
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
        let (csv, json) = if self.audience.hides { (String::new(), String::new()) } else { list::row(&item) };
        let line = Line { id: &item.id, csv: &csv, json: &json };
        self.measure.add(&line);
        self.list.add(&line)?;
        let group = self.groups.iter().position(|group| group.title == item.types);
        // A handful of types at most, even where somebody invents them.
        let group = group.or_else(|| (self.groups.len() >= most).then_some(0));
        let title = item.types.clone();
        let kept = (self.shown < most).then(|| {
            self.shown += 1;
            item.defang(self.audience.defang);
            item
        });
        match group.and_then(|place| self.groups.get_mut(place)) {
            Some(group) => {
                group.count += 1;
                group.items.extend(kept);
            }
            None => self.groups.push(Group { title, count: 1, items: kept.into_iter().collect() }),
        }
        Ok(())
    }

    /// How many items the body can name.
    pub(super) fn shown(&self) -> usize {
        self.shown
    }

    /// What the templates see when the body names `most` items.
    pub(super) fn body<'a>(
        &'a self,
        source: &'a str,
        most: usize,
        mailed: u64,
        origin: Option<&'a str>,
    ) -> Body<'a> {
        let mut left = most;
        let mut groups = Vec::new();
        for Group { title, count, items } in &self.groups {
            let rows = items.get(..left.min(items.len())).unwrap_or_default();
            left -= rows.len();
            groups.push(Shown { title, count: *count, rows });
        }
        let shown = most - left;
        let total = self.new + self.updated + self.removed;
        Body {
            source,
            collection: self.collection.as_deref(),
            collection_hash: self.collection_hash.as_deref(),
            new: self.new,
            updated: self.updated,
            removed: self.removed,
            total,
            groups,
            shown,
            more: total - shown as u64,
            hidden: self.audience.hides,
            mailed,
            attached: Vec::new(),
            left_out: None,
            part: 1,
            parts: 1,
            origin,
        }
    }
}
