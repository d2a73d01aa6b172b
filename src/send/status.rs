//! How things stand, for people and for programs: the last run, what waits, and how far each source was read.
//!
//! Reads a snapshot and keeps no sender out.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::Takes;
use crate::escape;
use crate::exit::{Failure, Status};
use crate::ndjson::Writer;
use crate::record::Record;
use crate::state::{LastRun, Overview, Source};

impl Record for Overview {
    const NAME: &'static str = "status";

    fn summary(&self) -> (String, String) {
        ("status".to_owned(), String::new())
    }
}

/// Prints how things stand: one record, or lines where a person is looking.
pub(super) fn status<W: Write>(takes: Takes, path: &Path, output: &mut Writer<W>) -> Result<Status, Failure> {
    let overview = Overview::open(path)?;
    if output.is_for_people() {
        lines(takes, &overview).iter().try_for_each(|line| output.say(line))?;
    } else {
        output.write(&overview)?;
    }
    output.flush()?;
    Ok(Status::Done)
}

fn lines(takes: Takes, overview: &Overview) -> Vec<String> {
    let Overview { last_run, last_success_at, queue, oldest_at, dead_letters, sources, .. } = overview;
    let mut rows = vec![
        ("last run".to_owned(), last_run.as_ref().map_or_else(|| "none yet".to_owned(), of_run)),
        ("last success".to_owned(), last_success_at.map_or_else(|| "none yet".to_owned(), second)),
        (
            format!("{}s", takes.noun()),
            last_run.as_ref().map_or_else(|| "none".to_owned(), |run| sum(&run.receipts)),
        ),
        (
            "queue".to_owned(),
            match oldest_at {
                Some(oldest) => format!("{}, the first since {}", takes.counted(*queue), second(*oldest)),
                None => takes.counted(*queue),
            },
        ),
        ("dead letters".to_owned(), takes.counted(*dead_letters)),
    ];
    rows.extend(sources.iter().map(|source| (source.name.clone(), of_source(source))));
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    rows.iter()
        .map(|(name, words)| escape::visible(&format!("{name:width$}  {words}")).into_owned())
        .collect()
}

fn of_run(run: &LastRun) -> String {
    let began = second(run.began_at);
    match (run.ended_at, run.status) {
        (Some(ended), Some(status)) => {
            let took = (ended - run.began_at).as_seconds_f64();
            format!("{began}, took {took:.1} s, status {status}")
        }
        _ => format!("{began}, and has not ended: it is at work, or was killed"),
    }
}

fn of_source(source: &Source) -> String {
    let taken = source.taken_at.map_or_else(|| "by an older release".to_owned(), second);
    let since = source.cursor.since.map_or_else(|| "none".to_owned(), second);
    let plural = if source.alerts == 1 { "" } else { "s" };
    format!("taken {taken}, cursor {since}, {} alert{plural} so far", source.alerts)
}

/// What became of the mails, without the outcomes that none had.
fn sum(receipts: &BTreeMap<&'static str, u64>) -> String {
    let counted: Vec<String> = receipts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    if counted.is_empty() { "none".to_owned() } else { counted.join(", ") }
}

fn second(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
