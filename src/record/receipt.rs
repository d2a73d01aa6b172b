//! What became of one mail or message, recipient by recipient.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Record;

/// What became of one mail or message, as far as is known now. Exactly one of `email` and `message` is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// The id of the email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Its Message-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The outcome of all recipients, or partial.
    pub outcome: Outcome,
    /// From 1.
    pub attempt: u64,
    /// When the outcome was known.
    pub at: DateTime<Utc>,
    /// `host:port`, or the Maildir; the host that messages are posted to.
    pub relay: String,
    /// The TLS version of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// The relay's own id for the mail; Slack's `ts` of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_id: Option<String>,
    /// Each recipient for itself.
    pub recipients: Vec<RecipientOutcome>,
}

impl Receipt {
    /// The id of what it is about.
    pub fn id(&self) -> &str {
        self.email.as_deref().or(self.message.as_deref()).unwrap_or_default()
    }

    /// What is wrong with it beyond its members.
    pub fn flaw(&self) -> Option<&'static str> {
        match (&self.email, &self.message_id, &self.message) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => None,
            (Some(_), None, None) => Some("missing field `message_id`"),
            (Some(_), _, Some(_)) => Some("both `email` and `message` are there"),
            (None, Some(_), _) => Some("`message_id` without `email`"),
            (None, None, None) => Some("missing field `email` or `message`"),
        }
    }
}

/// What became of a mail for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientOutcome {
    /// The address.
    pub address: String,
    /// Never partial.
    pub outcome: Outcome,
    /// The relay's reply code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The relay's enhanced status code (RFC 3463).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<String>,
    /// The relay's words, or ours where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// What became of a mail, in mail's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The relay took it.
    Accepted,
    /// Not now.
    Deferred,
    /// Refused for good.
    Rejected,
    /// The connection was lost after the final dot: the relay may have it.
    Unknown,
    /// An account or configuration problem: the queue waits.
    Held,
    /// The recipients differ.
    Partial,
}

impl Outcome {
    /// Every outcome that a receipt may have.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Deferred, Self::Rejected, Self::Unknown, Self::Held, Self::Partial];

    /// The outcome of a mail from those of its recipients.
    pub fn of_all(recipients: &[RecipientOutcome]) -> Self {
        let mut outcomes = recipients.iter().map(|recipient| recipient.outcome);
        let first = outcomes.next().unwrap_or(Self::Rejected);
        if outcomes.all(|outcome| outcome == first) { first } else { Self::Partial }
    }

    /// The word as it stands in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Deferred => "deferred",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Held => "held",
            Self::Partial => "partial",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Record for Receipt {
    const NAME: &'static str = "receipt";

    fn summary(&self) -> (String, String) {
        let recipients: Vec<String> = self
            .recipients
            .iter()
            .map(|one| {
                format!("{} {} {}", one.address, one.outcome, one.reply.as_deref().unwrap_or_default())
            })
            .collect();
        (self.outcome.to_string(), format!("{}  {}", self.relay, recipients.join("; ")))
    }
}
