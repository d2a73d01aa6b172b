//! How many alerts each source of a stream has, by type of object: a reader of records, made with the library.
//!
//! ```text
//! tq-fetch-collection --config tq.toml | cargo run --example summary
//! ```
//!
//! A source is told of when its checkpoint says that it is whole. Fails with 65 when the stream is broken, or ends before
//! a checkpoint, and with 74 when standard output cannot be written.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::ndjson::{self, Reader};
use tq_alerts::record::{Alert, Checkpoint, Kind, Tally};

fn main() -> ExitCode {
    exit::run("summary", || summarise(Reader::new(io::stdin().lock()), io::stdout().lock()))
}

/// The alerts of one source so far.
#[derive(Default)]
struct Source {
    name: String,
    tally: Tally,
    types: BTreeMap<String, u64>,
}

fn summarise(mut input: Reader<impl BufRead>, mut output: impl Write) -> Result<Status, Failure> {
    let mut open: Option<Source> = None;
    while let Some(line) = input.next_line()? {
        match line.kind {
            Kind::Alert => {
                let alert: Alert = line.parse()?;
                // A record of another source means that the one before was given up.
                let source = match open.take() {
                    Some(source) if source.name == alert.source => source,
                    _ => Source { name: alert.source, ..Source::default() },
                };
                let source = open.insert(source);
                source.tally.add(&alert.id);
                *source.types.entry(alert.object.type_name).or_default() += 1;
            }
            Kind::Checkpoint => {
                let checkpoint: Checkpoint = line.parse()?;
                let source = open.take().filter(|source| source.name == checkpoint.source);
                let mut source = source.unwrap_or_default();
                if let Some(reason) = source.tally.disagreement(&checkpoint) {
                    return Err(line.error(format_args!("source '{}': {reason}", checkpoint.source)).into());
                }
                let types: Vec<String> =
                    source.types.iter().map(|(name, count)| format!("{name} {count}")).collect();
                let types = if types.is_empty() { "nothing".to_owned() } else { types.join(", ") };
                writeln!(output, "{}: {types}", checkpoint.source).map_err(ndjson::Error::Output)?;
            }
            Kind::Mark | Kind::Email | Kind::Message | Kind::Receipt | Kind::Other => (),
        }
    }
    match open {
        Some(Source { name, .. }) => {
            Err(Failure::new(Status::BadStream, format_args!("no checkpoint for source '{name}'")))
        }
        None => Ok(Status::Done),
    }
}
