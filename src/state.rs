//! What is remembered between runs: marks, cursors, and the outbox of mails that are ours to deliver.
//!
//! One SQLite database, mode 0600. Memory and outbox move in one durable step, at a source's checkpoint: before it a
//! change belongs to ThreatQ and will be found again, after it the mail is ours and survives any crash.
//! [`State`] is the only writer and holds a lock of the kernel's; [`Memory`], [`Taken`] and [`Waiting`] read a snapshot.
//! The only home of rusqlite.
//!
//! Fails: a state that is not ours, lost, damaged or readable by others is 78, one in use is 75, a full or broken disk
//! is 74.

mod delivery;
mod file;
mod intake;
mod memory;
mod outbox;
mod overview;
mod run;
mod schema;
mod taken;
mod upkeep;
mod waiting;

pub use delivery::{Delivery, Judged};
pub use intake::{Intake, QueuedMail};
pub use memory::Memory;
pub use outbox::{Mail, Pending, Resting, Settled};
pub use overview::{LastRun, Overview, Source};
pub use taken::Taken;
pub use waiting::{DEAD_LETTERS, DeadLetter, Waiting, WaitingMail};

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

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
    /// A file beside it cannot be written.
    File(String),
    /// Reading or writing it failed.
    Disk(rusqlite::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(sentence)
            | Self::Locked(sentence)
            | Self::CannotCreate(sentence)
            | Self::File(sentence) => f.write_str(sentence),
            Self::Disk(error) => write!(f, "state: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::damaged(&error),
            Some(ErrorCode::DatabaseBusy) => Self::Locked("state: another program is using it".to_owned()),
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
            Error::File(_) | Error::Disk(_) => Status::Disk,
        };
        Failure::from_error(status, error)
    }
}

impl Error {
    /// Whether there is no room on the disk.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Disk(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }

    fn damaged(reason: &impl fmt::Display) -> Self {
        Self::Refused(format!(
            "state: damaged ({reason}); restore it from a copy, or begin anew with a new file"
        ))
    }

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
    path: PathBuf,
    /// Room on the disk for one outcome.
    reserve: RefCell<Option<File>>,
    _lock: file::Lock,
}

impl State {
    /// Opens the state, creating it and its folder before the first run, and finds what a crash has left.
    pub fn open(path: &Path) -> Result<Self, Error> {
        file::prepare_folder(path)?;
        let mut lock = file::Lock::take(path)?;
        let database = prepared(path, &mut lock)?;
        let state = Self { database, path: path.to_owned(), reserve: RefCell::default(), _lock: lock };
        state.find_interrupted()?;
        Ok(state)
    }

    /// Opens the state for one who only takes over, also while another program delivers what is in it: a service that is
    /// slow must keep nothing back.
    pub fn open_to_take_over(path: &Path) -> Result<Self, Error> {
        file::prepare_folder(path)?;
        let lock = file::Lock::take_to_take_over(path)?;
        let database = match joined(path)? {
            Some(database) => database,
            // Until it is made, or brought up to date, nobody else may have it.
            None => prepared(path, &mut file::Lock::take(path)?)?,
        };
        Ok(Self { database, path: path.to_owned(), reserve: RefCell::default(), _lock: lock })
    }

    /// Keeps room on the disk for the outcome of a mail, so that a disk that is full is found out before the mail is sent.
    pub fn keep_room(&self) -> Result<(), Error> {
        let mut reserve = self.reserve.borrow_mut();
        if reserve.is_none() {
            *reserve = file::reserve(&self.path)?;
        }
        Ok(())
    }
}

const WRITING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// A connection to a state with the tables of this release, made where there was none.
fn prepared(path: &Path, lock: &mut file::Lock) -> Result<Connection, Error> {
    if !file::is_there(path, lock.has_begun)? {
        file::create(path)?;
    }
    let mut database = Connection::open_with_flags(path, WRITING)?;
    schema::prepare(&mut database, path, lock.has_begun).map_err(|error| error.at(path))?;
    lock.begin(path)?;
    Ok(database)
}

/// A connection to a state that has the tables of this release.
fn joined(path: &Path) -> Result<Option<Connection>, Error> {
    let has_begun = file::has_begun(path);
    if !has_begun || !file::is_there(path, has_begun)? {
        return Ok(None);
    }
    let database = Connection::open_with_flags(path, WRITING)?;
    let is_up_to_date = schema::join(&database, path).map_err(|error| error.at(path))?;
    Ok(is_up_to_date.then_some(database))
}

/// A connection that reads one snapshot, whatever a sender commits meanwhile; none before the first run.
fn read_only(path: &Path) -> Result<Option<Connection>, Error> {
    // Before the state itself: a first run may make both in between.
    let has_begun = file::has_begun(path);
    if !file::is_there(path, has_begun)? {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.execute_batch("BEGIN")?;
    let is_empty = schema::is_empty(&database, path, has_begun).map_err(|error| error.at(path))?;
    Ok((!is_empty).then_some(database))
}
