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
use tq_alerts::interrupt::{self, Input};
use tq_alerts::send::{self, Destination, Sender};
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
    /// Ask the relay whether mail could be sent, and send nothing
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,
    /// Say what would be sent, ask nobody, send and remember nothing
    #[arg(long)]
    dry_run: bool,
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
    interrupt::watch()?;
    let file = config::load(args.common.config.as_deref())?;
    let state_path = config::state_path(&args.state, &file);
    let smtp = args.smtp.or(file.smtp);
    let mut output = ndjson::Writer::new(io::stdout(), Style::of_stdout(args.common.color));
    if args.check {
        let mut unwritten = Ok(());
        let checked = Destination::from_settings(&smtp)?.check(file.email.from.as_deref(), &mut |step| {
            let said = output.say(&format!("ok  {step}")).and_then(|()| output.flush());
            unwritten = std::mem::replace(&mut unwritten, Ok(())).and(said);
        });
        checked?;
        unwritten?;
        return Ok(Status::Done);
    }
    terminal::refuse_typed_input("emails", "tq-format-email | tq-send-smtp")?;
    let input = ndjson::Reader::new(Input::new());
    if args.dry_run {
        return send::dry_run(PROGRAM, &Destination::name_of(&smtp)?, input, output);
    }
    let destination = Destination::from_settings(&smtp)?;
    let sender = Sender::new(PROGRAM, destination, output);
    let done = match state_path {
        Some(path) => sender.queue(&state::State::open(&path)?, input),
        None => sender.stream(input),
    };
    if !interrupt::raised() {
        return done;
    }
    match done {
        // A stream that a signal cut short is not a broken one.
        Err(mut failure) if matches!(failure.status, Status::BadStream | Status::Disk) => {
            failure.status = Status::TryAgain;
            Err(failure)
        }
        done => done.map(|status| status.worst(Status::TryAgain)),
    }
}
