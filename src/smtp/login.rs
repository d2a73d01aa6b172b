//! Logging in (RFC 4954): PLAIN where the relay offers it, otherwise LOGIN. One attempt.

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;

use super::Error;
use super::session::Session;

/// What LOGIN asks for, in the order in which every server asks; the prompts' texts differ and mean nothing.
const PROMPTS: [&str; 2] = ["Username:", "Password:"];

/// Logs in on a session that has said EHLO over the line as it is now.
pub(super) fn log_in(session: &mut Session, credentials: &Credentials) -> Result<(), Error> {
    let mechanism = [Mechanism::Plain, Mechanism::Login]
        .into_iter()
        .find(|mechanism| session.capabilities().offers_login(*mechanism))
        .ok_or_else(|| {
            Error::NotOffered(
                "a username is set, and the relay offers no login that we know (PLAIN, LOGIN)".to_owned(),
            )
        })?;
    let auth = |prompt: Option<&str>| {
        Auth::new(mechanism, credentials.clone(), prompt.map(str::to_owned))
            .map(|command| command.to_string())
            .map_err(|error| Error::Settings(format!("login: {error}")))
    };
    let mut reply = session.ask(&auth(None)?)?;
    if mechanism == Mechanism::Login {
        for prompt in PROMPTS {
            if reply.code == 334 {
                reply = session.ask(&auth(Some(prompt))?)?;
            }
        }
    }
    if reply.code == 235 {
        return Ok(());
    }
    let reply = reply.without(&said(credentials)?);
    match reply {
        reply if reply.is_transient() => Err(Error::Busy("login", reply)),
        reply if reply.is_permanent() => Err(Error::LoginRefused(reply)),
        reply => Err(Error::Protocol(format!("answered the login with {reply}"))),
    }
}

/// Everything secret that a login says, in the forms in which a relay may repeat it.
fn said(credentials: &Credentials) -> Result<Vec<String>, Error> {
    let unknown = |error: lettre::transport::smtp::Error| Error::Settings(format!("login: {error}"));
    let password = Mechanism::Login.response(credentials, Some("Password")).map_err(unknown)?;
    let plain = Auth::new(Mechanism::Plain, credentials.clone(), None).map_err(unknown)?.to_string();
    let answer =
        Auth::new(Mechanism::Login, credentials.clone(), Some("Password".to_owned())).map_err(unknown)?;
    let encoded = [plain, answer.to_string()];
    let encoded = encoded.iter().filter_map(|line| line.split_whitespace().last()).map(str::to_owned);
    Ok(encoded.chain([password]).collect())
}
