//! What a person decides about mails of the outbox, and what is forgotten by itself.
//!
//! There is no VACUUM: pages that are free are used again, so the file stays as large as it was at its fullest, and
//! never needs twice its size on the disk.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::schema::{UNDELIVERED, WAITING};
use super::{Error, State};

/// So many mails are emptied in one step, so that the journal stays small.
const BATCH: i64 = 256;

impl State {
    /// The undelivered mail with this email id, or those whose ids begin like this.
    pub fn undelivered(&self, id: &str) -> Result<Vec<i64>, Error> {
        let sql = format!(
            "SELECT id FROM mail WHERE substr(email, 1, length(?1)) = ?1
             AND EXISTS (SELECT 1 FROM delivery WHERE mail = mail.id AND {UNDELIVERED})"
        );
        let exact =
            self.database.query_row(&format!("{sql} AND email = ?1"), [id], |row| row.get(0)).optional()?;
        if let Some(exact) = exact {
            return Ok(vec![exact]);
        }
        let mut statement = self.database.prepare(&sql)?;
        Ok(statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Makes a mail due at once, as if it had never been tried, for all who do not have it. That it may have arrived is
    /// not forgotten. False where its bytes are not there.
    pub fn retry(&self, id: i64) -> Result<bool, Error> {
        Ok(self.make_due("mail = ?1", UNDELIVERED, id)? > 0)
    }

    /// The same for every mail that waits, but not for dead letters.
    pub fn retry_all(&self) -> Result<(), Error> {
        self.make_due("mail > ?1", WAITING, 0)?;
        Ok(())
    }

    fn make_due(&self, which: &str, who: &str, id: i64) -> Result<usize, Error> {
        let sql = format!(
            "UPDATE delivery SET outcome = iif(unknown > 0, 'unknown', iif(outcome = 'deferred', outcome, 'queued')),
             unknown = min(unknown, 1), first_attempt = NULL, due_at = NULL
             WHERE {which} AND {who} AND EXISTS (SELECT 1 FROM content WHERE mail = delivery.mail AND length(bytes) > 0)"
        );
        self.durably(|| self.database.execute(&sql, [id]))
    }

    /// Gives a mail up, for all who do not have it, and forgets what is in it.
    pub fn drop_mail(&self, id: i64) -> Result<(), Error> {
        self.durably(|| {
            let sql = format!("UPDATE delivery SET outcome = 'dropped' WHERE mail = ?1 AND {UNDELIVERED}");
            self.database.execute(&sql, [id])
        })?;
        self.empty_delivered()
    }

    /// Takes what everybody has out of the state: it may be confidential. Not in the step that writes an outcome down,
    /// which must find room where the disk is nearly full.
    pub fn empty_delivered(&self) -> Result<(), Error> {
        let mut next = self.database.prepare_cached(&format!(
            "SELECT max(mail), count(*) FROM (SELECT mail FROM content WHERE mail > ?1 AND NOT EXISTS
             (SELECT 1 FROM delivery WHERE mail = content.mail AND {UNDELIVERED}) ORDER BY mail LIMIT {BATCH})"
        ))?;
        let mut empty = self.database.prepare_cached(&format!(
            "DELETE FROM content WHERE mail > ?1 AND mail <= ?2
             AND NOT EXISTS (SELECT 1 FROM delivery WHERE mail = content.mail AND {UNDELIVERED})"
        ))?;
        let mut last = 0;
        loop {
            let (end, count): (Option<i64>, i64) =
                next.query_row([last], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let Some(end) = end else { return Ok(()) };
            self.durably(|| empty.execute([last, end]))?;
            if count < BATCH {
                return Ok(());
            }
            last = end;
        }
    }

    /// Forgets the mails that everybody has had since `before`. Dead letters stay.
    pub fn forget_delivered(&self, before: DateTime<Utc>) -> Result<(), Error> {
        let old = format!(
            "FROM mail WHERE queued_at < ?1 AND NOT EXISTS
             (SELECT 1 FROM delivery WHERE mail = mail.id AND ({UNDELIVERED} OR at >= ?1))"
        );
        let before = before.to_rfc3339();
        let any: bool =
            self.database
                .query_row(&format!("SELECT EXISTS (SELECT 1 {old})"), [&before], |row| row.get(0))?;
        if any {
            self.durably(|| {
                let deliveries = format!("DELETE FROM delivery WHERE mail IN (SELECT id {old})");
                self.database.execute(&deliveries, [&before])?;
                // Those just deleted are what the mails must not have any more.
                let mails = "DELETE FROM mail WHERE queued_at < ?1 AND id NOT IN (SELECT mail FROM delivery)";
                self.database.execute(mails, params![before])
            })?;
        }
        Ok(())
    }
}
