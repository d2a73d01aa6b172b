//! The outbox: mails that are ours to deliver, and what became of each recipient.
//!
//! "sending" is durable before the relay hears of a mail. Found after a crash, it means that the relay may have the
//! mail; the same bytes are sent again.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::{Error, State};
use crate::record::{Outcome, RecipientOutcome};

/// A mail that waits for some of its recipients.
pub struct Pending {
    /// Its place in the outbox.
    pub id: i64,
    /// The email record's id.
    pub email: String,
    /// Its Message-ID.
    pub message_id: String,
    /// Which attempt comes next, from 1.
    pub attempt: u64,
    /// What to send to whom.
    pub mail: Mail,
}

/// Final bytes and their envelope.
pub struct Mail {
    /// The envelope's sender.
    pub sender: String,
    /// Recipients that still wait.
    pub recipients: Vec<String>,
    /// The final bytes, without dot-stuffing.
    pub bytes: Vec<u8>,
}

impl State {
    /// The next mail after `after` that waits for a recipient, in the order in which they were taken.
    pub fn next_pending(&self, after: i64) -> Result<Option<Pending>, Error> {
        let mut waiting = self.database.prepare_cached(
            "SELECT mail FROM delivery WHERE mail > ?1 AND outcome NOT IN ('accepted', 'rejected') ORDER BY mail LIMIT 1",
        )?;
        let Some(id) = waiting.query_row([after], |row| row.get::<_, i64>(0)).optional()? else {
            return Ok(None);
        };
        let mut addresses = self.database.prepare_cached(
            "SELECT address FROM delivery WHERE mail = ?1 AND outcome NOT IN ('accepted', 'rejected') ORDER BY address",
        )?;
        let recipients = addresses.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut mail = self
            .database
            .prepare_cached("SELECT email, message_id, attempts, sender, bytes FROM mail WHERE id = ?1")?;
        let pending = mail.query_row([id], |row| {
            let (attempts, bytes): (i64, Option<Vec<u8>>) = (row.get(2)?, row.get(4)?);
            let mail = Mail { sender: row.get(3)?, recipients, bytes: bytes.unwrap_or_default() };
            let attempt = attempts.unsigned_abs() + 1;
            Ok(Pending { id, email: row.get(0)?, message_id: row.get(1)?, attempt, mail })
        })?;
        Ok(Some(pending))
    }

    /// Notes, for all who wait, why nothing could be sent. What a relay may have already stays as it was.
    pub fn postpone(&self, outcome: Outcome, reason: &str, at: DateTime<Utc>) -> Result<(), Error> {
        self.durably(|| {
            self.database.execute(
                "UPDATE delivery SET outcome = ?1, code = NULL, enhanced = NULL, reply = ?2, at = ?3
                 WHERE outcome IN ('queued', 'deferred', 'held')",
                params![outcome.as_str(), reason, at.to_rfc3339()],
            )
        })
    }

    /// Says durably that the mail is about to be sent to those who wait for it.
    pub fn begin_sending(&self, pending: &Pending) -> Result<(), Error> {
        self.durably(|| {
            self.database
                .prepare_cached("UPDATE mail SET attempts = attempts + 1 WHERE id = ?1")?
                .execute([pending.id])?;
            self.database
                .prepare_cached(
                    "UPDATE delivery SET outcome = 'sending' WHERE mail = ?1 AND outcome NOT IN ('accepted', 'rejected')",
                )?
                .execute([pending.id])
        })
    }

    /// Says durably what became of the mail.
    pub fn settle(
        &self,
        pending: &Pending,
        outcomes: &[RecipientOutcome],
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.durably(|| {
            for one in outcomes {
                self.database
                    .prepare_cached(
                        "UPDATE delivery SET outcome = ?3, code = ?4, enhanced = ?5, reply = ?6, at = ?7
                         WHERE mail = ?1 AND address = ?2",
                    )?
                    .execute(params![
                        pending.id,
                        one.address,
                        one.outcome.as_str(),
                        one.code,
                        one.enhanced,
                        one.reply,
                        at.to_rfc3339()
                    ])?;
            }
            // What everybody has need not lie here: it may be confidential.
            self.database
                .prepare_cached(
                    "UPDATE mail SET bytes = NULL WHERE id = ?1
                     AND NOT EXISTS (SELECT 1 FROM delivery WHERE mail = ?1 AND outcome <> 'accepted')",
                )?
                .execute([pending.id])
        })
    }

    fn durably(&self, change: impl FnOnce() -> Result<usize, rusqlite::Error>) -> Result<(), Error> {
        self.database.execute_batch("BEGIN IMMEDIATE")?;
        match change().and_then(|_| self.database.execute_batch("COMMIT")) {
            Ok(()) => Ok(()),
            Err(error) => {
                // The first error is the one to tell; after it nothing was written either way.
                let _ = self.database.execute_batch("ROLLBACK");
                Err(error.into())
            }
        }
    }
}
