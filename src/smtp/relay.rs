//! The relay as the rest of the program sees it: a mail goes in, a verdict comes out.
//!
//! A session is opened for the first mail and kept. A relay that is down stays so for the run.

use std::sync::Arc;
use std::time::Duration;

use lettre::Address;
use rustls::ClientConfig;

use super::lane::Lane;
use super::login::Login;
use super::mails::{Mail, Mails};
use super::outcome::Verdict;
use super::pace::Pace;
use super::session::{Session, Timeouts};
use super::{Error, lanes};
use crate::config::{Rate, Smtp, Tls, required};
use crate::exit::{Failure, Status};
use crate::secret::Place;
use crate::tls;

/// How to reach the relay.
pub(super) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) tls_config: Option<Arc<ClientConfig>>,
    pub(super) login: Option<Login>,
    pub(super) timeouts: Timeouts,
}

/// A relay, and the session with it.
pub struct Relay {
    settings: Arc<Settings>,
    pace: Arc<Pace>,
    connections: usize,
    lane: Lane,
    /// Why no session is left of several.
    down: Option<Error>,
}

impl Settings {
    /// `host:port`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Relay {
    /// Checks the settings and reads the password; connects to nobody yet.
    pub fn new(smtp: &Smtp) -> Result<Self, Failure> {
        let host = required(smtp.host.clone(), "--host", "smtp.host")?;
        let tls = smtp.tls.unwrap_or_default();
        let port = smtp.port.unwrap_or(match tls {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        });
        let login = login(smtp, tls, &host)?;
        let tls_config = if tls == Tls::None { None } else { Some(tls::client_config(&trust(smtp)?)?) };
        let timeouts =
            Timeouts::new(smtp.timeout.map(Duration::from_secs), smtp.final_timeout.map(Duration::from_secs));
        let settings = Arc::new(Settings { host, port, tls, tls_config, login, timeouts });
        let pace = Arc::new(Pace::new(smtp.rate.map(Rate::interval)));
        let connections = smtp.connections.map_or(1, usize::from);
        let lane = Lane::new(Arc::clone(&settings), Arc::clone(&pace));
        Ok(Self { settings, pace, connections, lane, down: None })
    }

    /// `host:port`.
    pub fn name(&self) -> String {
        self.settings.name()
    }

    /// Why there is no session any more.
    pub fn down(&self) -> Option<&Error> {
        self.down.as_ref().or(self.lane.down())
    }

    /// Sends one mail to all its recipients and says what became of it.
    pub fn deliver<M: Mail>(&mut self, mail: &M) -> Verdict {
        if let Some(down) = &self.down {
            return Verdict::without_session(mail.envelope().addresses(), down);
        }
        self.lane.pause();
        self.lane.deliver(mail, None, &mut || ())
    }

    /// Sends mails until there is none or the relay is down; those that wait then were not asked for.
    ///
    /// Where the relay offers PIPELINING, the next mail is announced together with the final dot of the one before it:
    /// one round trip a mail. So two mails at a time are out of `mails` for each session; the second one's body is not
    /// sent before the first one is settled.
    pub fn deliver_all<M: Mails>(&mut self, mails: &mut M) -> Result<(), Failure> {
        if self.down().is_some() {
            return Ok(());
        }
        if self.connections > 1 {
            self.down = lanes::run(&self.settings, &self.pace, self.connections, mails)?;
            return Ok(());
        }
        self.lane.run(mails, |mails, mail, down| {
            let verdict = Verdict::without_session(mail.envelope().addresses(), down);
            mails.settle(vec![(mail, verdict)])
        })
    }

    /// Opens a session, asks whether this sender may send, and sends nothing. Tells of each step that is done.
    pub fn check(&self, sender: Option<&Address>, told: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        let about = |error: Error| Failure::from(error).about(format_args!("relay {}", self.name()));
        let mut session = Session::open(&self.settings, told).map_err(about)?;
        if self.settings.tls_config.is_none() {
            told("TLS: none, as smtp.tls says");
        }
        if self.settings.login.is_none() {
            told("login: none, as no smtp.username is set");
        }
        match sender {
            None => told("sender: not asked for, as email.from is not set"),
            Some(sender) => {
                session.check_sender(sender).map_err(about)?;
                told(&format!("sender: {sender}"));
            }
        }
        session.quit();
        Ok(())
    }

    /// Says goodbye.
    pub fn quit(&mut self) {
        self.lane.quit();
    }
}

/// Whom to take for the relay, and what to show it.
fn trust(smtp: &Smtp) -> Result<tls::Trust<'_>, Failure> {
    let client = match (smtp.client_cert_file.as_deref(), smtp.client_key_file.as_deref()) {
        (None, None) => None,
        (certificate, key) => Some((
            required(certificate, "--client-cert-file", "smtp.client_cert_file")?,
            required(key, "--client-key-file", "smtp.client_key_file")?,
        )),
    };
    let (ca_file, pin_sha256) = (smtp.ca_file.as_deref(), smtp.pin_sha256.as_deref());
    Ok(tls::Trust { ca_file, pin_sha256, client, section: "smtp", takes_pin: true })
}

fn login(smtp: &Smtp, tls: Tls, host: &str) -> Result<Option<Login>, Failure> {
    let Some(username) = &smtp.username else {
        return Ok(None);
    };
    let refused = |sentence: &str| Err(Failure::new(Status::Config, sentence));
    if tls == Tls::None && !tls::is_loopback(host) {
        return refused(
            "smtp.tls is none: a password is never sent over an open line; set smtp.tls, or no smtp.username",
        );
    }
    let token = Place::of("smtp.token", smtp.token_file.as_deref(), &smtp.token_command)?;
    // Said now, and not when there is a mail.
    if let Some(file @ Place::File(_)) = &token {
        file.read()?;
    }
    let password = match Place::of("smtp.password", smtp.password_file.as_deref(), &smtp.password_command)? {
        None if token.is_some() => None,
        place => Some(required(place, "--password-file", "smtp.password_file")?.read()?),
    };
    Ok(Some(Login { username: username.clone(), password, token }))
}
