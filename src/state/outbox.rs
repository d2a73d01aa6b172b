//! The outbox: mails that are ours to deliver, and what became of each recipient.
//!
//! "sending" is durable before the relay hears of a mail. Found after a crash, it means that the relay may have the
//! mail; the same bytes are sent again. The outcome of one mail and "sending" of the next share a transaction: a disk
//! makes only so many of them durable in a second.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::delivery::{Delivery, Judged, LONGEST_WAIT, MOST_UNKNOWN};
use super::schema::WAITING;
use super::{Error, State};
use crate::record::Outcome;

/// What a mail that was being sent when the program ended is told to be.
const INTERRUPTED: &str = "the program ended before an answer was written down";

/// A mail that waits for some of its recipients.
pub struct Pending {
    /// Its place in the outbox.
    pub id: i64,
    /// The record's id.
    pub email: String,
    /// The Message-ID of an email; a message has none.
    pub message_id: Option<String>,
    /// Which attempt comes next, from 1.
    pub attempt: u64,
    /// What to send to whom.
    pub mail: Mail,
    /// What is known of each of its recipients that waits.
    pub deliveries: Vec<Delivery>,
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

/// What became of a mail that was sent.
pub struct Settled {
    /// Its place in the outbox.
    pub id: i64,
    /// Each recipient for itself.
    pub outcomes: Vec<Judged>,
    /// Who gave the outcomes.
    pub relay: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the relay was asked to take it; if not, it was no attempt.
    pub asked: bool,
}

/// Mails that are left alone in this run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resting {
    /// Those that are due later.
    pub not_due: u64,
    /// When the first of them is due.
    pub next_due: Option<DateTime<Utc>>,
    /// Those that may have arrived so often that only a person sends them again.
    pub held: u64,
}

impl State {
    /// The next mail after `after` that is due to a recipient, in the order in which they were taken.
    pub fn next_due(&self, after: i64, now: DateTime<Utc>) -> Result<Option<Pending>, Error> {
        // One that is due later than any mail can be was written by a clock that was wrong.
        let mut due = self.database.prepare_cached(&format!(
            "SELECT mail FROM delivery WHERE mail > ?1 AND {WAITING} AND unknown < {MOST_UNKNOWN}
             AND (due_at IS NULL OR due_at <= ?2 OR due_at > ?3) ORDER BY mail LIMIT 1"
        ))?;
        let (now, latest) = (now.to_rfc3339(), (now + LONGEST_WAIT).to_rfc3339());
        let id = due.query_row(params![after, now, latest], |row| row.get::<_, i64>(0)).optional()?;
        id.map(|id| self.pending(id)).transpose()
    }

