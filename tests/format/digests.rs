//! Many items in one mail: counted, capped, complete in the lists, and never too large.

use std::collections::BTreeSet;

use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};

use super::{alert, alerts_of, formatter, item, previewed, stream};
use crate::support::program::{Ended, program};
use crate::support::site::private_folder;

fn items(count: u64) -> Vec<Value> {
    (1..=count).map(|number| item(number, &json!({}))).collect()
}

/// The alerts that the emails of a run name, each once.
#[track_caller]
fn covered(run: &Ended) -> BTreeSet<String> {
    let emails = run.records_of("email");
    let all: BTreeSet<String> = emails.iter().flat_map(alerts_of).collect();
    assert_eq!(
        all.len(),
        emails.iter().map(|email| alerts_of(email).len()).sum::<usize>(),
        "an alert in two mails"
    );
    all
}

#[test]
fn a_digest_counts_its_items_in_the_guides_words() {
    for (events, subject) in [
        (&[][..], None),
        (&["added"], Some("1 New Item")),
        (&["added"; 3], Some("3 New Items")),
        (&["updated"], Some("1 Updated Item")),
        (&["added", "updated", "updated"], Some("1 New Item, 2 Updated Items")),
        (&["removed"], Some("1 Removed Item")),
        (&["added", "updated", "removed", "removed"], Some("1 New Item, 1 Updated Item, 2 Removed Items")),
    ] {
        let items: Vec<Value> =
            (1..).zip(events).map(|(number, event)| item(number, &json!({"event": event}))).collect();
        let emails = formatter().run_on(stream(&items)).succeeds().records_of("email");
        let subjects: Vec<&str> =
            emails.iter().map(|email| email["subject"].as_str().expect("a subject")).collect();
        let expected = subject.map(|counts| format!("ThreatQ Data Collection Updated: {counts}"));
        assert_eq!(subjects, expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn the_guides_lines_stand_at_the_top() {
    let values = [(8, "7.8.9.0"), (9, "1.2.3.4"), (10, "5.6.7.8")];
    let items = values.map(|(number, value)| item(number, &json!({"object": {"value": value}})));
    let email = formatter().run_on(stream(&items)).succeeds().records_of("email").remove(0);
    let text = email["text"].as_str().expect("text");
    let guide = "The following items have been updated in your data collection\n\nIndicators\n7.8.9.0\n1.2.3.4\n5.6.7.8\n";
    assert!(text.starts_with(guide), "{text}");
    assert!(email.get("attachments").is_none(), "nothing is left to attach");
    for (event, sentence) in [
        ("added", "An item in your ThreatQ watchlist has been updated!"),
        ("updated", "An item in your ThreatQ watchlist has been updated!"),
        ("removed", "An item has been removed from your ThreatQ watchlist!"),
    ] {
        let alert = alert(8, &json!({"event": event, "object": {"value": "7.8.9.0"}}));
        let email = formatter().run_on(stream(&[alert])).succeeds().records_of("email").remove(0);
        let text = email["text"].as_str().expect("text");
        let guide = format!(
            "{sentence}\n\nDetails\nType: Indicator\nItem: 7.8.9.0\nChanged At: 2021-10-28 20:32:57\n\
             ThreatQ Link: https://threatq.example.com/indicators/8/details\n\nWhat has changed?\nComment added: 2\n"
        );
        assert!(text.starts_with(&guide), "{text}");
    }
}

#[test]
fn a_body_is_capped_and_the_lists_are_complete() {
    let folder = private_folder();
    let items = items(1_000);
    let run = formatter().arg("--preview").arg(folder.path()).run_on(stream(&items)).succeeds();
    assert_eq!(covered(&run).len(), 1_000);
    let email = run.records_of("email").remove(0);
    let text = email["text"].as_str().expect("text");
    assert!(text.contains("\n10.0.0.50\n") && text.contains("\nand 950 more\n"), "{text}");
    assert!(
        !text.contains("10.0.0.51") && text.contains("The full list is attached as CSV and JSON"),
        "{text}"
    );
    let bytes = previewed(folder.path()).remove(0);
    let mail = MessageParser::new().parse(&bytes).expect("a mail");
    let lists: Vec<_> =
        mail.attachments().map(|part| (part.attachment_name(), part.text_contents())).collect();
    let csv: Vec<&str> = lists[0].1.expect("text").lines().collect();
    assert_eq!(lists[0].0, Some("alerts.csv"));
    assert_eq!(csv[0], "event,type,subtype,id,value,status,score,tlp,sources,tags,changes,changed_at,link");
    assert_eq!(
        csv[1_000],
        "Added,Indicator,\"IP Address\",1000,10.0.3.232,Active,7,green,\"Feed X\",apt,,2021-10-28T20:32:57.818Z,\
         https://threatq.example.com/indicators/1000/details"
    );
    let json: Vec<Value> = serde_json::from_str(lists[1].1.expect("text")).expect("JSON");
    assert_eq!((json.len(), &json[999]["value"]), (1_000, &json!("10.0.3.232")));
}

#[test]
fn no_mail_is_larger_than_it_may_be_and_no_item_is_lost() {
    let long = json!({"object": {"value": "äö=\u{1} ".repeat(2_000), "tags": vec!["t".repeat(500); 60]}});
    let mut items = items(400);
    items.extend((401..=420).map(|number| item(number, &long)));
    for (max_size, least) in [("20000", 1), ("60000", 2), ("300000", 1), ("10000000", 1)] {
        let folder = private_folder();
        let arguments = ["--max-size", max_size, "--preview"];
        let run = formatter().args(&arguments).arg(folder.path()).run_on(stream(&items)).succeeds();
        assert_eq!(covered(&run).len(), items.len(), "{max_size}");
        let mails = previewed(folder.path());
        assert!(mails.len() >= least, "{max_size}: {}", mails.len());
        let limit: usize = max_size.parse().expect("a number");
        for (bytes, email) in mails.iter().zip(run.records_of("email")) {
            assert!(bytes.len() <= limit, "{max_size}: {}", bytes.len());
            let says_so = ["attached as", "left out", "Cut here"];
            let text = email["text"].as_str().expect("text");
            assert!(says_so.iter().any(|words| text.contains(words)), "{max_size}: {text}");
        }
        if mails.len() > 1 {
            let subject = run.records_of("email")[1]["subject"].clone();
            assert!(
                subject.as_str().expect("a subject").ends_with(&format!("(2 of {})", mails.len())),
                "{subject}"
            );
        }
    }
    let one = [alert(1, &json!({"object": {"tags": vec!["t".repeat(900); 60]}}))];
    let folder = private_folder();
    formatter()
        .args(&["--max-size", "20000", "--preview"])
        .arg(folder.path())
        .run_on(stream(&one))
        .succeeds();
    assert!(previewed(folder.path())[0].len() <= 20_000);
}

#[test]
fn a_record_is_never_too_long_for_its_reader() {
    // A control character is one byte in ThreatQ, and seven in a list in a record.
    let large = json!({"object": {"value": "\u{1}".repeat(9_000)}});
    let items: Vec<Value> = (1..=300).map(|number| item(number, &large)).collect();
    let run = formatter().args(&["--max-size", "100000000"]).run_on(stream(&items)).succeeds();
    assert!(run.stdout.lines().all(|line| line.len() <= 16 * 1024 * 1024));
    assert_eq!(covered(&run).len(), items.len());
    let folder = private_folder();
    let sent = program("tq-send-smtp")
        .arg("--state")
        .arg(folder.path().join("state.db"))
        .arg("--maildir")
        .arg(folder.path().join("Maildir"))
        .run_on(run.stdout.clone())
        .succeeds();
    assert_eq!(sent.records_of("receipt").len(), run.records_of("email").len());
}

#[test]
fn a_run_sends_so_many_single_mails_and_a_digest_of_the_rest() {
    let alerts: Vec<Value> = (1..=60).map(|number| alert(number, &json!({}))).collect();
    for (arguments, singles) in [(&[][..], 50), (&["--max-mails", "1"], 1), (&["--max-mails", "60"], 60)] {
        let run = formatter().args(arguments).run_on(stream(&alerts)).succeeds();
        let emails = run.records_of("email");
        assert_eq!(covered(&run).len(), 60);
        let count = |words: &str| {
            emails.iter().filter(|email| email["subject"].as_str().expect("one").contains(words)).count()
        };
        assert_eq!(count("ThreatQ Watchlist: Indicator Updated"), singles);
        assert_eq!(emails.len(), if singles == 60 { 60 } else { singles + 1 });
        assert_eq!(run.records_of("checkpoint")[0]["emails"], emails.len());
        if let Some(digest) = emails.get(singles) {
            let rest = 60 - singles;
            assert_eq!(digest["subject"], format!("ThreatQ Watchlist Updated: {rest} Updated Items"));
            let text = digest["text"].as_str().expect("text");
            assert!(
                text.contains("about one item each") && text.contains(&format!("the other {rest} items")),
                "{text}"
            );
        }
    }
}

#[test]
fn a_long_description_is_cut_in_the_mail() {
    let description = "<p>word</p>".repeat(1_000_000);
    let alerts = [alert(8, &json!({"object": {"description": description}}))];
    let email = formatter().run_on(stream(&alerts)).succeeds().records_of("email").remove(0);
    let text = email["text"].as_str().expect("text");
    assert!(text.len() < 2_000 && text.ends_with("  word…\n"), "{text}");
}

#[test]
fn a_temporary_folder_that_cannot_be_written_is_74_and_nothing_is_sent() {
    let run = formatter().env("TMPDIR", "/nonexistent").run_on(stream(&items(1_000))).ends_with(74);
    assert!(run.complains(&["temporary file"]).records_of("checkpoint").is_empty());
    formatter().env("TMPDIR", "/nonexistent").run_on(stream(&items(20))).succeeds();
}
