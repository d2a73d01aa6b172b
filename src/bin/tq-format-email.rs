//! Turn the alerts on standard input into emails, and pass everything else on.
//!
//! Reads: alerts. Writes: emails, and the marks of the alerts. Connects to nobody and touches no file but its
//! configuration. Fails: 65 when the stream is broken or ends before a checkpoint, 78 for an address that is none.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tq_alerts::config::{self, Common, Email};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::mail::Composer;
use tq_alerts::terminal::{self, Style};
use tq_alerts::{format, logging, ndjson};

const PROGRAM: &str = "tq-format-email";
const EXAMPLES: &str = "  \
  tq-fetch-watchlist --config tq.toml | tq-format-email --config tq.toml | jq -r .subject
  tq-format-email --from threatq@example.com --to soc@example.com < alerts.ndjson";

/// Turn alerts into emails.
#[derive(Parser)]
#[command(name = PROGRAM, version, after_long_help = exit::help(EXAMPLES))]
struct Args {
    #[command(flatten)]
    email: Email,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    exit::run(PROGRAM, || ndjson::quiet_when_unwanted(config::parse().and_then(run)))
}

fn run(args: Args) -> Result<Status, Failure> {
    logging::start(PROGRAM, args.common.verbosity);
    let file = config::load(args.common.config.as_deref())?;
    let composer = Composer::new(args.email.or(file.email))?;
    terminal::refuse_typed_input("alerts", "tq-fetch-watchlist | tq-format-email")?;
    let output = ndjson::Writer::new(io::stdout().lock(), Style::of_stdout(args.common.color));
    format::stream(ndjson::Reader::new(io::stdin().lock()), output, &composer)
}
