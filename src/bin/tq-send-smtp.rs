//! Send the emails on standard input over SMTP, and print what became of them.
//!
//! Reads: emails on standard input, the relay's password. Connects to: one relay, or delivers into a Maildir. Writes:
//! receipts on standard output, and the state. Fails: 75 when something must be tried again, 1 when something was
//! refused for good, 77 when the login is refused, 78 when a setting must be mended, 65 when the stream is broken.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tq_alerts::config::{self, Common, Smtp};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::send::{Destination, Sender};
use tq_alerts::terminal::{self, Style};
use tq_alerts::{logging, ndjson, state};

const PROGRAM: &str = "tq-send-smtp";
const EXAMPLES: &str = "  \
  … | tq-format-email --config tq.toml | tq-send-smtp --config tq.toml --state state/state.db
  … | tq-send-smtp --host mail.example.com --username alerts@example.com --password-file password
  … | tq-send-smtp --maildir Maildir";

/// Send emails over SMTP and print what became of each recipient.
#[derive(Parser)]
#[command(name = PROGRAM, version, after_long_help = exit::help(EXAMPLES))]
struct Args {
    #[command(flatten)]
    smtp: Smtp,
    #[command(flatten)]
    state: config::State,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    exit::run(PROGRAM, || config::parse().and_then(run))
}

fn run(args: Args) -> Result<Status, Failure> {
    logging::start(PROGRAM, args.common.verbosity);
    let file = config::load(args.common.config.as_deref())?;
    let state_path = config::state_path(&args.state, &file);
    let destination = Destination::from_settings(&args.smtp.or(file.smtp))?;
    terminal::refuse_typed_input("emails", "tq-format-email | tq-send-smtp")?;
    let input = ndjson::Reader::new(io::stdin().lock());
    let output = ndjson::Writer::new(io::stdout().lock(), Style::of_stdout(args.common.color));
    let sender = Sender::new(PROGRAM, destination, output);
    match state_path {
        Some(path) => sender.queue(&state::State::open(&path)?, input),
        None => sender.stream(input),
    }
}
