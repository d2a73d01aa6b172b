//! The numbered fault cases of sending, 1 to 93, as one table: what happens, and what comes of it, as it was seen in this
//! run. `cargo test cases_ -- --nocapture` prints it.
//!
//! A case that one conversation shows is a [`Case`] and is played here, as is a [`Scene`] of more than that. What another
//! test shows is named with that test, and what no test shows with the reason.

mod connecting;
mod elsewhere;
mod scenes;
mod transaction;

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;

use self::elsewhere::{BEYOND, ELSEWHERE};
use self::scenes::{SCENES, Scene};
use super::table::{each, with_both};
use super::{OPS, SOC, email, outcomes};
use crate::support::relay::{Relay, Script};
use crate::support::site::private_folder;

/// The cases of sending.
const NUMBERS: std::ops::RangeInclusive<u8> = 1..=93;

/// One conversation: its case, what happens, to how many recipients, and what must come of it.
struct Case {
    number: u8,
    what: &'static str,
    script: Script,
    settings: Vec<(&'static str, String)>,
    recipients: usize,
    status: i32,
    outcome: &'static str,
}

fn case(number: u8, what: &'static str, script: Script, status: i32, outcome: &'static str) -> Case {
    Case { number, what, script, settings: Vec::new(), recipients: 1, status, outcome }
}

impl Case {
    fn set(mut self, settings: &[(&'static str, &str)]) -> Self {
        self.settings.extend(settings.iter().map(|(flag, value)| (*flag, (*value).to_owned())));
        self
    }

    fn for_two(self) -> Self {
        Self { recipients: 2, ..self }
    }
}

/// The lines of the table, in whatever order they come.
#[derive(Default)]
struct Table(Mutex<BTreeSet<(u8, String)>>);

impl Table {
    fn add(&self, number: u8, what: &str, came: &str, status: Option<i32>) {
        let status = status.map(|status| status.to_string()).unwrap_or_default();
        let line = format!("case {number:2}  {what:56} {status:>2}  {came}");
        self.0.lock().expect("nobody panics with it").insert((number, line));
    }

    /// Each case without a state and with one.
    fn play(&self, cases: &[Case]) {
        with_both(
            cases,
            |case| format!("case {}: {}", case.number, case.what),
            |case, sender| {
                let relay = Relay::start(case.script.clone());
                let sender =
                    case.settings.iter().fold(sender, |sender, (flag, value)| sender.set(flag, value));
                let mail = email("e1", &[SOC, OPS][..case.recipients]);
                let ended = sender.send(&relay, &[mail]).ends_with(case.status);
                assert_eq!(outcomes(&ended), [case.outcome], "{}", ended.stderr);
                self.add(case.number, case.what, case.outcome, Some(ended.status));
            },
        );
    }

    fn play_scenes(&self) {
        let name = |scene: &Scene| format!("case {}: {}", scene.0, scene.1);
        each(&SCENES, name, |(number, what, came, play)| self.add(*number, what, came, Some(play())));
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "the table is for people to read")]
fn cases_1_to_93_come_out_as_they_must() {
    let table = Table::default();
    let folder = private_folder();
    let mut cases = connecting::cases(folder.path());
    cases.extend(transaction::cases());
    table.play(&cases);
    table.play_scenes();
    for (number, what, came, test) in ELSEWHERE {
        table.add(number, what, &format!("{came}: {test}"), None);
    }
    for (number, what, reason) in BEYOND {
        table.add(number, what, &format!("not tried: {reason}"), None);
    }
    let lines = table.0.into_inner().expect("nobody panicked with it");
    for (_, line) in &lines {
        println!("{line}");
    }
    let there: BTreeSet<u8> = lines.into_iter().map(|(number, _)| number).collect();
    assert_eq!(there, NUMBERS.collect());
}

#[test]
fn cases_that_are_shown_elsewhere_name_tests_that_are_there() {
    let list = Command::new(std::env::current_exe().expect("the tests are a program")).arg("--list").output();
    let list = String::from_utf8(list.expect("it can be started").stdout).expect("names are text");
    let tests: BTreeSet<&str> = list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let missing: Vec<&str> =
        ELSEWHERE.iter().map(|(.., test)| *test).filter(|test| !tests.contains(test)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
