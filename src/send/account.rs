//! What a source has on its way, to be compared with what its checkpoint says.

use super::letter::{Letter, Takes};
use crate::exit::Failure;
use crate::ndjson::Line;
use crate::record::{Alert, Checkpoint, Message, Record, Tally};

/// The records of a source so far.
pub(super) struct Account {
    takes: Takes,
    letters: u64,
    /// The ids of its messages, each of which stands once.
    messages: Tally,
    /// The alerts that its emails or messages are about.
    pub(super) told: Tally,
    /// The alerts that pass by a sender of messages.
    pub(super) passing: Tally,
}

impl Account {
    pub(super) fn new(takes: Takes) -> Self {
        let (messages, told, passing) = Default::default();
        Self { takes, letters: 0, messages, told, passing }
    }

    /// Whether something is to be sent.
    pub(super) fn brings_letters(&self) -> bool {
        self.letters > 0
    }

    pub(super) fn count(&mut self, letter: &Letter) {
        self.letters += 1;
        letter.alerts().iter().for_each(|id| self.told.add(id));
        if self.takes == Takes::Messages {
            self.messages.add(letter.id());
        }
    }

    /// Counts an alert that passes by.
    pub(super) fn pass(&mut self, alert: &Alert) {
        self.passing.add(&alert.id);
    }

    /// What is wrong with them, by the word of their checkpoint.
    pub(super) fn disagreement(&mut self, checkpoint: &Checkpoint) -> Option<String> {
        match self.takes {
            Takes::Emails => {
                // One alert may be in several emails.
                self.told.unite();
                let of_emails = checkpoint.disagreement_of_emails(self.letters);
                of_emails.or_else(|| self.told.disagreement(checkpoint))
            }
            Takes::Messages => {
                let is_taken = checkpoint.taken.iter().any(|name| name == Message::NAME);
                let of_messages = || checkpoint.disagreement_of_messages(&mut self.messages);
                // Behind a formatter of mails there are no alerts left.
                let is_mailed = checkpoint.emails.is_some() && self.passing.count() == 0;
                let of_alerts = || self.passing.disagreement(checkpoint);
                let of_messages = (!is_taken).then(of_messages).flatten();
                of_messages.or_else(|| (!is_mailed).then(of_alerts).flatten())
            }
        }
    }

    /// Compares the records so far with their checkpoint, which the line holds, and begins to count anew.
    pub(super) fn close(&mut self, line: &Line<'_>) -> Result<Checkpoint, Failure> {
        let checkpoint: Checkpoint = line.parse()?;
        let mut closed = std::mem::replace(self, Self::new(self.takes));
        match closed.disagreement(&checkpoint) {
            Some(reason) => Err(line.error(format_args!("source '{}': {reason}", checkpoint.source)).into()),
            None => Ok(checkpoint),
        }
    }
}
