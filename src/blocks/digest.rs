//! What a message about many items says: how many there are, and as many of them by type as the settings and Slack allow.

use super::Look;
use super::kit::{BUDGET, Block, Rich, header, section, weight};
use crate::item::{Gathered, Group, Item, Reason};

/// The longest value, change, and whatever else is told of an item, in characters: one item fits whatever it is made of.
const VALUE: usize = 150;
const CHANGE: usize = 100;
const OTHER: usize = 60;
/// How many changes of an item are told.
const CHANGES: usize = 3;
/// Left free for the words about the rest.
const RESERVE: usize = 500;

/// A digest, and what is told beside it.
pub(super) struct Digest<'a> {
    pub(super) gathered: &'a Gathered,
    pub(super) look: Look,
    /// Whether nothing is told of any item.
    pub(super) hides: bool,
    /// The messages about single objects that it comes after.
    pub(super) told: u64,
    pub(super) origin: Option<&'a str>,
    /// Which message it is of how many: their ids may be too many for one.
    pub(super) part: usize,
    pub(super) parts: usize,
}

impl Digest<'_> {
    /// The text for notifications: the line at the top, and what it is about.
    pub(super) fn words(&self) -> String {
        let collection = self.collection().map(|name| format!(": {name}"));
        self.title() + &collection.unwrap_or_default()
    }

    fn collection(&self) -> Option<String> {
        let name = self.gathered.collection.as_deref().filter(|_| !self.hides)?;
        Some(self.look.show(name, VALUE))
    }

    /// The line at the top.
    fn title(&self) -> String {
        let Gathered { reason, new, updated, removed, .. } = self.gathered;
        let (subject, added) = match reason {
            Reason::Collection => ("ThreatQ Data Collection Updated", "New"),
            Reason::Overflow => ("ThreatQ Watchlist Updated", "Added"),
        };
        let counts: Vec<String> = [(*new, added), (*updated, "Updated"), (*removed, "Removed")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word} {}", if count == 1 { "Item" } else { "Items" }))
            .collect();
        let part = if self.parts > 1 { format!(" ({} of {})", self.part, self.parts) } else { String::new() };
        format!("{subject}: {}{part}", counts.join(", "))
    }

    /// All of the message.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![header(&self.title())];
        if self.part > 1 {
            let Self { part, parts, .. } = self;
            blocks.push(section(&format!(
                "This is message {part} of {parts}: these are more alerts than one message can stand for. The first \
                 one lists them."
            )));
            return blocks;
        }
        blocks.push(section(match self.gathered.reason {
            Reason::Collection => "The following items have been updated in your data collection",
            Reason::Overflow => "The following items have been updated in your ThreatQ watchlist",
        }));
        if self.gathered.reason == Reason::Overflow {
            blocks.push(section(&self.apology()));
        }
        let end = self.end();
        let room = BUDGET.saturating_sub(weight(&blocks) + end.weight() + RESERVE);
        let list = self.list(room);
        blocks.extend([list, end].iter().filter(|part| !part.is_empty()).map(Rich::block));
        blocks
    }

    fn apology(&self) -> String {
        let (told, total) = (self.told, self.gathered.total());
        let messages = if told == 1 { "message" } else { "messages" };
        let items = if total == 1 { "item is" } else { "items are" };
        format!(
            "This run found more than it posts single messages for: after {told} {messages} about one item each, the \
             other {total} {items} in this digest. Nothing was left out."
        )
    }

    /// The items that there is room for, and how many more there are.
    fn list(&self, room: usize) -> Rich {
        let (mut list, mut shown, mut used) = (Rich::default(), 0, 0);
        'groups: for Group { title, items, .. } in &self.gathered.groups {
            let mut heading = Rich::default();
            let space = if list.is_empty() { "" } else { "\n" };
            heading.text(space).bold(&self.look.show(title, OTHER)).text("\n");
            for (place, item) in items.iter().enumerate() {
                let mut row = if place == 0 { std::mem::take(&mut heading) } else { Rich::default() };
                self.row(item, &mut row);
                used += row.weight();
                if used > room {
                    break 'groups;
                }
                list.append(row);
                shown += 1;
            }
        }
        let more = self.gathered.total() - shown;
        if more > 0 {
            list.bold(&format!("{}{more} more", if shown > 0 { "and " } else { "" }));
        }
        list
    }

    fn row(&self, item: &Item, row: &mut Rich) {
        let other = |value: &str| self.look.show(value, OTHER);
        let Some(value) = &item.item else {
            row.text("• ").link(&item.link, &format!("{} {}", other(&item.type_name), item.object_id));
            row.text(", not shown in this message\n");
            return;
        };
        let value = self.look.show(value, VALUE);
        if item.is_address {
            row.text("• ").code(&value).text(" ").link(&item.link, "in ThreatQ");
        } else {
            row.text("• ").link(&item.link, &value);
        }
        let mut words = format!("\n    {} {}", item.event, self.look.time(item.changed_at));
        let score = item.score.map(|score| format!("score {score}"));
        let tlp = item.tlp.as_ref().map(|tlp| format!("TLP:{}", other(&tlp.to_uppercase())));
        let told = [item.subtype.as_deref().map(other), item.status.as_deref().map(other), score, tlp];
        words.extend(told.into_iter().flatten().flat_map(|word| [", ".to_owned(), word]));
        for change in item.changes.iter().take(CHANGES) {
            words.extend(["\n    ".to_owned(), self.look.show(&change.line, CHANGE)]);
        }
        if item.changes.len() > CHANGES {
            words.push_str("\n    and more");
        }
        row.text(&words).text("\n");
    }

    fn end(&self) -> Rich {
        let mut end = Rich::default();
        if let Some(collection) = self.collection() {
            end.bold("Data Collection:").text(&format!(" {collection}\n"));
        }
        if let Some(origin) = self.origin {
            end.bold("ThreatQ:").text(" ").link(origin, "");
        }
        end
    }
}
