//! The formatter for Slack: what the messages say, who gets them, that Slack takes them, and that nothing in them acts.

mod digests;
mod limits;
mod safety;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use slack_sim::blockkit;

use crate::format::{alert, alerts_of, item, stream};
use crate::support::program::{Ended, Program, program};
use crate::support::site::private_folder;

fn formatter() -> Program {
    program("tq-format-slack").args(&["--channels", "#tq-alerts"])
}

/// The formatter with this configuration below `[slack]`.
fn configured(folder: &Path, lines: &str) -> Program {
    let path = folder.join("tq.toml");
    fs::write(&path, format!("[slack]\nchannels = [\"tq-alerts\"]\n{lines}")).expect("a file can be written");
    program("tq-format-slack").arg("--config").arg(path)
}

/// The messages, each of which Slack takes.
#[track_caller]
fn messages(ended: &Ended) -> Vec<Value> {
    let messages = ended.records_of("message");
    for message in &messages {
        let posted = json!({"text": message["text"], "blocks": message["blocks"]});
        assert_eq!(blockkit::check(&posted), Ok(()), "{message:#}");
    }
    messages
}

/// All texts in a value, in the order in which they are read; a link without a text is its address.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| texts(one, into)),
        Value::Object(members) => match members.get("text").or(members.get("url")) {
            Some(Value::String(text)) => into.push(text.clone()),
            Some(inside) => texts(inside, into),
            None => members.values().for_each(|one| texts(one, into)),
        },
        _ => (),
    }
}

