//! Messages for Slack: alerts become Block Kit, in the words of the guide, for each channel and person.
//!
//! Values are chosen by attackers, and Slack's own marks act: `<!channel>` calls everybody, `<@…>` somebody, `<…|…>` is a
//! link under any name. So a value stands where nothing is parsed, in rich text and plain text, and only the text for
//! notifications is escaped. Beside that all is as in a mail: visible, defanged, links to one ThreatQ (`crate::item`).
//! Everything fits Slack's limits, as they are published and as they were seen; what is cut says so.
//!
//! In reading order: who gets a message (`recipient`), what it says (`single`, `digest`), of what it is made (`kit`,
//! `text`), and the message around it (`compose`, `source`). Touches no network and reads no clock.

mod compose;
mod digest;
mod kit;
mod recipient;
mod single;
mod source;
mod text;

pub use compose::Composer;
pub use source::Source;

use chrono::{DateTime, Utc};

use crate::config::Defang;
use crate::item;
use crate::zone::Zone;

/// How values and times are shown.
#[derive(Clone, Copy, Debug)]
struct Look {
    defang: Defang,
    zone: Zone,
}

impl Look {
    /// A value in at most so many characters.
    fn show(self, value: &str, limit: usize) -> String {
        text::cut(&item::shown(value, self.defang), limit)
    }

    /// A time as a clock in the zone shows it.
    fn time(self, time: Option<DateTime<Utc>>) -> String {
        time.map_or_else(|| "unknown".to_owned(), |time| self.zone.show(time))
    }
}
