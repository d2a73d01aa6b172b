//! Where a mail goes: to a relay, or into a Maildir. And what is written about it afterwards.

use crate::config::Smtp;
use crate::exit::{Failure, Status};
use crate::mail::mime;
use crate::maildir::Maildir;
use crate::record::{Email, Outcome, Receipt, RecipientOutcome, now};
use crate::smtp::{Envelope, Relay, Verdict};
use crate::state::Pending;

/// Where mails go.
pub enum Destination {
    /// To a relay.
    Relay(Box<Relay>),
    /// Into a Maildir.
    Maildir(Maildir),
}

/// A mail with its name and its turn.
pub(super) struct Outgoing<'a> {
    pub(super) email: &'a str,
    pub(super) message_id: &'a str,
    pub(super) attempt: u64,
    pub(super) sender: &'a str,
    pub(super) recipients: &'a [String],
    pub(super) bytes: &'a [u8],
}

/// Why no mail can be handed over, and what that means for those that wait.
pub(super) struct Down {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
}

impl<'a> From<&'a Pending> for Outgoing<'a> {
    fn from(pending: &'a Pending) -> Self {
        Self {
            email: &pending.email,
            message_id: &pending.message_id,
            attempt: pending.attempt,
            sender: &pending.mail.sender,
            recipients: &pending.mail.recipients,
            bytes: &pending.mail.bytes,
        }
    }
}

impl Destination {
    /// The destination that the settings name. A Maildir is opened now, a relay when there is a mail for it.
    pub fn from_settings(smtp: &Smtp) -> Result<Self, Failure> {
        let Some(folder) = &smtp.maildir else {
            return Ok(Self::Relay(Box::new(Relay::new(smtp)?)));
        };
        let maildir = Maildir::open(folder).map_err(|error| {
            Failure::new(Status::CannotCreate, format!("maildir {}: {error}", folder.display()))
        })?;
        Ok(Self::Maildir(maildir))
    }

    fn name(&self) -> String {
        match self {
            Self::Relay(relay) => relay.name(),
            Self::Maildir(maildir) => maildir.name(),
        }
    }

    /// Makes sure that mail can be handed over, as far as that can be known beforehand. Fails for the rest of the run.
    pub(super) fn open(&mut self) -> Result<(), Down> {
        if let Self::Relay(relay) = self {
            relay.open();
        }
        self.down().map_or(Ok(()), Err)
    }

    /// Why no mail can be handed over any more.
    pub(super) fn down(&self) -> Option<Down> {
        let Self::Relay(relay) = self else { return None };
        let error = relay.down()?;
        Some(Down { outcome: error.outcome(), reason: format!("relay {}: {error}", relay.name()) })
    }

    /// The receipt of an email that can never be sent.
    pub(super) fn refusal(&self, email: &Email, reason: &str) -> Receipt {
        let recipients = mime::recipients(email);
        let verdict = Verdict::refused(recipients.iter().map(String::as_str), reason);
        self.receipt(&email.id, &email.message_id, 1, &verdict)
    }

    /// Delivers a mail: the verdict, and the receipt to print.
    pub(super) fn deliver(&mut self, mail: &Outgoing<'_>) -> (Verdict, Receipt) {
        let verdict = match self {
            Self::Relay(relay) => match envelope(mail) {
                Ok(envelope) => relay.deliver(&envelope, mail.bytes),
                Err(reason) => Verdict::refused(mail.recipients.iter().map(String::as_str), &reason),
            },
            Self::Maildir(maildir) => into_maildir(maildir, mail),
        };
        let receipt = self.receipt(mail.email, mail.message_id, mail.attempt, &verdict);
        (verdict, receipt)
    }

    /// What to print about a mail.
    fn receipt(&self, email: &str, message_id: &str, attempt: u64, verdict: &Verdict) -> Receipt {
        Receipt {
            email: email.to_owned(),
            message_id: message_id.to_owned(),
            outcome: Outcome::of_all(&verdict.recipients),
            attempt,
            at: now(),
            relay: self.name(),
            tls: verdict.tls.clone(),
            queue_id: verdict.queue_id.clone(),
            recipients: verdict.recipients.clone(),
        }
    }

    pub(super) fn close(&mut self) {
        if let Self::Relay(relay) = self {
            relay.quit();
        }
    }
}

fn envelope(mail: &Outgoing<'_>) -> Result<Envelope, String> {
    let recipients =
        mail.recipients.iter().map(|address| mime::address(address)).collect::<Result<_, _>>()?;
    Ok(Envelope { sender: mime::address(mail.sender)?, recipients })
}

fn into_maildir(maildir: &Maildir, mail: &Outgoing<'_>) -> Verdict {
    // The name is our own hash; one of somebody else's must not lead out of the folder.
    let name = crate::record::digest([mail.email]);
    let delivered = maildir.deliver(&name, mail.bytes);
    let (outcome, reply) = match &delivered {
        Ok(()) => (Outcome::Accepted, None),
        Err(error) => (Outcome::Deferred, Some(error.to_string())),
    };
    let one = |address: &String| {
        let (address, reply) = (address.clone(), reply.clone());
        RecipientOutcome { address, outcome, code: None, enhanced: None, reply }
    };
    let verdict = Verdict::new(mail.recipients.iter().map(one).collect());
    let Err(error) = delivered else { return verdict };
    let complaints = vec![format!("maildir {}: {error}", maildir.name())];
    Verdict { status: Status::Disk, complaints, ..verdict }
}
