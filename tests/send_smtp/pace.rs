//! How fast and over how many sessions: `connections`, `rate`, a relay that asks for less, and a signal to end.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::table::with_both;
use super::{BOTH, SOC, Sender, email, outcomes, receipts, stream, taken, verbs};
use crate::support::program::{Ended, eventually};
use crate::support::relay::{AuthRule, Relay, Script};

fn mails(count: usize) -> Vec<Value> {
    (0..count).map(|number| email(&format!("e{number:02}"), &[SOC])).collect()
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("e{number:02}")).collect()
}

#[test]
fn several_sessions_send_every_mail_once() {
    let each = |connections: &&str| (*connections).to_owned();
    with_both(&["2", "4", "32"], each, |connections, sender| {
        let relay = Relay::start(Script::new());
        let sender = sender.set("--connections", *connections);
        let ended = sender.send(&relay, &mails(60)).succeeds();
        let mut told: Vec<String> = receipts(&ended).into_iter().map(|one| one.email).collect();
        let mut got = taken(&relay);
        told.sort();
        got.sort();
        assert_eq!((told, got), (ids(60), ids(60)));
        assert!(relay.connections() > 1);
        assert_eq!(ended.records_of("checkpoint").len(), 1);
        if sender.has_state {
            assert_eq!(sender.resume(&relay).succeeds().stdout, "", "nothing is left");
        } else {
            let last = ended.records().pop().expect("records");
            assert_eq!(last["record"], "checkpoint", "it is passed on behind the receipts of its mails");
        }
    });
}

#[test]
fn sessions_that_a_relay_refuses_are_done_without() {
    let only_one = |script: Script| script.greeting("421 4.7.0 too many connections\r\n");
    for sender in BOTH {
        let relay = Relay::start(Script::new().after_first(1, only_one));
        let ended = sender().set("--connections", "4").send(&relay, &mails(20)).succeeds();
        assert_eq!(outcomes(&ended), ["accepted"; 20]);
        let mut got = taken(&relay);
        got.sort();
        assert_eq!(got, ids(20));
    }
}

#[test]
fn a_login_that_is_refused_is_tried_over_one_session_only() {
    let relay = Relay::start(Script::new().auth(AuthRule::Password("alerts", "right")));
    let sender = Sender::without_state().logging_in("alerts", "wrong").set("--connections", "4");
    let ended = sender.send(&relay, &mails(10)).ends_with(77).complains(&["login refused"]);
    assert_eq!(
        (outcomes(&ended), verbs(&relay)),
        (vec!["held".to_owned(); 10], vec!["EHLO".into(), "AUTH".into()])
    );
}

#[test]
fn a_relay_that_goes_down_for_all_sessions_leaves_the_rest_deferred() {
    for sender in BOTH {
        let script = Script::new().after_first(6, |script| script.close_on("MAIL"));
        let relay = Relay::start(script);
        let sender = sender().set("--connections", "3");
        let ended = sender.send(&relay, &mails(30)).ends_with(75);
        let outcomes = outcomes(&ended);
        let accepted = outcomes.iter().filter(|one| *one == "accepted").count();
        assert_eq!((outcomes.len(), accepted), (30, relay.messages().len()));
        assert!(outcomes.iter().all(|one| one == "accepted" || one == "deferred"), "{outcomes:?}");
        if sender.has_state {
            let good = Relay::start(Script::new());
            sender.resume(&good).succeeds();
            let mut got = [taken(&relay), taken(&good)].concat();
            got.sort();
            assert_eq!(got, ids(30), "every mail once");
        }
    }
}

#[test]
fn a_rate_is_kept_by_all_sessions_together() {
    for connections in ["1", "3"] {
        let relay = Relay::start(Script::new());
        let begun = Instant::now();
        let sender = Sender::without_state().set("--rate", "10/s").set("--connections", connections);
        sender.send(&relay, &mails(6)).succeeds();
        // The first one is sent at once.
        assert!(begun.elapsed() >= Duration::from_millis(500), "{connections}: {:?}", begun.elapsed());
        assert_eq!(relay.messages().len(), 6);
    }
    let relay = Relay::start(Script::new());
    let ended = Sender::without_state().set("--rate", "often").send(&relay, &mails(1));
    ended.ends_with(64).complains(&["30/min"]);
}

