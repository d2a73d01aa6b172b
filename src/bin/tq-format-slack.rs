//! Add messages for Slack to the alerts on standard input, and pass everything on.
//!
//! Reads: alerts, the configuration, and what a sender has taken already. Writes: what it reads, and messages. Connects to
//! nobody. Fails: 65 when the stream is broken or ends before a checkpoint, 78 where nobody gets a message.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tq_alerts::blocks::Composer;
use tq_alerts::config::{self, Common, SlackMessages};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::state::Taken;
use tq_alerts::terminal::{self, Style};
use tq_alerts::{format, logging, ndjson};

const PROGRAM: &str = "tq-format-slack";
const EXAMPLES: &str = "  \
  tq-fetch-watchlist --config tq.toml | tq-format-slack --config tq.toml | tq-send-slack --config tq.toml
  tq-format-slack --channels '#tq-alerts' --users zach < alerts.ndjson | jq 'select(.record == \"message\")'";
const FILES: &str = "  \
  --taken FILE  the outbox of tq-send-slack --take-over, where it stands before other senders; it is only read";

/// Add messages for Slack to a stream of alerts.
#[derive(Parser)]
#[command(name = PROGRAM, version, help_template = exit::HELP)]
#[command(before_long_help = exit::examples(EXAMPLES), after_long_help = exit::help(FILES))]
pub(crate) struct Args {
    #[command(flatten)]
    slack: SlackMessages,
    /// Host that links may lead to, if not that of ThreatQ in the configuration
    #[arg(long, value_name = "HOST")]
    link_host: Option<String>,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    exit::run(PROGRAM, || ndjson::quiet_when_unwanted(config::parse(&mut io::stdout()).and_then(run)))
}

fn run(args: Args) -> Result<Status, Failure> {
    logging::start(PROGRAM, args.common.verbosity);
    let file = config::load(args.common.config.as_deref())?;
    let link_host = args.link_host.or(file.threatq.link_host).or(file.threatq.url);
    let settings = file.slack.with_messages(args.slack);
    let composer = Composer::new(&settings, link_host.as_deref())?;
    terminal::refuse_typed_input("alerts", "tq-fetch-watchlist | tq-format-slack")?;
    let taken = settings.state.as_deref().map(Taken::open).transpose()?;
    let output = ndjson::Writer::new(io::stdout().lock(), Style::of_stdout(args.common.color));
    format::messages(ndjson::Reader::new(io::stdin().lock()), output, &composer, taken.as_ref())
}
