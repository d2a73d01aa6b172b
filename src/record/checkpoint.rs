//! Closes one source: a stream without it is incomplete, however it ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Record, Tally};

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
    /// How many marks the source had, in its alerts and mark records; absent where the fetcher does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marks: Option<u64>,
    /// How many emails were made of the alerts; absent before the formatter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emails: Option<u64>,
    /// How many messages were made of the alerts; absent before the formatter that makes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// The records that a sender has taken out of the stream; empty before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<String>,
}

impl Checkpoint {
    /// What is wrong with a source that has so many emails. One that does not say how many it should have is right.
    pub fn disagreement_of_emails(&self, counted: u64) -> Option<String> {
        let emails = self.emails.filter(|emails| *emails != counted)?;
        Some(format!("rule emails: its checkpoint counts {emails} emails, the stream has {counted}"))
    }

    /// What is wrong with a source that has these messages, by their ids, each of which stands once. One that does not
    /// say how many it should have is right.
    pub fn disagreement_of_messages(&self, counted: &mut Tally) -> Option<String> {
        let messages = self.messages?;
        let (there, twice) = (counted.count(), counted.doubled());
        if messages != there {
            let twice = twice.map(|id| format!("; message {id} stands twice")).unwrap_or_default();
            return Some(format!(
                "rule messages: its checkpoint counts {messages} messages, the stream has {there}{twice}"
            ));
        }
        twice.map(|id| format!("rule messages: message {id} stands twice"))
    }

    /// What is wrong with a source that has so many marks. One that does not say how many it should have is right.
    pub fn disagreement_of_marks(&self, counted: u64) -> Option<String> {
        let marks = self.marks.filter(|marks| *marks != counted)?;
        Some(format!("rule marks: its checkpoint counts {marks} marks, the stream has {counted}"))
    }
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