#[test]
fn a_relay_that_asks_for_less_is_asked_later_and_soon_not_any_more() {
    let rows = [
        ("432 4.3.2 too many", "."),
        ("450 4.7.0 slow down", "MAIL"),
        ("451 4.7.500 server busy", "."),
        ("421 4.7.0 try later", "MAIL"),
    ];
    with_both(
        &rows,
        |(reply, moment)| format!("{reply} at {moment}"),
        |(reply, moment), sender| {
            let relay = Relay::start(Script::new().reply_to(moment, format!("{reply}\r\n")));
            let ended = sender.send(&relay, &mails(8)).ends_with(75);
            assert_eq!(outcomes(&ended), ["deferred"; 8]);
            assert!(ended.stderr.contains("asked for less 3 times in a row"), "{}", ended.stderr);
            let asked = verbs(&relay).iter().filter(|verb| *verb == "MAIL").count();
            assert!((3..=4).contains(&asked), "{asked} times");
            let relay = Relay::start(
                Script::new().times(2, |script| script.reply_to(moment, format!("{reply}\r\n"))),
            );
            let ended = Sender::without_state().send(&relay, &mails(4)).ends_with(75);
            assert_eq!(outcomes(&ended)[2..], ["accepted", "accepted"]);
        },
    );
    // A greylist speaks of a recipient, and says nothing about the pace.
    let relay = Relay::start(Script::new().reply_to("RCPT", "451 4.7.1 greylisted\r\n"));
    let ended = Sender::without_state().send(&relay, &mails(8)).ends_with(75);
    assert_eq!((outcomes(&ended).len(), verbs(&relay).iter().filter(|verb| *verb == "MAIL").count()), (8, 8));
}

#[test]
fn a_signal_lets_the_mail_in_hand_end_and_begins_no_other() {
    with_both(
        &["TERM", "INT"],
        |signal| (*signal).to_owned(),
        |signal, sender| {
            let slow = Script::new().times(1, |script| script.silent_on(".", Duration::from_secs(3)));
            let relay = Relay::start(slow);
            let mut child = sender.program(relay.port()).start();
            let mut stdin = child.stdin.take().expect("a pipe");
            stdin.write_all(stream(&mails(3)).as_bytes()).expect("the program reads");
            if sender.has_state {
                // It reads to the end before it sends; without a state the stream stays open.
                drop(stdin);
            }
            eventually("a mail is in hand", || verbs(&relay).contains(&"DATA".to_owned()));
            let pid = child.id().to_string();
            let killed = Command::new("kill").args(["-s", signal, &pid]).status();
            assert!(killed.expect("there is kill").success());
            let output = child.wait_with_output().expect("a child can be waited for");
            let ended = Ended::new("tq-send-smtp", &output).ends_with(75);
            assert_eq!(outcomes(&ended), ["accepted", "deferred", "deferred"], "{}", ended.stderr);
            assert!(ended.stderr.contains("stopped by a signal"), "{}", ended.stderr);
            assert_eq!(taken(&relay), ["e00"]);
            if sender.has_state {
                let ended = sender.resume(&relay).succeeds();
                let attempts: Vec<u64> = receipts(&ended).iter().map(|receipt| receipt.attempt).collect();
                assert_eq!((taken(&relay), attempts), (ids(3), vec![1, 1]), "to announce is not to try");
            }
        },
    );
}

#[test]
fn a_signal_ends_a_program_that_waits_for_its_input() {
    with_both(
        &["TERM"],
        |signal| (*signal).to_owned(),
        |signal, sender| {
            let relay = Relay::start(Script::new());
            let mut child = sender.program(relay.port()).start();
            let mut stdin = child.stdin.take().expect("a pipe");
            // Once it has said this back it has been started, and waits for more.
            stdin.write_all(b"{\"record\":\"note\",\"v\":1}\n").expect("the program reads");
            let status = format!("/proc/{}/status", child.id());
            eventually("it takes signals itself", || {
                let status = std::fs::read_to_string(&status).unwrap_or_default();
                let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t")).unwrap_or("0");
                // SIGTERM is 15.
                u64::from_str_radix(caught, 16).unwrap_or_default() & (1 << 14) != 0
            });
            let killed = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
            assert!(killed.expect("there is kill").success());
            let output = child.wait_with_output().expect("a child can be waited for");
            Ended::new("tq-send-smtp", &output).ends_with(75);
            drop(stdin);
            assert_eq!(relay.connections(), 0);
        },
    );
}
