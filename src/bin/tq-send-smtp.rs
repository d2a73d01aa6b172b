//! Send the emails on standard input over SMTP, and print what became of them.
//!
//! Reads: emails on standard input, the relay's password. Connects to: one relay, or delivers into a Maildir. Writes:
//! receipts on standard output, and the state. Fails: 75 when something must be tried again, 1 when something was
//! refused for good, 77 when the login is refused, 78 when a setting must be mended, 65 when the stream is broken.

use std::io;
use std::process::ExitCode;

use chrono::TimeDelta;
use clap::Parser;
use tq_alerts::config::{self, Common, Smtp};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::interrupt::{self, Input};
use tq_alerts::send::{self, Destination, Order, Patience, Sender};
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
    /// List what was not delivered; retry: try it in the next run; drop: give it up
    #[arg(long, value_names = ["retry|drop", "ID|all"], num_args = 0..=2)]
    #[arg(conflicts_with_all = ["dead_letters", "check", "dry_run"])]
    queue: Option<Vec<String>>,
    /// Print what was refused for good as emails, to be sent as new mails
    #[arg(long, conflicts_with_all = ["check", "dry_run"])]
    dead_letters: bool,
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
    let mut output = ndjson::Writer::new(io::stdout(), Style::of_stdout(args.common.color));
    if args.dead_letters || args.queue.is_some() {
        let path = config::required(state_path, "--state", "state.file")?;
        return ndjson::quiet_when_unwanted(match args.queue {
            None => send::dead_letters(PROGRAM, &path, &mut output),
            Some(words) => match order(&words)? {
                None => send::list(&path, &mut output),
                Some(order) => send::carry_out(&state::State::open(&path)?, &order),
            },
        });
    }
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
        Some(path) => sender.queue(&mut state::State::open(&path)?, &patience(&file.state), input),
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

/// What is to be done with the queue; none where it is only listed.
fn order(words: &[String]) -> Result<Option<Order>, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(None),
        ["retry", "all"] => Ok(Some(Order::RetryAll)),
        ["retry", id] if !id.is_empty() => Ok(Some(Order::Retry((*id).to_owned()))),
        ["drop", id] if !id.is_empty() => Ok(Some(Order::Drop((*id).to_owned()))),
        _ => Err(Failure::new(
            Status::Usage,
            "--queue takes nothing, 'retry ID', 'retry all' or 'drop ID'; see --help",
        )),
    }
}

fn patience(settings: &config::State) -> Patience {
    Patience {
        keep_trying: settings.keep_trying.map_or(TimeDelta::days(5), |span| span.0),
        keep_delivered: settings.keep_delivered.map_or(TimeDelta::days(30), |span| span.0),
        most_waiting: settings.most_waiting.map_or(10_000, |most| most.get().into()),
    }
}
