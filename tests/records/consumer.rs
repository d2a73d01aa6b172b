//! The programs as readers of records: which records are their own, and what they do with a broken one.

use serde_json::Value;

use super::example::example;
use super::page::Page;
use crate::support::program::{Ended, program};
use crate::support::site::private_folder;

/// A program that reads records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Consumer {
    program: &'static str,
    with_state: bool,
    /// The records that are its own, in the order of a stream that closes one source.
    pub(super) reads: &'static [&'static str],
}

pub(super) const CONSUMERS: [Consumer; 3] = [
    Consumer { program: "tq-format-email", with_state: false, reads: &["alert", "mark", "checkpoint"] },
    Consumer { program: "tq-send-smtp", with_state: false, reads: &["email", "checkpoint"] },
    Consumer { program: "tq-send-smtp", with_state: true, reads: &["mark", "email", "checkpoint"] },
];

impl Consumer {
    /// Runs it on these lines, with nothing behind it and nothing remembered.
    pub(super) fn run(self, lines: &[String]) -> Ended {
        let folder = private_folder();
        let mut started = match self.program {
            "tq-format-email" => {
                program(self.program).args(&["--from", "tq@example.com", "--to", "soc@example.com"])
            }
            sender => program(sender).arg("--maildir").arg(folder.path().join("Maildir")),
        };
        if self.with_state {
            started = started.arg("--state").arg(folder.path().join("state.db"));
        }
        started.run_on(lines.join("\n"))
    }

    /// Runs it on a stream in which one record is broken, and says what is wrong with how that is refused.
    pub(super) fn flaw(self, page: &Page, record: &str, broken: &Value, words: &[&str]) -> Option<String> {
        // The first line is blank, and counts.
        let mut lines = vec![String::new()];
        lines.extend(self.reads.iter().map(|name| example(page, name, true).to_string()));
        let place = self.reads.iter().position(|name| *name == record).expect("it reads the record") + 1;
        lines[place] = broken.to_string();
        let Ended { status, stderr, .. } = self.run(&lines);
        let start = format!("{}: standard input, line {}: ", self.program, place + 1);
        let is_told = stderr.starts_with(&start) && stderr.lines().count() == 1;
        if status == 65 && is_told && words.iter().all(|word| stderr.contains(word)) {
            return None;
        }
        let state = if self.with_state { " --state" } else { "" };
        Some(format!(
            "{}{state}: {status} {stderr:?}, without line {} or {words:?}, for {broken}",
            self.program,
            place + 1,
        ))
    }
}
