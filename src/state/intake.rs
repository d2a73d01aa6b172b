//! Taking over a source: marks and mails in one transaction that its checkpoint closes.
//!
//! Until the commit nothing of the source is ours; dropping an open intake leaves the state as it was.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::blob::ZeroBlob;
use rusqlite::{MAIN_DB, OptionalExtension, params};

use super::{Error, State};
use crate::record::{Checkpoint, MarkEntry, Outcome, Tally, now};

/// A mail that is larger goes into the state piece by piece: as a parameter SQLite would copy it twice.
const LARGE: usize = 1024 * 1024;

/// One source on its way into the state.
pub struct Intake<'s> {
    state: &'s State,
    open: bool,
}

impl State {
    /// Begins to take over one source.
    pub fn intake(&self) -> Result<Intake<'_>, Error> {
        self.database.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Intake { state: self, open: true })
    }
}

impl Intake<'_> {
    /// Remembers, or forgets.
    pub fn remember(&self, entries: &[MarkEntry]) -> Result<(), Error> {
        let database = &self.state.database;
        for entry in entries {
            match &entry.mark {
                Some(mark) => database
                    .prepare_cached("INSERT INTO mark VALUES (?1, ?2) ON CONFLICT DO UPDATE SET mark = ?2")?
                    .execute(params![entry.key, mark.get()])?,
                None => database.prepare_cached("DELETE FROM mark WHERE key = ?1")?.execute([&entry.key])?,
            };
        }
        Ok(())
    }

    /// Puts a mail into the outbox. One that was taken before, in whatever run, is not taken again.
    pub fn queue(&self, mail: &QueuedMail<'_>) -> Result<(), Error> {
        self.insert(mail, "queued", None)
    }

    /// Keeps a record of a mail that can never be sent.
    pub fn refuse(&self, mail: &QueuedMail<'_>, reason: &str) -> Result<(), Error> {
        self.insert(mail, Outcome::Rejected.as_str(), Some(reason))
    }

    fn insert(&self, mail: &QueuedMail<'_>, outcome: &str, reply: Option<&str>) -> Result<(), Error> {
        let database = &self.state.database;
        let inserted = database
            .prepare_cached(
                "INSERT INTO mail (email, message_id, source, sender, queued_at)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (email) DO NOTHING",
            )?
            .execute(params![mail.email, mail.message_id, mail.source, mail.sender, mail.at.to_rfc3339(),])?;
        if inserted == 0 {
            tracing::info!("email {} was taken before and is not taken again", mail.email);
            return Ok(());
        }
        let id = database.last_insert_rowid();
        self.fill(id, mail)?;
        let distinct: BTreeSet<&String> = mail.recipients.iter().collect();
        for address in distinct {
            database
                .prepare_cached(
                    "INSERT INTO delivery (mail, address, outcome, reply, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![id, address, outcome, reply, reply.map(|_| mail.at.to_rfc3339())])?;
        }
        Ok(())
    }

    /// Puts into the outbox what is in a mail.
    fn fill(&self, id: i64, mail: &QueuedMail<'_>) -> Result<(), Error> {
        let database = &self.state.database;
        let mut insert = database.prepare_cached("INSERT INTO content VALUES (?1, ?2, ?3)")?;
        if mail.bytes.len() <= LARGE {
            insert.execute(params![id, mail.record, mail.bytes])?;
        } else {
            insert.execute(params![id, mail.record, ZeroBlob(mail.bytes.len() as u64)])?;
            database.blob_open(MAIN_DB, c"content", c"bytes", id, false)?.write_all_at(mail.bytes, 0)?;
        }
        Ok(())
    }

    /// How often the source was taken over so far.
    pub fn generation(&self, source: &str) -> Result<u64, Error> {
        let mut statement =
            self.state.database.prepare_cached("SELECT generation FROM source WHERE name = ?1")?;
        let generation: Option<i64> = statement.query_row([source], |row| row.get(0)).optional()?;
        Ok(generation.unwrap_or(0).unsigned_abs())
    }

    /// The instant at which the source becomes ours: marks, mails and cursor, all or nothing, and durable.
    pub fn commit(mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        let cursor = serde_json::to_string(&checkpoint.cursor)
            .map_err(|error| Error::Refused(format!("state: the cursor cannot be kept: {error}")))?;
        let database = &self.state.database;
        database.execute(
            "INSERT INTO source (name, generation, cursor, taken_at, alerts) VALUES (?1, 1, ?2, ?3, ?4) ON CONFLICT
             DO UPDATE SET generation = generation + 1, cursor = ?2, taken_at = ?3, alerts = alerts + ?4",
            params![checkpoint.source, cursor, now().to_rfc3339(), checkpoint.alerts.cast_signed()],
        )?;
        database.execute_batch("COMMIT")?;
        self.open = false;
        Ok(())
    }

    /// The same for a sender before others, whose state holds neither marks nor cursor: it remembers which alerts it has.
    ///
    /// An alert's id holds the generation that it was fetched from. Once the last sender has moved on, which shows in
    /// another base, no earlier id can come again.
    pub fn commit_before_others(mut self, checkpoint: &Checkpoint, alerts: &[&Tally]) -> Result<(), Error> {
        let database = &self.state.database;
        let (source, base) = (&checkpoint.source, checkpoint.base.cast_signed());
        database.execute("DELETE FROM taken WHERE source = ?1 AND base <> ?2", params![source, base])?;
        let mut insert = database.prepare_cached("INSERT OR IGNORE INTO taken VALUES (?1, ?2, ?3)")?;
        let mut new: i64 = 0;
        for tally in alerts {
            tally.try_for_each(|id| {
                new += i64::from(insert.execute(params![id, source, base])? > 0);
                Ok::<_, Error>(())
            })?;
        }
        database.execute(
            "INSERT INTO source (name, generation, cursor, taken_at, alerts) VALUES (?1, 0, '{}', ?2, ?3) ON CONFLICT
             DO UPDATE SET taken_at = ?2, alerts = alerts + ?3",
            params![source, now().to_rfc3339(), new],
        )?;
        database.execute_batch("COMMIT")?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Intake<'_> {
    fn drop(&mut self) {
        if self.open {
            // Nothing was committed, so the file is right even where this fails.
            let _ = self.state.database.execute_batch("ROLLBACK");
        }
    }
}

/// A mail as it goes into the outbox.
pub struct QueuedMail<'a> {
    /// The email record's id.
    pub email: &'a str,
    /// Its Message-ID.
    pub message_id: &'a str,
    /// The source it came from.
    pub source: &'a str,
    /// The envelope's sender.
    pub sender: &'a str,
    /// The envelope's recipients.
    pub recipients: &'a [String],
    /// The final bytes.
    pub bytes: &'a [u8],
    /// The email record, without what the bytes hold.
    pub record: &'a str,
    /// When it was taken.
    pub at: DateTime<Utc>,
}
