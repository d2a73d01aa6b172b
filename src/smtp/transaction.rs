//! One mail over a session: MAIL, RCPT, DATA, the body and the final dot, and what each reply means.
//!
//! Where the relay offers PIPELINING, MAIL, RCPT and DATA share one write (RFC 2920); the end of the body and the final dot
//! always do, and with them goes the announcement of the next mail where that is known. A line that breaks marks the session
//! lost, and the verdict says how far the mail came.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::commands::Rset;

use super::Error;
use super::command;
use super::inbox::Broken;
use super::mails::Mail;
use super::outcome::{self, Envelope, Verdict};
use super::reply::Reply;
use super::session::{Session, Timeouts};
use crate::record::{Outcome, RecipientOutcome};

/// The most that is sent together under TLS: what fits one TLS record, of which a peer reads all or nothing. So a write
/// that fails has not brought it the final dot.
const RECORD_LIMIT: usize = 16 * 1024;

/// What is asked for one mail and answered, as far as it came.
struct Dialog {
    sender: Reply,
    recipients: Vec<Reply>,
    data: Option<Reply>,
}

impl Session {
    /// Sends one mail and says what became of it. `next` is announced on the way where that saves a round trip; it must
    /// then be the next one that is sent over this session. `meanwhile` is called while the relay has the mail.
    pub(super) fn send(
        &mut self,
        mail: &impl Mail,
        next: Option<&impl Mail>,
        meanwhile: &mut dyn FnMut(),
    ) -> Verdict {
        let (envelope, unfit) = self.fit(mail.envelope());
        let mut verdict = match self.obstacle(&envelope, mail.bytes()) {
            Some(reason) => Verdict::refused(envelope.addresses(), &reason),
            None => self.transact(&envelope, mail.bytes(), next, meanwhile),
        };
        verdict = verdict.and(unfit);
        verdict.tls = self.wire.tls_version();
        verdict
    }

    /// Asks whether this sender may send, and takes the question back.
    pub(super) fn check_sender(&mut self, sender: &Address) -> Result<(), Error> {
        let utf8 = !is_ascii(sender);
        let reply = self.ask(&command::mail(sender, 0, utf8, &self.capabilities))?;
        if !reply.is_positive() {
            return Err(Error::SenderRefused(sender.to_string(), reply));
        }
        self.ask(&Rset.to_string())?;
        Ok(())
    }

