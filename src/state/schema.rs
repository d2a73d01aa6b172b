//! The tables of the state, and their version.
//!
//! People look inside with `sqlite3`, so names are the words of the manual and nothing is packed.

use std::path::Path;

use rusqlite::Connection;

use super::Error;

/// Says in the file's header that this is a state of ours: `TQal`.
const APPLICATION: i32 = 0x5451_616c;
/// The version of the tables below.
const VERSION: i32 = 1;

const TABLES: &str = "
CREATE TABLE source (
    name TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,        -- counts the checkpoints taken
    cursor TEXT NOT NULL                -- the last checkpoint's cursor, as JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE mark (
    key TEXT PRIMARY KEY,
    mark TEXT NOT NULL                  -- as JSON, opaque here
) STRICT, WITHOUT ROWID;

CREATE TABLE mail (
    id INTEGER PRIMARY KEY,             -- also the order of sending
    email TEXT NOT NULL UNIQUE,         -- the email record's id: taken once, ever
    message_id TEXT NOT NULL,
    source TEXT NOT NULL,
    sender TEXT NOT NULL,
    bytes BLOB,                         -- final bytes; gone once every recipient has them
    attempts INTEGER NOT NULL DEFAULT 0,
    queued_at TEXT NOT NULL
) STRICT;

CREATE TABLE delivery (
    mail INTEGER NOT NULL REFERENCES mail (id),
    address TEXT NOT NULL,
    outcome TEXT NOT NULL,              -- queued, sending, or the receipt's word
    code INTEGER,
    enhanced TEXT,
    reply TEXT,
    at TEXT,
    PRIMARY KEY (mail, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX waiting ON delivery (mail) WHERE outcome NOT IN ('accepted', 'rejected');
";

/// Sets the connection up and creates the tables in an empty file.
pub(super) fn prepare(database: &mut Connection, path: &Path) -> Result<(), Error> {
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    // What is deleted may be confidential and must not stay in the file.
    database.pragma_update(None, "secure_delete", true)?;
    if is_empty(database)? {
        let transaction = database.transaction()?;
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    check(database, path)
}

/// Refuses a database that is not a state, or one that a newer release wrote.
pub(super) fn check(database: &Connection, path: &Path) -> Result<(), Error> {
    let number = |name: &str| database.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let refused = |reason: String| Error::Refused(format!("state {}: {reason}", path.display()));
    if number("application_id")? != APPLICATION {
        return Err(refused("a database, but not a state of tq-alerts".to_owned()));
    }
    let version = number("user_version")?;
    if version != VERSION {
        return Err(refused(format!("version {version}, and this release reads version {VERSION}")));
    }
    Ok(())
}

/// Whether nothing was ever written to the file.
pub(super) fn is_empty(database: &Connection) -> Result<bool, Error> {
    let tables: i64 = database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}
