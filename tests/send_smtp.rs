//! `tq-send-smtp` and a scripted relay: what each answer means for the mail, its receipt, the status and the queue.
//!
//! Most tests are tables. A [`table::Row`] is one relay and what must come of one mail sent to it, without a state and
//! with one; with one, the next run goes to a good relay and must bring the mail to those who still wait for it, and
//! only to them.

mod address;
mod ahead;
mod answers;
mod canary;
mod cases;
mod check;
mod half;
mod login;
mod lost;
mod metrics;
mod orders;
mod output;
mod pace;
mod queue;
mod replies;
mod sessions;
mod state;
mod status;
mod table;
mod tls;
mod token;
mod waiting;
mod wire;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tq_alerts::record::digest;

use crate::support::program::{Ended, Program, program};
use crate::support::relay::{Received, Relay};
use crate::support::site::{private_folder, secret_file};

const SOC: &str = "soc@example.com";
const OPS: &str = "ops@example.com";
const SOURCE: &str = "watchlist";

/// An email record; its alert, its Message-ID and its text bear its id.
fn email(id: &str, to: &[&str]) -> Value {
    json!({
        "record": "email", "v": 1, "id": id, "source": SOURCE, "message_id": format!("<{id}@example.com>"),
        "date": "2021-10-28T20:32:57Z", "from": "ThreatQ Alerts <alerts@example.com>", "to": to,
        "subject": format!("About {id}"), "text": format!("The text of {id}.\n"), "alerts": [format!("alert-{id}")],
    })
}

/// The checkpoint that fits these emails.
fn checkpoint(base: u64, emails: &[Value]) -> Value {
    let mut alerts: Vec<&str> = emails.iter().map(alert).collect();
    alerts.sort_unstable();
    json!({
        "record": "checkpoint", "v": 1, "source": SOURCE, "base": base, "cursor": {"since": "2021-10-28T20:32:57Z"},
        "alerts": alerts.len(), "digest": digest(alerts.iter().copied()), "emails": emails.len(),
    })
}

fn alert(email: &Value) -> &str {
    email["alerts"][0].as_str().expect("each email has an alert")
}

/// Emails and their checkpoint, as the formatter writes them.
fn stream(emails: &[Value]) -> String {
    lines(emails.iter().chain([&checkpoint(0, emails)]))
}

fn lines<'a>(records: impl IntoIterator<Item = &'a Value>) -> String {
    records.into_iter().flat_map(|record| [record.to_string(), "\n".to_owned()]).collect()
}

/// The program with its settings, and a folder of its own.
struct Sender {
    folder: TempDir,
    has_state: bool,
    settings: BTreeMap<&'static str, String>,
}

/// Most must hold without a state and with one.
const BOTH: [fn() -> Sender; 2] = [Sender::without_state, Sender::with_state];

impl Sender {
    fn without_state() -> Self {
        Self { folder: private_folder(), has_state: false, settings: BTreeMap::new() }
    }

    fn with_state() -> Self {
        Self { has_state: true, ..Self::without_state() }
    }

    fn set(mut self, flag: &'static str, value: impl Into<String>) -> Self {
        self.settings.insert(flag, value.into());
        self
    }

    fn logging_in(self, username: &str, password: &str) -> Self {
        let path = text(&secret_file(self.path(), "password", password));
        self.set("--username", username).set("--password-file", path)
    }

    /// The same state, and settings as in the beginning.
    fn with_usual_settings(self) -> Self {
        Self { settings: BTreeMap::new(), ..self }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn state(&self) -> PathBuf {
        self.path().join("state/state.db")
    }

    fn program(&self, port: u16) -> Program {
        // The timeout only keeps a test that fails from waiting for minutes.
        let usual =
            [("--host", "127.0.0.1"), ("--tls", "none"), ("--timeout", "20"), ("--port", &port.to_string())]
                .map(|(flag, value)| (flag, value.to_owned()));
        let mut settings = BTreeMap::from(usual);
        settings.extend(self.settings.clone());
        let program = settings
            .iter()
            .fold(program("tq-send-smtp"), |program, (flag, value)| program.arg(flag).arg(value));
        if self.has_state { program.arg("--state").arg(self.state()) } else { program }
    }

    /// One run on these emails.
    fn send(&self, relay: &Relay, emails: &[Value]) -> Ended {
        self.program(relay.port()).run_on(stream(emails))
    }

    /// One run on nothing, for what the state holds.
    fn resume(&self, relay: &Relay) -> Ended {
        self.program(relay.port()).run()
    }
}

/// A receipt with everything it may hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receipt {
    record: String,
    v: u64,
    email: String,
    message_id: String,
    outcome: String,
    attempt: u64,
    at: DateTime<Utc>,
    relay: String,
    tls: Option<String>,
    queue_id: Option<String>,
    recipients: Vec<Recipient>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipient {
    address: String,
    outcome: String,
    code: Option<u16>,
    enhanced: Option<String>,
    reply: Option<String>,
}

#[track_caller]
fn receipts(ended: &Ended) -> Vec<Receipt> {
    let parse = |record| serde_json::from_value(record).expect("a receipt as the manual has it");
    let receipts: Vec<Receipt> = ended.records_of("receipt").into_iter().map(parse).collect();
    for receipt in &receipts {
        assert_eq!((receipt.record.as_str(), receipt.v), ("receipt", 1));
        assert_eq!(receipt.message_id, format!("<{}@example.com>", receipt.email));
        assert!((Utc::now() - receipt.at).num_seconds().abs() < 120, "{}", receipt.at);
    }
    receipts
}

/// The outcome of each mail, in the order of the receipts.
#[track_caller]
fn outcomes(ended: &Ended) -> Vec<String> {
    receipts(ended).into_iter().map(|receipt| receipt.outcome).collect()
}

/// How many lines of complaint there are on standard error; nothing else is.
#[track_caller]
fn complaints(ended: &Ended) -> usize {
    let is_complaint = |line: &str| line.len() > 20 && line.starts_with("tq-send-smtp: ");
    assert!(ended.stderr.lines().all(is_complaint), "{}", ended.stderr);
    ended.stderr.lines().count()
}

/// The ids of the mails that a relay has taken, in order.
fn taken(relay: &Relay) -> Vec<String> {
    let id = |mail: Received| {
        let body = String::from_utf8(mail.body).expect("our mails are ASCII");
        let line = body.lines().find_map(|line| line.strip_prefix("Subject: About "));
        line.expect("a mail of this test").to_owned()
    };
    relay.messages().into_iter().map(id).collect()
}

/// The verb of each command that a relay has heard.
fn verbs(relay: &Relay) -> Vec<String> {
    let verb = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
    relay.transcript().iter().map(verb).collect()
}

fn text(path: &Path) -> String {
    path.to_str().expect("our paths are text").to_owned()
}
