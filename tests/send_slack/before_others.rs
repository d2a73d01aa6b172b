//! `--take-over`: a sender before others takes messages over and passes all else on; a run of its own delivers.

use std::fs;
use std::io::Write;

use rusqlite::Connection;
use serde_json::{Value, json};
use slack_sim::{Fault, FaultKind};

use super::{CHANNEL, Sender, alert, all, checkpoint, lines, message, outcomes, source, source_of, text};
use crate::support::program::eventually;

/// The alerts that the outbox has, by its own table.
fn taken(sender: &Sender) -> Vec<(String, i64)> {
    let database = Connection::open(sender.state()).expect("there is a state");
    let mut statement = database.prepare("SELECT alert, base FROM taken ORDER BY alert").expect("a table");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("text and a number")
}

fn count(sender: &Sender, sql: &str) -> i64 {
    let database = Connection::open(sender.state()).expect("there is a state");
    database.query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[test]
fn messages_are_taken_and_all_else_goes_on_as_it_came_and_nobody_is_asked() {
    let sender = Sender::new();
    let mut records = source(0, &["a", "b"]);
    let other = json!({"record": "padding", "v": 1, "x": [1, 2]});
    let email = json!({"record": "email", "v": 1, "id": "e1", "source": "elsewhere"});
    records.splice(1..1, [other, email]);
    let ended = sender.take_over(&records).succeeds();
    let last = records.len() - 1;
    records[last]["taken"] = json!(["message"]);
    records.retain(|record| record["record"] != "message");
    assert_eq!(ended.records(), records);
    let alerts: Vec<String> = records[..4].iter().map(Value::to_string).collect();
    assert_eq!(ended.stdout.lines().take(4).collect::<Vec<_>>(), alerts, "byte for byte");
    assert_eq!((sender.slack.calls().len(), taken(&sender).len()), (0, 2));
    assert_eq!(count(&sender, "SELECT count(*) FROM mark"), 0, "marks are for the last sender");

    let ended = sender.deliver().succeeds();
    assert_eq!(outcomes(&ended), all(2, "accepted"));
    assert_eq!(sender.posted(), ["a", "b"]);
    assert_eq!(sender.deliver().succeeds().stdout, "");
    assert_eq!(sender.posted().len(), 2);
}

#[test]
fn neither_a_slack_that_is_away_nor_a_missing_token_keeps_a_source_back() {
    let sender = Sender::new();
    fs::remove_file(sender.folder.path().join("token")).expect("it is ours");
    let taking = sender.away().arg("--take-over");
    assert_eq!(taking.run_on(lines(&source(0, &["a"]))).succeeds().records_of("checkpoint").len(), 1);
}

#[test]
fn the_same_alerts_a_second_time_are_told_once_and_newer_ones_beside_them_too() {
    let sender = Sender::new();
    let first = source(5, &["a", "b"]);
    sender.take_over(&first).succeeds();
    sender.take_over(&first).succeeds();
    sender.deliver().succeeds();
    sender.take_over(&first).succeeds();
    assert_eq!(taken(&sender), [("a".to_owned(), 5), ("b".to_owned(), 5)]);
    // What a formatter makes that leaves out what is taken.
    sender.take_over(&source_of(5, &["a", "b", "c"], &[vec!["c"]])).succeeds();
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ["a", "b", "c"]);
    assert_eq!(taken(&sender).len(), 3);
    let status = sender.program().arg("--status").run().succeeds();
    let of_source = &status.records()[0]["sources"][0];
    assert_eq!((&of_source["alerts"], &of_source["generation"]), (&json!(3), &json!(0)));
}

#[test]
fn what_was_taken_is_forgotten_when_the_last_sender_has_moved_on_and_other_sources_stay() {
    let sender = Sender::new();
    sender.take_over(&source(5, &["a", "b"])).succeeds();
    let mut other =
        [alert("x"), message(CHANNEL, &["x"]), checkpoint(5, &[alert("x"), message(CHANNEL, &["x"])])];
    for record in &mut other {
        record["source"] = json!("collection/IOCs");
    }
    sender.take_over(&other).succeeds();
    sender.take_over(&source(6, &["c"])).succeeds();
    assert_eq!(taken(&sender), [("c".to_owned(), 6), ("x".to_owned(), 5)]);
}

#[test]
fn a_source_that_does_not_fit_its_checkpoint_is_not_taken_and_its_checkpoint_does_not_go_on() {
    type Spoil = fn(&mut Vec<Value>);
    let ways: [(Spoil, &str); 9] = [
        (|records| drop(records.remove(0)), "rule count"),
        (|records| records[0]["id"] = json!("z"), "rule digest"),
        (|records| records[1] = alert("a"), "rule digest"),
        (|records| drop(records.remove(2)), "rule messages"),
        (|records| records[3] = records[2].clone(), "rule messages"),
        (|records| records[4]["messages"] = json!(3), "rule messages"),
        (|records| records[0]["marks"] = json!([]), "rule marks"),
        (|records| drop(records.pop()), "rule checkpoint"),
        (|records| records[2]["source"] = json!("elsewhere"), "rule checkpoint"),
    ];
    for (spoil, rule) in ways {
        let sender = Sender::new();
        let mut records = source(0, &["a", "b"]);
        spoil(&mut records);
        let ended = sender.take_over(&records).ends_with(65);
        assert!(ended.stderr.contains(rule), "{rule}: {}", ended.stderr);
        assert_eq!(ended.records_of("checkpoint").len(), 0, "{rule}");
        assert_eq!(taken(&sender).len(), 0, "{rule}");
        assert_eq!(sender.deliver().succeeds().stdout, "", "{rule}");
        assert_eq!(sender.calls(), 0);
    }
}

