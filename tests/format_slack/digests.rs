//! Many alerts in one message: what is counted, what is listed, and whose ids are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tq_alerts::record::{Checkpoint, Tally};
use tq_alerts::state::State;

use super::{alert, alerts_of, configured, formatter, item, messages, read, stream};
use crate::support::program::program;
use crate::support::site::private_folder;

fn ids(alerts: &[Value]) -> BTreeSet<String> {
    alerts.iter().map(|alert| alert["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_collections_alerts_become_one_message_that_counts_them_and_lists_them_by_type() {
    let malware = json!({"event": "updated", "changed_at": "2021-10-28T20:32:57Z", "object": {"type": "malware",
        "type_name": "Malware", "type_plural": "Malware", "value": "Emotet"},
        "changes": [{"field": "comment", "change": "added", "count": 2}]});
    let alerts = [item(8, &json!({})), item(9, &malware), item(10, &json!({}))];
    let run = formatter().run_on(stream(&alerts)).succeeds();
    let found = messages(&run);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["text"], "ThreatQ Data Collection Updated: 2 New Items, 1 Updated Item: IOCs");
    let expected = "\
ThreatQ Data Collection Updated: 2 New Items, 1 Updated Item
The following items have been updated in your data collection
Indicators
• 10.0.0.8
    Added 2021-10-28 20:32:57, IP Address, Active, score 7, TLP:GREEN
• 10.0.0.10
    Added 2021-10-28 20:32:57, IP Address, Active, score 7, TLP:GREEN

Malware
• Emotet
    Updated 2021-10-28 20:32:57, IP Address, Active, score 7, TLP:GREEN
    Comment added: 2

Data Collection: IOCs
ThreatQ: https://threatq.example.com";
    assert_eq!(read(&found[0]), expected);
    assert_eq!(alerts_of(&found[0]), ids(&alerts));
    assert!(found[0]["blocks"].to_string().contains(
        "{\"text\":\"Emotet\",\"type\":\"link\",\"url\":\"https://threatq.example.com/indicators/9/details\"}"
    ));
}

#[test]
fn what_a_run_finds_beyond_its_number_of_single_messages_is_in_one_digest() {
    let alerts: Vec<Value> = (1..=6).map(|number| alert(number, &json!({}))).collect();
    let run =
        formatter().args(&["--max-messages", "2", "--users", "zach"]).run_on(stream(&alerts)).succeeds();
    let found = messages(&run);
    assert_eq!(found.len(), 6, "two single ones and a digest, for two");
    assert_eq!(found[4]["text"], "ThreatQ Watchlist Updated: 4 Updated Items");
    assert_eq!(alerts_of(&found[4]), ids(&alerts[2..]));
    assert_eq!((&found[4]["blocks"], &found[4]["alerts"]), (&found[5]["blocks"], &found[5]["alerts"]));
    let shown = read(&found[4]);
    assert!(
        shown.contains("after 2 messages about one item each, the other 4 items are in this digest."),
        "{shown}"
    );
    assert_eq!(run.records_of("checkpoint")[0]["messages"], 6);

    let none = formatter().args(&["--max-messages", "0"]).run_on(stream(&alerts[..1])).succeeds();
    let shown = read(&messages(&none)[0]);
    assert!(
        shown.contains("after 0 messages about one item each, the other 1 item is in this digest."),
        "{shown}"
    );
}

#[test]
fn a_digest_lists_as_many_items_as_are_asked_for_and_counts_the_rest() {
    let alerts: Vec<Value> = (0..40).map(|number| item(number, &json!({}))).collect();
    for (most, shown, rest) in
        [("0", 0, "\n40 more\n"), ("5", 5, "\nand 35 more\n"), ("39", 39, "\nand 1 more\n"), ("40", 40, "")]
    {
        let run = formatter().args(&["--max-items", most]).run_on(stream(&alerts)).succeeds();
        let message = messages(&run).remove(0);
        let words = read(&message);
        assert_eq!(words.matches("• ").count(), shown, "{most}: {words}");
        assert!(words.contains(rest) && words.contains(" more\n") != rest.is_empty(), "{most}: {words}");
        assert_eq!(alerts_of(&message), ids(&alerts));
    }
    let run = formatter().run_on(stream(&alerts)).succeeds();
    assert_eq!(read(&messages(&run)[0]).matches("• ").count(), 20);
}

#[test]
fn ids_that_are_too_many_for_one_message_go_on_in_further_ones() {
    // Ids of somebody else's making, three of which are longer than a message takes.
    let long = |number: u64| item(number, &json!({"id": format!("{number}{}", "x".repeat(5 * 1024 * 1024))}));
    let alerts: Vec<Value> = (1..=3).map(long).collect();
    let run = formatter().args(&["--users", "zach"]).run_on(stream(&alerts)).succeeds();
    let found = messages(&run);
    assert_eq!(found.len(), 6);
    let all: Vec<&Value> = found.iter().filter(|message| message["to"] == "@zach").collect();
    for (place, message) in all.iter().enumerate() {
        let title = format!("ThreatQ Data Collection Updated: 3 New Items ({} of 3)", place + 1);
        assert!(read(message).starts_with(&title), "{}", read(message));
        assert_eq!(read(message).contains("10.0.0.2"), place == 0);
    }
    let named: BTreeSet<String> = all.iter().flat_map(|message| alerts_of(message)).collect();
    assert_eq!(named, ids(&alerts));
    program("tq-format-email").arg("--validate").run_on(run.stdout).succeeds();
}

/// Takes alerts over as a sender before others does.
fn take(outbox: &Path, alerts: &[Value]) {
    let state = State::open(outbox).expect("a state can be made");
    let (mut tally, input) = (Tally::default(), stream(alerts));
    for id in ids(alerts) {
        tally.add(&id);
    }
    let checkpoint: Checkpoint =
        serde_json::from_str(input.lines().last().expect("a checkpoint")).expect("it is one");
    state.intake().expect("it is open").commit_before_others(&checkpoint, &[&tally]).expect("there is room");
}

#[test]
fn alerts_that_a_sender_has_taken_make_no_message_and_pass_all_the_same() {
    let folder = private_folder();
    let outbox = folder.path().join("slack.db");
    let with = |alerts: &[Value]| formatter().arg("--taken").arg(&outbox).run_on(stream(alerts));
    let alerts: Vec<Value> = (1..=3).map(|number| item(number, &json!({}))).collect();
    // Before the first run of the sender nothing is taken.
    assert_eq!(alerts_of(&messages(&with(&alerts).succeeds())[0]).len(), 3);
    assert!(!outbox.exists());
    let config = configured(folder.path(), "state = \"missing.db\"\n");
    assert_eq!(messages(&config.run_on(stream(&alerts)).succeeds()).len(), 1);

    take(&outbox, &alerts[..2]);
    let run = with(&alerts).succeeds();
    assert_eq!(run.records_of("alert"), alerts);
    let found = messages(&run);
    assert_eq!(found[0]["text"], "ThreatQ Data Collection Updated: 1 New Item: IOCs");
    assert_eq!(alerts_of(&found[0]), ids(&alerts[2..]));
    program("tq-format-email").arg("--validate").run_on(run.stdout).succeeds();
    take(&outbox, &alerts);
    let run = with(&alerts).succeeds();
    assert_eq!((messages(&run).len(), run.records_of("checkpoint")[0]["messages"].clone()), (0, json!(0)));

    // What is not digested likewise; and an outbox that is lost is not taken for a first run.
    let single = [alert(8, &json!({})), alert(9, &json!({}))];
    take(&outbox, &single[..1]);
    assert_eq!(alerts_of(&messages(&with(&single).succeeds())[0]), ids(&single[1..]));
    fs::remove_file(&outbox).expect("it was there");
    with(&alerts).ends_with(78).complains(&["slack.db"]);
}
