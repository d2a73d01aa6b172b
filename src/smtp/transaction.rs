//! One mail over a session: MAIL, RCPT, DATA, the body and the final dot, and what each reply means.
//!
//! Where the relay offers PIPELINING, MAIL, RCPT and DATA share one write (RFC 2920); the body and the final dot always
//! do. A line that breaks marks the session lost, and the verdict says how far the mail came.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::commands::Rset;

use super::Error;
use super::command;
use super::outcome::{self, Envelope, Verdict};
use super::reply::Reply;
use super::session::{Session, Timeouts};
use super::wire::Broken;
use crate::record::{Outcome, RecipientOutcome};

/// What is asked for one mail and answered, as far as it came.
struct Dialog {
    sender: Reply,
    recipients: Vec<Reply>,
    data: Option<Reply>,
}

impl Session {
    /// Sends one mail and says what became of it.
    pub(super) fn send(&mut self, envelope: &Envelope, bytes: &[u8]) -> Verdict {
        let mut verdict = self.transact(envelope, bytes);
        verdict.tls = self.wire.tls_version();
        verdict
    }

    fn transact(&mut self, envelope: &Envelope, bytes: &[u8]) -> Verdict {
        if let Some(reason) = self.obstacle(envelope, bytes) {
            return Verdict::refused(addresses(envelope), &reason);
        }
        let dialog = match self.announce(envelope, bytes) {
            Ok(dialog) => dialog,
            Err(broken) => return self.broken(envelope, broken),
        };
        self.lost |=
            std::iter::once(&dialog.sender).chain(&dialog.recipients).chain(&dialog.data).any(ends_session);
        if !dialog.sender.is_positive() {
            self.abandon(&dialog);
            self.mails += u64::from(!self.lost);
            let (outcome, hint) = outcome::sender_refused(&dialog.sender);
            let recipients =
                addresses(envelope).map(|one| outcome::replied(one, outcome, &dialog.sender)).collect();
            let complaints = vec![format!("sender {} refused: {}{hint}", envelope.sender, dialog.sender)];
            return Verdict { complaints, ..Verdict::new(recipients) };
        }
        let taken = dialog.recipients.iter().any(Reply::is_positive);
        let last = match &dialog.data {
            Some(reply) if reply.code == 354 && taken => self.hand_over(bytes),
            Some(reply) => {
                self.abandon(&dialog);
                Ok(reply.clone())
            }
            None => {
                self.abandon(&dialog);
                Err((Outcome::Deferred, "no recipient was taken".to_owned()))
            }
        };
        let body_sent = taken && dialog.data.as_ref().is_some_and(|reply| reply.code == 354);
        let each = addresses(envelope).zip(&dialog.recipients);
        let recipients =
            each.map(|(address, rcpt)| recipient_outcome(address, rcpt, &last, body_sent)).collect();
        self.mails += u64::from(!self.lost);
        let queue_id =
            last.ok().filter(|reply| body_sent && reply.is_positive()).and_then(|reply| reply.queue_id());
        Verdict { queue_id, ..Verdict::new(recipients) }
    }

    /// Why this relay cannot take this mail, as far as it told us beforehand.
    fn obstacle(&self, envelope: &Envelope, bytes: &[u8]) -> Option<String> {
        if let Some(limit) = self.capabilities.size_limit().filter(|limit| bytes.len() as u64 > *limit) {
            return Some(format!("the mail has {} bytes, and the relay takes {limit}", bytes.len()));
        }
        let lacks_utf8 = needs_utf8(envelope, bytes) && !self.capabilities.offers("SMTPUTF8");
        lacks_utf8.then(|| "an address is not ASCII, and the relay does not offer SMTPUTF8".to_owned())
    }

