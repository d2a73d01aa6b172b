//! Slack's Web API, as far as the sender needs it: whose token it is, who is meant, and one message after another.
//!
//! What is known is Slack's own documentation, <https://docs.slack.dev/apis/web-api> and the page of each method below
//! <https://docs.slack.dev/reference/methods>. A message is posted by one call, and Slack has no way to say that it is one
//! that it has already: so a call that may have been carried out is not made again here.
//!
//! A refused message is an outcome, not an error. An [`Error`] means that nobody is asked any more.

mod api;
#[cfg(test)]
mod cases;
mod channels;
mod frozen;
mod meaning;
mod people;
mod reply;
mod workspace;

pub use api::URL;
pub use frozen::frozen;
pub use workspace::{Answer, Workspace};

use std::fmt;

use crate::exit::{Failure, Status};
use crate::record::Outcome;

/// Why nobody is asked any more.
#[derive(Clone, Debug)]
pub enum Error {
    /// There is no connection.
    Unreachable(String),
    /// The certificate is not one we trust.
    Certificate(String),
    /// The address leads elsewhere.
    Redirected(String),
    /// It asks for more patience than a run has.
    Busy(String),
    /// It took messages and did not say what became of them.
    Failing(String),
    /// The token, or the account that it belongs to, is refused.
    TokenRefused(String),
    /// The app may not do what the method does.
    MissingScope(String),
    /// What answers is not Slack.
    Nonsense(String),
    /// The program was asked to end.
    Stopped,
}

impl Error {
    /// What this means for the messages that wait.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) | Self::Busy(_) | Self::Failing(_) | Self::Nonsense(_) | Self::Stopped => {
                Outcome::Deferred
            }
            Self::Certificate(_) | Self::Redirected(_) | Self::TokenRefused(_) | Self::MissingScope(_) => {
                Outcome::Held
            }
        }
    }

    /// The exit status that says it.
    pub fn status(&self) -> Status {
        match self {
            Self::Unreachable(_) | Self::Busy(_) | Self::Failing(_) | Self::Stopped => Status::TryAgain,
            Self::Certificate(_) | Self::Redirected(_) => Status::Config,
            Self::TokenRefused(_) | Self::MissingScope(_) => Status::LoginRefused,
            Self::Nonsense(_) => Status::Protocol,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(sentence)
            | Self::Failing(sentence)
            | Self::TokenRefused(sentence)
            | Self::MissingScope(sentence)
            | Self::Nonsense(sentence) => f.write_str(sentence),
            Self::Certificate(reason) => write!(f, "its certificate is not trusted: {reason}"),
            Self::Redirected(target) => write!(f, "it redirects to {target}; set slack.url to that address"),
            Self::Busy(sentence) => write!(f, "not now: {sentence}"),
            Self::Stopped => f.write_str("stopped by a signal"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error.status(), error)
    }
}

/// What became of a call that is no success.
#[derive(Clone, Debug)]
enum Trouble {
    /// Nobody needs to be asked any more, and this call was not carried out.
    Down(Error),
    /// This call came to nothing, or nobody knows what it came to.
    One(Refusal),
}

/// Why one message, or one person, has to do without.
#[derive(Clone, Debug)]
struct Refusal {
    outcome: Outcome,
    status: Status,
    /// The HTTP status, where it is not 200.
    code: Option<u16>,
    /// Slack's words and what to do, or our own.
    words: String,
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Down(error) => error.into(),
            Trouble::One(refusal) => Self::new(refusal.status, refusal.words),
        }
    }
}
