//! Alerts become messages: one for each recipient, with an id from who they are and what is in them.
//!
//! Nothing here reads a clock: the date is when the fetcher saw the change, so that the same alerts make the same message
//! in every run.

use std::cell::Cell;

use chrono::{DateTime, Utc};

use super::digest::Digest;
use super::kit::Block;
use super::recipient::recipients;
use super::{Look, single, text};
use crate::config;
use crate::exit::{Failure, Status};
use crate::item::{Discretion, Gathered, Item, Origin};
use crate::record::{Alert, Message, Tally};
use crate::zone::Zone;

/// How many items a digest names, and how many messages about single objects a run makes, by default.
const CAP: u32 = 20;
/// The longest text for notifications, in characters; Slack recommends less than 4,000.
const TEXT: usize = 1_000;
/// How long the ids of one message may be together, so that its line is no longer than a reader takes.
const IDS: usize = 8 * 1024 * 1024;

/// Makes messages of alerts.
pub struct Composer {
    to: Vec<String>,
    look: Look,
    origin: Origin,
    pub(super) discretion: Discretion,
    pub(super) max_items: usize,
    pub(super) max_messages: u64,
    /// The messages about single objects of this run, for each recipient.
    pub(super) told: Cell<u64>,
}

impl Composer {
    /// Checks who gets messages. Links may lead to `link_host` only; where none is given, the first alert says where.
    ///
    /// Fails with 78 where nobody gets any, for a name that can be none, and for a zone or host that is none.
    pub fn new(settings: &config::Slack, link_host: Option<&str>) -> Result<Self, Failure> {
        let refused = |key: &str, reason: &str| Failure::new(Status::Config, format!("{key}: {reason}"));
        let to =
            recipients(&settings.channels, &settings.users).map_err(|(key, reason)| refused(key, &reason))?;
        if to.is_empty() {
            let sentence = "neither slack.channels nor slack.users is set: use --channels, --users or the configuration \
                            file";
            return Err(Failure::new(Status::Config, sentence));
        }
        let zone =
            Zone::named(settings.timezone.as_deref()).map_err(|reason| refused("slack.timezone", &reason))?;
        let config::Slack { details, hide_tlp, refuse_tlp, .. } = settings.clone();
        Ok(Self {
            to,
            look: Look { defang: settings.defang.unwrap_or_default(), zone },
            origin: Origin::of_host(link_host).map_err(|reason| refused("link_host", &reason))?,
            discretion: Discretion::new(details, hide_tlp, refuse_tlp),
            max_items: usize::try_from(settings.max_items.unwrap_or(CAP)).unwrap_or(usize::MAX),
            max_messages: settings.max_messages.unwrap_or(CAP).into(),
            told: Cell::new(0),
        })
    }

    /// What is wrong with an alert that a message cannot be made of.
    pub fn flaw(&self, alert: &Alert) -> Option<String> {
        self.origin.flaw(alert)
    }

    /// Adds one item to others.
    pub(super) fn gather(&self, alert: Alert, hides: bool, gathered: &mut Gathered) {
        let event = alert.event;
        gathered.add(event, item(alert, hides), self.max_items, self.look.defang);
    }

    /// The messages about one watched object.
    pub(super) fn single(
        &self,
        source: &str,
        alert: Alert,
        hides: bool,
        write: impl FnMut(&Message) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut item = item(alert, hides);
        item.defang(self.look.defang);
        let mut words = single::title(&item, self.look);
        if let Some(value) = &item.item {
            words.push_str(": ");
            words.push_str(&self.look.show(value, TEXT));
        }
        let blocks = single::blocks(&item, self.look);
        let date = item.date();
        self.post(source, &words, blocks, date, vec![item.id], write)
    }

    /// The messages about all items of a digest: one for each recipient, or several where there are too many ids for one.
    pub(super) fn digest(
        &self,
        source: &str,
        gathered: &Gathered,
        ids: &Tally,
        mut write: impl FnMut(&Message) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let hides = self.discretion.hides_all();
        let (look, told, origin) = (self.look, self.told.get(), self.origin.get());
        let mut digest = Digest { gathered, look, hides, told, origin, part: 1, parts: parts(ids) };
        let mut post = |digest: &Digest<'_>, ids: Vec<String>| {
            self.post(source, &digest.words(), digest.blocks(), gathered.date, ids, &mut write)
        };
        let (mut list, mut length) = (Vec::new(), 0);
        ids.try_for_each(|id| {
            if is_full(&mut length, id) {
                post(&digest, std::mem::take(&mut list))?;
                digest.part += 1;
            }
            list.push(id.to_owned());
            Ok::<(), Failure>(())
        })?;
        post(&digest, list)
    }

    /// Writes a message for each recipient.
    fn post(
        &self,
        source: &str,
        words: &str,
        blocks: Vec<Block>,
        date: DateTime<Utc>,
        mut alerts: Vec<String>,
        mut write: impl FnMut(&Message) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        alerts.sort_unstable();
        let text = text::escaped(words, TEXT);
        let source = Some(source.to_owned());
        let mut message =
            Message { id: String::new(), source, date, to: String::new(), text, blocks, alerts };
        for to in &self.to {
            message.id = Message::id_of(to, &message.alerts);
            message.to.clone_from(to);
            write(&message)?;
        }
        Ok(())
    }
}

fn item(alert: Alert, hides: bool) -> Item {
    let mut item = Item::of(alert);
    if hides {
        item.hide();
    }
    item
}

/// Whether this id has no more room in a message, so that another one begins with it.
fn is_full(length: &mut usize, id: &str) -> bool {
    let is_full = *length > 0 && *length + id.len() > IDS;
    *length = if is_full { 0 } else { *length } + id.len() + 3;
    is_full
}

/// How many messages the ids take.
fn parts(ids: &Tally) -> usize {
    let (mut parts, mut length) = (1, 0);
    let Ok(()) = ids.try_for_each(|id| {
        parts += usize::from(is_full(&mut length, id));
        Ok::<(), std::convert::Infallible>(())
    });
    parts
}
