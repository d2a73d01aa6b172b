//! Send the emails on standard input over SMTP, and print what became of them.
//!
//! Reads: emails on standard input, the relay's password. Connects to: one relay, or delivers into a Maildir. Writes:
//! receipts on standard output, and the state. Fails: 75 when something must be tried again, 1 when something was
//! refused for good, 77 when the login is refused, 78 when a setting must be mended, 65 when the stream is broken.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tq_alerts::config::{self, Common, Look, Monitoring, Part, Smtp};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::interrupt::{self, Input};
use tq_alerts::send::{self, Asked, Destination, Metrics, Patience, Run, Sender, Takes};
use tq_alerts::terminal::{self, Style};
use tq_alerts::{logging, ndjson};

const PROGRAM: &str = "tq-send-smtp";
const EXAMPLES: &str = "  \
  … | tq-format-email --config tq.toml | tq-send-smtp --config tq.toml --state state/state.db
  … | tq-send-smtp --host mail.example.com --username alerts@example.com --password-file password
  … | tq-send-smtp --maildir Maildir";
const FILES: &str = "  \
  --password-file FILE  a secret and nothing else, closed to others; likewise other secrets
  --state FILE  what was reported, and the mails that wait; FILE.lock keeps a second writer out";

/// Send emails over SMTP and print what became of each recipient.
#[derive(Parser)]
#[command(name = PROGRAM, version, help_template = exit::HELP)]
#[command(before_long_help = exit::examples(EXAMPLES), after_long_help = exit::help(FILES))]
pub(crate) struct Args {
    #[command(flatten)]
    smtp: Smtp,
    /// Ask the relay whether mail could be sent, and send nothing
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,
    /// Say what would be sent, ask nobody, send and remember nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    state: config::State,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    monitoring: Monitoring,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    exit::run(PROGRAM, || config::parse(&mut io::stdout()).and_then(run))
}

fn run(args: Args) -> Result<Status, Failure> {
    logging::start(PROGRAM, args.common.verbosity);
    interrupt::watch()?;
    let file = config::load(args.common.config.as_deref())?;
    let state_path = config::state_path(&args.state, &file);
    let smtp = args.smtp.or(file.smtp);
    let style = if args.look.json { Style::Records } else { Style::of_stdout(args.common.color) };
    let mut output = ndjson::Writer::new(io::stdout(), style);
    let monitoring = args.monitoring.or(file.monitoring);
    let metrics = monitoring.metrics.clone().map(|path| Metrics::new(path, args.common.config.as_deref()));
    let asked = Asked {
        program: PROGRAM,
        takes: Takes::Emails,
        look: &args.look,
        part: &args.part,
        monitoring: &monitoring,
    };
    if let Some(answered) = asked.answer(state_path.as_deref(), metrics.as_ref(), &mut output) {
        return answered;
    }
    if args.check {
        let (relay, sender) = (Destination::from_settings(&smtp)?, file.email.from.as_deref());
        return send::check(relay, sender, &monitoring, metrics.as_ref(), &mut output);
    }
    terminal::refuse_typed_input("emails", "tq-format-email | tq-send-smtp")?;
    let input = ndjson::Reader::new(Input::new());
    if args.dry_run {
        return send::dry_run(PROGRAM, Takes::Emails, &Destination::name_of(&smtp)?, input, output);
    }
    let destination = Destination::from_settings(&smtp)?;
    let sender = Sender::new(PROGRAM, destination, output);
    let run = Run { part_of: args.part.run, metrics };
    sender.run(state_path.as_deref(), &Patience::of(&file.state), &run, input)
}
