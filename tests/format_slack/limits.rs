//! Slack's limits, at their edge and far beyond it. `messages` holds every message to them.

use serde_json::{Value, json};

use super::{alert, formatter, item, messages, read, stream};

/// What may be long, and is made of one character.
const CHARACTERS: [&str; 6] = ["a", "例", "🦀", "&", "\u{202E}", "\""];

/// An alert in which everything is of this text, and there is much of it.
fn full(number: u64, text: &str, many: usize) -> Value {
    let list = vec![text; many];
    let change = json!({"field": "value", "change": "changed", "from": text, "to": text, "by": list});
    let added = json!({"field": "attribute", "change": "added", "count": many, "values": list});
    let object = json!({"type_name": text, "type_plural": text, "value": text, "subtype": text, "status": text,
        "tlp": text, "sources": list, "tags": list, "description": text});
    let watchers: Vec<Value> = list.iter().map(|name| json!({"name": name})).collect();
    let changes: Vec<&Value> = [&change, &added].into_iter().cycle().take(many).collect();
    alert(number, &json!({"object": object, "watchers": watchers, "changes": changes}))
}

#[test]
fn slack_takes_a_message_however_long_its_values_are() {
    let all: [(usize, &[usize]); 2] = [(1, &[0, 1, 99, 100, 101, 150, 999, 1_000, 1_001]), (25, &[1, 1_001])];
    for character in CHARACTERS {
        for (many, lengths) in all {
            let alerts: Vec<Value> = (0u64..)
                .zip(lengths)
                .map(|(number, length)| full(number, &character.repeat(*length), many))
                .collect();
            let run = formatter().args(&["--max-messages", "100"]).run_on(stream(&alerts)).succeeds();
            let found = messages(&run);
            assert_eq!(found.len(), lengths.len());
            for message in found {
                assert!(message["text"].as_str().expect("a text").chars().count() <= 1_000, "{message}");
                assert!(read(&message).contains("https://threatq.example.com/indicators/"), "{message}");
            }
        }
    }
}

#[test]
fn slack_takes_a_digest_however_many_and_long_its_items_are_and_none_is_lost_count_of() {
    for character in CHARACTERS {
        for length in [1, 60, 2_000] {
            let alerts: Vec<Value> = (0..60)
                .map(|number| {
                    // Each of a type of its own.
                    let text = format!("{number}{}", character.repeat(length));
                    let mut alert = full(number, &text, 3);
                    alert["source"] = json!("collection/IOCs");
                    alert["collection"] = json!({"name": text});
                    alert
                })
                .collect();
            let run = formatter().args(&["--max-items", "1000"]).run_on(stream(&alerts)).succeeds();
            let found = messages(&run);
            assert_eq!(found.len(), 1);
            let words = read(&found[0]);
            let listed = words.matches("• ").count();
            assert!(listed > 0, "{words}");
            assert!(words.contains(&format!("\nand {} more\n", 60 - listed)), "{words}");
        }
    }
}

#[test]
fn a_value_is_whole_up_to_a_thousand_characters_and_then_cut_with_what_is_needed_to_recognise_it() {
    for (length, is_cut) in [(1_000, false), (1_001, true)] {
        let value = "a".repeat(length);
        let alert = alert(8, &json!({"object": {"value": value}}));
        let run = formatter().run_on(stream(&[alert])).succeeds();
        let shown = read(&messages(&run)[0]);
        let line = shown.lines().find_map(|line| line.strip_prefix("Item: ")).expect("the item");
        assert_eq!(line != value, is_cut, "{line}");
        assert_eq!(line.chars().count(), 1_000, "{line}");
        assert_eq!(line.ends_with('…'), is_cut, "{line}");
    }
}

#[test]
fn what_is_cut_is_not_cut_within_an_escape() {
    // A hidden character is eight in a message, and a mark of a link three.
    for text in ["\u{202E}", "a.", "&"] {
        for extra in 0..10 {
            let value = format!("{}{}", "a".repeat(extra), text.repeat(2_000));
            let many = item(9, &json!({"object": {"value": value, "status": value}}));
            for alerts in [vec![alert(8, &json!({"object": {"value": value}}))], vec![many]] {
                let run = formatter().args(&["--defang", "all"]).run_on(stream(&alerts)).succeeds();
                let found = messages(&run).remove(0);
                for text in [read(&found), found["text"].as_str().expect("a text").to_owned()] {
                    for (start, _) in text.match_indices("\\u{") {
                        assert!(text[start..].starts_with("\\u{202E}"), "{}", &text[start..]);
                    }
                    for (start, _) in text.match_indices('[') {
                        assert!(text[start..].starts_with("[.]"), "{}", &text[start..]);
                    }
                }
                let text = found["text"].as_str().expect("a text");
                assert_eq!(text.matches('&').count(), text.matches("&amp;").count(), "{text}");
            }
        }
    }
}
