//! What was not delivered, for people to look at: a snapshot, read while a sender may be at work.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::Error;
use super::outbox::time;
use super::schema::{self, UNDELIVERED};
use crate::record::{Outcome, Receipt, RecipientOutcome};

/// The source under which dead letters are sent again.
pub const DEAD_LETTERS: &str = "dead-letters";

/// The mails that somebody was not given.
pub struct Waiting {
    database: Option<Connection>,
    path: PathBuf,
}

/// A mail that waits, or that was given up.
pub struct WaitingMail {
    /// What became of it so far, for those who do not have it.
    pub receipt: Receipt,
    /// When it was taken.
    pub queued_at: Option<DateTime<Utc>>,
    /// When it is tried again, if not in the next run.
    pub due_at: Option<DateTime<Utc>>,
}

/// A mail that is not tried again by itself.
pub struct DeadLetter {
    /// The record's id.
    pub email: String,
    /// Whether it is a message, and no email.
    pub is_message: bool,
    /// The record, as JSON, of an email without what the bytes hold; none where an older release took it.
    pub record: Option<String>,
    /// The final bytes; empty where it never was a mail.
    pub bytes: Vec<u8>,
    /// Who does not have it.
    pub addresses: Vec<String>,
}

impl Waiting {
    /// Opens a snapshot.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let database = super::read_only(path)?;
        if let Some(database) = &database {
            schema::check_outbox(database, path)?;
        }
        Ok(Self { database, path: path.to_owned() })
    }

    /// Every mail that somebody was not given, in the order in which they were taken.
    pub fn mails(&self) -> Result<Vec<WaitingMail>, Error> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let mut mails = database.prepare(&format!(
            "SELECT id, email, message_id, queued_at FROM mail WHERE EXISTS
             (SELECT 1 FROM delivery WHERE mail = mail.id AND {UNDELIVERED}) ORDER BY id"
        ))?;
        let mut deliveries = database.prepare(&format!(
            "SELECT address, outcome, code, enhanced, reply, attempts, at, relay, due_at FROM delivery
             WHERE mail = ?1 AND {UNDELIVERED} ORDER BY address"
        ))?;
        let mut waiting = Vec::new();
        let mut rows = mails.query([])?;
        while let Some(row) = rows.next()? {
            let queued_at = time(row, 3)?;
            let (id, message_id): (String, String) = (row.get(1)?, row.get(2)?);
            let (email, message) = if message_id.is_empty() { (None, Some(id)) } else { (Some(id), None) };
            let mut mail = WaitingMail {
                receipt: Receipt {
                    message_id: email.is_some().then_some(message_id),
                    email,
                    message,
                    outcome: Outcome::Deferred,
                    attempt: 0,
                    at: queued_at.unwrap_or_default(),
                    relay: String::new(),
                    tls: None,
                    queue_id: None,
                    recipients: Vec::new(),
                },
                queued_at,
                due_at: None,
            };
            let mut each = deliveries.query([row.get::<_, i64>(0)?])?;
            while let Some(row) = each.next()? {
                mail.add(row)?;
            }
            mail.receipt.outcome = Outcome::of_all(&mail.receipt.recipients);
            waiting.push(mail);
        }
        Ok(waiting)
    }

    /// Every dead letter that was not sent again under a new id, in the order in which they were taken.
    pub fn dead_letters(&self, new_id: impl Fn(&str) -> String) -> Result<Vec<DeadLetter>, Error> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        schema::check_all(database, &self.path)?;
        let mut mails = database.prepare(
            "SELECT id, email, record, message_id = '', bytes FROM mail LEFT JOIN content ON content.mail = id WHERE EXISTS
             (SELECT 1 FROM delivery WHERE mail = mail.id AND outcome = 'rejected') ORDER BY id",
        )?;
        let mut taken = database.prepare("SELECT 1 FROM mail WHERE email = ?1")?;
        let mut addresses =
            database.prepare("SELECT address FROM delivery WHERE mail = ?1 AND outcome = 'rejected'")?;
        let mut letters = Vec::new();
        let mut rows = mails.query([])?;
        while let Some(row) = rows.next()? {
            let email: String = row.get(1)?;
            if taken.query_row([new_id(&email)], |_| Ok(())).optional()?.is_none() {
                let addresses = addresses.query_map([row.get::<_, i64>(0)?], |row| row.get(0))?;
                letters.push(DeadLetter {
                    email,
                    record: row.get(2)?,
                    is_message: row.get(3)?,
                    bytes: row.get::<_, Option<Vec<u8>>>(4)?.unwrap_or_default(),
                    addresses: addresses.collect::<Result<_, _>>()?,
                });
            }
        }
        Ok(letters)
    }

    /// How often dead letters were taken over to be sent again.
    pub fn generation(&self) -> Result<u64, Error> {
        let Some(database) = &self.database else { return Ok(0) };
        let sql = "SELECT generation FROM source WHERE name = ?1";
        let generation = database.query_row(sql, [DEAD_LETTERS], |row| row.get::<_, i64>(0)).optional()?;
        Ok(generation.unwrap_or_default().unsigned_abs())
    }
}

impl WaitingMail {
    /// One who does not have it.
    fn add(&mut self, row: &Row<'_>) -> Result<(), rusqlite::Error> {
        let word: String = row.get(1)?;
        let (outcome, in_our_words) = match word.as_str() {
            "rejected" => (Outcome::Rejected, None),
            "held" => (Outcome::Held, None),
            "unknown" => (Outcome::Unknown, None),
            "sending" => (Outcome::Unknown, Some("being sent")),
            "queued" => (Outcome::Deferred, Some("not tried yet")),
            _ => (Outcome::Deferred, None),
        };
        let reply = in_our_words.map_or_else(|| row.get(4), |words| Ok(Some(words.to_owned())))?;
        let (code, enhanced) = if in_our_words.is_some() { (None, None) } else { (row.get(2)?, row.get(3)?) };
        self.receipt.recipients.push(RecipientOutcome {
            address: row.get(0)?,
            outcome,
            code,
            enhanced,
            reply,
        });
        self.receipt.attempt = self.receipt.attempt.max(row.get::<_, u32>(5)?.into());
        self.receipt.at = time(row, 6)?.unwrap_or(self.receipt.at);
        self.receipt.relay = row.get::<_, Option<String>>(7)?.unwrap_or_default();
        self.due_at = self.due_at.max(time(row, 8)?);
        Ok(())
    }
}
