//! How things stand: `--status` of a state, before the first run, after runs of every kind, and after a run that was
//! killed.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::waiting::{busy, good};
use super::{OPS, SOC, Sender, checkpoint, email, lines, stream};
use crate::man::page;
use crate::support::program::{eventually, folder};
use crate::support::relay::{Relay, Script};

/// What `--status` prints, with everything it may hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    record: String,
    v: u64,
    last_run: Option<LastRun>,
    last_success_at: Option<DateTime<Utc>>,
    receipts: Receipts,
    queue: u64,
    oldest_at: Option<DateTime<Utc>>,
    dead_letters: u64,
    sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastRun {
    began_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    status: Option<u8>,
    receipts: Receipts,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Receipts {
    accepted: u64,
    deferred: u64,
    held: u64,
    partial: u64,
    rejected: u64,
    unknown: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    generation: u64,
    taken_at: Option<DateTime<Utc>>,
    alerts: u64,
    cursor: Cursor,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    since: Option<DateTime<Utc>>,
}

#[track_caller]
fn status(sender: &Sender) -> Status {
    let ended = sender.program(1).arg("--status").run().succeeds();
    let [one] = ended.records().try_into().expect("one object");
    let status: Status = serde_json::from_value(one).expect("the members of the page");
    assert_eq!((status.record.as_str(), status.v), ("status", 1));
    status
}

fn is_now(time: Option<DateTime<Utc>>) -> bool {
    time.is_some_and(|time| (Utc::now() - time).num_seconds().abs() < 120)
}

#[test]
fn before_the_first_run_there_is_nothing_to_tell_and_no_state_is_made() {
    let sender = Sender::with_state();
    let status = status(&sender);
    assert!(status.last_run.is_none() && status.last_success_at.is_none() && status.oldest_at.is_none());
    assert_eq!((status.queue, status.dead_letters, status.sources.len()), (0, 0, 0));
    assert_eq!(status.receipts, Receipts::default());
    assert!(!sender.state().exists());
    Sender::without_state().program(1).arg("--status").run().ends_with(78).complains(&["state.file"]);
    sender.program(1).args(&["--status", "--queue"]).run().ends_with(64);
    sender.program(1).arg("--json").run().ends_with(64).complains(&["--status"]);
}

#[test]
fn a_run_is_told_with_its_end_its_receipts_and_its_sources_and_totals_go_on() {
    let sender = Sender::with_state();
    let script = Script::new().reply_to_recipient(OPS, "550 5.1.1 no\r\n");
    sender.send(&Relay::start(script), &[email("e1", &[SOC]), email("e2", &[OPS])]).ends_with(1);
    let first = status(&sender);
    let run = first.last_run.expect("there was one");
    assert_eq!(
        (run.status, &run.receipts),
        (Some(1), &Receipts { accepted: 1, rejected: 1, ..Receipts::default() })
    );
    assert!(is_now(Some(run.began_at)) && is_now(run.ended_at) && run.ended_at >= Some(run.began_at));
    assert!(first.last_success_at.is_none(), "a refused mail is no success");
    assert_eq!((first.queue, first.dead_letters), (0, 1));
    let [source] = &first.sources[..] else { panic!("one source: {:?}", first.sources) };
    assert_eq!((source.name.as_str(), source.generation, source.alerts), ("watchlist", 1, 2));
    assert!(is_now(source.taken_at));
    assert_eq!(source.cursor.since, "2021-10-28T20:32:57Z".parse().ok());

    let third = [email("e3", &[SOC])];
    let records = lines(third.iter().chain([&checkpoint(1, &third)]));
    sender.program(busy().port()).run_on(records).ends_with(75);
    let second = status(&sender);
    let run = second.last_run.expect("there was one");
    assert_eq!((run.status, run.receipts), (Some(75), Receipts { deferred: 1, ..Receipts::default() }));
    assert_eq!(second.receipts, Receipts { accepted: 1, rejected: 1, deferred: 1, ..Receipts::default() });
    assert!(second.queue == 1 && is_now(second.oldest_at) && second.last_success_at.is_none());
    assert_eq!(second.sources[0].alerts, 3);

    sender.resume(&good()).succeeds();
    let third = status(&sender);
    let run = third.last_run.expect("there was one");
    assert_eq!((run.status, third.queue), (Some(0), 0));
    assert_eq!(third.last_success_at, run.ended_at);
    assert_eq!(third.receipts.accepted, 2);
}

#[test]
fn a_run_that_was_killed_has_not_ended_and_is_no_success() {
    let sender = Sender::with_state();
    sender.resume(&good()).succeeds();
    let before = status(&sender);
    let mut child = sender.program(1).start();
    // It waits for its input with the state in its hands.
    eventually("the run has begun", || {
        status(&sender).last_run.is_some_and(|run| run.ended_at.is_none() && run.status.is_none())
    });
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    let after = status(&sender);
    let run = after.last_run.expect("there was one");
    assert!(run.ended_at.is_none() && run.status.is_none(), "{run:?}");
    assert_eq!(after.last_success_at, before.last_success_at);
    sender.resume(&good()).succeeds();
    assert!(status(&sender).last_success_at > before.last_success_at);
}

#[test]
fn parts_of_a_run_are_counted_together_and_their_caller_says_how_it_ended() {
    let sender = Sender::with_state();
    sender.resume(&good()).succeeds();
    let time = "2026-11-22T01:02:03.456Z";
    let relay = good();
    let part = || sender.program(relay.port()).args(&["--run", time]);
    let (one, two) = ([email("e1", &[SOC])], [email("e2", &[SOC])]);
    part().run_on(stream(&one)).succeeds();
    part().run_on(lines(two.iter().chain([&checkpoint(1, &two)]))).succeeds();
    let at_work = status(&sender).last_run.expect("there is one");
    assert_eq!((at_work.began_at, at_work.receipts.accepted), (time.parse().expect("a time"), 2));
    assert!(at_work.ended_at.is_none(), "its parts do not end it");

    // That a fetcher failed is known to the caller alone.
    assert_eq!(part().args(&["--ended", "77"]).run().succeeds().stdout, "");
    let ended = status(&sender);
    let run = ended.last_run.expect("there was one");
    assert_eq!((run.status, run.receipts.accepted), (Some(77), 2));
    assert!(ended.last_success_at < run.ended_at);
    sender.program(1).args(&["--ended", "0"]).run().ends_with(64).complains(&["--run"]);
    sender.program(1).args(&["--run", "yesterday"]).run().ends_with(64).complains(&["--run"]);
    part().args(&["--ended", "256"]).run().ends_with(64).complains(&["--ended"]);
}

#[test]
fn on_a_terminal_it_is_lines_in_columns_and_with_json_the_object() {
    let sender = Sender::with_state();
    sender.send(&busy(), &[email("e1", &[SOC])]).ends_with(75);
    let on_terminal = |flags: &str| {
        let line = format!(
            "{} --state {} --status {flags}",
            folder().join("tq-send-smtp").display(),
            sender.state().display()
        );
        let mut command = Command::new("script");
        let output = command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output();
        String::from_utf8(output.expect("script is there").stdout).expect("text").replace('\r', "")
    };
    let shown = on_terminal("");
    let lines: Vec<&str> = shown.lines().collect();
    let expected = [
        ("last run      20", " UTC, took ", ", status 75"),
        ("last success  none yet", "", ""),
        ("mails         1 deferred", "", ""),
        ("queue         1 mail, the first since 20", "", " UTC"),
        ("dead letters  0 mails", "", ""),
        ("watchlist     taken 20", ", cursor 2021-10-28 20:32:57 UTC, ", "1 alert so far"),
    ];
    assert_eq!(lines.len(), expected.len(), "{shown}");
    for (line, (begins, holds, ends)) in lines.iter().zip(expected) {
        assert!(line.starts_with(begins) && line.contains(holds) && line.ends_with(ends), "{line}");
    }
    assert!(on_terminal("--json").starts_with("{\"record\":\"status\",\"v\":1,"));
}

/// The paths of all members, as the page has them.
fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                found.insert(path.clone());
                paths(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, &format!("{path}[]"), found)),
        _ => {}
    }
}

#[test]
fn the_members_of_the_object_are_those_on_the_page() {
    let sender = Sender::with_state();
    sender.resume(&good()).succeeds();
    sender.send(&busy(), &[email("e1", &[SOC])]).ends_with(75);
    let object = sender.program(1).arg("--status").run().succeeds().records().remove(0);
    let mut printed = BTreeSet::new();
    paths(&object, "", &mut printed);
    // Outcomes are described with what they are members of; record and v are in every record.
    printed.retain(|path| !path.contains("receipts.") && path != "record" && path != "v");
    let text = page("tq-records.5");
    let (_, rest) = text.split_once("\n.Ss status\n").expect("the page has it");
    let (below, _) = rest.split_once("\n.Sh ").expect("something follows");
    let items = below.lines().filter_map(|line| line.strip_prefix(".It Va "));
    let described: BTreeSet<String> =
        items.filter_map(|item| item.split(' ').next()).map(str::to_owned).collect();
    assert_eq!(printed, described);
}
