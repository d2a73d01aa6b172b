//! `tq-send-slack` and a simulated Slack: the outbox that it shares with `tq-send-smtp`, as a sender before others and as
//! the last one.

mod before_others;
mod crash;
mod hostile;
mod outcomes;
mod queue;
mod series;

use std::path::PathBuf;

use serde_json::{Value, json};
use slack_sim::{Sim, Workspace};
use tempfile::TempDir;
use tq_alerts::record::digest;

use crate::support::program::{Ended, Program, program};
use crate::support::site::{private_folder, secret_file};

const SOURCE: &str = "watchlist";
const CHANNEL: &str = "#tq-alerts";

/// An alert record, with what to remember of it.
fn alert(id: &str) -> Value {
    json!({
        "record": "alert", "v": 1, "id": id, "source": SOURCE, "event": "added",
        "object": {
            "type": "indicator", "type_name": "Indicator", "type_plural": "Indicators", "id": 8, "value": "7.8.9.0",
            "link": "https://threatq.hostname.com/indicators/8/details",
        },
        "marks": [{"key": format!("{SOURCE}/{id}"), "mark": {"seen": true}}],
    })
}

/// A message about these alerts; its id follows from them, and its text is made of them.
fn message(to: &str, alerts: &[&str]) -> Value {
    json!({
        "record": "message", "v": 1, "id": id_of(to, alerts), "source": SOURCE, "date": "2021-10-28T20:32:57Z", "to": to,
        "text": alerts.join(" "), "alerts": alerts,
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": alerts.join(" ")}}],
    })
}

fn id_of(to: &str, alerts: &[&str]) -> String {
    digest([to].into_iter().chain(alerts.iter().copied()))
}

/// The checkpoint that fits these records.
fn checkpoint(base: u64, records: &[Value]) -> Value {
    let of = |kind: &str| records.iter().filter(|record| record["record"] == kind).collect::<Vec<_>>();
    let mut alerts: Vec<&str> = of("alert").iter().map(|alert| text(&alert["id"])).collect();
    alerts.sort_unstable();
    json!({
        "record": "checkpoint", "v": 1, "source": SOURCE, "base": base, "cursor": {"since": "2021-10-28T20:32:57Z"},
        "alerts": alerts.len(), "digest": digest(alerts.iter().copied()), "marks": alerts.len(),
        "messages": of("message").len(),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().expect("it is text")
}

fn lines(records: &[Value]) -> String {
    records.iter().flat_map(|record| [record.to_string(), "\n".to_owned()]).collect()
}

/// A source with these alerts and a message about each, closed.
fn source(base: u64, alerts: &[&str]) -> Vec<Value> {
    source_of(base, alerts, &alerts.iter().map(|id| vec![*id]).collect::<Vec<_>>())
}

/// A source with these alerts and messages about these of them, closed.
fn source_of(base: u64, alerts: &[&str], messages: &[Vec<&str>]) -> Vec<Value> {
    let mut records: Vec<Value> = alerts.iter().map(|id| alert(id)).collect();
    records.extend(messages.iter().map(|alerts| message(CHANNEL, alerts)));
    records.push(checkpoint(base, &records));
    records
}

/// The program, a workspace of its own, and a folder for the outbox.
struct Sender {
    slack: Sim,
    folder: TempDir,
}

impl Sender {
    fn new() -> Self {
        let sender = Self { slack: Sim::start(Workspace::demo()), folder: private_folder() };
        secret_file(sender.folder.path(), "token", Workspace::TOKEN);
        sender
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state/slack.db")
    }

    fn at(&self, url: &str) -> Program {
        program("tq-send-slack").args(&["--url", url, "--token-file"]).arg(self.folder.path().join("token"))
    }

    /// The program without a state.
    fn bare(&self) -> Program {
        self.at(&self.slack.url())
    }

    /// The program with its state, and a Slack that is not there.
    fn away(&self) -> Program {
        self.at("http://127.0.0.1:1/api/").arg("--state").arg(self.state())
    }

    fn program(&self) -> Program {
        self.bare().arg("--state").arg(self.state())
    }

    /// Takes these records over, before others.
    fn take_over(&self, records: &[Value]) -> Ended {
        self.program().arg("--take-over").run_on(lines(records))
    }

    /// A run on nothing, for what the outbox holds.
    fn deliver(&self) -> Ended {
        self.program().run()
    }

    /// What was posted to the channel.
    fn posted(&self) -> Vec<String> {
        self.slack.workspace().texts("tq-alerts")
    }

    /// How often messages were posted, or tried to be.
    fn calls(&self) -> usize {
        self.slack.calls().iter().filter(|call| *call == "chat.postMessage").count()
    }

    fn queue(&self, words: &[&str]) -> Ended {
        self.program().arg("--queue").args(words).run()
    }
}

/// The outcome of each message, and how often it was tried, in the order of the receipts.
#[track_caller]
fn outcomes(ended: &Ended) -> Vec<(String, u64)> {
    let receipts = ended.records_of("receipt");
    let outcome = |receipt: &Value| {
        let has_both = receipt.get("email").is_some() || receipt.get("message_id").is_some();
        assert!(receipt["message"].is_string() && !has_both, "{receipt}");
        (text(&receipt["outcome"]).to_owned(), receipt["attempt"].as_u64().expect("a number"))
    };
    receipts.iter().map(outcome).collect()
}

/// So many messages with this outcome, at their first attempt.
fn all(count: usize, outcome: &str) -> Vec<(String, u64)> {
    vec![(outcome.to_owned(), 1); count]
}