#[test]
fn a_source_that_a_later_one_breaks_into_is_given_up_and_the_later_one_is_taken() {
    let sender = Sender::new();
    let broken = [alert("a"), message(CHANNEL, &["a"])];
    let mut next = source(0, &["b"]);
    for record in &mut next {
        record["source"] = json!("collection/IOCs");
    }
    let ended = sender.take_over(&[&broken[..], &next].concat()).ends_with(65);
    assert_eq!(ended.records_of("checkpoint").len(), 1);
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ["b"]);
}

#[test]
fn a_message_that_can_never_be_posted_is_told_at_once_and_keeps_no_other_back() {
    let sender = Sender::new();
    let mut records = source(0, &["a", "b"]);
    (records[2]["text"], records[2]["blocks"]) = (json!(" "), json!([]));
    let ended =
        sender.take_over(&records).ends_with(1).complains(&["message", "can never be sent", "no text"]);
    assert_eq!(outcomes(&ended), all(1, "rejected"));
    assert_eq!(ended.records_of("checkpoint").len(), 1);
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ["b"]);
    assert_eq!(sender.queue(&[]).succeeds().records_of("receipt").len(), 1);
}

#[test]
fn a_run_that_delivers_keeps_nobody_from_taking_over_meanwhile() {
    let sender = Sender::new();
    sender.take_over(&source(0, &["a"])).succeeds();
    sender.slack.fault(Fault::next("chat.postMessage", FaultKind::Slow(1500)).done());
    std::thread::scope(|scope| {
        let delivering = scope.spawn(|| sender.deliver());
        eventually("a message is on its way", || sender.calls() == 1);
        sender.take_over(&source(0, &["a", "b"])).succeeds();
        let second = sender.deliver().ends_with(75);
        second.complains(&["another program is using it"]);
        // It finds at its end what has come meanwhile.
        assert_eq!(outcomes(&delivering.join().expect("it ends").succeeds()), all(2, "accepted"));
    });
    assert_eq!(sender.posted(), ["a", "b"]);
}

#[test]
fn of_two_that_take_over_at_once_one_is_75_and_the_first_is_not_disturbed() {
    let sender = Sender::new();
    let mut first = sender.program().arg("--take-over").start();
    let mut input = first.stdin.take().expect("a pipe");
    let records = source(0, &["a"]);
    input.write_all(lines(&records[..2]).as_bytes()).expect("it reads");
    let lock = sender.state().with_extension("db.lock");
    eventually("the state is made", || fs::metadata(&lock).is_ok_and(|lock| lock.len() > 0));
    let second = sender.take_over(&source(0, &["b"])).ends_with(75);
    assert_eq!(second.complains(&["another program is using it"]).stdout, "");
    // While it waits for its checkpoint, it keeps nobody from delivering.
    sender.deliver().succeeds();
    input.write_all(lines(&records[2..]).as_bytes()).expect("it reads");
    drop(input);
    assert!(first.wait_with_output().expect("it ends").status.success());
    sender.deliver().succeeds();
    assert_eq!(sender.posted(), ["a"]);
}

#[test]
fn what_cannot_be_taken_over_is_not_passed_on() {
    let sender = Sender::new();
    fs::write(sender.folder.path().join("state"), "").expect("a file can be written");
    let ended = sender.take_over(&source(0, &["a"])).ends_with(73);
    assert_eq!(ended.stdout, "");
}

#[test]
fn messages_without_their_alerts_are_known_by_those_that_they_name() {
    let sender = Sender::new();
    // Behind the formatter of mails: the alerts have become emails.
    let messages = [message(CHANNEL, &["a"]), message("@zach", &["a"])];
    let mut last = checkpoint(3, &messages);
    (last["alerts"], last["digest"], last["emails"]) =
        (json!(1), checkpoint(3, &[alert("a")])["digest"].clone(), json!(1));
    last["marks"] = json!(0);
    let records = [&messages[..], &[last]].concat();
    sender.take_over(&records).succeeds();
    assert_eq!(taken(&sender), [("a".to_owned(), 3)]);
    sender.deliver().succeeds();
    assert_eq!(
        (sender.posted(), sender.slack.workspace().texts("zach")),
        (vec!["a".to_owned()], vec!["a".to_owned()])
    );
    let ids: Vec<String> = sender
        .slack
        .posted()
        .iter()
        .map(|posted| text(&posted.message["metadata"]["event_payload"]["id"]).to_owned())
        .collect();
    assert_eq!(ids, messages.iter().map(|message| text(&message["id"]).to_owned()).collect::<Vec<_>>());
}