    /// MAIL, RCPT for each recipient, and DATA, in one write where the relay allows it.
    fn announce(&mut self, envelope: &Envelope, bytes: &[u8]) -> Result<Dialog, Broken> {
        let utf8 = needs_utf8(envelope, bytes);
        let mail = command::mail(&envelope.sender, bytes.len(), utf8, &self.capabilities);
        let rcpts: Vec<String> = envelope.recipients.iter().map(command::rcpt).collect();
        let Timeouts { command: wait, data: data_wait, .. } = self.timeouts;
        if self.capabilities.offers("PIPELINING") {
            let group = format!("{mail}{}{}", rcpts.concat(), command::data());
            self.wire.send(group.as_bytes(), wait)?;
            let sender = self.wire.reply(wait)?;
            let mut recipients: Vec<Reply> = Vec::new();
            for _ in &rcpts {
                recipients.push(self.reply_after(recipients.last().unwrap_or(&sender), wait)?);
            }
            let data = self.reply_after(recipients.last().unwrap_or(&sender), data_wait)?;
            return Ok(Dialog { sender, recipients, data: Some(data) });
        }
        let mut ask = |command: &str, wait| {
            self.wire.send(command.as_bytes(), wait)?;
            self.wire.reply(wait)
        };
        let mut dialog = Dialog { sender: ask(&mail, wait)?, recipients: Vec::new(), data: None };
        if dialog.sender.is_positive() {
            for rcpt in &rcpts {
                dialog.recipients.push(ask(rcpt, wait)?);
            }
        }
        if dialog.recipients.iter().any(Reply::is_positive) {
            dialog.data = Some(ask(&command::data(), data_wait)?);
        }
        Ok(dialog)
    }

    /// The next reply of a group. A relay that said it is leaving sends none, and what it said counts for the rest.
    fn reply_after(&mut self, before: &Reply, wait: Duration) -> Result<Reply, Broken> {
        if ends_session(before) { Ok(before.clone()) } else { self.wire.reply(wait) }
    }

    /// The body and the final dot, and the answer to it. Fails with what must be believed when there is none.
    fn hand_over(&mut self, bytes: &[u8]) -> Result<Reply, (Outcome, String)> {
        let reason = |broken| match broken {
            Broken::Lost(reason) | Broken::Malformed(reason) => reason,
        };
        // The dot is the last of these bytes: a write that failed did not bring it to the relay.
        if let Err(broken) = self.wire.send(&command::stuffed(bytes), self.timeouts.body) {
            self.lost = true;
            return Err((Outcome::Deferred, format!("while sending the mail: {}", reason(broken))));
        }
        match self.wire.reply(self.timeouts.after_dot) {
            Ok(reply) => {
                self.lost |= ends_session(&reply) || outcome::after_dot(&reply) == Outcome::Unknown;
                Ok(reply)
            }
            Err(broken) => {
                self.lost = true;
                Err((Outcome::Unknown, format!("after the final dot: {}", reason(broken))))
            }
        }
    }

    /// Leaves a mail that cannot be sent. A relay that asks for the body all the same gets an empty one, as RFC 2920
    /// (section 3.1) has it.
    fn abandon(&mut self, dialog: &Dialog) {
        if self.lost {
            return;
        }
        let wants_body = dialog.data.as_ref().is_some_and(|reply| reply.code == 354);
        let command = if wants_body { ".\r\n".to_owned() } else { Rset.to_string() };
        self.lost = self.ask(&command).map_or(true, |reply| !wants_body && !reply.is_positive());
    }

    /// The verdict when the line broke before the mail was handed over.
    fn broken(&mut self, envelope: &Envelope, broken: Broken) -> Verdict {
        self.lost = true;
        let error = Error::from(broken);
        let deferred = |one| outcome::unanswered(one, Outcome::Deferred, &error.to_string());
        let verdict = Verdict::new(addresses(envelope).map(deferred).collect());
        Verdict { status: verdict.status.worst(error.status()), ..verdict }
    }
}

/// What became of the mail for one recipient: its own refusal, or what came of the whole mail.
fn recipient_outcome(
    address: &str,
    rcpt: &Reply,
    last: &Result<Reply, (Outcome, String)>,
    body_sent: bool,
) -> RecipientOutcome {
    if !rcpt.is_positive() {
        return outcome::replied(address, outcome::refusal(rcpt), rcpt);
    }
    match last {
        Ok(reply) if body_sent => outcome::replied(address, outcome::after_dot(reply), reply),
        Ok(reply) => outcome::replied(address, outcome::refusal(reply), reply),
        Err((outcome, reason)) => outcome::unanswered(address, *outcome, reason),
    }
}

/// A relay that is leaving, or whose replies are of no class that fits any command.
fn ends_session(reply: &Reply) -> bool {
    let out_of_place =
        !(reply.is_positive() || reply.is_transient() || reply.is_permanent() || reply.code == 354);
    reply.code == 421 || out_of_place
}

fn addresses(envelope: &Envelope) -> impl Iterator<Item = &str> {
    envelope.recipients.iter().map(AsRef::as_ref)
}

/// Whether an address, in the envelope or in the header, is not ASCII (RFC 6531).
fn needs_utf8(envelope: &Envelope, bytes: &[u8]) -> bool {
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    !(bytes.is_ascii() && is_ascii(&envelope.sender) && envelope.recipients.iter().all(is_ascii))
}
