//! The outbox, for people: listed, tried again, dropped, printed anew; and the state of the last sender.

use rusqlite::Connection;
use serde_json::{Value, json};
use slack_sim::{Fault, FaultKind};

use super::{CHANNEL, Sender, all, checkpoint, id_of, lines, message, outcomes, source, text};
use crate::support::program::program;

fn refusing(word: &str) -> Fault {
    Fault::next("chat.postMessage", FaultKind::Error(word.to_owned()))
}

#[test]
fn a_refused_message_is_tried_again_when_a_person_says_so_and_only_then() {
    let sender = Sender::new();
    sender.take_over(&source(0, &["a", "b"])).succeeds();
    sender.slack.fault(refusing("invalid_blocks"));
    sender.deliver().ends_with(1);
    let listed = sender.queue(&[]).succeeds().records_of("receipt");
    assert_eq!((text(&listed[0]["message"]), listed.len()), (id_of(CHANNEL, &["a"]).as_str(), 1));
    sender.queue(&["retry", "all"]).succeeds();
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ["b"]);
    let id = id_of(CHANNEL, &["a"]);
    sender.queue(&["retry", &id[..8]]).succeeds();
    assert_eq!(outcomes(&sender.deliver().succeeds()), [("accepted".to_owned(), 2)]);
    assert_eq!(sender.posted(), ["b", "a"]);
    sender.queue(&["retry", &id[..8]]).ends_with(1).complains(&["no undelivered message"]);
}

#[test]
fn a_message_that_was_dropped_is_gone_and_its_words_with_it() {
    let sender = Sender::new();
    sender.take_over(&source(0, &["a-canary", "b"])).succeeds();
    sender.queue(&["drop", &id_of(CHANNEL, &["a-canary"])]).succeeds();
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ["b"]);
    let database = Connection::open(sender.state()).expect("there is a state");
    let held = "SELECT count(*) FROM content";
    assert_eq!(database.query_row(held, [], |row| row.get::<_, i64>(0)).expect("a number"), 0);
    // It was taken, and is not taken again.
    sender.take_over(&source(0, &["a-canary", "b"])).succeeds();
    assert_eq!(sender.deliver().succeeds().stdout, "");
}

#[test]
fn dead_letters_are_printed_as_messages_that_can_be_posted_elsewhere_and_once() {
    let sender = Sender::new();
    sender.take_over(&source(0, &["a", "b"])).succeeds();
    sender.slack.fault(refusing("msg_too_long").times(2));
    sender.deliver().ends_with(1);
    let dead = sender.program().arg("--dead-letters").run().succeeds();
    let elsewhere = dead.stdout.replace(CHANNEL, "#soc");
    program("tq-format-email").arg("--validate").run_on(elsewhere.clone()).succeeds();
    assert_eq!(text(&dead.records()[0]["id"]), format!("{}.r1", id_of(CHANNEL, &["a"])));
    assert_eq!(outcomes(&sender.program().run_on(elsewhere).succeeds()), all(2, "accepted"));
    assert_eq!(sender.slack.workspace().texts("soc"), ["a", "b"]);
    let dead = sender.program().arg("--dead-letters").run().succeeds();
    assert_eq!(dead.records().len(), 1, "the checkpoint alone");
}

#[test]
fn the_last_sender_remembers_the_marks_of_its_alerts_and_refuses_a_fetch_that_is_late() {
    let sender = Sender::new();
    let take = |records: &[Value]| sender.program().run_on(lines(records));
    let ended = take(&source(0, &["a"])).succeeds();
    assert_eq!((outcomes(&ended), ended.records_of("alert").len()), (all(1, "accepted"), 1));
    let marks = || {
        let database = Connection::open(sender.state()).expect("there is a state");
        let mut statement = database.prepare("SELECT key FROM mark ORDER BY key").expect("a table");
        let keys = statement.query_map([], |row| row.get(0)).expect("rows");
        keys.collect::<Result<Vec<String>, _>>().expect("text")
    };
    assert_eq!(marks(), ["watchlist/a"]);
    take(&source(0, &["a", "b"])).ends_with(75).complains(&["generation 0", "which is at 1 now"]);
    assert_eq!((sender.posted(), marks().len()), (vec!["a".to_owned()], 1));
    take(&source(1, &["b"])).succeeds();
    assert_eq!((sender.posted(), marks().len()), (vec!["a".to_owned(), "b".to_owned()], 2));
    let mut unmarked = source(2, &["c"]);
    unmarked[0]["marks"] = json!([]);
    take(&unmarked).ends_with(65).complains(&["rule marks"]);
}

