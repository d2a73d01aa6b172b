//! What a message about one watched object says: the lines of the guide, what changed, and the object now.

use super::Look;
use super::kit::{BUDGET, Block, Rich, header, section, weight};
use super::text::cut;
use crate::item::{Difference, Item};

/// How long a value may be, in characters: as in a mail, or less until the message weighs no more than it may.
const LIMITS: [usize; 8] = [1_000, 500, 250, 120, 60, 30, 15, 8];
/// How many changes are told.
const CHANGES: usize = 20;
/// The longest name of a type in a title.
const TYPE: usize = 100;

/// The line at the top, which is also the start of the text for notifications.
pub(super) fn title(item: &Item, look: Look) -> String {
    format!("ThreatQ Watchlist: {} {}", look.show(&item.type_name, TYPE), item.event)
}

/// All of the message.
pub(super) fn blocks(item: &Item, look: Look) -> Vec<Block> {
    let mut blocks = Vec::new();
    for limit in LIMITS {
        blocks = Single { item, look, limit }.blocks();
        if weight(&blocks) <= BUDGET {
            break;
        }
    }
    blocks
}

struct Single<'a> {
    item: &'a Item,
    look: Look,
    limit: usize,
}

impl Single<'_> {
    fn blocks(&self) -> Vec<Block> {
        let sentence = match self.item.event.as_str() {
            "Removed" => "An item has been removed from your ThreatQ watchlist!",
            _ => "An item in your ThreatQ watchlist has been updated!",
        };
        let mut blocks = vec![header(&title(self.item, self.look)), section(sentence)];
        let parts = [self.details(), self.changes(), self.object(), self.description()];
        blocks.extend(parts.iter().filter(|part| !part.is_empty()).map(Rich::block));
        blocks
    }

    fn show(&self, value: &str) -> String {
        self.look.show(value, self.limit)
    }

    fn details(&self) -> Rich {
        let Item { type_name, item, changed_at, link, .. } = self.item;
        let mut part = Rich::default();
        part.bold("Type:").text(&format!(" {}\n", self.show(type_name)));
        match item {
            Some(value) => part.bold("Item:").text(" ").code(&self.show(value)).text("\n"),
            None => part.bold("Item:").text(" not shown in this message\n"),
        };
        part.bold("Changed At:").text(&format!(" {}\n", self.look.time(*changed_at)));
        part.bold("ThreatQ Link:").text(" ").link(link, "");
        part
    }

    fn changes(&self) -> Rich {
        let mut part = Rich::default();
        for Difference { title, from, to, by, line, .. } in self.item.changes.iter().take(CHANGES) {
            match (from, to) {
                (Some(from), Some(to)) => {
                    part.text(&format!("\n{title}: ")).strike(&self.show(from));
                    part.text(&format!(" → {}", self.show(to)))
                }
                _ => part.text(&format!("\n{}", self.show(line))),
            };
            if !by.is_empty() {
                part.text(&format!("\n    by {}", self.all(by)));
            }
        }
        if self.item.changes.len() > CHANGES {
            part.text("\nand more");
        }
        if part.is_empty() {
            return part;
        }
        let mut titled = Rich::default();
        titled.bold("What has changed?").append(part);
        titled
    }

    fn object(&self) -> Rich {
        let Item { subtype, status, score, tlp, sources, tags, watchers, .. } = self.item;
        let shown = |value: &Option<String>| value.as_ref().map(|value| self.show(value));
        let listed = |list: &[String]| (!list.is_empty()).then(|| self.all(list));
        let watchers: Vec<String> = watchers.iter().map(|watcher| watcher.name.clone()).collect();
        let rows = [
            ("Subtype", shown(subtype)),
            ("Status", shown(status)),
            ("Score", score.map(|score| score.to_string())),
            ("TLP", tlp.as_ref().map(|tlp| self.show(&tlp.to_uppercase()))),
            ("Sources", listed(sources)),
            ("Tags", listed(tags)),
            ("Watched by", listed(&watchers)),
        ];
        let mut part = Rich::default();
        for (name, value) in rows.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            if !part.is_empty() {
                part.text("\n");
            }
            part.bold(&format!("{name}:")).text(&format!(" {value}"));
        }
        part
    }

    fn description(&self) -> Rich {
        let mut part = Rich::default();
        if !self.item.description.is_empty() {
            let lines: Vec<String> = self.item.description.iter().map(|line| self.show(line)).collect();
            part.bold("Description").text(&format!("\n{}", lines.join("\n")));
        }
        part
    }

    fn all(&self, list: &[String]) -> String {
        let mut shown = String::new();
        for (place, one) in list.iter().enumerate() {
            shown.push_str(if place == 0 { "" } else { ", " });
            shown.push_str(&self.show(one));
            if shown.chars().nth(self.limit).is_some() {
                break;
            }
        }
        cut(&shown, self.limit)
    }
}
