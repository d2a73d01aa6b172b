//! The relay as the rest of the program sees it: a mail goes in, a verdict comes out.
//!
//! A session is opened for the first mail and kept. A relay that could not be reached, or that let one
//! fresh session after the other break, is not asked again in this run.

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

/// How many sessions may break at their first mail, one after the other, before the relay counts as down. It may be the
/// mail that breaks them, and that must not keep back the others.
const MOST_BROKEN: u32 = 3;

/// A relay, and the session with it.
pub struct Relay {
    settings: Settings,
    session: Option<Session>,
    down: Option<Error>,
    broken_in_a_row: u32,
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
        let tls_config = if tls == Tls::None { None } else { Some(tls::client_config(&trust(smtp))?) };
        let timeouts = Timeouts::new(smtp.timeout.map(Duration::from_secs));
        let settings = Settings { host, port, tls, tls_config, credentials, timeouts };
        Ok(Self { settings, session: None, down: None, broken_in_a_row: 0 })
    }

    /// `host:port`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }

    /// Opens a session where there is none. A failure is the same for the rest of the run.
    pub fn open(&mut self) {
        if self.session.is_some() || self.down.is_some() {
            return;
        }
        match Session::open(&self.settings) {
            Ok(session) => {
                tracing::info!("{}: ready", self.name());
                self.session = Some(session);
            }
            Err(error) => self.down = Some(error),
        }
    }

    /// Why there is no session any more.
    pub fn down(&self) -> Option<&Error> {
        self.down.as_ref()
    }

    /// Sends one mail to all its recipients and says what became of it.
    pub fn deliver(&mut self, envelope: &Envelope, bytes: &[u8]) -> Verdict {
        loop {
            let name = self.name();
            let recipients = envelope.recipients.iter().map(AsRef::as_ref);
            self.open();
            let Some(mut session) = self.session.take() else {
                let unknown = Error::Unreachable("no session".to_owned());
                return Verdict::without_session(recipients, self.down().unwrap_or(&unknown));
            };
            let verdict = session.send(envelope, bytes);
            if session.died_idle(&verdict) {
                tracing::info!("{name}: the session had ended; opening another");
                continue;
            }
            if session.mails > 0 {
                self.broken_in_a_row = 0;
            } else if session.lost {
                self.broken_in_a_row += 1;
            }
            if !session.lost {
                self.session = Some(session);
            } else if self.broken_in_a_row >= MOST_BROKEN {
                self.down = Some(Error::Unreachable(format!(
                    "{MOST_BROKEN} sessions in a row broke at their first mail"
                )));
            }
            let complaints = verdict.complaints.iter().map(|complaint| format!("relay {name}: {complaint}"));
            return Verdict { complaints: complaints.collect(), ..verdict };
        }
    }

    /// Says goodbye.
    pub fn quit(&mut self) {
        if let Some(session) = self.session.take() {
            session.quit();
        }
    }
}

/// Whom to take for the relay.
fn trust(smtp: &Smtp) -> tls::Trust<'_> {
    tls::Trust { ca_file: smtp.ca_file.as_deref(), pin_sha256: smtp.pin_sha256.as_deref(), section: "smtp" }
}

fn credentials(smtp: &Smtp, tls: Tls, host: &str) -> Result<Option<Credentials>, Failure> {
    let Some(username) = &smtp.username else {
        return Ok(None);
    };
    if tls == Tls::None && !tls::is_loopback(host) {
        let sentence =
            "smtp.tls is none: a password is never sent over an open line; set smtp.tls, or no smtp.username";
        return Err(Failure::new(Status::Config, sentence));
    }
    let path = required(smtp.password_file.as_deref(), "--password-file", "smtp.password_file")?;
    let password = secret::read(path)?;
    Ok(Some(Credentials::new(username.clone(), password.reveal().to_owned())))
}
