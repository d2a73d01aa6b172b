//! An alert as templates and lists see it: every field there, absent ones as `none`, long ones cut.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{defang, plain};
use crate::config::Defang;
use crate::record::{Alert, Change, Watcher};

/// How many sources, tags, values or changes a mail names.
const NAMED: usize = 50;
/// Words in the subtypes whose values are links.
const LINKS: [&str; 7] = ["domain", "email", "fqdn", "hostname", "unc", "uri", "url"];

/// What the templates of a mail about one object can use.
pub(super) const VARIABLES: &[&str] = &[
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
pub(super) struct Item {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) event: String,
    pub(super) found_at: Option<DateTime<Utc>>,
    pub(super) changed_at: Option<DateTime<Utc>>,
    pub(super) watchers: Vec<Watched>,
    pub(super) collection: Option<String>,
    pub(super) collection_hash: Option<String>,
    /// ThreatQ's code of the type.
    pub(super) kind: String,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) types: String,
    pub(super) object_id: u64,
    /// None where it is hidden.
    pub(super) item: Option<String>,
    pub(super) subtype: Option<String>,
    pub(super) status: Option<String>,
    pub(super) score: Option<i64>,
    pub(super) tlp: Option<String>,
    pub(super) sources: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) description: Vec<String>,
    pub(super) link: String,
    pub(super) changes: Vec<Difference>,
    /// Whether nothing is told but that it is there.
    pub(super) hidden: bool,
    /// Whether the value is left clickable, so that it must not be the text of a link to elsewhere.
    is_address: bool,
}

/// Somebody who watches the object.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Watched {
    pub(super) name: String,
    email: Option<String>,
}

/// One difference.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Difference {
    /// `Status changed`, the guide's words.
    title: String,
    field: String,
    change: String,
    count: Option<u64>,
    from: Option<String>,
    to: Option<String>,
    values: Vec<String>,
    by: Vec<String>,
    /// All of it on one line, as the guide has it.
    pub(super) line: String,
}

impl Item {
    /// All of an alert.
    pub(super) fn of(alert: Alert) -> Self {
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

    /// The date of a mail about it.
    pub(super) fn date(&self) -> DateTime<Utc> {
        self.found_at.or(self.changed_at).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Leaves nothing but that it is there, and its link.
    pub(super) fn hide(&mut self) {
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
    pub(super) fn defang(&mut self, what: Defang) {
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
