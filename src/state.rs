//! What is remembered between runs: marks, cursors, and the outbox of mails that are ours to deliver.
//!
//! One SQLite database, mode 0600. Memory and outbox move in one durable step, at a source's checkpoint: before it a
//! change belongs to ThreatQ and will be found again, after it the mail is ours and survives any crash.
//! [`State`] is the only writer and holds a lock of the kernel's; [`Memory`] reads a snapshot. The only home of rusqlite.
//!
//! Fails: a state that is not ours, damaged or readable by others is 78, one in use is 75, a full or broken disk is 74.

mod file;
mod intake;
mod memory;
mod outbox;
mod schema;

pub use intake::{Intake, QueuedMail};
pub use memory::Memory;
pub use outbox::{Mail, Pending};

use std::fmt;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::exit::{Failure, Status};

/// Why the state cannot be used.
#[derive(Debug)]
pub enum Error {
    /// It must be mended by hand.
    Refused(String),
    /// Another program writes it now.
    Locked(String),
    /// It cannot be created.
    CannotCreate(String),
    /// Reading or writing it failed.
    Disk(rusqlite::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(sentence) | Self::Locked(sentence) | Self::CannotCreate(sentence) => {
                f.write_str(sentence)
            }
            Self::Disk(error) => write!(f, "state: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Refused(format!(
                "state: damaged ({error}); restore it from a copy, or begin anew with a new file"
            )),
            _ => Self::Disk(error),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Refused(_) => Status::Config,
            Error::Locked(_) => Status::TryAgain,
            Error::CannotCreate(_) => Status::CannotCreate,
            Error::Disk(_) => Status::Disk,
        };
        Failure::from_error(status, error)
    }
}

impl Error {
    /// The same error, with the file that it is about.
    fn at(self, path: &Path) -> Self {
        match self {
            Self::Refused(sentence) => {
                Self::Refused(sentence.replacen("state:", &format!("state {}:", path.display()), 1))
            }
            other => other,
        }
    }
}

/// The state, for its only writer.
pub struct State {
    database: Connection,
    /// Held as long as the state is open; the kernel lets go of it when the program ends, however it ends.
    _lock: std::fs::File,
}

impl State {
    /// Opens the state, creating it and its folder where they do not exist.
    pub fn open(path: &Path) -> Result<Self, Error> {
        file::prepare(path)?;
        let lock = file::lock(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut database = Connection::open_with_flags(path, flags)?;
        schema::prepare(&mut database, path).map_err(|error| error.at(path))?;
        Ok(Self { database, _lock: lock })
    }
}
