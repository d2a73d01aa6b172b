//! What travels on the pipes: the six records of version 1.
//!
//! `man/tq-records.5` describes them member by member for everyone who reads or writes them in another language, and
//! `schemas/` has a JSON Schema for each; a test holds both, what the programs print and what they accept together.
//! Members that are not known are ignored.

mod alert;
mod checkpoint;
mod email;
mod mark;
mod message;
mod receipt;
mod tally;

pub use alert::{Alert, Change, ChangeKind, Collection, Event, Field, Object, Watcher};
pub use checkpoint::{Checkpoint, Cursor};
pub use email::{Attachment, Email};
pub use mark::{Mark, MarkEntry};
pub use message::Message;
pub use receipt::{Outcome, Receipt, RecipientOutcome};
pub use tally::Tally;

use std::fmt::Write;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the wire format that this program reads and writes.
pub const VERSION: u64 = 1;

/// Which record a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One changed object in one source.
    Alert,
    /// Memory without an alert.
    Mark,
    /// The end of one source.
    Checkpoint,
    /// One mail to send.
    Email,
    /// One message to post.
    Message,
    /// What became of one mail or message.
    Receipt,
    /// A record of somebody else's, to be passed on.
    #[serde(other)]
    Other,
}

/// A record that can be written, and shown to people.
pub trait Record: Serialize {
    /// The value of its `record` member.
    const NAME: &'static str;

    /// The record in one line for a person at a terminal: its most telling word, and the rest.
    fn summary(&self) -> (String, String);
}

/// The time, to the second, as records have it.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

/// SHA-256 over the parts, each followed by a line feed, in lower-case hexadecimal.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(b"\n");
    }
    hexadecimal(&hasher.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hexadecimal, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hexadecimal, "{byte:02x}");
        hexadecimal
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_digest_is_what_sha256sum_says_of_the_lines() {
        // printf 'a\nb\n' | sha256sum
        let printed = "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2";
        assert_eq!(super::digest(["a", "b"]), printed);
    }
}
