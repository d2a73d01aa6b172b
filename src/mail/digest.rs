//! Everything new in one collection, grouped by type, until its checkpoint says that this was all.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::compose::date_of;
use crate::record::{Alert, Event};

/// The alerts of one collection, as far as its mail needs them.
#[derive(Debug, Serialize)]
pub struct Digest {
    #[serde(skip)]
    pub(super) source: String,
    #[serde(skip)]
    pub(super) date: DateTime<Utc>,
    #[serde(skip)]
    pub(super) alerts: Vec<String>,
    collection: String,
    new: usize,
    updated: usize,
    groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Group {
    title: String,
    items: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    value: String,
    link: String,
}

impl Digest {
    /// An empty digest of one collection.
    pub fn new(source: &str, collection: &str) -> Self {
        Self {
            source: source.to_owned(),
            date: DateTime::UNIX_EPOCH,
            alerts: Vec::new(),
            collection: collection.to_owned(),
            new: 0,
            updated: 0,
            groups: Vec::new(),
        }
    }

    /// Adds one alert.
    pub fn add(&mut self, alert: Alert) {
        self.date = self.date.max(date_of(&alert));
        match alert.event {
            Event::Added => self.new += 1,
            Event::Updated | Event::Removed => self.updated += 1,
        }
        self.alerts.push(alert.id);
        let item = Item { value: alert.object.value, link: alert.object.link };
        let title = alert.object.type_plural;
        match self.groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.items.push(item),
            None => self.groups.push(Group { title, items: vec![item] }),
        }
    }
}
