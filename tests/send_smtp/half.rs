//! A stream that breaks off anywhere, and the state: of a source that was not closed nothing is in it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{SOC, Sender, checkpoint, email, lines};

/// What a state holds of a source: how often it was taken, its mails, its marks.
type Held = (u64, usize, usize);

/// The records of a source with so many mails, each with its mark, and its checkpoint last.
fn source(name: &str, mails: usize) -> Vec<Value> {
    let of_source = |mut record: Value| {
        record["source"] = json!(name);
        record
    };
    let emails: Vec<Value> = (0..mails).map(|number| email(&format!("{name}-{number}"), &[SOC])).collect();
    let marks = (0..mails).map(|number| {
        let key = format!("{name}/{number}");
        json!({"record": "mark", "v": 1, "source": name, "marks": [{"key": key, "mark": {}}]})
    });
    let last = checkpoint(0, &emails);
    emails.iter().cloned().chain(marks).chain([last]).map(of_source).collect()
}

fn held(sender: &Sender, name: &str) -> Held {
    let database = Connection::open(sender.state()).expect("there is a state");
    let number = |sql: &str| {
        let number: i64 = database.query_row(sql, [name], |row| row.get(0)).expect("a number");
        usize::try_from(number).expect("it is none below zero")
    };
    (
        number("SELECT coalesce(max(generation), 0) FROM source WHERE name = ?1") as u64,
        number(
            "SELECT count(*) FROM mail JOIN delivery ON delivery.mail = id JOIN content ON content.mail = id
             WHERE source = ?1 AND length(bytes) > 0",
        ),
        number("SELECT count(*) FROM mark WHERE key LIKE ?1 || '/%'"),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_a_source_that_was_not_closed_nothing_is_in_the_state(
        mails in prop::collection::vec(0_usize..4, 1..4),
        cut in any::<prop::sample::Index>(),
        lost in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let names: Vec<String> = (0..mails.len()).map(|number| format!("source{number}")).collect();
        let sources = names.iter().zip(&mails).map(|(name, mails)| source(name, *mails));
        let mut records: Vec<(usize, Value)> =
            sources.enumerate().flat_map(|(index, records)| records.into_iter().map(move |record| (index, record))).collect();
        // A record that a stage lost on its way spoils its source, unless it is only a mark.
        let spoilt = lost.and_then(|lost| {
            let (index, record) = records.remove(lost.index(records.len()));
            (record["record"] != "mark").then_some(index)
        });
        let whole = lines(records.iter().map(|(_, record)| record));
        let stream = &whole[..cut.index(whole.len() + 1)];

        let sender = Sender::with_state();
        sender.program(1).run_on(stream);
        let mut is_read = true;
        for (index, (name, mails)) in names.iter().zip(&mails).enumerate() {
            let close = records.iter().find(|(of, record)| *of == index && record["record"] == "checkpoint");
            let is_closed = close.is_some_and(|(_, record)| stream.contains(&record.to_string()));
            // What does not fit its checkpoint ends the reading; a source without one is only left out.
            is_read = is_read && !(is_closed && spoilt == Some(index));
            let kept = records.iter().filter(|(of, record)| *of == index && record["record"] == "mark").count();
            let expected = if is_read && is_closed { (1, *mails, kept) } else { (0, 0, 0) };
            prop_assert_eq!(held(&sender, name), expected, "{}: {}", name, stream);
        }
        let taken: BTreeSet<&String> = names.iter().filter(|name| held(&sender, name).0 > 0).collect();
        let told = sender.program(1).arg("--queue").run().records_of("receipt").len();
        let promised: usize = names.iter().zip(&mails).filter(|(name, _)| taken.contains(name)).map(|(_, mails)| mails).sum();
        prop_assert_eq!(told, promised);
    }
}
