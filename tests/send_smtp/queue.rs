//! With a state: a source is taken whole or not at all, and what was taken is delivered once, in this run or a later one.

use std::time::Duration;

use serde_json::{Value, json};

use super::table::each;
use super::{OPS, SOC, Sender, checkpoint, email, lines, outcomes, receipts, stream, taken, verbs};
use crate::support::program::{Ended, eventually};
use crate::support::relay::{After, Relay, Script};

fn two() -> [Value; 2] {
    ["e1", "e2"].map(|id| email(id, &[SOC]))
}

/// The stream of two emails, its checkpoint changed.
fn with_checkpoint(change: impl Fn(&mut Value)) -> String {
    let mut last = checkpoint(0, &two());
    change(&mut last);
    lines(two().iter().chain([&last]))
}

#[test]
fn nothing_is_sent_of_a_source_that_is_not_whole_and_the_right_stream_is_sent_afterwards() {
    let other = tq_alerts::record::digest(["alert-e1", "alert-e3"]);
    let streams: [(&str, String, i32, &str); 9] = [
        ("no checkpoint", lines(&two()), 65, "checkpoint"),
        ("half a line", stream(&two())[..700].to_owned(), 65, "line"),
        (
            "another source's checkpoint",
            with_checkpoint(|last| last["source"] = json!("collection/x")),
            65,
            "watchlist",
        ),
        ("a wrong count", with_checkpoint(|last| last["alerts"] = json!(3)), 65, "3 alerts"),
        ("a wrong digest", with_checkpoint(|last| last["digest"] = json!(other)), 65, "alerts"),
        ("a wrong number of emails", with_checkpoint(|last| last["emails"] = json!(3)), 65, "3 emails"),
        ("an email lost", lines([&two()[0], &checkpoint(0, &two())]), 65, "emails"),
        ("an email doubled", lines([&two()[0], &two()[0], &two()[1], &checkpoint(0, &two())]), 65, "emails"),
        ("a wrong base", with_checkpoint(|last| last["base"] = json!(7)), 75, "generation"),
    ];
    each(
        &streams,
        |stream| stream.0.to_owned(),
        |(_, broken, status, words)| {
            let relay = Relay::start(Script::new());
            let sender = Sender::with_state();
            let ended = sender.program(relay.port()).run_on(broken.as_str()).ends_with(*status);
            assert_eq!(relay.connections(), 0);
            assert!(ended.stderr.contains(words), "{}", ended.stderr);
            assert!(!ended.stdout.contains("receipt") && !ended.stdout.contains("checkpoint"), "{ended:?}");
            assert_eq!(sender.resume(&relay).succeeds().stdout, "");
            assert_eq!(relay.connections(), 0);

            sender.send(&relay, &two()).succeeds();
            assert_eq!(taken(&relay), ["e1", "e2"]);
        },
    );
}

#[test]
fn a_mail_is_taken_once_ever() {
    let relay = Relay::start(Script::new());
    let sender = Sender::with_state();
    sender.send(&relay, &two()).succeeds();
    // As from a fetch that began before the first run ended.
    sender.send(&relay, &two()).ends_with(75).complains(&["generation 0", "at 1"]);
    // As from a fetch that found the same changes again.
    let again = lines(two().iter().chain([&checkpoint(1, &two())]));
    let ended = sender.program(relay.port()).run_on(again).succeeds();
    assert_eq!(ended.records_of("receipt"), Vec::<Value>::new());
    assert_eq!(ended.records_of("checkpoint").len(), 1);
    assert_eq!(taken(&relay), ["e1", "e2"]);
}

#[test]
fn a_relay_that_is_down_is_75_and_the_next_run_sends_what_was_taken() {
    let relay = Relay::start(Script::new());
    let sender = Sender::with_state();
    let ended = sender.program(1).run_on(stream(&two())).ends_with(75).complains(&["127.0.0.1:1", "refused"]);
    assert_eq!(outcomes(&ended), ["deferred", "deferred"]);
    assert_eq!(outcomes(&sender.program(1).run().ends_with(75)), ["deferred", "deferred"]);
    assert_eq!(outcomes(&sender.resume(&relay).succeeds()), ["accepted", "accepted"]);
    assert_eq!(taken(&relay), ["e1", "e2"]);

    // What was kept for later is what would have been sent at once.
    let at_once = Relay::start(Script::new());
    Sender::without_state().send(&at_once, &two()).succeeds();
    assert_eq!(relay.messages(), at_once.messages());
    let body = String::from_utf8(relay.messages().remove(0).body).expect("our mails are ASCII");
    assert!(body.contains("\r\nMessage-ID: <e1@example.com>\r\n"), "{body}");
    assert!(body.contains("Date: Thu, 28 Oct 2021 20:32:57 +0000\r\n"), "{body}");
    assert_eq!(sender.resume(&relay).succeeds().stdout, "");
    assert_eq!(relay.messages().len(), 2);
}