#[test]
fn mails_that_wait_in_the_same_state_are_left_to_their_sender_and_told_of() {
    let sender = Sender::new();
    let mails = || program("tq-send-smtp").args(&["--host", "127.0.0.1", "--port", "1", "--tls", "none"]);
    let email = json!({
        "record": "email", "v": 1, "id": "e1", "source": "s", "message_id": "<e1@example.com>",
        "date": "2021-10-28T20:32:57Z", "from": "a@example.com", "to": ["soc@example.com"], "subject": "s", "text": "t",
        "alerts": [],
    });
    let mut last = checkpoint(0, &[]);
    (last["source"], last["emails"], last["messages"]) = (json!("s"), json!(1), Value::Null);
    last.as_object_mut().expect("an object").remove("messages");
    mails().arg("--state").arg(sender.state()).run_on(lines(&[email, last])).ends_with(75);
    let said = "1 mail waits in this state for tq-send-smtp";
    let ended = sender.program().run_on(lines(&source(0, &["a"]))).ends_with(78).complains(&[said]);
    assert_eq!((outcomes(&ended), sender.posted()), (all(1, "accepted"), vec!["a".to_owned()]));
    // A Slack that is away does not become the mail's reason for waiting.
    sender.away().run_on(lines(&source(1, &["b"]))).ends_with(78);
    let waiting = sender.queue(&[]).succeeds().records_of("receipt");
    assert_eq!(
        (text(&waiting[0]["email"]), text(&waiting[1]["message"])),
        ("e1", id_of(CHANNEL, &["b"]).as_str())
    );
    assert!(text(&waiting[0]["recipients"][0]["reply"]).starts_with("relay 127.0.0.1:1"), "{}", waiting[0]);

    let folder = sender.folder.path().join("mail");
    let smtp = program("tq-send-smtp").arg("--maildir").arg(folder).arg("--state").arg(sender.state());
    let ended = smtp.run().ends_with(78).complains(&["1 message waits in this state for tq-send-slack"]);
    assert_eq!(ended.records_of("receipt")[0]["outcome"], "accepted");
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ["a", "b"]);
}

#[test]
fn the_status_speaks_of_messages_and_counts_what_runs_have_told() {
    let sender = Sender::new();
    sender.take_over(&source(0, &["a", "b"])).succeeds();
    let status = || sender.program().arg("--status").run().succeeds().records()[0].clone();
    assert_eq!((&status()["queue"], status().get("last_run")), (&json!(2), None));
    sender.slack.fault(refusing("msg_too_long"));
    sender.deliver().ends_with(1);
    let told = status();
    assert_eq!(
        (&told["queue"], &told["dead_letters"], &told["last_run"]["status"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!((&told["receipts"]["accepted"], &told["receipts"]["rejected"]), (&json!(1), &json!(1)));
}

#[test]
fn what_makes_no_sense_together_is_64_and_a_state_is_called_for() {
    let sender = Sender::new();
    for flags in [
        &["--take-over", "--check"][..],
        &["--take-over", "--queue"],
        &["--take-over", "--run", "2026-11-21T00:00:00Z"],
        &["--queue", "retry"],
        &["--json"],
    ] {
        sender.program().args(flags).run().ends_with(64);
    }
    for flag in ["--take-over", "--queue", "--status", "--dead-letters"] {
        sender.bare().arg(flag).run().ends_with(78).complains(&["slack.state is not set"]);
    }
    let posted = message(CHANNEL, &["a"]);
    sender.bare().arg("--metrics").arg(sender.folder.path().join("m")).run_on(lines(&[posted])).ends_with(78);
}
