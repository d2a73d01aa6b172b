//! What may come on a pipe: any bytes are records of version 1 or are refused with their line, the same ones however they
//! are buffered; and a record that was read, written and read again is the same record.

#![no_main]

use std::io::{BufRead, BufReader};

use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;
use tq_alerts::ndjson::{Line, Reader, Writer};
use tq_alerts::record::{Alert, Checkpoint, Email, Kind, Mark, Message, Receipt, Record};
use tq_alerts::terminal::Style;

/// What was read: each record with its line, and the complaint that ended the reading.
#[derive(Debug, PartialEq)]
struct Read {
    records: Vec<(u64, Kind, Option<String>)>,
    complaint: Option<String>,
}

fn read(input: impl BufRead) -> Read {
    let mut reader = Reader::new(input);
    let mut records = Vec::new();
    loop {
        match reader.next_line() {
            Ok(Some(line)) => records.push((line.number, line.kind, written(&line))),
            Ok(None) => return Read { records, complaint: None },
            Err(error) => return Read { records, complaint: Some(error.to_string()) },
        }
    }
}

/// The record as we write it, where it is one of ours and whole.
fn written(line: &Line<'_>) -> Option<String> {
    match line.kind {
        Kind::Alert => rewritten::<Alert>(line),
        Kind::Mark => rewritten::<Mark>(line),
        Kind::Checkpoint => rewritten::<Checkpoint>(line),
        Kind::Email => rewritten::<Email>(line),
        Kind::Message => rewritten::<Message>(line),
        Kind::Receipt => rewritten::<Receipt>(line),
        Kind::Other => {
            let passed = with_writer(Style::Records, |writer| writer.pass(line).expect("memory takes it"));
            Some(passed)
        }
    }
}

fn rewritten<T: Record + DeserializeOwned>(line: &Line<'_>) -> Option<String> {
    let record: T = line.parse().ok()?;
    let shown = with_writer(Style::Lines, |writer| writer.write(&record).expect("memory takes it"));
    assert!(!shown.trim_end_matches('\n').contains(char::is_control), "{shown:?}");
    Some(with_writer(Style::Records, |writer| writer.write(&record).expect("memory takes it")))
}

fn with_writer(style: Style, write: impl FnOnce(&mut Writer<&mut Vec<u8>>)) -> String {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, style);
    write(&mut writer);
    writer.flush().expect("memory takes it");
    drop(writer);
    String::from_utf8(bytes).expect("what is written is text")
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes);
    for capacity in [1, 16] {
        assert_eq!(read(BufReader::with_capacity(capacity, bytes)), whole, "{capacity} bytes at a time");
    }
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    assert!(whole.records.is_sorted_by(|one, next| one.0 < next.0));
    assert!(whole.records.iter().all(|(number, ..)| (1..=lines).contains(number)));
    for (_, kind, record) in whole.records {
        let Some(record) = record else { continue };
        assert!(record.ends_with('\n') && record.matches('\n').count() == 1, "{record:?}");
        let again = Read { records: vec![(1, kind, Some(record.clone()))], complaint: None };
        assert_eq!(read(record.as_bytes()), again);
    }
});
