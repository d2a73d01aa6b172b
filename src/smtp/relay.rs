//! The relay as the rest of the program sees it: a mail goes in, a verdict comes out.
//!
//! A session is opened for the first mail and kept. A relay that could not be reached, or that let a fresh session
//! break, is not asked again in this run.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use rustls::ClientConfig;

use super::Error;
use super::outcome::{Envelope, Verdict};
use super::session::{Session, Timeouts};
use crate::config::{Smtp, Tls, required};
use crate::exit::{Failure, Status};
use crate::{secret, tls};

/// How to reach the relay.
pub(super) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) tls_config: Option<Arc<ClientConfig>>,
    pub(super) credentials: Option<Credentials>,
    pub(super) timeouts: Timeouts,
}

/// A relay, and the session with it.
pub struct Relay {
    settings: Settings,
    session: Option<Session>,
    down: Option<Error>,
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
        let credentials = credentials(smtp, tls, &host)?;
        let tls_config =
            if tls == Tls::None { None } else { Some(tls::client_config(smtp.ca_file.as_deref())?) };
        let timeouts = Timeouts::new(smtp.timeout.map(Duration::from_secs));
        let settings = Settings { host, port, tls, tls_config, credentials, timeouts };
        Ok(Self { settings, session: None, down: None })
    }

    /// `host:port`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }

    /// Sends one mail to all its recipients and says what became of it.
    pub fn deliver(&mut self, envelope: &Envelope, bytes: &[u8]) -> Verdict {
        loop {
            let mut session = match self.session() {
                Ok(session) => session,
                Err(complaint) => return self.unsent(envelope, complaint),
            };
            let verdict = session.send(envelope, bytes);
            if session.died_idle(&verdict) {
                tracing::info!("{}: the session had ended; opening another", self.name());
                continue;
            }
            if !session.lost {
                self.session = Some(session);
            } else if session.mails == 0 {
                self.down = Some(Error::Unreachable("it let the session break".to_owned()));
            }
            let name = self.name();
            let complaint = verdict.complaint.map(|complaint| format!("relay {name}: {complaint}"));
            return Verdict { complaint, ..verdict };
        }
    }

    /// The session at hand or a new one; otherwise what to complain of, which is said once.
    fn session(&mut self) -> Result<Session, Option<String>> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        if self.down.is_some() {
            return Err(None);
        }
        Session::open(&self.settings).inspect(|_| tracing::info!("{}: ready", self.name())).map_err(|error| {
            let complaint = format!("relay {}: {error}", self.name());
            self.down = Some(error);
            Some(complaint)
        })
    }

    fn unsent(&self, envelope: &Envelope, complaint: Option<String>) -> Verdict {
        let recipients = envelope.recipients.iter().map(AsRef::as_ref);
        let no_session = Error::Unreachable("no session".to_owned());
        Verdict {
            complaint,
            ..Verdict::without_session(recipients, self.down.as_ref().unwrap_or(&no_session))
        }
    }

    /// Says goodbye.
    pub fn quit(&mut self) {
        if let Some(session) = self.session.take() {
            session.quit();
        }
    }
}

fn credentials(smtp: &Smtp, tls: Tls, host: &str) -> Result<Option<Credentials>, Failure> {
    let Some(username) = &smtp.username else {
        return Ok(None);
    };
    if tls == Tls::None && !is_loopback(host) {
        let sentence =
            "smtp.tls is none: a password is never sent over an open line; set smtp.tls, or no smtp.username";
        return Err(Failure::new(Status::Config, sentence));
    }
    let path = required(smtp.password_file.as_deref(), "--password-file", "smtp.password_file")?;
    let password = secret::read(path)?;
    Ok(Some(Credentials::new(username.clone(), password.reveal().to_owned())))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
