//! The conversation with the relay: RFC 5321, strict and synchronous.
//!
//! The conversation itself is ours; lettre gives the words of it (commands, addresses, credentials). Each recipient is
//! answered for itself, only the expected class of reply counts, replies are bounded and kept as bytes, every wait has
//! an absolute deadline, and what was received in the clear ends the session when TLS begins.
//!
//! A refused recipient is an outcome, not an error. An [`Error`] means that there is no session to send on.

mod command;
mod connect;
mod explain;
mod inbox;
mod lane;
mod lanes;
mod login;
mod mails;
mod outcome;
mod pace;
#[cfg(test)]
mod properties;
mod relay;
mod reply;
mod session;
mod transaction;
mod wire;

pub use inbox::{Broken, Inbox};
pub use mails::{Mail, Mails, Waiting};
pub use outcome::{Envelope, Verdict};
pub use relay::Relay;
pub use reply::Reply;

use std::fmt;

use crate::exit::{Failure, Status};
use crate::record::Outcome;

/// Why there is no session.
#[derive(Debug)]
pub enum Error {
    /// The settings cannot work.
    Settings(String),
    /// The host's name does not exist.
    NoSuchHost(String),
    /// No connection, no answer in time, or the line broke.
    Unreachable(String),
    /// The relay is there and says "not now".
    Busy(&'static str, Reply),
    /// The relay refuses to talk to us.
    Refused(&'static str, Reply),
    /// What the settings require is not offered.
    NotOffered(String),
    /// The certificate is not one we trust.
    Certificate(String),
    /// The login was refused; with what to do about it.
    LoginRefused(Reply, String),
    /// The sender was refused.
    SenderRefused(String, Reply),
    /// The relay does not speak SMTP, or not as it must.
    Protocol(String),
    /// The program was asked to end.
    Stopped,
}

impl Error {
    /// What this means for the mails that wait.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) | Self::Busy(..) | Self::Protocol(_) | Self::Stopped => Outcome::Deferred,
            Self::SenderRefused(_, reply) => outcome::sender_refused(reply).0,
            Self::Settings(_)
            | Self::NoSuchHost(_)
            | Self::Refused(..)
            | Self::NotOffered(_)
            | Self::Certificate(_)
            | Self::LoginRefused(..) => Outcome::Held,
        }
    }

    /// The exit status that says it.
    pub fn status(&self) -> Status {
        match self {
            Self::Unreachable(_) | Self::Busy(..) | Self::Stopped => Status::TryAgain,
            Self::Settings(_) | Self::NoSuchHost(_) | Self::Certificate(_) => Status::Config,
            Self::Refused(..) | Self::NotOffered(_) => Status::Unavailable,
            Self::LoginRefused(..) => Status::LoginRefused,
            Self::Protocol(_) => Status::Protocol,
            Self::SenderRefused(_, reply) => outcome::status_of(self.outcome(), Some(reply.code)),
        }
    }

    fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Busy(_, reply) | Self::Refused(_, reply) | Self::LoginRefused(reply, _) => Some(reply),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(sentence)
            | Self::Unreachable(sentence)
            | Self::NotOffered(sentence)
            | Self::Certificate(sentence)
            | Self::Protocol(sentence) => f.write_str(sentence),
            Self::SenderRefused(sender, reply) => {
                write!(f, "sender {sender} refused: {reply}{}", outcome::sender_refused(reply).1)
            }
            Self::Stopped => f.write_str("stopped by a signal"),
            Self::NoSuchHost(reason) => write!(f, "no such host: {reason}; check smtp.host"),
            Self::Busy(step, reply) => write!(f, "not now, at {step}: {reply}"),
            Self::Refused(step, reply) => write!(f, "refused at {step}: {reply}"),
            Self::LoginRefused(reply, explained) => write!(f, "login refused: {reply}{explained}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error.status(), error)
    }
}
