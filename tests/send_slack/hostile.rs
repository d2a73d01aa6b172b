//! Streams that break off anywhere, lose a record or are not what they should be, and the outbox: of a source that was not
//! closed by a checkpoint that fits, nothing is in it, whether the sender stands before others or last.

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{CHANNEL, Sender, id_of, lines, message, source};

/// A source of this name with so many alerts, a message about each, and its checkpoint last.
fn named(name: &str, alerts: usize) -> Vec<Value> {
    let ids: Vec<String> = (0..alerts).map(|number| format!("{name}-{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let of_source = |mut record: Value| {
        record["source"] = json!(name);
        record
    };
    source(0, &ids).into_iter().map(of_source).collect()
}

/// How many messages, alerts and marks of a source are in the state.
fn held(sender: &Sender, name: &str) -> [i64; 3] {
    let database = Connection::open(sender.state()).expect("there is a state");
    [
        "SELECT count(*) FROM mail JOIN delivery ON delivery.mail = id JOIN content ON content.mail = id
         WHERE source = ?1 AND length(bytes) > 0",
        "SELECT count(*) FROM taken WHERE source = ?1",
        "SELECT count(*) FROM mark WHERE mark.key LIKE 'watchlist/' || ?1 || '-%'",
    ]
    .map(|sql| database.query_row(sql, [name], |row| row.get(0)).expect("a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_a_source_that_was_not_closed_nothing_is_in_the_outbox(
        alerts in prop::collection::vec(0_usize..4, 1..4),
        cut in any::<prop::sample::Index>(),
        lost in prop::option::weighted(0.3, any::<prop::sample::Index>()),
        is_last in any::<bool>(),
    ) {
        let names: Vec<String> = (0..alerts.len()).map(|number| format!("source{number}")).collect();
        let sources = names.iter().zip(&alerts).map(|(name, alerts)| named(name, *alerts));
        let mut records: Vec<(usize, Value)> =
            sources.enumerate().flat_map(|(index, records)| records.into_iter().map(move |record| (index, record))).collect();
        let spoilt = lost.map(|lost| records.remove(lost.index(records.len())).0);
        let whole: Vec<Value> = records.iter().map(|(_, record)| record.clone()).collect();
        let whole = lines(&whole);
        let stream = &whole[..cut.index(whole.len() + 1)];

        let sender = Sender::new();
        let program = if is_last { sender.away() } else { sender.program().arg("--take-over") };
        program.run_on(stream);
        let mut is_read = true;
        for (index, (name, alerts)) in names.iter().zip(&alerts).enumerate() {
            let close = records.iter().find(|(of, record)| *of == index && record["record"] == "checkpoint");
            let is_closed = close.is_some_and(|(_, record)| stream.contains(&record.to_string()));
            // What does not fit its checkpoint ends the reading; a source without one is only left out.
            is_read = is_read && !(is_closed && spoilt == Some(index));
            let all = if is_read && is_closed { i64::try_from(*alerts).expect("a few") } else { 0 };
            let expected = if is_last { [all, 0, all] } else { [all, all, 0] };
            prop_assert_eq!(held(&sender, name), expected, "{}: {}", name, stream);
        }
    }
}

#[test]
fn a_record_that_makes_no_sense_ends_the_stream_with_its_line_and_nothing_is_taken() {
    let good = source(0, &["a"]);
    let with = |place: usize, line: &str| {
        let mut lines: Vec<String> = good.iter().map(Value::to_string).collect();
        lines[place] = line.to_owned();
        lines.join("\n")
    };
    for (place, line, words) in [
        (1, r#"{"record":"message","v":1,"id":"m"}"#, "message: missing field"),
        (1, r#"{"record":"message","v":1,"id":7}"#, "message: invalid type"),
        (1, r#"{"record":"message","v":2}"#, "version 2"),
        (0, r#"{"record":"alert","v":1,"id":"a"}"#, "alert: missing field"),
        (2, r#"{"record":"checkpoint","v":1,"source":"watchlist","base":-1}"#, "checkpoint: invalid value"),
        (1, "not JSON", "not a record"),
    ] {
        let sender = Sender::new();
        for program in [sender.program().arg("--take-over"), sender.program()] {
            let ended = program.run_on(with(place, line)).ends_with(65);
            ended.complains(&[&format!("standard input, line {}", place + 1), words]);
        }
        assert_eq!((held(&sender, "watchlist"), sender.calls()), ([0, 0, 0], 0), "{line}");
    }
}

#[test]
fn names_and_texts_of_any_kind_reach_slack_as_they_are_or_not_at_all() {
    let sender = Sender::new();
    let mut records = Vec::new();
    for (index, to) in ["", "#", "@", "#a\u{0}b", " ", "@x\ny"].iter().enumerate() {
        let mut strange = message(CHANNEL, &[&format!("strange-{index}")]);
        strange["to"] = json!(to);
        records.push(strange);
    }
    let odd = "\"}],\"channel\":\"#soc\",\u{2028}\\u0000 <!channel> & ' \u{202E}evil";
    let mut quoted = message(CHANNEL, &["q"]);
    (quoted["text"], quoted["blocks"]) = (json!(odd), json!([]));
    records.push(quoted);
    let ended = sender.bare().run_on(lines(&records)).ends_with(1);
    assert_eq!(ended.records_of("receipt").len(), 7);
    assert_eq!((sender.posted(), sender.calls()), (vec![odd.to_owned()], 1));
    assert!(sender.slack.workspace().texts("soc").is_empty());
}

#[test]
fn an_alert_id_or_a_base_of_any_kind_is_kept_as_it_is() {
    let sender = Sender::new();
    let ids = ["x'); DROP TABLE taken;--", "\u{1F600}", ""];
    for base in [0, u64::MAX] {
        sender.take_over(&source(base, &ids)).succeeds();
    }
    let taken = tq_alerts::state::Taken::open(&sender.state()).expect("it can be read");
    for id in ids {
        assert!(taken.holds(id).expect("it can be read"), "{id}");
    }
    assert!(!taken.holds(&id_of(CHANNEL, &ids)).expect("it can be read"));
}
