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
    mode: Mode,
    /// The records that are its own, in the order of a stream that closes one source.
    pub(super) reads: &'static [&'static str],
    /// How many marks are in them.
    marks: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Usual,
    WithState,
    Validate,
}

pub(super) const CONSUMERS: [Consumer; 6] = [
    Consumer {
        program: "tq-format-email",
        mode: Mode::Usual,
        reads: &["alert", "mark", "checkpoint"],
        marks: 2,
    },
    Consumer {
        program: "tq-format-slack",
        mode: Mode::Usual,
        reads: &["alert", "mark", "checkpoint"],
        marks: 2,
    },
    Consumer { program: "tq-send-smtp", mode: Mode::Usual, reads: &["email", "checkpoint"], marks: 0 },
    Consumer {
        program: "tq-send-smtp",
        mode: Mode::WithState,
        reads: &["mark", "email", "checkpoint"],
        marks: 1,
    },
    Consumer {
        program: "tq-format-email",
        mode: Mode::Validate,
        reads: &["alert", "mark", "checkpoint"],
        marks: 2,
    },
    Consumer {
        program: "tq-format-email",
        mode: Mode::Validate,
        reads: &["email", "message", "mark", "checkpoint", "receipt"],
        marks: 1,
    },
];

impl Consumer {
    /// Whether it passes on what is not its own.
    pub(super) fn passes_on(self) -> bool {
        self.mode != Mode::Validate
    }

    /// A record of a stream that is its own.
    pub(super) fn example(self, page: &Page, record: &str, all: bool) -> Value {
        let mut example = example(page, record, all);
        // Before the formatter there are none, and the alerts say what there is.
        if let Some(emails) = example.get("emails").filter(|_| self.reads.contains(&"alert")) {
            assert!(emails.is_u64());
            example.as_object_mut().expect("a record").remove("emails");
        }
        if !self.reads.contains(&"message") {
            example.as_object_mut().expect("a record").remove("messages");
        }
        if let Some(marks) = example.get_mut("marks").filter(|marks| marks.is_u64()) {
            *marks = self.marks.into();
        }
        example
    }

    /// Runs it on these lines, with nothing behind it and nothing remembered.
    pub(super) fn run(self, lines: &[String]) -> Ended {
        let folder = private_folder();
        let mut started = match self.program {
            formatter if self.mode == Mode::Validate => program(formatter).arg("--validate"),
            formatter @ "tq-format-email" => {
                program(formatter).args(&["--from", "tq@example.com", "--to", "soc@example.com"])
            }
            formatter @ "tq-format-slack" => program(formatter).args(&["--channels", "tq-alerts"]),
            sender => program(sender).arg("--maildir").arg(folder.path().join("Maildir")),
        };
        if self.mode == Mode::WithState {
            started = started.arg("--state").arg(folder.path().join("state.db"));
        }
        started.run_on(lines.join("\n"))
    }

    /// Runs it on a stream in which one record is broken, and says what is wrong with how that is refused.
    pub(super) fn flaw(self, page: &Page, record: &str, broken: &Value, words: &[&str]) -> Option<String> {
        // The first line is blank, and counts.
        let mut lines = vec![String::new()];
        lines.extend(self.reads.iter().map(|name| self.example(page, name, true).to_string()));
        let place = self.reads.iter().position(|name| *name == record).expect("it reads the record") + 1;
        lines[place] = broken.to_string();
        let Ended { status, stderr, .. } = self.run(&lines);
        let start = format!("{}: standard input, line {}: ", self.program, place + 1);
        let is_told = stderr.starts_with(&start) && stderr.lines().count() == 1;
        if status == 65 && is_told && words.iter().all(|word| stderr.contains(word)) {
            return None;
        }
        Some(format!(
            "{} {:?}: {status} {stderr:?}, without line {} or {words:?}, for {broken}",
            self.program,
            self.mode,
            place + 1,
        ))
    }
}
