//! ThreatQ's REST API, as far as the fetchers need it: log in, list, read, page.
//!
//! What is known of the API is public material only; what is inferred or guessed says so where it stands. Shapes are
//! read leniently, because two back ends and several releases differ.
//!
//! Fails: unreachable or busy is 75, a refused login 77, an answer that is not ThreatQ's is 76, a route that refuses us
//! is 69, and names or settings that do not fit are 78.

mod applicable;
mod client;
mod collection;
mod exchange;
mod integration;
mod lenient;
mod list;
mod login;
mod lossy;
mod object;
mod object_type;
mod page;
mod paging;
mod parallel;
mod part;
mod pass;
mod related;
mod source;
mod user;
mod view;
mod walk;
mod watchlist;
mod whole;

pub use client::Client;
pub use collection::{Fields, SavedSearch, SavedSearches, Selection};
pub use integration::{Integration, OwnRelay};
pub use object::{Object, Touches};
pub use object_type::{ObjectType, ObjectTypes};
pub use paging::Paging;
pub use parallel::in_order;
pub use pass::Pass;
pub use related::ObjectReader;
pub use user::{User, Users};
pub use watchlist::{Route, Watched};

use std::fmt;

use crate::exit::{Failure, Status};

/// Why ThreatQ did not give what was asked for.
#[derive(Clone, Debug)]
pub enum Error {
    /// The settings cannot work.
    Settings(String),
    /// A name that ThreatQ does not have, or has more than once.
    Name(String),
    /// What was read may be another user's: the login would have to be that of the user.
    NotTheirs(String),
    /// It cannot be reached, or is too busy.
    Unreachable(String),
    /// It went silent, or its answer broke off.
    Interrupted(String),
    /// The library changed faster than it could be read.
    Moving(String),
    /// It refused the login.
    LoginRefused(String),
    /// It answered, and said no.
    Refused {
        /// The route.
        route: String,
        /// The HTTP status.
        status: u16,
        /// Its words.
        words: String,
    },
    /// It failed by its own fault, and there is no telling whether it will again.
    Failed {
        /// The route.
        route: String,
        /// The HTTP status.
        status: u16,
        /// Its words.
        words: String,
    },
    /// It answered something that is not its API.
    Nonsense(String),
    /// It does not give this one object, and gives others.
    OneObject {
        /// Why.
        reason: String,
        /// Whether the next run may get it.
        may_pass: bool,
    },
}

impl Error {
    /// Whether a login of the user whose list was asked for may get another answer.
    pub fn wants_login_of_user(&self) -> bool {
        matches!(self, Self::NotTheirs(_) | Self::Refused { status: 403, .. })
    }

    /// Whether only the object that was asked for is not there or cannot be understood, and all else may be fine.
    pub fn is_about_one_object(&self) -> bool {
        matches!(
            self,
            Self::Refused { status: 403 | 404 | 410, .. }
                | Self::Failed { .. }
                | Self::Nonsense(_)
                | Self::OneObject { .. }
        )
    }

    /// The same of a login in the middle of a run, which is about everything that was still to be asked for.
    fn of_login(self) -> Self {
        match self {
            Self::Refused { .. } => Self::LoginRefused(self.to_string()),
            Self::Failed { .. } | Self::Nonsense(_) => Self::Unreachable(self.to_string()),
            other => other,
        }
    }

    /// How a run ends that went on without the object: what ThreatQ failed at may be possible in the next one.
    pub fn status_of_one(&self) -> Status {
        let may_pass = matches!(self, Self::Failed { .. } | Self::OneObject { may_pass: true, .. });
        if may_pass { Status::TryAgain } else { Status::Refused }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(sentence)
            | Self::Name(sentence)
            | Self::NotTheirs(sentence)
            | Self::Unreachable(sentence)
            | Self::Interrupted(sentence)
            | Self::Moving(sentence)
            | Self::LoginRefused(sentence)
            | Self::Nonsense(sentence)
            | Self::OneObject { reason: sentence, .. } => f.write_str(sentence),
            Self::Refused { route, status, words } => write!(f, "{route}: refused with {status}: {words}"),
            Self::Failed { route, status, words } => {
                write!(f, "{route}: ThreatQ answered {status}: {words}")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::OneObject { .. } => error.status_of_one(),
            Error::Settings(_) | Error::Name(_) | Error::NotTheirs(_) => Status::Config,
            Error::Unreachable(_) | Error::Interrupted(_) | Error::Moving(_) | Error::Failed { .. } => {
                Status::TryAgain
            }
            Error::LoginRefused(_) => Status::LoginRefused,
            Error::Refused { .. } => Status::Unavailable,
            Error::Nonsense(_) => Status::Protocol,
        };
        Failure::from_error(status, error)
    }
}
