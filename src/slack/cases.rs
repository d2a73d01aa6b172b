//! What becomes of a message in each case, against a simulated workspace.

mod checks;
mod outcomes;
mod people;
mod settings;

use slack_sim::{Sim, Workspace as World};

use super::{Answer, Workspace};
use crate::config::Slack;
use crate::exit::Status;
use crate::record::Outcome;

const POST: &str = "chat.postMessage";

/// A workspace with a client of it.
struct Case {
    sim: Sim,
}

impl Case {
    fn new() -> Self {
        Self { sim: Sim::start(World::demo()) }
    }

    fn settings(&self) -> Slack {
        let token_command = ["echo", World::TOKEN].map(str::to_owned).to_vec();
        Slack { url: Some(self.sim.url()), token_command, timeout: Some(2), ..Slack::default() }
    }

    fn workspace(&self) -> Workspace {
        Workspace::new(&self.settings()).expect("the settings are fine")
    }

    /// Posts one message of its own.
    fn post(&self, to: &str) -> (Answer, Workspace) {
        let mut workspace = self.workspace();
        (workspace.post(to, br#"{"text":"hello"}"#), workspace)
    }
}

#[track_caller]
fn is(answer: &Answer, outcome: Outcome, status: Status, words: &str) {
    assert_eq!((answer.outcome, answer.status), (outcome, status), "{answer:?}");
    assert!(answer.words.as_deref().unwrap_or_default().contains(words), "{words}: {answer:?}");
    assert!(!format!("{answer:?}").contains(World::TOKEN), "{answer:?}");
}
