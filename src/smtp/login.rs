//! Logging in (RFC 4954): with a token where there is one and the relay takes it (XOAUTH2), otherwise with the password,
//! by PLAIN or LOGIN. One attempt.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;

use super::command::Capabilities;
use super::reply::Reply;
use super::session::Session;
use super::{Error, explain};
use crate::escape;
use crate::exit::Status;
use crate::secret::{Place, Secret};

/// What LOGIN asks for, in the order in which every server asks; the prompts' texts differ and mean nothing.
const PROMPTS: [&str; 2] = ["Username:", "Password:"];
/// How much of what a relay says of a refused token is shown.
const CHALLENGE_LIMIT: usize = 512;

/// Who logs in, and with what.
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: Option<Secret>,
    /// Where a token comes from: a new one for each session, because they do not live long.
    pub(super) token: Option<Place>,
}

impl Login {
    /// The way to log in that the relay offers and that there is a secret for.
    fn mechanism(&self, offered: &Capabilities) -> Result<Mechanism, Error> {
        let token = self.token.as_ref().map(|_| Mechanism::Xoauth2);
        let password = self.password.iter().flat_map(|_| [Mechanism::Plain, Mechanism::Login]);
        let mut ways = token.into_iter().chain(password);
        ways.find(|mechanism| offered.offers_login(*mechanism)).ok_or_else(|| {
            let offers = offered.parameters("AUTH").filter(|ways| !ways.is_empty());
            let offers =
                offers.map_or("none".to_owned(), |ways| escape::words(ways.join(", ").as_bytes(), 80));
            let hint = if self.token.is_none() && offered.offers_login(Mechanism::Xoauth2) {
                "set smtp.token_command or smtp.token_file"
            } else if self.password.is_none() && offered.offers_login(Mechanism::Plain) {
                "set smtp.password_file"
            } else {
                "set smtp.tls or smtp.port, or no smtp.username"
            };
            Error::NotOffered(format!(
                "smtp.username is set, and the relay offers no login that fits (it offers {offers}); {hint}"
            ))
        })
    }
}

/// Logs in on a session that has said EHLO over the line as it is now, and says by which mechanism.
pub(super) fn log_in(session: &mut Session, login: &Login) -> Result<Mechanism, Error> {
    let mechanism = login.mechanism(session.capabilities())?;
    let secret = match (&login.token, &login.password) {
        (Some(place), _) if mechanism == Mechanism::Xoauth2 => place.read().map_err(|failure| {
            let sentence = format!("no token: {failure}");
            if failure.status == Status::Config {
                Error::Settings(sentence)
            } else {
                Error::Unreachable(sentence)
            }
        })?,
        (_, Some(password)) => password.clone(),
        _ => return Err(Error::Settings("smtp.username is set without a password or token".to_owned())),
    };
    let credentials = Credentials::new(login.username.clone(), secret.reveal().to_owned());
    let auth = |prompt: Option<&str>| {
        Auth::new(mechanism, credentials.clone(), prompt.map(str::to_owned))
            .map(|command| command.to_string())
            .map_err(|error| Error::Settings(format!("login: {error}")))
    };
    let mut reply = session.ask(&auth(None)?)?;
    let mut said_before = None;
    match mechanism {
        Mechanism::Login => {
            for prompt in PROMPTS {
                if reply.code == 334 {
                    reply = session.ask(&auth(Some(prompt))?)?;
                }
            }
        }
        Mechanism::Xoauth2 if reply.code == 334 => {
            // Why the token is refused, in base64; the refusal itself follows an empty answer.
            said_before = Some(challenge(&reply));
            reply = session.ask("\r\n")?;
        }
        _ => (),
    }
    if reply.code == 235 {
        return Ok(mechanism);
    }
    let secrets = said(&credentials, mechanism)?;
    let reply = reply.without(&secrets);
    let said_before =
        said_before.filter(|words| !secrets.iter().any(|secret| words.contains(secret.as_str())));
    match reply {
        reply if reply.is_transient() => Err(Error::Busy("login", reply)),
        reply if reply.is_permanent() => {
            let why = said_before.map(|words| format!(" ({words})")).unwrap_or_default();
            let hint = explain::refused_login(&reply, mechanism == Mechanism::Xoauth2);
            Err(Error::LoginRefused(reply, format!("{why}; {hint}")))
        }
        reply => Err(Error::Protocol(format!("answered the login with {reply}"))),
    }
}

/// What a relay says of a refused token, on one line.
fn challenge(reply: &Reply) -> String {
    let text = reply.texts().next().unwrap_or_default().trim_ascii();
    let decoded = STANDARD.decode(text).unwrap_or_else(|_| text.to_vec());
    escape::words(&decoded, CHALLENGE_LIMIT)
}

/// Everything secret that a login says, in the forms in which a relay may repeat it.
fn said(credentials: &Credentials, mechanism: Mechanism) -> Result<Vec<String>, Error> {
    let unknown = |error: lettre::transport::smtp::Error| Error::Settings(format!("login: {error}"));
    let secret = Mechanism::Login.response(credentials, Some("Password")).map_err(unknown)?;
    let initial = if mechanism == Mechanism::Xoauth2 { mechanism } else { Mechanism::Plain };
    let initial = Auth::new(initial, credentials.clone(), None).map_err(unknown)?.to_string();
    let answer =
        Auth::new(Mechanism::Login, credentials.clone(), Some("Password".to_owned())).map_err(unknown)?;
    let encoded = [initial, answer.to_string()];
    let encoded = encoded.iter().filter_map(|line| line.split_whitespace().last()).map(str::to_owned);
    Ok(encoded.chain([secret]).collect())
}