    fn pending(&self, id: i64) -> Result<Pending, Error> {
        let mut waiting = self.database.prepare_cached(&format!(
            "SELECT address, unknown, first_attempt, attempts FROM delivery
             WHERE mail = ?1 AND {WAITING} AND unknown < {MOST_UNKNOWN} ORDER BY address"
        ))?;
        let mut attempts: u64 = 0;
        let delivery = |row: &Row<'_>| {
            attempts = attempts.max(row.get::<_, u32>(3)?.into());
            Ok(Delivery { address: row.get(0)?, unknown: row.get(1)?, first_attempt: time(row, 2)? })
        };
        let deliveries = waiting.query_map([id], delivery)?.collect::<Result<Vec<_>, _>>()?;
        let recipients = deliveries.iter().map(|one| one.address.clone()).collect();
        let mut mail = self.database.prepare_cached(
            "SELECT email, message_id, sender, bytes FROM mail JOIN content ON mail = id WHERE id = ?1",
        )?;
        Ok(mail.query_row([id], |row| {
            let mail = Mail { sender: row.get(2)?, recipients, bytes: row.get(3)? };
            let attempt = attempts + 1;
            let message_id = Some(row.get(1)?).filter(|text: &String| !text.is_empty());
            Ok(Pending { id, email: row.get(0)?, message_id, attempt, mail, deliveries })
        })?)
    }

    /// Notes, for all who wait for emails or for messages, why nothing could be sent. What a relay may have already stays as
    /// it was.
    pub fn postpone(
        &self,
        messages: bool,
        outcome: Outcome,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let sql = format!(
            "UPDATE delivery SET outcome = ?1, code = NULL, enhanced = NULL, reply = ?2, at = ?3
             WHERE {WAITING} AND unknown = 0 AND mail IN (SELECT id FROM mail WHERE (message_id = '') = ?4)"
        );
        let parameters = params![outcome.as_str(), reason, at.to_rfc3339(), messages];
        self.durably(|| self.database.execute(&sql, parameters).map(drop))
    }

    /// Says durably what became of mails, and that the next ones are about to be sent to those who wait for them.
    pub fn advance(&self, settled: &[Settled], next: &[Pending], now: DateTime<Utc>) -> Result<(), Error> {
        let now = now.to_rfc3339();
        self.durably(|| {
            settled.iter().try_for_each(|settled| self.settle(settled))?;
            // Row by row: what may change several needs a table of its own in memory, which costs more than all else.
            let mut sending = self.database.prepare_cached(
                "UPDATE delivery SET outcome = 'sending', attempts = attempts + 1,
                 first_attempt = coalesce(first_attempt, ?3), last_attempt = ?3 WHERE mail = ?1 AND address = ?2",
            )?;
            let each = next.iter().flat_map(|next| next.deliveries.iter().map(|one| (next.id, &one.address)));
            for (id, address) in each {
                sending.execute(params![id, address, now])?;
            }
            Ok(())
        })
    }

    fn settle(&self, settled: &Settled) -> Result<(), rusqlite::Error> {
        let mut update = self.database.prepare_cached(
            "UPDATE delivery SET outcome = ?3, code = ?4, enhanced = ?5, reply = ?6, at = ?7, unknown = ?8,
             due_at = ?9, relay = ?10, attempts = attempts - ?11,
             first_attempt = iif(attempts > ?11, first_attempt, NULL) WHERE mail = ?1 AND address = ?2",
        )?;
        for one in &settled.outcomes {
            let Judged { outcome, unknown, due_at, .. } = one;
            update.execute(params![
                settled.id,
                outcome.address,
                outcome.outcome.as_str(),
                outcome.code,
                outcome.enhanced,
                outcome.reply,
                settled.at.to_rfc3339(),
                unknown,
                due_at.map(|due_at| due_at.to_rfc3339()),
                settled.relay,
                u32::from(!settled.asked),
            ])?;
        }
        Ok(())
    }

    /// Writes down what became of mails where the disk has no room for more: that room was kept for them.
    pub fn settle_last(&self, settled: &[Settled]) -> Result<(), Error> {
        self.reserve.take();
        self.durably(|| settled.iter().try_for_each(|settled| self.settle(settled)))
    }

    /// Counts what a program that ended in the middle of sending has left as an attempt that may have brought the mail.
    pub(super) fn find_interrupted(&self) -> Result<(), Error> {
        let sql = format!(
            "UPDATE delivery SET outcome = iif(unknown + 1 < {MOST_UNKNOWN}, 'unknown', 'held'), unknown = unknown + 1,
             code = NULL, enhanced = NULL, reply = ?1, at = last_attempt, due_at = NULL
             WHERE {WAITING} AND outcome = 'sending'"
        );
        let found = self.database.execute(&sql, [INTERRUPTED])?;
        if found > 0 {
            tracing::info!("a run ended while it was sending; what it sent may arrive twice");
        }
        Ok(())
    }

    /// What waits and is left alone by a run that begins now.
    pub fn resting(&self, now: DateTime<Utc>) -> Result<Resting, Error> {
        let sql = format!(
            "SELECT count(DISTINCT mail) FILTER (WHERE is_later), min(due_at) FILTER (WHERE is_later),
             count(DISTINCT mail) FILTER (WHERE unknown >= {MOST_UNKNOWN})
             FROM (SELECT mail, due_at, unknown, unknown < {MOST_UNKNOWN} AND due_at > ?1 AS is_later
                   FROM delivery WHERE {WAITING})"
        );
        let resting = |row: &Row<'_>| {
            Ok(Resting { not_due: count(row, 0)?, next_due: time(row, 1)?, held: count(row, 2)? })
        };
        Ok(self.database.query_row(&sql, [now.to_rfc3339()], resting)?)
    }

    /// How many mails wait for somebody.
    pub fn waiting(&self) -> Result<u64, Error> {
        Ok(waiting(&self.database)?)
    }

    pub(super) fn durably<T>(&self, change: impl FnOnce() -> Result<T, rusqlite::Error>) -> Result<T, Error> {
        self.database.execute_batch("BEGIN IMMEDIATE")?;
        match change().and_then(|changed| self.database.execute_batch("COMMIT").map(|()| changed)) {
            Ok(changed) => Ok(changed),
            Err(error) => {
                // The first error is the one to tell; after it nothing was written either way.
                let _ = self.database.execute_batch("ROLLBACK");
                Err(error.into())
            }
        }
    }
}

/// How many mails wait for somebody.
pub(super) fn waiting(database: &Connection) -> Result<u64, rusqlite::Error> {
    let sql = format!("SELECT count(DISTINCT mail) FROM delivery WHERE {WAITING}");
    database.query_row(&sql, [], |row| count(row, 0))
}

/// A time as the state has it. One that nobody can read is as good as none.
pub(super) fn time(row: &Row<'_>, index: usize) -> Result<Option<DateTime<Utc>>, rusqlite::Error> {
    Ok(row.get::<_, Option<String>>(index)?.and_then(|text| text.parse().ok()))
}

pub(super) fn count(row: &Row<'_>, index: usize) -> Result<u64, rusqlite::Error> {
    row.get::<_, i64>(index).map(i64::unsigned_abs)
}
