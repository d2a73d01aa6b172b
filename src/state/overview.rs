//! How things stand: the last run, the receipts, what waits, what was given up, and how far each source was read.
//!
//! For people and for their monitoring; a snapshot, read while a sender may be at work.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;

use super::outbox::{count, time, waiting};
use super::schema::{self, WAITING};
use super::{DEAD_LETTERS, Error, State};
use crate::record::{Cursor, Outcome};

/// How things stand. Serialized, it is the object of `tq-send-smtp --status`, which tq-records(5) has member by member.
#[derive(Debug, Default, Serialize)]
pub struct Overview {
    /// The last run; none before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// When a run last ended with 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<DateTime<Utc>>,
    /// How many receipts all runs have printed, by outcome; every outcome is there.
    pub receipts: BTreeMap<&'static str, u64>,
    /// How many mails wait for somebody.
    pub queue: u64,
    /// Since when the first of them waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_at: Option<DateTime<Utc>>,
    /// How many mails were refused for good.
    pub dead_letters: u64,
    /// The sources, by name.
    pub sources: Vec<Source>,
}

/// The last run.
#[derive(Debug, Serialize)]
pub struct LastRun {
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it ended; none while it is at work, and for ever where it was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The exit status that it ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u8>,
    /// How many receipts it has printed, by outcome; every outcome is there.
    pub receipts: BTreeMap<&'static str, u64>,
}

/// A source that was taken over.
#[derive(Debug, Serialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// How often it was taken over.
    pub generation: u64,
    /// When it was last taken over; none where only an older release did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<DateTime<Utc>>,
    /// How many alerts were taken.
    pub alerts: u64,
    /// Where the next fetch begins.
    pub cursor: Cursor,
}

impl Overview {
    /// Reads a state; of one that was never made there is nothing to tell.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let Some(database) = super::read_only(path)? else {
            let receipts = Outcome::ALL.map(|outcome| (outcome.as_str(), 0)).into();
            return Ok(Self { receipts, ..Self::default() });
        };
        schema::check_runs(&database, path)?;
        Self::read(&database)
    }

    fn read(database: &Connection) -> Result<Self, Error> {
        let number = |sql: &str| database.query_row(sql, [], |row| count(row, 0));
        let run = database
            .query_row("SELECT began_at, ended_at, status, success_at FROM run", [], |row| {
                let began_at = time(row, 0)?.unwrap_or_default();
                let receipts = BTreeMap::new();
                let run = LastRun { began_at, ended_at: time(row, 1)?, status: row.get(2)?, receipts };
                Ok((run, time(row, 3)?))
            })
            .optional()?;
        let mut overview = Self {
            queue: waiting(database)?,
            oldest_at: database.query_row(
                &format!(
                    "SELECT min(queued_at) FROM mail WHERE id IN (SELECT mail FROM delivery WHERE {WAITING})"
                ),
                [],
                |row| time(row, 0),
            )?,
            dead_letters: number("SELECT count(DISTINCT mail) FROM delivery WHERE outcome = 'rejected'")?,
            sources: sources(database)?,
            ..Self::default()
        };
        let (mut of_last_run, totals) = receipts(database)?;
        overview.receipts = totals;
        if let Some((mut run, success_at)) = run {
            run.receipts = std::mem::take(&mut of_last_run);
            overview.last_run = Some(run);
            overview.last_success_at = success_at;
        }
        Ok(overview)
    }
}

impl State {
    /// How things stand, for its writer.
    pub fn overview(&self) -> Result<Overview, Error> {
        Overview::read(&self.database)
    }
}

type Receipts = BTreeMap<&'static str, u64>;

/// The receipts of the last run, and those of all.
fn receipts(database: &Connection) -> Result<(Receipts, Receipts), Error> {
    let mut of_outcome = database.prepare("SELECT last_run, total FROM receipt WHERE outcome = ?1")?;
    let (mut last_run, mut totals) = (Receipts::new(), Receipts::new());
    for outcome in Outcome::ALL.map(Outcome::as_str) {
        let both = |row: &Row<'_>| Ok((count(row, 0)?, count(row, 1)?));
        let (one, all) = of_outcome.query_row([outcome], both).optional()?.unwrap_or_default();
        last_run.insert(outcome, one);
        totals.insert(outcome, all);
    }
    Ok((last_run, totals))
}

fn sources(database: &Connection) -> Result<Vec<Source>, Error> {
    let mut rows =
        database.prepare("SELECT name, generation, taken_at, alerts, cursor FROM source WHERE name <> ?1")?;
    let source = |row: &Row<'_>| {
        // A fetch that cannot read its cursor says so; here it is only not told.
        let cursor = serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default();
        Ok(Source {
            name: row.get(0)?,
            generation: count(row, 1)?,
            taken_at: time(row, 2)?,
            alerts: count(row, 3)?,
            cursor,
        })
    };
    Ok(rows.query_map([DEAD_LETTERS], source)?.collect::<Result<_, _>>()?)
}
