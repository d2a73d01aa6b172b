//! Closes one source: a stream without it is incomplete, however it ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Record;

/// The end of one source whose fetch succeeded whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The source that is closed.
    pub source: String,
    /// The generation of the state that the fetch was computed from.
    pub base: u64,
    /// Where the next fetch may begin.
    pub cursor: Cursor,
    /// How many alerts the source had.
    pub alerts: u64,
    /// Over the sorted alert ids; see [`Tally::digest`](super::Tally::digest).
    pub digest: String,
    /// How many emails were made of them; absent before the formatter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emails: Option<u64>,
}

/// Where the next fetch may begin. Only what ThreatQ itself reported, never our clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The newest change reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

impl Record for Checkpoint {
    const NAME: &'static str = "checkpoint";

    fn summary(&self) -> (String, String) {
        let plural = if self.alerts == 1 { "" } else { "s" };
        ("checkpoint".to_owned(), format!("{}  {} alert{plural}", self.source, self.alerts))
    }
}