/// What a reader sees of a message, a block on a line of its own.
fn read(message: &Value) -> String {
    let blocks = message["blocks"].as_array().expect("it has blocks");
    let lines = blocks.iter().map(|block| {
        let mut found = Vec::new();
        texts(block, &mut found);
        found.concat()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_message_says_what_the_mail_says_in_the_words_of_the_guide() {
    let run = formatter().run_on(stream(&[alert(8, &json!({}))])).succeeds();
    let message = messages(&run).remove(0);
    assert_eq!(message["text"], "ThreatQ Watchlist: Indicator Updated: 10.0.0.8");
    assert_eq!(message["to"], "#tq-alerts");
    assert_eq!(message["date"], "2026-11-21T20:57:12Z");
    let expected = "\
ThreatQ Watchlist: Indicator Updated
An item in your ThreatQ watchlist has been updated!
Type: Indicator
Item: 10.0.0.8
Changed At: 2021-10-28 20:32:57
ThreatQ Link: https://threatq.example.com/indicators/8/details
What has changed?
Comment added: 2
    by Cy Young
Status changed: Review → Active
Subtype: IP Address
Status: Active
Score: 7
TLP: GREEN
Sources: Feed X
Tags: apt
Watched by: Ana Ortiz
Description
Seen.";
    assert_eq!(read(&message), expected);
    // Signs of Block Kit that people see.
    let blocks = message["blocks"].to_string();
    for style in [
        "{\"style\":{\"strike\":true},\"text\":\"Review\"",
        "{\"style\":{\"code\":true},\"text\":\"10.0.0.8\"",
    ] {
        assert!(blocks.contains(style), "{blocks}");
    }
    let removed = alert(8, &json!({"event": "removed", "changes": []}));
    let run = formatter().run_on(stream(&[removed])).succeeds();
    let message = read(&messages(&run)[0]);
    assert!(
        message.starts_with("ThreatQ Watchlist: Indicator Removed\nAn item has been removed from"),
        "{message}"
    );
    assert!(!message.contains("What has changed?"), "{message}");
}

#[test]
fn a_time_is_shown_in_the_zone_that_is_set_and_one_that_is_not_known_says_so() {
    let mut unknown = alert(9, &json!({}));
    unknown.as_object_mut().expect("a record").remove("changed_at");
    let input = stream(&[alert(8, &json!({})), unknown]);
    let run = formatter().args(&["--timezone", "Europe/Berlin"]).run_on(input).succeeds();
    let shown: Vec<String> = messages(&run).iter().map(read).collect();
    assert!(shown[0].contains("\nChanged At: 2021-10-28 22:32:57 CEST\n"), "{}", shown[0]);
    assert!(shown[1].contains("\nChanged At: unknown\n"), "{}", shown[1]);
    formatter().args(&["--timezone", "Berlin"]).run().ends_with(78).complains(&["slack.timezone: 'Berlin'"]);
}

#[test]
fn each_channel_and_each_person_gets_a_message_of_their_own_with_an_id_that_stays() {
    let people = ["--channels", "tq-alerts,#soc,C0123ABCD,#tq-alerts", "--users", "@zach,ana@example.com"];
    let alerts = [alert(8, &json!({})), alert(9, &json!({}))];
    let run = || program("tq-format-slack").args(&people).run_on(stream(&alerts)).succeeds();
    let (first, second) = (run(), run());
    assert_eq!(first.stdout, second.stdout);
    let messages = messages(&first);
    let to: Vec<&str> = messages.iter().map(|message| message["to"].as_str().expect("a name")).collect();
    let expected = ["#tq-alerts", "#soc", "C0123ABCD", "@zach", "@ana@example.com"];
    assert_eq!(to, [expected, expected].concat());
    let ids: BTreeSet<&str> = messages.iter().map(|message| message["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), 10);
    let checkpoint = first.records_of("checkpoint").remove(0);
    assert_eq!(checkpoint["messages"], 10);
    program("tq-format-email").arg("--validate").run_on(first.stdout).succeeds();
}

#[test]
fn whoever_gets_no_message_is_told_so_before_anything_is_read() {
    let none = program("tq-format-slack").run().ends_with(78);
    none.complains(&["neither slack.channels nor slack.users is set"]);
    for (flag, name) in
        [("--channels", "two words"), ("--channels", "<!channel>"), ("--users", "@@zach"), ("--users", "")]
    {
        let key = format!("slack.{}", flag.trim_start_matches('-'));
        program("tq-format-slack")
            .args(&[flag, name])
            .run()
            .ends_with(78)
            .complains(&[&key, "cannot be a name"]);
    }
    formatter().args(&["--link-host", "ht tp"]).run().ends_with(78).complains(&["link_host"]);
}

#[test]
fn alerts_and_all_that_is_not_ours_pass_unchanged_and_the_checkpoint_gains_one_member_alone() {
    let strange = r#"{"v":1,  "record":"weather","degrees":12345678901234567890.5,"b":1,"a":2}"#;
    let email = r#"{"record":"email","v":1,"anything":null}"#;
    let mark = r#"{"record":"mark","v":1,"source":"watchlist","marks":[{"key":"k","mark":{"b":1.50,"a":[]}}],"x":0}"#;
    let alert = alert(8, &json!({"marks": [{"key": "k", "mark": 1}], "later": {"more": [1]}}));
    let source = stream(&[alert]);
    let (alert, checkpoint) = source.split_once('\n').expect("two lines");
    let input = [strange, alert, email, mark, checkpoint].join("\n");
    let run = formatter().run_on(input).succeeds();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!([lines[0], lines[1], lines[3], lines[4]], [strange, alert, email, mark]);
    assert_eq!(messages(&run).len(), 1);
    let mut expected: Value = serde_json::from_str(checkpoint).expect("a record");
    expected["messages"] = json!(1);
    assert_eq!(run.records_of("checkpoint"), [expected]);
}

#[test]
fn mails_can_still_be_made_of_the_same_alerts_and_a_second_workspace_adds_its_own() {
    let alerts = stream(&[alert(8, &json!({})), alert(9, &json!({"object": {"tlp": "red"}}))]);
    let plain = program("tq-format-email").args(&["--from", "tq@example.com", "--to", "soc@example.com"]);
    let mails = plain.run_on(&*alerts).succeeds().records_of("email");
    let folder = private_folder();
    let first = configured(folder.path(), "refuse_tlp = [\"red\"]\n").run_on(&*alerts).ends_with(1);
    let second = program("tq-format-slack").args(&["--users", "zach"]).run_on(first.stdout).succeeds();
    let both = program("tq-format-email").args(&["--from", "tq@example.com", "--to", "soc@example.com"]);
    let both = both.run_on(second.stdout).succeeds();
    assert_eq!(both.records_of("email"), mails);
    assert_eq!((messages(&both).len(), both.records_of("checkpoint")[0]["messages"].clone()), (3, json!(3)));
    program("tq-format-email").arg("--validate").run_on(both.stdout).succeeds();
}

#[test]
fn what_is_hidden_is_in_no_message_and_what_is_refused_makes_none() {
    let secret = |number, tlp: &str| {
        let object = json!({"tlp": tlp, "value": "secret", "subtype": "secret", "status": "secret",
            "sources": ["secret"], "tags": ["secret"], "description": "secret"});
        let changes = json!([{"field": "value", "change": "changed", "from": "secret", "to": "secret"}]);
        alert(number, &json!({"object": object, "changes": changes, "watchers": [{"name": "secret"}]}))
    };
    let input = stream(&[secret(8, "amber"), secret(9, "red"), secret(10, "TLP:odd")]);
    let folder = private_folder();
    let lines = "hide_tlp = [\"amber\"]\nrefuse_tlp = [\"red\"]\n";
    let run = configured(folder.path(), lines).run_on(&*input).ends_with(1);
    let run = run.complains(&["2 alerts are posted to nobody: their TLP is refused"]);
    let found = messages(&run);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["text"], "ThreatQ Watchlist: Indicator Updated");
    assert!(!found[0].to_string().contains("secret"), "{}", found[0]);
    assert!(read(&found[0]).contains("\nItem: not shown in this message\n"), "{}", read(&found[0]));
    assert_eq!(run.records_of("alert").len(), 3);

    let run = configured(folder.path(), "details = \"hide\"\nmax_messages = 1\n").run_on(input).succeeds();
    let found = messages(&run);
    assert_eq!(found.len(), 2);
    assert!(!found.iter().any(|message| message.to_string().contains("secret")), "{found:?}");
    let shown = read(&found[1]);
    assert!(shown.contains("\n• Indicator 9, not shown in this message\n"), "{shown}");
}

#[test]
fn a_collection_that_is_hidden_is_not_named() {
    let folder = private_folder();
    let run =
        configured(folder.path(), "details = \"hide\"\n").run_on(stream(&[item(8, &json!({}))])).succeeds();
    let message = messages(&run).remove(0);
    let mut words = message.clone();
    words["source"].take();
    assert!(!words.to_string().contains("IOCs"), "{message}");
    assert_eq!(alerts_of(&message).len(), 1);
}