    fn transact(
        &mut self,
        envelope: &Envelope,
        bytes: &[u8],
        next: Option<&impl Mail>,
        meanwhile: &mut dyn FnMut(),
    ) -> Verdict {
        let dialog = match self.dialog(envelope, bytes) {
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
                envelope.addresses().map(|one| outcome::replied(one, outcome, &dialog.sender)).collect();
            let complaints = vec![format!("sender {} refused: {}{hint}", envelope.sender, dialog.sender)];
            return Verdict { complaints, ..Verdict::new(recipients) };
        }
        let taken = dialog.recipients.iter().any(Reply::is_positive);
        let last = match &dialog.data {
            Some(reply) if reply.code == 354 && taken => self.hand_over(bytes, next, meanwhile),
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
        let each = envelope.addresses().zip(&dialog.recipients);
        let recipients =
            each.map(|(address, rcpt)| recipient_outcome(address, rcpt, &last, body_sent)).collect();
        self.mails += u64::from(!self.lost);
        let queue_id =
            last.ok().filter(|reply| body_sent && reply.is_positive()).and_then(|reply| reply.queue_id());
        Verdict { queue_id, ..Verdict::new(recipients) }
    }

    /// Those whom this relay can be told of, and the outcomes of those whom it cannot.
    fn fit(&self, envelope: &Envelope) -> (Envelope, Vec<RecipientOutcome>) {
        let takes_all = self.capabilities.offers("SMTPUTF8");
        let (fit, unfit): (Vec<_>, Vec<_>) =
            envelope.recipients.iter().cloned().partition(|one| takes_all || is_ascii(one));
        if fit.is_empty() {
            return (Envelope { sender: envelope.sender.clone(), recipients: unfit }, Vec::new());
        }
        let refused = |one: &Address| outcome::unanswered(one.as_ref(), Outcome::Rejected, LACKS_UTF8);
        let unfit = unfit.iter().map(refused).collect();
        (Envelope { sender: envelope.sender.clone(), recipients: fit }, unfit)
    }

    /// Why this relay cannot take this mail, as far as it told us beforehand.
    fn obstacle(&self, envelope: &Envelope, bytes: &[u8]) -> Option<String> {
        if let Some(limit) = self.capabilities.size_limit().filter(|limit| bytes.len() as u64 > *limit) {
            return Some(format!("the mail has {} bytes, and the relay takes {limit}", bytes.len()));
        }
        let lacks_utf8 = needs_utf8(envelope, bytes) && !self.capabilities.offers("SMTPUTF8");
        lacks_utf8.then(|| LACKS_UTF8.to_owned())
    }

    /// MAIL, and RCPT for each recipient.
    fn announcement(&self, envelope: &Envelope, bytes: &[u8]) -> (String, Vec<String>) {
        let utf8 = needs_utf8(envelope, bytes);
        let mail = command::mail(&envelope.sender, bytes.len(), utf8, &self.capabilities);
        (mail, envelope.recipients.iter().map(command::rcpt).collect())
    }

    /// The same and DATA, for one write.
    fn group(&self, envelope: &Envelope, bytes: &[u8]) -> String {
        let (mail, rcpts) = self.announcement(envelope, bytes);
        [mail, rcpts.concat(), command::data()].concat()
    }

    /// Announces a mail, in one write where the relay allows it, and hears what it has to say.
    fn dialog(&mut self, envelope: &Envelope, bytes: &[u8]) -> Result<Dialog, Broken> {
        let Timeouts { command: wait, data: data_wait, .. } = self.timeouts;
        let announced = std::mem::take(&mut self.announced);
        if self.capabilities.offers("PIPELINING") {
            if !announced {
                let group = self.group(envelope, bytes);
                self.wire.send(group.as_bytes(), wait)?;
            }
            let sender = self.wire.reply(wait)?;
            let mut recipients: Vec<Reply> = Vec::new();
            for _ in &envelope.recipients {
                recipients.push(self.reply_after(recipients.last().unwrap_or(&sender), wait)?);
            }
            let data = self.reply_after(recipients.last().unwrap_or(&sender), data_wait)?;
            return Ok(Dialog { sender, recipients, data: Some(data) });
        }
        let (mail, rcpts) = self.announcement(envelope, bytes);
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
    fn hand_over(
        &mut self,
        bytes: &[u8],
        next: Option<&impl Mail>,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Reply, (Outcome, String)> {
        let reason = |broken| match broken {
            Broken::Lost(reason) | Broken::Malformed(reason) => reason,
        };
        let unsent = |broken| Err((Outcome::Deferred, format!("while sending the mail: {}", reason(broken))));
        let mut rest = bytes;
        while let Some((piece, after)) = command::first_piece(rest) {
            if let Err(broken) = self.wire.send(&command::stuffed(piece), self.timeouts.body) {
                self.lost = true;
                return unsent(broken);
            }
            rest = after;
        }
        let mut wire = command::ended(rest);
        let dot = wire.len();
        if let Some(next) = next {
            self.announce_behind(&mut wire, next);
        }
        let (sent, result) = self.wire.send_counted(&wire, self.timeouts.body);
        if let Err(broken) = result {
            self.lost = true;
            // A write that failed before the dot did not bring it to the relay.
            if sent < dot {
                return unsent(broken);
            }
        } else {
            meanwhile();
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

    /// Puts the announcement of the next mail behind the final dot, where the relay takes it there.
    fn announce_behind(&mut self, wire: &mut Vec<u8>, next: &impl Mail) {
        let (envelope, _) = self.fit(next.envelope());
        if !self.capabilities.offers("PIPELINING") || self.obstacle(&envelope, next.bytes()).is_some() {
            return;
        }
        let group = self.group(&envelope, next.bytes());
        if self.wire.is_tls() && wire.len() + group.len() > RECORD_LIMIT {
            return;
        }
        wire.extend_from_slice(group.as_bytes());
        self.announced = true;
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
        let verdict = Verdict::new(envelope.addresses().map(deferred).collect());
        Verdict { status: verdict.status.worst(error.status()), ..verdict }
    }
}

const LACKS_UTF8: &str = "an address is not ASCII, and the relay does not offer SMTPUTF8";

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

fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

/// Whether an address, in the envelope or in the header, is not ASCII (RFC 6531).
fn needs_utf8(envelope: &Envelope, bytes: &[u8]) -> bool {
    !(bytes.is_ascii() && is_ascii(&envelope.sender) && envelope.recipients.iter().all(is_ascii))
}
