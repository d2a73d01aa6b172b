//! One session with the relay: greeting, EHLO, TLS, login, and then mail after mail.
//!
//! Where the relay offers PIPELINING, MAIL, RCPT and DATA of a mail share one write (RFC 2920); the body and the final
//! dot always do. Fails: a session that cannot begin is an [`Error`]; one that breaks later is marked lost, and the
//! verdict on the mail in hand says how far it came.

use std::sync::Arc;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::commands::{Ehlo, Quit, Rset, Starttls};
use rustls::ClientConfig;

use super::command::{self, Capabilities};
use super::connect::{client_name, connect};
use super::outcome::{self, Envelope, Verdict};
use super::relay::Settings;
use super::reply::Reply;
use super::wire::{Broken, Wire};
use super::{Error, login};
use crate::config::Tls;
use crate::exit::Status;
use crate::record::{Outcome, RecipientOutcome};

/// How long to wait for what (RFC 5321, section 4.5.3.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    connect: Duration,
    command: Duration,
    data: Duration,
    body: Duration,
    after_dot: Duration,
}

impl Timeouts {
    /// As the RFC asks, or the same for every wait.
    pub(super) fn new(every_wait: Option<Duration>) -> Self {
        let or = |seconds| every_wait.unwrap_or(Duration::from_secs(seconds));
        // The RFC sets none for connecting; the kernel's own is over two minutes for each address.
        Self {
            connect: or(30),
            command: or(300),
            data: or(120),
            body: or(180),
            after_dot: or(600),
        }
    }
}

/// What is asked for one mail and answered, as far as it came.
struct Dialog {
    sender: Reply,
    recipients: Vec<Reply>,
    data: Option<Reply>,
}

/// A session that is ready for mail.
pub(super) struct Session {
    wire: Wire,
    capabilities: Capabilities,
    timeouts: Timeouts,
    /// Mails that the relay has answered for.
    pub(super) mails: u64,
    /// Whether the line is of no more use.
    pub(super) lost: bool,
}

impl Session {
    /// Connects, greets, starts TLS and logs in, as the settings say.
    pub(super) fn open(settings: &Settings) -> Result<Self, Error> {
        let timeouts = settings.timeouts;
        let mut wire = connect(&settings.host, settings.port, timeouts.connect)?;
        let tls = settings.tls_config.clone();
        if let (Tls::Implicit, Some(config)) = (settings.tls, &tls) {
            wire = wire.start_tls(config.clone(), &settings.host, timeouts.command)?;
        }
        let mut session = Self {
            wire,
            capabilities: Capabilities::default(),
            timeouts,
            mails: 0,
            lost: false,
        };
        expect_positive("greeting", session.reply()?)?;
        session.greet(settings.tls != Tls::Starttls && settings.credentials.is_none())?;
        if let (Tls::Starttls, Some(config)) = (settings.tls, tls) {
            session = session.start_tls(config, &settings.host)?;
        }
        if let Some(credentials) = &settings.credentials {
            login::log_in(&mut session, credentials)?;
        }
        Ok(session)
    }

    pub(super) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// EHLO, and HELO for a relay from another century where nothing is required of it.
    fn greet(&mut self, may_fall_back: bool) -> Result<(), Error> {
        let name = client_name();
        let reply = self.ask(&Ehlo::new(name.clone()).to_string())?;
        if reply.is_permanent() && may_fall_back {
            expect_positive("HELO", self.ask(&format!("HELO {name}\r\n"))?)?;
            return Ok(());
        }
        self.capabilities = Capabilities::from_reply(&expect_positive("EHLO", reply)?);
        Ok(())
    }

    fn start_tls(mut self, config: Arc<ClientConfig>, host: &str) -> Result<Self, Error> {
        if !self.capabilities.offers("STARTTLS") {
            return Err(Error::NotOffered(
                "the relay does not offer STARTTLS, which smtp.tls requires".to_owned(),
            ));
        }
        expect_positive("STARTTLS", self.ask(&Starttls.to_string())?)?;
        self.wire = self.wire.start_tls(config, host, self.timeouts.command)?;
        // What was offered in the clear counts for nothing (RFC 3207, section 4.2).
        self.capabilities = Capabilities::default();
        self.greet(false)?;
        Ok(self)
    }

    /// One command and its reply.
    pub(super) fn ask(&mut self, command: &str) -> Result<Reply, Error> {
        self.wire.send(command.as_bytes(), self.timeouts.command)?;
        self.reply()
    }

    fn reply(&mut self) -> Result<Reply, Error> {
        Ok(self.wire.reply(self.timeouts.command)?)
    }

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
        let dialog = match self.announce(envelope, bytes.len()) {
            Ok(dialog) => dialog,
            Err(broken) => return self.broken(envelope, broken),
        };
        self.lost |= std::iter::once(&dialog.sender)
            .chain(&dialog.recipients)
            .chain(&dialog.data)
            .any(ends_session);
        if !dialog.sender.is_positive() {
            self.abandon(&dialog);
            let (outcome, status, hint) = outcome::sender_refused(&dialog.sender);
            let recipients = addresses(envelope)
                .map(|one| outcome::replied(one, outcome, &dialog.sender))
                .collect();
            let complaint = Some(format!(
                "sender {} refused: {}{hint}",
                envelope.sender, dialog.sender
            ));
            return Verdict {
                status,
                complaint,
                ..Verdict::new(recipients)
            };
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
        let recipients = each
            .map(|(address, rcpt)| recipient_outcome(address, rcpt, &last, body_sent))
            .collect();
        self.mails += u64::from(last.is_ok());
        let queue_id = last
            .ok()
            .filter(|reply| body_sent && reply.is_positive())
            .and_then(|reply| reply.queue_id());
        Verdict {
            queue_id,
            ..Verdict::new(recipients)
        }
    }

