//! Find what is newly in data collections, and print it as alerts.
//!
//! Reads: ThreatQ, and a snapshot of the state. Writes: alerts, marks and one checkpoint a collection on standard output.
//! Fails: 75 when ThreatQ cannot be reached, 77 when it refuses the login, 78 for a setting or a name that does not
//! fit; 1 when an object could not be read. A collection that fails does not keep back the others.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tq_alerts::config::{self, Collection, Common, Notify, Scope, Span, State, Threatq, required_list};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::fetch::{self, Fetch};
use tq_alerts::terminal::{self, Style};
use tq_alerts::{logging, ndjson};

const PROGRAM: &str = "tq-fetch-collection";
const EXAMPLES: &str = "  \
  tq-fetch-collection --config tq.toml | jq .
  tq-fetch-collection --config tq.toml --collection 'Ransomware IOCs' --objects indicators,events";
const FILES: &str = "  \
  --password-file FILE  a secret and nothing else, closed to others; likewise other secrets
  --state FILE  what was reported before; it is only read";

/// Print an alert for each object that is new in a data collection.
#[derive(Parser)]
#[command(name = PROGRAM, version, help_template = exit::HELP)]
#[command(before_long_help = exit::examples(EXAMPLES), after_long_help = exit::help(FILES))]
pub(crate) struct Args {
    /// Data collection by name or hash; may be given several times
    #[arg(long, value_name = "NAME")]
    collection: Vec<String>,
    /// Only objects of these types, separated by commas; those that the collection selects otherwise
    #[arg(long, value_name = "A,B", value_delimiter = ',', requires = "collection")]
    objects: Vec<String>,
    /// What is reported: new items, or any that were touched; new unless said otherwise
    #[arg(long, value_name = "new|any", value_enum, hide_possible_values = true, requires = "collection")]
    notify: Option<Notify>,
    /// How often all of it is read, and not only what was touched; 24h unless said otherwise
    #[arg(long, value_name = "DURATION", requires = "collection")]
    rescan: Option<Span>,
    /// Report also what left the collection
    #[arg(long, requires = "collection")]
    removed: bool,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    threatq: Threatq,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    exit::run(PROGRAM, || ndjson::quiet_when_unwanted(config::parse(&mut io::stdout()).and_then(run)))
}

fn run(args: Args) -> Result<Status, Failure> {
    logging::start(PROGRAM, args.common.verbosity);
    terminal::show_progress(PROGRAM);
    let file = config::load(args.common.config.as_deref())?;
    let Some(wanted) = collections(&args, &file)? else {
        tracing::info!("data collections are not enabled");
        return Ok(Status::Done);
    };
    let memory = fetch::memory(&args.state, &file, args.scope)?;
    let output = ndjson::Writer::new(io::stdout().lock(), Style::of_stdout(args.common.color));
    let fetch = Fetch::begin(PROGRAM, &args.threatq.or(file.threatq), args.scope, memory, output)?;
    fetch::collections(fetch, &wanted)
}

/// Which collections to look at; none where the file switches them off and no flag asks for them.
fn collections(args: &Args, file: &config::File) -> Result<Option<Vec<Collection>>, Failure> {
    if !args.collection.is_empty() {
        let asked = |name: &String| Collection {
            enabled: None,
            name: name.clone(),
            objects: args.objects.clone(),
            notify: args.notify,
            rescan: args.rescan,
            removed: Some(args.removed),
        };
        return Ok(Some(args.collection.iter().map(asked).collect()));
    }
    let enabled: Vec<Collection> =
        file.collection.iter().filter(|one| one.enabled != Some(false)).cloned().collect();
    if !file.is_enabled() || (enabled.is_empty() && file.was_read) {
        return Ok(None);
    }
    required_list(enabled, "--collection", "collection.name").map(Some)
}
