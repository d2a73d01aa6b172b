//! Turn the alerts on standard input into emails, and pass everything else on.
//!
//! Reads: alerts, the configuration, templates. Writes: emails, and the marks of the alerts; a preview where one is
//! wanted. With --validate: any records, and nothing is written. Connects to nobody. Fails: 65 when the stream is broken
//! or ends before a checkpoint, 78 for an address or a template that is none.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tq_alerts::config::{self, Common, Email};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::mail::{Composer, Preview};
use tq_alerts::terminal::{self, Style};
use tq_alerts::{format, logging, ndjson, validate};

const PROGRAM: &str = "tq-format-email";
const EXAMPLES: &str = "  \
  tq-fetch-watchlist --config tq.toml | tq-format-email --config tq.toml | jq -r .subject
  tq-format-email --from threatq@example.com --to soc@example.com --preview mails < alerts.ndjson > /dev/null
  tq-format-email --validate < alerts.ndjson";
const FILES: &str = "  \
  --templates DIR  NAME.subject, NAME.txt and NAME.html in place of those that are built in
  --preview DIR  the mails, to be looked at before anything is sent";

/// Turn alerts into emails.
#[derive(Parser)]
#[command(name = PROGRAM, version, help_template = exit::HELP)]
#[command(before_long_help = exit::examples(EXAMPLES), after_long_help = exit::help(FILES))]
pub(crate) struct Args {
    #[command(flatten)]
    email: Email,
    /// Host that links may lead to, if not that of ThreatQ in the configuration
    #[arg(long, value_name = "HOST")]
    link_host: Option<String>,
    /// Write the mails into this folder as well, as .eml, .txt and .html, with a page that lists them
    #[arg(long, value_name = "DIR")]
    preview: Option<PathBuf>,
    /// Say the first rule that any stream of records breaks, and print nothing else
    #[arg(long, conflicts_with = "preview")]
    validate: bool,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    exit::run(PROGRAM, || ndjson::quiet_when_unwanted(config::parse(&mut io::stdout()).and_then(run)))
}

fn run(args: Args) -> Result<Status, Failure> {
    logging::start(PROGRAM, args.common.verbosity);
    if args.validate {
        terminal::refuse_typed_input("records", "tq-fetch-watchlist | tq-format-email --validate")?;
        return validate::stream(ndjson::Reader::new(io::stdin().lock()));
    }
    let file = config::load(args.common.config.as_deref())?;
    let link_host = args.link_host.or(file.threatq.link_host).or(file.threatq.url);
    let composer = Composer::new(&args.email.or(file.email), file.route, link_host.as_deref())?;
    terminal::refuse_typed_input("alerts", "tq-fetch-watchlist | tq-format-email")?;
    let output = ndjson::Writer::new(io::stdout().lock(), Style::of_stdout(args.common.color));
    let preview = args.preview.as_deref().map(Preview::new).transpose()?;
    format::emails(ndjson::Reader::new(io::stdin().lock()), output, &composer, preview)
}
