//! Slack as `tq-send-slack` meets it: certificates, the token, people by name, waits, and a signal in the middle of them.

mod check;
mod people;
mod token;
mod trust;
mod waits;

use std::path::Path;

use serde_json::{Value, json};
use slack_sim::{Settings, Sim, Workspace};
use tempfile::TempDir;

use crate::support::program::{Ended, Program, program};
use crate::support::site::{private_folder, secret_file};

const POST: &str = "chat.postMessage";

/// A workspace, and a folder with its token.
struct Site {
    slack: Sim,
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        Self::with(&Settings::default())
    }

    fn with(settings: &Settings) -> Self {
        let site = Self { slack: Sim::start_with(Workspace::demo(), settings), folder: private_folder() };
        secret_file(site.path(), "token", Workspace::TOKEN);
        site
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program without a token, at this workspace.
    fn bare(&self) -> Program {
        program("tq-send-slack").arg("--url").arg(self.slack.url())
    }

    fn program(&self) -> Program {
        self.at(&self.slack.url())
    }

    /// The program with the token, at another address.
    fn at(&self, url: &str) -> Program {
        program("tq-send-slack").args(&["--url", url]).arg("--token-file").arg(self.path().join("token"))
    }

    /// Posts one message to each of these.
    fn post(&self, to: &[&str]) -> Ended {
        self.program().run_on(messages(to))
    }
}

/// A message to each of these.
fn messages(to: &[&str]) -> String {
    let message = |(number, to): (usize, &&str)| {
        let id = format!("m{number}");
        json!({"record": "message", "v": 1, "id": id, "date": "2021-10-28T20:32:57Z", "to": to, "text": id, "alerts": []})
    };
    to.iter().enumerate().flat_map(|one| [message(one).to_string(), "\n".to_owned()]).collect()
}

/// The outcome of each message, with Slack's words or ours where there are some.
#[track_caller]
fn outcomes(ended: &Ended) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |receipt: Value| (text(&receipt["outcome"]), text(&receipt["recipients"][0]["reply"]));
    ended.records_of("receipt").into_iter().map(one).collect()
}

/// Asserts the outcome of the one message, and that these words are in its receipt.
#[track_caller]
fn is(ended: &Ended, outcome: &str, words: &str) {
    let outcomes = outcomes(ended);
    let [(came, said)] = outcomes.as_slice() else { panic!("{outcomes:?} {}", ended.stderr) };
    assert!(came == outcome && said.contains(words), "{words}: {came} {said}");
}
