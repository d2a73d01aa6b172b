//! A small world for the sweep: alerts, the stream that a fetch makes of those that are news, what the state holds, and
//! the runs that are broken.
//!
//! What is news is asked of the marks in the state, as the fetchers do it: a source that was taken over is not found
//! again, and one that was not is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tq_alerts::record::digest;

use crate::support::program::{Ended, Program, program};
use crate::support::relay::{Relay, Script};
use crate::support::site::private_folder;

pub(super) const SOURCE: &str = "watchlist";

pub(super) const FIRST: [&str; 3] = ["alert-1", "alert-2", "alert-3"];
pub(super) const ALL: [&str; 4] = ["alert-1", "alert-2", "alert-3", "alert-4"];
const SOC: &str = "soc@example.com";
const OPS: &str = "ops@example.com";

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
    let text: String = alerts.iter().flat_map(|alert| ["<", alert, ">\n"]).collect();
    json!({
        "record": "email", "v": 1, "id": id, "source": SOURCE, "message_id": format!("<tq1.{}@example.com>", &id[..32]),
        "date": "2021-10-28T20:32:57Z", "from": "alerts@example.com", "to": to, "subject": "ThreatQ", "text": text,
        "alerts": alerts,
    })
}

/// A run to be broken.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) mails: Mails,
    pub(super) to: &'static [&'static str],
    /// What the relay does besides taking mail.
    pub(super) script: fn() -> Script,
    /// Whether its mails wait from a run before it, which found no relay.
    pub(super) is_backlog: bool,
    /// Over how many sessions it sends: so many mails may be there twice.
    pub(super) connections: usize,
}

pub(super) const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "single mails",
        mails: Mails::Single,
        to: &[SOC],
        script: Script::new,
        is_backlog: false,
        connections: 1,
    },
    Scenario {
        name: "a digest",
        mails: Mails::Digest,
        to: &[SOC],
        script: Script::new,
        is_backlog: false,
        connections: 1,
    },
    Scenario {
        name: "two recipients",
        mails: Mails::Single,
        to: &[SOC, OPS],
        script: || Script::new().times(1, |script| script.reply_to_recipient(OPS, "450 4.2.0 later\r\n")),
        is_backlog: false,
        connections: 1,
    },
    Scenario {
        name: "a backlog",
        mails: Mails::Single,
        to: &[SOC],
        script: Script::new,
        is_backlog: true,
        connections: 1,
    },
    // Each session has a thread, and calls are counted for each: some of the points are reached by none.
    Scenario {
        name: "two sessions",
        mails: Mails::Single,
        to: &[SOC],
        script: Script::new,
        is_backlog: false,
        connections: 2,
    },
];

/// A state and a relay of one point.
pub(super) struct Site {
    scenario: &'static Scenario,
    pub(super) folder: TempDir,
    pub(super) relay: Relay,
}

impl Site {
    pub(super) fn new(scenario: &'static Scenario) -> Self {
        let site = Self { scenario, folder: private_folder(), relay: Relay::start((scenario.script)()) };
        if scenario.is_backlog {
            let stream = Held::default().stream(&FIRST, scenario.mails, scenario.to);
            site.arguments(program("tq-send-smtp"), 1).run_on(stream).ends_with(75);
        }
        site
    }

    pub(super) fn state(&self) -> PathBuf {
        self.folder.path().join("state/state.db")
    }

    pub(super) fn files(&self) -> Vec<String> {
        let folder = fs::read_dir(self.folder.path().join("state")).expect("a folder");
        let mut names: Vec<String> =
            folder.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn arguments(&self, program: Program, port: u16) -> Program {
        let program = program.args(&["--host", "127.0.0.1", "--tls", "none", "--timeout", "20", "--port"]);
        let program = program.arg(port.to_string()).arg("--connections");
        program.arg(self.scenario.connections.to_string()).arg("--state").arg(self.state())
    }

    /// One run on what a fetch finds of these alerts.
    pub(super) fn run(&self, alerts: &[&str]) -> Ended {
        let stream = Held::read(&self.state()).stream(alerts, self.scenario.mails, self.scenario.to);
        self.arguments(program("tq-send-smtp"), self.relay.port()).run_on(stream)
    }

    /// The same under strace.
    pub(super) fn run_under(&self, options: &[&str], alerts: &[&str]) -> Ended {
        let stream = Held::read(&self.state()).stream(alerts, self.scenario.mails, self.scenario.to);
        let sender = self.arguments(program("tq-send-smtp"), self.relay.port()).into_command();
        let mut command = Command::new("strace");
        command.args(["-f", "-qq"]).args(options).arg("--").arg(sender.get_program()).args(sender.get_args());
        let input = self.folder.path().join("stream");
        fs::write(&input, stream).expect("a file can be written");
        command.stdin(fs::File::open(&input).expect("it is there")).stdout(Stdio::null());
        let output = command.output().expect("strace can be started: install it");
        Ended::new("strace", &output)
    }
}
