//! What a reader sees of an alert, whichever way it travels: every field there, absent ones as none, long ones cut.
//!
//! Values are chosen by attackers. What [`shown`] makes of one is one line, every character of which can be seen, and
//! nothing in it can be clicked (`defang`); how it is escaped is for whoever prints it. A link leads to the configured
//! ThreatQ and nowhere else (`link`), a description is plain text (`plain`), and what must not be told is not there to be
//! printed (`tlp`). Many are told in one (`gathered`).

pub(crate) mod defang;
mod gathered;
pub(crate) mod link;
mod plain;
mod tlp;

pub(crate) use gathered::{Gathered, Group, Reason};
pub(crate) use link::Origin;
pub(crate) use tlp::{Discretion, tlp, told_to_nobody};

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::Defang;
use crate::escape;
use crate::record::{self, Alert, Change, Watcher};

/// The longest value, in characters.
const VALUE_LIMIT: usize = 1_000;
/// How many sources, tags, values or changes are named.
const NAMED: usize = 50;
/// Words in the subtypes whose values are links.
const LINKS: [&str; 7] = ["domain", "email", "fqdn", "hostname", "unc", "uri", "url"];

/// The members of an item, by the names that templates have for them.
pub(crate) const VARIABLES: &[&str] = &[
    "id",
    "source",
    "event",
    "found_at",
    "changed_at",
    "watchers",
    "collection",
    "collection_hash",
    "kind",
    "type",
    "types",
    "object_id",
    "item",
    "subtype",
    "status",
    "score",
    "tlp",
    "sources",
    "tags",
    "description",
    "link",
    "changes",
    "hidden",
    "is_address",
];

/// One alert. The members are the variables of the templates; `docs/templates.md` describes them.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "`item` is the guide's word for the value")]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) event: String,
    pub(crate) found_at: Option<DateTime<Utc>>,
    pub(crate) changed_at: Option<DateTime<Utc>>,
    pub(crate) watchers: Vec<Watched>,
    pub(crate) collection: Option<String>,
    pub(crate) collection_hash: Option<String>,
    /// ThreatQ's code of the type.
    pub(crate) kind: String,
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    pub(crate) types: String,
    pub(crate) object_id: u64,
    /// None where it is hidden.
    pub(crate) item: Option<String>,
    pub(crate) subtype: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) score: Option<i64>,
    pub(crate) tlp: Option<String>,
    pub(crate) sources: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) description: Vec<String>,
    pub(crate) link: String,
    pub(crate) changes: Vec<Difference>,
    /// Whether nothing is told but that it is there.
    pub(crate) hidden: bool,
    /// Whether the value is left clickable, so that it must not be the text of a link to elsewhere.
    pub(crate) is_address: bool,
}

/// Somebody who watches the object.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Watched {
    pub(crate) name: String,
    email: Option<String>,
}

/// One difference.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Difference {
    /// `Status changed`, the guide's words.
    pub(crate) title: String,
    field: String,
    change: String,
    count: Option<u64>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    values: Vec<String>,
    pub(crate) by: Vec<String>,
    /// All of it on one line, as the guide has it.
    pub(crate) line: String,
}

impl Item {
    /// All of an alert.
    pub(crate) fn of(alert: Alert) -> Self {
        let Alert { id, source, event, found_at, watchers, collection, object, changed_at, changes, .. } =
            alert;
        let (collection, collection_hash) = match collection {
            Some(collection) => (Some(collection.name), collection.hash),
            None => (None, None),
        };
        Self {
            id,
            source,
            event: event.to_string(),
            found_at,
            changed_at,
            watchers: watchers.into_iter().map(|Watcher { name, email }| Watched { name, email }).collect(),
            collection,
            collection_hash,
            kind: object.kind,
            type_name: object.type_name,
            types: object.type_plural,
            object_id: object.id,
            item: Some(object.value),
            subtype: object.subtype,
            status: object.status,
            score: object.score,
            tlp: object.tlp,
            sources: first(object.sources.unwrap_or_default()),
            tags: first(object.tags.unwrap_or_default()),
            description: object.description.as_deref().map(plain::lines).unwrap_or_default(),
            link: object.link,
            changes: changes.into_iter().take(NAMED).map(Difference::of).collect(),
            hidden: false,
            is_address: false,
        }
    }

    /// The date of what is sent about it.
    pub(crate) fn date(&self) -> DateTime<Utc> {
        self.found_at.or(self.changed_at).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Leaves nothing but that it is there, and its link.
    pub(crate) fn hide(&mut self) {
        self.item = None;
        self.watchers.clear();
        (self.collection, self.collection_hash, self.subtype, self.status) = (None, None, None, None);
        (self.score, self.tlp) = (None, None);
        self.sources.clear();
        self.tags.clear();
        self.description.clear();
        self.changes.clear();
        self.hidden = true;
    }

    /// Makes the value unclickable where its type says that it is a link; all other text is read word by word when it
    /// is printed.
    pub(crate) fn defang(&mut self, what: Defang) {
        let Some(item) = &mut self.item else { return };
        let subtype = self.subtype.as_deref().unwrap_or(&self.kind).to_ascii_lowercase();
        let is_link = LINKS.iter().any(|word| subtype.contains(word));
        if what == Defang::Never {
            self.is_address = is_link || defang::text(item, Defang::Auto) != item.as_str();
        } else if is_link {
            *item = defang::link(item);
        }
    }
}

impl Difference {
    fn of(change: Change) -> Self {
        let line = change.to_string();
        let Change { field, kind, count, values, by, from, to, .. } = change;
        let title = format!("{field} {kind}");
        let (values, by) = (first(values), first(by));
        Self { title, field: field.to_string(), change: kind.to_string(), count, from, to, values, by, line }
    }
}

/// The first of many, and a word about the rest.
fn first(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(NAMED);
    if more > 0 {
        all.truncate(NAMED);
        all.push(format!("and {more} more"));
    }
    all
}

/// A value for people: cut, every character of it visible, and nothing in it to be clicked.
pub(crate) fn shown(value: &str, what: Defang) -> Cow<'_, str> {
    // Most values are short, plain and no link: they are not copied.
    let visible = match shortened(value) {
        Cow::Borrowed(value) => escape::visible(value),
        Cow::Owned(value) => Cow::Owned(escape::visible(&value).into_owned()),
    };
    match visible {
        Cow::Borrowed(value) => defang::text(value, what),
        Cow::Owned(value) => Cow::Owned(defang::text(&value, what).into_owned()),
    }
}

/// A value that is too long for people, cut, with what is needed to recognise all of it.
fn shortened(value: &str) -> Cow<'_, str> {
    if value.len() <= VALUE_LIMIT || value.chars().nth(VALUE_LIMIT).is_none() {
        return Cow::Borrowed(value);
    }
    let start: String = value.chars().take(VALUE_LIMIT).collect();
    let length = value.chars().count();
    let id = record::digest([value]);
    Cow::Owned(format!("{start}… ({length} characters, digest {})", id.get(..16).unwrap_or(&id)))
}
