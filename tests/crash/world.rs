//! A small world for the sweep: alerts, the stream that a fetch makes of those that are news, and what the state holds.
//!
//! What is news is asked of the marks in the state, as the fetchers do it: a source that was taken over is not found
//! again, and one that was not is.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};
use tq_alerts::record::digest;

pub(super) const SOURCE: &str = "watchlist";

/// What the alerts of a run become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mails {
    /// A mail for each.
    Single,
    /// One mail for all.
    Digest,
}

/// What a state holds, seen without touching it.
#[derive(Debug, Default)]
pub(super) struct Held {
    generation: u64,
    marks: Vec<String>,
    /// How many mails wait for somebody.
    pub(super) waiting: u64,
}

impl Held {
    /// Reads a copy of the state: opening the state itself would mend what a crash has left.
    pub(super) fn read(state: &Path) -> Self {
        if !fs::metadata(state).is_ok_and(|metadata| metadata.len() > 0) {
            return Self::default();
        }
        let copy = tempfile::tempdir().expect("a folder");
        let place = copy.path().join("state.db");
        for end in ["", "-wal"] {
            let name = format!("{}{end}", state.display());
            if Path::new(&name).exists() {
                fs::copy(&name, format!("{}{end}", place.display())).expect("it can be copied");
            }
        }
        let database = Connection::open(&place).expect("a copy of a state can be opened");
        let tables: u64 = number(&database, "SELECT count(*) FROM sqlite_schema");
        if tables == 0 {
            return Self::default();
        }
        let mut statement = database.prepare("SELECT key FROM mark").expect("there are marks");
        let marks = statement.query_map([], |row| row.get(0)).expect("they can be read");
        Self {
            generation: number(&database, "SELECT coalesce(max(generation), 0) FROM source"),
            marks: marks.collect::<Result<_, _>>().expect("keys are text"),
            waiting: number(
                &database,
                "SELECT count(*) FROM delivery WHERE outcome NOT IN ('accepted', 'rejected', 'dropped')",
            ),
        }
    }

    pub(super) fn has(&self, alert: &str) -> bool {
        self.marks.iter().any(|mark| mark == alert)
    }

    /// The stream of a fetch and the formatter: what is news, with its marks, closed by a checkpoint.
    pub(super) fn stream(&self, alerts: &[&str], mails: Mails, to: &[&str]) -> String {
        let news: Vec<&str> = alerts.iter().copied().filter(|alert| !self.has(alert)).collect();
        let groups: Vec<Vec<&str>> = match mails {
            Mails::Digest if news.is_empty() => Vec::new(),
            Mails::Digest => vec![news.clone()],
            Mails::Single => news.iter().map(|alert| vec![*alert]).collect(),
        };
        let mut records: Vec<Value> = groups.iter().map(|group| email(group, to)).collect();
        for alert in &news {
            records.push(
                json!({"record": "mark", "v": 1, "source": SOURCE, "marks": [{"key": alert, "mark": {"seen": true}}]}),
            );
        }
        let mut sorted = news.clone();
        sorted.sort_unstable();
        records.push(json!({
            "record": "checkpoint", "v": 1, "source": SOURCE, "base": self.generation, "cursor": {},
            "alerts": news.len(), "digest": digest(sorted), "emails": groups.len(),
        }));
        records.iter().flat_map(|record| [record.to_string(), "\n".to_owned()]).collect()
    }
}

fn number(database: &Connection, sql: &str) -> u64 {
    let number: i64 = database.query_row(sql, [], |row| row.get(0)).expect("a number");
    number.unsigned_abs()
}

/// An email about these alerts, each of which its text names on a line.
fn email(alerts: &[&str], to: &[&str]) -> Value {
    let id = digest(alerts.iter().chain(to).copied());
    let text: String = alerts.iter().map(|alert| format!("<{alert}>\n")).collect();
    json!({
        "record": "email", "v": 1, "id": id, "source": SOURCE, "message_id": format!("<tq1.{}@example.com>", &id[..32]),
        "date": "2021-10-28T20:32:57Z", "from": "alerts@example.com", "to": to, "subject": "ThreatQ", "text": text,
        "alerts": alerts,
    })
}
