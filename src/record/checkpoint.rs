//! Closes one source: a stream without it is incomplete, however it ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Record, digest};

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
    /// Over the sorted alert ids; see [`Tally::digest`].
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

/// Counts alert ids on their way, to be compared with what the checkpoint says.
#[derive(Debug, Default)]
pub struct Tally {
    ids: Vec<String>,
}

impl Tally {
    /// Counts one alert.
    pub fn add(&mut self, id: &str) {
        self.ids.push(id.to_owned());
    }

    /// Counts an alert that several emails name once.
    pub fn unite(&mut self) {
        self.ids.sort_unstable();
        self.ids.dedup();
    }

    /// How many alerts were counted.
    pub fn count(&self) -> u64 {
        self.ids.len() as u64
    }

    /// SHA-256 over the ids, sorted, each followed by a line feed.
    pub fn digest(&mut self) -> String {
        self.ids.sort_unstable();
        digest(self.ids.iter().map(String::as_str))
    }

    /// What is wrong with the alerts that were counted, by the word of their checkpoint.
    pub fn disagreement(&mut self, checkpoint: &Checkpoint) -> Option<String> {
        if self.count() != checkpoint.alerts {
            let (counted, alerts) = (self.count(), checkpoint.alerts);
            return Some(format!("its checkpoint counts {alerts} alerts, the stream has {counted}"));
        }
        (self.digest() != checkpoint.digest)
            .then(|| "the alerts in the stream are not those that its checkpoint covers".to_owned())
    }
}

impl Record for Checkpoint {
    const NAME: &'static str = "checkpoint";

    fn summary(&self) -> (String, String) {
        let plural = if self.alerts == 1 { "" } else { "s" };
        ("checkpoint".to_owned(), format!("{}  {} alert{plural}", self.source, self.alerts))
    }
}