#[test]
fn a_mail_whose_answer_was_lost_is_sent_again_with_the_same_bytes() {
    let lossy = |script: Script| script.after_data(After::Close);
    let relay = Relay::start(Script::new().times(2, lossy));
    let sender = Sender::with_state();
    let mut mail = email("e1", &[SOC]);
    mail["html"] = json!("<p>t</p>");
    mail["attachments"] = json!([{"name": "a.csv", "type": "text/csv", "text": "a,b\n"}]);
    let told =
        |ended: Ended| receipts(&ended).into_iter().map(|one| (one.outcome, one.attempt)).collect::<Vec<_>>();
    assert_eq!(told(sender.send(&relay, &[mail]).ends_with(75)), [("unknown".to_owned(), 1)]);
    assert_eq!(told(sender.resume(&relay).ends_with(75)), [("unknown".to_owned(), 2)]);
    assert_eq!(told(sender.resume(&relay).succeeds()), [("accepted".to_owned(), 3)]);
    let copies = relay.messages();
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|copy| *copy == copies[0]), "{copies:?}");
    assert_eq!(sender.resume(&relay).succeeds().stdout, "");
}

#[test]
fn of_a_mail_that_some_have_only_those_who_wait_get_it_again() {
    let first = Script::new()
        .reply_to_recipient(OPS, "450 4.2.0 mailbox busy\r\n")
        .reply_to_recipient("nobody@example.com", "550 5.1.1 no\r\n");
    let relay = Relay::start(first);
    let sender = Sender::with_state();
    let ended = sender.send(&relay, &[email("e1", &[SOC, OPS, "nobody@example.com"])]).ends_with(75);
    assert_eq!(outcomes(&ended), ["partial"]);
    let ended = sender.resume(&relay).ends_with(75);
    let receipt = &receipts(&ended)[0];
    assert_eq!((receipt.outcome.as_str(), receipt.recipients.len(), receipt.attempt), ("deferred", 1, 2));

    let good = Relay::start(Script::new());
    let ended = sender.resume(&good).succeeds();
    assert_eq!(receipts(&ended)[0].recipients[0].address, OPS);
    let (before, after) = (relay.messages(), good.messages());
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_eq!(
        (&before[0].recipients[..], &after[0].recipients[..]),
        (&[SOC.to_owned()][..], &[OPS.to_owned()][..])
    );
    assert_eq!(before[0].body, after[0].body);
    assert_eq!(sender.resume(&good).succeeds().stdout, "");
}

#[test]
fn what_waits_is_sent_before_what_is_new_and_also_when_the_new_stream_is_broken() {
    let sender = Sender::with_state();
    sender.program(1).run_on(stream(&two())).ends_with(75);
    let relay = Relay::start(Script::new());
    sender.program(relay.port()).run_on(lines(&[email("e3", &[SOC])])).ends_with(65);
    assert_eq!(taken(&relay), ["e1", "e2"]);

    let sender = Sender::with_state();
    sender.program(1).run_on(stream(&two())).ends_with(75);
    let relay = Relay::start(Script::new());
    let newer = [email("e3", &[SOC])];
    sender.program(relay.port()).run_on(lines(newer.iter().chain([&checkpoint(1, &newer)]))).succeeds();
    assert_eq!(taken(&relay), ["e1", "e2", "e3"]);
}

#[test]
fn a_second_sender_on_the_same_state_is_75_and_does_no_harm() {
    let relay = Relay::start(Script::new().silent_on(".", Duration::from_secs(2)));
    let sender = Sender::with_state();
    let first = std::thread::scope(|scope| {
        let first = scope.spawn(|| sender.send(&relay, &[email("e1", &[SOC])]));
        eventually("the first sender hands its mail over", || !relay.messages().is_empty());
        let idle = Relay::start(Script::new());
        let newer = [email("e2", &[SOC])];
        let records = lines(newer.iter().chain([&checkpoint(1, &newer)]));
        for input in [String::new(), records] {
            let second = sender.program(idle.port()).run_on(input).ends_with(75);
            assert_eq!(second.complains(&["another program"]).stdout, "");
        }
        assert_eq!(idle.connections(), 0);
        first.join().expect("the first sender ends")
    });
    assert_eq!(outcomes(&first.succeeds()), ["accepted"]);
    assert_eq!(relay.messages().len(), 1);
}

#[test]
fn sources_stand_for_themselves() {
    let other = |id: &str, source: &str| {
        let mut mail = email(id, &[SOC]);
        mail["source"] = json!(source);
        mail
    };
    let close = |source: &str, base: u64, mails: &[Value]| {
        let mut last = checkpoint(base, mails);
        last["source"] = json!(source);
        last
    };
    let (a, b, c) = ([other("e1", "a")], [other("e2", "b")], [other("e3", "c")]);
    let records = [&a[0], &close("a", 0, &a), &b[0], &close("b", 5, &b), &c[0], &close("c", 0, &c)];
    let relay = Relay::start(Script::new());
    let sender = Sender::with_state();
    let ended = sender.program(relay.port()).run_on(lines(records)).ends_with(75).complains(&["'b'"]);
    assert_eq!(taken(&relay), ["e1", "e3"]);
    let closed = ended.records_of("checkpoint");
    assert_eq!(closed.iter().map(|last| &last["source"]).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(verbs(&relay).iter().filter(|verb| *verb == "EHLO").count(), 1);
    let records = [&b[0], &close("b", 0, &b)];
    sender.program(relay.port()).run_on(lines(records)).succeeds();
    assert_eq!(taken(&relay), ["e1", "e3", "e2"]);
}
