//! What a sender takes out of a stream, in the form in which it is sent: final bytes with their envelope.
//!
//! What can never be sent is a letter, too, so that it is counted, kept and told as the others are.

use super::destination::Outgoing;
use super::parcel::Item;
use crate::mail;
use crate::mail::mime::{self, Rendered};
use crate::ndjson::{Error, Line};
use crate::record::{Email, Kind, Message, Record};
use crate::slack;

/// Which records a sender takes out of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Emails.
    Emails,
    /// Messages.
    Messages,
}

/// One of them.
pub(super) struct Letter {
    /// What is kept of the record.
    kept: Kept,
    /// The envelope's sender.
    pub(super) sender: String,
    /// The envelope's recipients.
    pub(super) recipients: Vec<String>,
    /// The final bytes; none where it can never be sent.
    pub(super) bytes: Vec<u8>,
    /// Why it can never be sent.
    pub(super) refused: Option<String>,
}

/// A record, for whoever wants to send it as another one, should this one be refused.
enum Kept {
    /// Without what the final bytes hold, unless there are none.
    Email(Box<Email>),
    Message(Box<Message>),
}

impl Takes {
    /// The record on a line; none where it is not one of those that are taken.
    pub(super) fn letter(self, line: &Line<'_>) -> Result<Option<Letter>, Error> {
        match (self, line.kind) {
            (Self::Emails, Kind::Email) => Ok(Some(Letter::of_email(line.parse()?))),
            (Self::Messages, Kind::Message) => Ok(Some(Letter::of_message(line.parse()?))),
            _ => Ok(None),
        }
    }

    /// The record's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Emails => Email::NAME,
            Self::Messages => Message::NAME,
        }
    }

    /// What people call what is sent.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Emails => "mail",
            Self::Messages => "message",
        }
    }

    /// So many of them, in words.
    pub(super) fn counted(self, number: u64) -> String {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {}{plural}", self.noun())
    }

    /// The others.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Emails => Self::Messages,
            Self::Messages => Self::Emails,
        }
    }

    /// The program that sends them.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Emails => "tq-send-smtp",
            Self::Messages => "tq-send-slack",
        }
    }

    /// Whether the alerts beside them are to be counted. Emails take the place of theirs.
    pub(super) fn counts_alerts(self) -> bool {
        self == Self::Messages
    }

    /// What is said of one that can never be sent.
    pub(super) fn hopeless(self, id: &str, reason: &str) -> String {
        format!("{} {id} can never be sent: {reason}", self.name())
    }
}

impl Letter {
    fn of_email(email: Email) -> Self {
        let (rendered, refused) = match mime::render(&email) {
            Ok(rendered) => (rendered, None),
            Err(reason) => {
                let (sender, recipients) = (email.from.clone(), mime::recipients(&email));
                (Rendered { sender, recipients, bytes: Vec::new() }, Some(reason))
            }
        };
        let Rendered { sender, recipients, bytes } = rendered;
        let email = if refused.is_none() { mail::kept(email) } else { email };
        Self { kept: Kept::Email(email.into()), sender, recipients, bytes, refused }
    }

    fn of_message(message: Message) -> Self {
        let (bytes, refused) = match slack::frozen(&message) {
            Ok(bytes) => (bytes, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let (sender, recipients) = (String::new(), vec![message.to.clone()]);
        Self { kept: Kept::Message(message.into()), sender, recipients, bytes, refused }
    }

    /// The record's id.
    pub(super) fn id(&self) -> &str {
        match &self.kept {
            Kept::Email(email) => &email.id,
            Kept::Message(message) => &message.id,
        }
    }

    /// The Message-ID of an email; a message has none.
    pub(super) fn message_id(&self) -> Option<&str> {
        match &self.kept {
            Kept::Email(email) => Some(&email.message_id),
            Kept::Message(_) => None,
        }
    }

    /// The source of its alerts.
    pub(super) fn source(&self) -> Option<&str> {
        match &self.kept {
            Kept::Email(email) => email.source.as_deref(),
            Kept::Message(message) => message.source.as_deref(),
        }
    }

    /// Its alerts.
    pub(super) fn alerts(&self) -> &[String] {
        match &self.kept {
            Kept::Email(email) => &email.alerts,
            Kept::Message(message) => &message.alerts,
        }
    }

    /// What it is about, for people.
    pub(super) fn subject(&self) -> &str {
        match &self.kept {
            Kept::Email(email) => &email.subject,
            Kept::Message(message) => &message.text,
        }
    }

    /// What is kept of the record, as JSON.
    pub(super) fn record(&self) -> Result<String, serde_json::Error> {
        match &self.kept {
            Kept::Email(email) => serde_json::to_string(email),
            Kept::Message(message) => serde_json::to_string(message),
        }
    }
}

impl Item for Letter {
    fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            id: self.id(),
            message_id: self.message_id(),
            attempt: 1,
            sender: &self.sender,
            recipients: &self.recipients,
            bytes: &self.bytes,
        }
    }
}
