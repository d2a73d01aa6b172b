//! One session with the relay: greeting, EHLO, TLS, login, and then mail after mail.
//!
//! Fails: a session that cannot begin is an [`Error`]; one that breaks later is marked lost.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::commands::{Ehlo, Quit, Starttls};
use rustls::ClientConfig;

use super::command::Capabilities;
use super::connect::{client_name, connect};
use super::outcome::Verdict;
use super::relay::Settings;
use super::reply::Reply;
use super::wire::Wire;
use super::{Error, login};
use crate::config::Tls;
use crate::exit::Status;
use crate::record::{Outcome, RecipientOutcome};

/// How long to wait for what (RFC 5321, section 4.5.3.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) command: Duration,
    pub(super) data: Duration,
    /// For each block of the mail; see [`Wire::send_counted`].
    pub(super) body: Duration,
    pub(super) after_dot: Duration,
}

impl Timeouts {
    /// As the RFC asks, or the same for every wait, and one of its own for the last.
    pub(super) fn new(every_wait: Option<Duration>, after_dot: Option<Duration>) -> Self {
        let or = |seconds| every_wait.unwrap_or(Duration::from_secs(seconds));
        // The RFC sets none for connecting; the kernel's own is over two minutes for each address.
        Self {
            connect: or(30),
            command: or(300),
            data: or(120),
            body: or(180),
            after_dot: after_dot.unwrap_or(or(600)),
        }
    }
}

/// A session that is ready for mail.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) capabilities: Capabilities,
    pub(super) timeouts: Timeouts,
    /// Mails that the relay has answered for.
    pub(super) mails: u64,
    /// Whether the line is of no more use.
    pub(super) lost: bool,
    /// Whether the next mail was announced with the mail before it.
    pub(super) announced: bool,
}

impl Session {
    /// Connects, greets, starts TLS and logs in, as the settings say, and tells of each step that is done.
    pub(super) fn open(settings: &Settings, told: &mut dyn FnMut(&str)) -> Result<Self, Error> {
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
            announced: false,
        };
        let greeting = expect_positive("greeting", session.reply()?)?;
        told(&format!("connection: {greeting}"));
        session.greet(settings.tls != Tls::Starttls && settings.login.is_none())?;
        if let (Tls::Starttls, Some(config)) = (settings.tls, tls) {
            session = session.start_tls(config, &settings.host)?;
        }
        if let Some(version) = session.wire.tls_version() {
            told(&format!("TLS: {version}, and the certificate is trusted"));
        }
        if let Some(login) = &settings.login {
            let mechanism = login::log_in(&mut session, login)?;
            told(&format!("login: {} by {mechanism}", login.username));
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

    /// Whether the mail in hand met a line that had died since the mail before it, so that a new line may take it.
    pub(super) fn died_idle(&self, verdict: &Verdict) -> bool {
        // Nothing was answered, or nothing but that the relay is leaving (421): nobody has the mail.
        let is_unanswered = |one: &RecipientOutcome| matches!(one.code, None | Some(421));
        let untouched =
            verdict.recipients.iter().all(|one| one.outcome == Outcome::Deferred && is_unanswered(one));
        self.lost && self.mails > 0 && untouched && verdict.status == Status::TryAgain
    }

    /// Says goodbye; what the relay answers does not matter.
    pub(super) fn quit(mut self) {
        // Where a mail was announced the relay takes what comes for its body, and one without an end for none.
        if !self.lost && !self.announced {
            let _ = self.wire.send(Quit.to_string().as_bytes(), Duration::from_secs(1));
        }
    }
}

fn expect_positive(step: &'static str, reply: Reply) -> Result<Reply, Error> {
    match reply {
        reply if reply.is_positive() => Ok(reply),
        reply if reply.is_transient() => Err(Error::Busy(step, reply)),
        reply if reply.is_permanent() => Err(Error::Refused(step, reply)),
        reply => Err(Error::Protocol(format!("answered {step} with {reply}"))),
    }
}
