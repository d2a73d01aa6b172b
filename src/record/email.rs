//! One mail to send: what the formatter makes and the sender renders to its final bytes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Record;

/// One mail to send.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Email {
    /// Derived from the alerts and the recipients.
    pub id: String,
    /// The source of its alerts; none for a mail that stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// In angle brackets.
    pub message_id: String,
    /// The Date of the mail.
    pub date: DateTime<Utc>,
    /// `Name <address>` or an address; also the envelope's sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Recipients of copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// Recipients that the mail does not name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<String>,
    /// The subject.
    pub subject: String,
    /// More header fields: name and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The text part.
    pub text: String,
    /// The HTML part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Files to attach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The alerts in this mail.
    pub alerts: Vec<String>,
}

/// A file to attach.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's name.
    pub name: String,
    /// Its media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Its content.
    pub text: String,
}

impl Record for Email {
    const NAME: &'static str = "email";

    fn summary(&self) -> (String, String) {
        ("email".to_owned(), format!("{}  to {}", self.subject, self.to.join(", ")))
    }
}