    /// Why this relay cannot take this mail, as far as it told us beforehand.
    fn obstacle(&self, envelope: &Envelope, bytes: &[u8]) -> Option<String> {
        if let Some(limit) = self
            .capabilities
            .size_limit()
            .filter(|limit| bytes.len() as u64 > *limit)
        {
            return Some(format!(
                "the mail has {} bytes, and the relay takes {limit}",
                bytes.len()
            ));
        }
        let lacks_utf8 = needs_utf8(envelope) && !self.capabilities.offers("SMTPUTF8");
        lacks_utf8.then(|| "an address is not ASCII, and the relay does not offer SMTPUTF8".to_owned())
    }

    /// MAIL, RCPT for each recipient, and DATA, in one write where the relay allows it.
    fn announce(&mut self, envelope: &Envelope, size: usize) -> Result<Dialog, Broken> {
        let mail = command::mail(&envelope.sender, size, needs_utf8(envelope), &self.capabilities);
        let rcpts: Vec<String> = envelope.recipients.iter().map(command::rcpt).collect();
        let Timeouts {
            command: wait,
            data: data_wait,
            ..
        } = self.timeouts;
        if self.capabilities.offers("PIPELINING") {
            let group = format!("{mail}{}{}", rcpts.concat(), command::data());
            self.wire.send(group.as_bytes(), wait)?;
            let sender = self.wire.reply(wait)?;
            let recipients = rcpts
                .iter()
                .map(|_| self.wire.reply(wait))
                .collect::<Result<_, _>>()?;
            return Ok(Dialog {
                sender,
                recipients,
                data: Some(self.wire.reply(data_wait)?),
            });
        }
        let mut ask = |command: &str, wait| {
            self.wire.send(command.as_bytes(), wait)?;
            self.wire.reply(wait)
        };
        let mut dialog = Dialog {
            sender: ask(&mail, wait)?,
            recipients: Vec::new(),
            data: None,
        };
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

    /// The body and the final dot, and the answer to it. Fails with what must be believed when there is none.
    fn hand_over(&mut self, bytes: &[u8]) -> Result<Reply, (Outcome, String)> {
        let reason = |broken| match broken {
            Broken::Lost(reason) | Broken::Malformed(reason) => reason,
        };
        // The dot is the last of these bytes: a write that failed did not bring it to the relay.
        if let Err(broken) = self.wire.send(&command::stuffed(bytes), self.timeouts.body) {
            self.lost = true;
            return Err((
                Outcome::Deferred,
                format!("while sending the mail: {}", reason(broken)),
            ));
        }
        match self.wire.reply(self.timeouts.after_dot) {
            Ok(reply) => {
                self.lost |= ends_session(&reply) || outcome::after_dot(&reply) == Outcome::Unknown;
                Ok(reply)
            }
            Err(broken) => {
                self.lost = true;
                Err((
                    Outcome::Unknown,
                    format!("after the final dot: {}", reason(broken)),
                ))
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
        let command = if wants_body {
            ".\r\n".to_owned()
        } else {
            Rset.to_string()
        };
        self.lost = self
            .ask(&command)
            .map_or(true, |reply| !wants_body && !reply.is_positive());
    }

    /// The verdict when the line broke before the mail was handed over.
    fn broken(&mut self, envelope: &Envelope, broken: Broken) -> Verdict {
        self.lost = true;
        let error = Error::from(broken);
        let deferred = |one| outcome::unanswered(one, Outcome::Deferred, &error.to_string());
        let verdict = Verdict::new(addresses(envelope).map(deferred).collect());
        Verdict {
            status: verdict.status.worst(error.status()),
            ..verdict
        }
    }

    /// Whether the mail in hand met a line that had died since the mail before it, so that a new line may take it.
    pub(super) fn died_idle(&self, verdict: &Verdict) -> bool {
        let untouched = verdict
            .recipients
            .iter()
            .all(|one| one.outcome == Outcome::Deferred && one.code.is_none());
        self.lost && self.mails > 0 && untouched && verdict.status == Status::TryAgain
    }

    /// Says goodbye; what the relay answers does not matter.
    pub(super) fn quit(mut self) {
        if !self.lost {
            let _ = self
                .wire
                .send(Quit.to_string().as_bytes(), Duration::from_secs(1));
        }
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

fn expect_positive(step: &'static str, reply: Reply) -> Result<Reply, Error> {
    match reply {
        reply if reply.is_positive() => Ok(reply),
        reply if reply.is_transient() => Err(Error::Busy(step, reply)),
        reply if reply.is_permanent() => Err(Error::Refused(step, reply)),
        reply => Err(Error::Protocol(format!("answered {step} with {reply}"))),
    }
}

fn addresses(envelope: &Envelope) -> impl Iterator<Item = &str> {
    envelope.recipients.iter().map(AsRef::as_ref)
}

fn needs_utf8(envelope: &Envelope) -> bool {
    let address_is_ascii = |address: &Address| -> bool { AsRef::<str>::as_ref(address).is_ascii() };
    !address_is_ascii(&envelope.sender) || !envelope.recipients.iter().all(address_is_ascii)
}
