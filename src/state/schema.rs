//! The tables of the state, their version, and how a state of an older release is brought up to it.
//!
//! People look inside with `sqlite3`, so names are the words of the manual and nothing is packed.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{Error, file};

/// Says in the file's header that this is a state of ours: `TQal`.
const APPLICATION: i32 = 0x5451_616c;
/// The version of the tables below.
const VERSION: i32 = 4;
/// The oldest version whose sources and marks are as they are now, so that a fetcher can read it.
const OLDEST_MEMORY: i32 = 1;
/// The oldest version whose outbox is as it is now, so that it can be listed.
const OLDEST_OUTBOX: i32 = 2;
/// The oldest version whose runs are as they are now, so that they can be told.
const OLDEST_RUNS: i32 = 3;

/// Those who wait for a mail. Stands in queries as in the index, so that SQLite uses it. Not as a list, of which it would
/// make a table whenever a row changes.
pub(super) const WAITING: &str = "outcome <> 'accepted' AND outcome <> 'rejected' AND outcome <> 'dropped'";
/// Those who were never given a mail, whether it waits for them or is a dead letter.
pub(super) const UNDELIVERED: &str = "outcome <> 'accepted' AND outcome <> 'dropped'";

const TABLES: &str = "
CREATE TABLE source (
    name TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,        -- counts the checkpoints taken
    cursor TEXT NOT NULL,               -- the last checkpoint's cursor, as JSON
    taken_at TEXT,                      -- when that checkpoint was taken
    alerts INTEGER NOT NULL DEFAULT 0   -- how many alerts all of them have closed
) STRICT, WITHOUT ROWID;

CREATE TABLE mark (
    key TEXT PRIMARY KEY,
    mark TEXT NOT NULL                  -- as JSON, opaque here
) STRICT, WITHOUT ROWID;

CREATE TABLE mail (
    id INTEGER PRIMARY KEY,             -- also the order of sending
    email TEXT NOT NULL UNIQUE,         -- the id of the email or message record: taken once
    message_id TEXT NOT NULL,           -- of an email; empty: it is a message
    source TEXT NOT NULL,
    sender TEXT NOT NULL,               -- of an email
    queued_at TEXT NOT NULL
) STRICT;

CREATE TABLE content (                  -- of each mail, until every recipient has it
    mail INTEGER PRIMARY KEY REFERENCES mail (id),
    record TEXT,                        -- the record, as JSON; of an email less the texts that the bytes hold
    bytes BLOB NOT NULL                 -- final bytes; empty where there can be none
) STRICT;

