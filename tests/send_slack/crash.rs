//! Killing it, at moments that are known and at calls that are counted: every message is posted once, and at most one of
//! a run twice, and then the copies are the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Child, Command};

use slack_sim::{Fault, FaultKind};

use super::{Sender, lines, outcomes, source};
use crate::support::program::{Ended, Program, eventually};

const HOURS: u64 = 2 * 60 * 60 * 1000;
const ALERTS: [&str; 3] = ["a", "b", "c"];

fn kill(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it was killed");
}

/// A start with nothing on standard input.
fn start(program: Program) -> Child {
    let mut child = program.start();
    drop(child.stdin.take());
    child
}

#[test]
fn killed_while_slack_has_a_message_it_posts_that_one_again_and_the_copies_are_the_same() {
    let sender = Sender::new();
    sender.take_over(&source(0, &ALERTS)).succeeds();
    sender.slack.fault(Fault::next("chat.postMessage", FaultKind::Slow(HOURS)).after(1).done());
    let delivering = start(sender.program());
    eventually("the second message is there", || sender.posted().len() == 2);
    kill(delivering);
    assert_eq!(
        outcomes(&sender.deliver().succeeds()),
        [("accepted".to_owned(), 2), ("accepted".to_owned(), 1)]
    );
    assert_eq!(sender.posted(), ["a", "b", "b", "c"]);
    let posted = sender.slack.posted();
    assert_eq!(posted[1].message, posted[2].message);
    assert_eq!(sender.deliver().succeeds().stdout, "");
}

#[test]
fn killed_before_a_checkpoint_it_has_taken_nothing_and_afterwards_all_of_it() {
    let records = source(0, &ALERTS);
    for (cut, taken) in [(3, 0), (records.len() - 1, 0), (records.len(), 3)] {
        let sender = Sender::new();
        let mut taking = sender.program().arg("--take-over").start();
        let mut input = taking.stdin.take().expect("a pipe");
        input.write_all(lines(&records[..cut]).as_bytes()).expect("it reads");
        let status = || sender.program().arg("--status").run().succeeds().records()[0]["queue"].as_u64();
        eventually("it works on the state", || sender.state().exists());
        eventually("what it took is there", || status() == Some(taken));
        kill(taking);
        assert_eq!(outcomes(&sender.deliver().succeeds()).len() as u64, taken);
        sender.take_over(&records).succeeds();
        sender.deliver().succeeds();
        assert_eq!(sender.posted(), ALERTS);
    }
}

#[test]
fn a_signal_ends_it_between_two_messages_and_the_rest_is_posted_by_the_next_run() {
    let sender = Sender::new();
    sender.take_over(&source(0, &ALERTS)).succeeds();
    sender.slack.fault(Fault::next("chat.postMessage", FaultKind::Slow(300)).done());
    let delivering = start(sender.program());
    eventually("the first message is on its way", || !sender.posted().is_empty());
    let kill = Command::new("kill").args(["-TERM", &delivering.id().to_string()]).status();
    assert!(kill.expect("there is kill").success());
    let ended = delivering.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(75));
    assert_eq!(sender.posted(), ["a"]);
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ALERTS);
}

/// Runs it under strace, with this on standard input, and has these calls go wrong, in strace's words.
fn spoiled(sender: &Sender, program: Program, input: &str, call: &str, fault: &str) -> Ended {
    let file = sender.folder.path().join("stream");
    fs::write(&file, input).expect("a file can be written");
    let command = program.into_command();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null"]);
    strace.arg(format!("--trace={call}")).arg(format!("--inject={call}:{fault}"));
    strace.arg("--").arg(command.get_program()).args(command.get_args());
    strace.stdin(fs::File::open(&file).expect("it is there"));
    Ended::new("strace", &strace.output().expect("strace can be started: install it"))
}

#[test]
fn killed_at_any_call_that_writes_or_talks_it_loses_nothing_and_doubles_one_message_at_most() {
    let records = source(0, &ALERTS);
    let mut doubled = 0;
    for call in ["pwrite64", "fsync", "sendto", "recvfrom", "write", "writev"] {
        for number in (1..40).step_by(3) {
            let case = format!("{call} {number}");
            let sender = Sender::new();
            let kill = format!("signal=SIGKILL:when={number}");
            spoiled(&sender, sender.program().arg("--take-over"), &lines(&records), call, &kill);
            sender.take_over(&records).succeeds();
            spoiled(&sender, sender.program(), "", call, &kill);
            let ended = sender.deliver();
            assert_eq!(ended.status, 0, "{case}: {}", ended.stderr);
            let mut copies: BTreeMap<String, usize> = BTreeMap::new();
            for posted in sender.slack.posted() {
                *copies.entry(posted.message.to_string()).or_default() += 1;
            }
            assert_eq!(copies.len(), ALERTS.len(), "{case}: each is there, and copies are the same");
            let twice: usize = copies.values().sum::<usize>() - copies.len();
            assert!(twice <= 1, "{case}: {copies:?}");
            doubled += twice;
        }
    }
    assert!(doubled > 0, "some point lies between Slack's doing and our knowing");
}

#[test]
fn a_disk_that_is_full_keeps_the_checkpoint_from_those_behind_and_nothing_is_half_taken() {
    let sender = Sender::new();
    sender.take_over(&source(0, &["a"])).succeeds();
    let records = source(1, &["b", "c"]);
    let taking = || sender.program().arg("--take-over");
    for call in ["pwrite64", "fsync"] {
        let ended = spoiled(&sender, taking(), &lines(&records), call, "error=ENOSPC:when=1+").ends_with(74);
        assert!(ended.stderr.starts_with("tq-send-slack: state: "), "{}", ended.stderr);
        assert_eq!(ended.records_of("checkpoint").len(), 0);
        assert_eq!(sender.queue(&[]).succeeds().records().len(), 1);
    }
    sender.take_over(&records).succeeds();
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ALERTS);
}

#[test]
fn a_message_that_slack_has_is_not_lost_sight_of_when_the_answer_never_comes() {
    let sender = Sender::new();
    sender.take_over(&source(0, &["a"])).succeeds();
    sender.slack.fault(Fault::next("chat.postMessage", FaultKind::Slow(HOURS)).done());
    let ended = sender.program().args(&["--timeout", "1"]).run().ends_with(75);
    assert_eq!(outcomes(&ended), [("unknown".to_owned(), 1)]);
    assert_eq!(outcomes(&sender.deliver().succeeds()), [("accepted".to_owned(), 2)]);
    assert_eq!(sender.posted(), ["a", "a"]);
}
