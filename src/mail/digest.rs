//! Many items in one mail: what is new in a collection, or what a run found beyond its cap on single mails.
//!
//! The body names the first items, grouped by type; the full list is attached. A list that is too large for one mail
//! goes on in further ones, so that no mail is too large and no item is dropped. What is held in memory does not grow
//! with the number of items.

use std::rc::Rc;

use serde::Serialize;

use super::route::Audience;
use super::spill::{Line, Spill};
use super::{list, size};
use crate::exit::Failure;
use crate::item::{Gathered, Group, Item, Reason};
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

/// The name of the templates of a digest.
pub(super) fn template(reason: Reason) -> &'static str {
    match reason {
        Reason::Collection => "collection",
        Reason::Overflow => "overflow",
    }
}

/// Items of one source for one audience.
pub(super) struct Digest {
    pub(super) audience: Rc<Audience>,
    pub(super) gathered: Gathered,
    pub(super) list: Spill,
    pub(super) measure: Measure,
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
        let gathered = Gathered::new(reason);
        Self { audience, gathered, list: Spill::new(), measure: Measure::default() }
    }

    /// Adds one item, of which no more than `most` are kept for the body.
    pub(super) fn add(&mut self, event: Event, item: Item, most: usize) -> Result<(), Failure> {
        let (csv, json) = if self.audience.hides { (String::new(), String::new()) } else { list::row(&item) };
        let line = Line { id: &item.id, csv: &csv, json: &json };
        self.measure.add(&line);
        self.list.add(&line)?;
        self.gathered.add(event, item, most, self.audience.defang);
        Ok(())
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
        for Group { title, count, items } in &self.gathered.groups {
            let rows = items.get(..left.min(items.len())).unwrap_or_default();
            left -= rows.len();
            groups.push(Shown { title, count: *count, rows });
        }
        let shown = most - left;
        let gathered = &self.gathered;
        let total = gathered.total();
        Body {
            source,
            collection: gathered.collection.as_deref(),
            collection_hash: gathered.collection_hash.as_deref(),
            new: gathered.new,
            updated: gathered.updated,
            removed: gathered.removed,
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