CREATE TABLE delivery (
    mail INTEGER NOT NULL REFERENCES mail (id),
    address TEXT NOT NULL,
    outcome TEXT NOT NULL,              -- queued, sending, dropped, or the receipt's word
    code INTEGER,
    enhanced TEXT,
    reply TEXT,
    at TEXT,                            -- when the outcome was known
    attempts INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0, -- how many of them may have brought the mail
    first_attempt TEXT,
    last_attempt TEXT,
    due_at TEXT,                        -- not tried before; absent means at once
    relay TEXT,                         -- who gave the outcome
    PRIMARY KEY (mail, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX waiting ON delivery (mail)
    WHERE outcome <> 'accepted' AND outcome <> 'rejected' AND outcome <> 'dropped';

CREATE TABLE run (
    one INTEGER PRIMARY KEY CHECK (one = 1), -- the last run; there is one row
    began_at TEXT NOT NULL,
    ended_at TEXT,                      -- absent: it is at work, or was killed
    status INTEGER,                     -- the exit status that it ended with
    success_at TEXT                     -- when a run last ended with 0
) STRICT;

CREATE TABLE receipt (
    outcome TEXT PRIMARY KEY,
    last_run INTEGER NOT NULL,          -- how many the last run has printed
    total INTEGER NOT NULL              -- how many all runs have
) STRICT, WITHOUT ROWID;

CREATE TABLE taken (
    alert TEXT PRIMARY KEY,             -- the id of an alert that a sender before others has
    source TEXT NOT NULL,
    base INTEGER NOT NULL               -- its checkpoint's
) STRICT, WITHOUT ROWID;
";

/// From version 1: attempts are counted for each recipient, and the email record is kept.
const FROM_1: &str = "
ALTER TABLE mail ADD COLUMN record TEXT;
ALTER TABLE delivery ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN unknown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN first_attempt TEXT;
ALTER TABLE delivery ADD COLUMN last_attempt TEXT;
ALTER TABLE delivery ADD COLUMN due_at TEXT;
ALTER TABLE delivery ADD COLUMN relay TEXT;
UPDATE delivery SET attempts = (SELECT mail.attempts FROM mail WHERE mail.id = delivery.mail),
    unknown = (outcome = 'unknown');
ALTER TABLE mail DROP COLUMN attempts;
";

/// From version 2: when sources were taken, how runs ended, and what became of mails.
const FROM_2: &str = "
ALTER TABLE source ADD COLUMN taken_at TEXT;
ALTER TABLE source ADD COLUMN alerts INTEGER NOT NULL DEFAULT 0;
CREATE TABLE run (one INTEGER PRIMARY KEY CHECK (one = 1), began_at TEXT NOT NULL, ended_at TEXT, status INTEGER,
    success_at TEXT) STRICT;
CREATE TABLE receipt (outcome TEXT PRIMARY KEY, last_run INTEGER NOT NULL, total INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// From version 3: the alerts that a sender before others has. What is in a mail has a table of its own, and the index has
/// its condition in the words of the queries.
const FROM_3: &str = "
CREATE TABLE taken (alert TEXT PRIMARY KEY, source TEXT NOT NULL, base INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE content (mail INTEGER PRIMARY KEY REFERENCES mail (id), record TEXT, bytes BLOB NOT NULL) STRICT;
INSERT INTO content SELECT id, record, bytes FROM mail WHERE bytes IS NOT NULL;
ALTER TABLE mail DROP COLUMN record;
ALTER TABLE mail DROP COLUMN bytes;
DROP INDEX waiting;
CREATE INDEX waiting ON delivery (mail)
    WHERE outcome <> 'accepted' AND outcome <> 'rejected' AND outcome <> 'dropped';
";

/// Sets the connection up, creates the tables in an empty file, and brings older ones up to date.
pub(super) fn prepare(database: &mut Connection, path: &Path, has_begun: bool) -> Result<(), Error> {
    let is_new = is_empty(database, path, has_begun)?;
    // Somebody else's database is left as it is.
    let version = if is_new { VERSION } else { check(database, path, OLDEST_MEMORY)? };
    database.pragma_update(None, "journal_mode", "WAL")?;
    set_up(database)?;
    let steps: &[&str] = match version {
        _ if is_new => &[TABLES],
        1 => &[FROM_1, FROM_2, FROM_3],
        2 => &[FROM_2, FROM_3],
        3 => &[FROM_3],
        _ => &[],
    };
    if !steps.is_empty() {
        let transaction = database.transaction()?;
        steps.iter().try_for_each(|step| transaction.execute_batch(step))?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    check_whole(database)
}

fn check_whole(database: &Connection) -> Result<(), Error> {
    let verdict: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(Error::damaged(&verdict)) }
}

/// Sets a connection up beside that of another program, unless the tables are those of an older release.
pub(super) fn join(database: &Connection, path: &Path) -> Result<bool, Error> {
    if is_empty(database, path, true)? || check(database, path, OLDEST_MEMORY)? < VERSION {
        return Ok(false);
    }
    set_up(database)?;
    check_whole(database).map(|()| true)
}

fn set_up(database: &Connection) -> Result<(), Error> {
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    // What is deleted may be confidential and must not stay in the file.
    database.pragma_update(None, "secure_delete", true)?;
    // The plan of a query does not depend on what is asked for, and is made once.
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A large source must not leave a large journal behind.
    database.pragma_update(None, "journal_size_limit", 4 * 1024 * 1024)?;
    Ok(())
}

/// Refuses a database whose outbox this release cannot list.
pub(super) fn check_outbox(database: &Connection, path: &Path) -> Result<(), Error> {
    check(database, path, OLDEST_OUTBOX).map(|_| ())
}

/// Refuses a database whose runs this release cannot read.
pub(super) fn check_runs(database: &Connection, path: &Path) -> Result<(), Error> {
    check(database, path, OLDEST_RUNS).map(|_| ())
}

/// Refuses a database that does not have all the tables of this release.
pub(super) fn check_all(database: &Connection, path: &Path) -> Result<(), Error> {
    check(database, path, VERSION).map(|_| ())
}

/// Refuses a database whose marks this release cannot read.
pub(super) fn check_memory(database: &Connection, path: &Path) -> Result<(), Error> {
    check(database, path, OLDEST_MEMORY).map(|_| ())
}

/// Refuses a database that is not a state, and one that is too old or that a newer release wrote.
fn check(database: &Connection, path: &Path, oldest: i32) -> Result<i32, Error> {
    let number = |name: &str| database.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let refused = |reason: String| Error::Refused(format!("state {}: {reason}", path.display()));
    if number("application_id")? != APPLICATION {
        return Err(refused("a database, but not a state of tq-alerts".to_owned()));
    }
    let version = number("user_version")?;
    if version < oldest {
        return Err(refused(format!(
            "version {version}; its sender brings it to version {VERSION} when it sends"
        )));
    }
    if version > VERSION {
        return Err(refused(format!(
            "version {version}, and this release reads version {VERSION}; use the newer one"
        )));
    }
    Ok(version)
}

/// Whether nothing was ever written to the file. One that has lost its tables is refused.
pub(super) fn is_empty(database: &Connection, path: &Path, has_begun: bool) -> Result<bool, Error> {
    let tables: i64 = database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && has_begun { Err(file::lost(path, "has no tables")) } else { Ok(tables == 0) }
}
