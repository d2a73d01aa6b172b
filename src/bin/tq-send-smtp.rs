//! Send the emails on standard input over SMTP, and print what became of them.
//!
//! Reads: emails on standard input, the relay's password. Connects to: one relay, or delivers into a Maildir. Writes:
//! receipts on standard output, and the state. Fails: 75 when something must be tried again, 1 when something was
//! refused for good, 77 when the login is refused, 78 when a setting must be mended, 65 when the stream is broken.

use std::io;
use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use tq_alerts::config::{self, Common, Monitoring, Smtp};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::interrupt::{self, Input};
use tq_alerts::send::{self, Destination, Metrics, Order, Patience, Run, Sender};
use tq_alerts::terminal::{self, Style};
use tq_alerts::{logging, ndjson, state};

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
    /// Be a part of the run that began then, and not a run by itself
    #[arg(long, value_name = "TIME", conflicts_with_all = ["status", "queue", "dead_letters", "check", "dry_run"])]
    run: Option<DateTime<Utc>>,
    /// Say that this run has ended so, and send nothing
    #[arg(long, value_name = "STATUS", requires = "run")]
    ended: Option<u8>,
    #[command(flatten)]
    common: Common,
}

/// What may be asked of a state instead of sending.
#[derive(clap::Args)]
struct Look {
    /// List what was not delivered; retry: try it in the next run; drop: give it up
    #[arg(long, value_names = ["retry|drop", "ID|all"], num_args = 0..=2)]
    #[arg(conflicts_with_all = ["dead_letters", "check", "dry_run"])]
    queue: Option<Vec<String>>,
    /// Print what was refused for good as emails, to be sent as new mails
    #[arg(long, conflicts_with_all = ["check", "dry_run"])]
    dead_letters: bool,
    /// Say how things stand: the last run, what waits, and how far each source was read
    #[arg(long, conflicts_with_all = ["queue", "dead_letters", "check", "dry_run"])]
    status: bool,
    /// With --status: as JSON also on a terminal
    #[arg(long, requires = "status")]
    json: bool,
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
    if let Some((began_at, status)) = args.run.zip(args.ended) {
        let path = config::required(state_path, "--state", "state.file")?;
        send::end_run(&state::State::open(&path)?, began_at, status, metrics.as_ref())?;
        return send::heartbeat(&monitoring, status, &mut output);
    }
    if args.look.status || args.look.dead_letters || args.look.queue.is_some() {
        let path = config::required(state_path, "--state", "state.file")?;
        return ndjson::quiet_when_unwanted(match args.look.queue {
            None if args.look.status => send::status(&path, &mut output),
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
        return check_monitoring(&monitoring, metrics.as_ref(), &mut output);
    }
    terminal::refuse_typed_input("emails", "tq-format-email | tq-send-smtp")?;
    let input = ndjson::Reader::new(Input::new());
    if args.dry_run {
        return send::dry_run(PROGRAM, &Destination::name_of(&smtp)?, input, output);
    }
    let destination = Destination::from_settings(&smtp)?;
    let sender = Sender::new(PROGRAM, destination, output);
    match state_path {
        Some(path) => {
            let run = Run { part_of: args.run, metrics };
            sender.queue(&mut state::State::open(&path)?, &patience(&file.state), &run, input)
        }
        None if metrics.is_some() => {
            Err(Failure::new(Status::Config, "metrics need a state: use --state or the configuration file"))
        }
        None => sender.stream(input),
    }
}

/// Tries what the end of a run needs, and calls nobody.
fn check_monitoring(
    monitoring: &config::Monitoring,
    metrics: Option<&Metrics>,
    output: &mut ndjson::Writer<io::Stdout>,
) -> Result<Status, Failure> {
    if let Some(metrics) = metrics {
        metrics.check()?;
        output.say("ok  metrics: can be written")?;
    }
    if monitoring.heartbeat_file.is_some() || !monitoring.heartbeat_command.is_empty() {
        let mut nowhere = ndjson::Writer::new(io::sink(), Style::Records);
        send::heartbeat(monitoring, Status::Done.code(), &mut nowhere)?;
        output.say("ok  heartbeat: its address can be read")?;
    }
    output.flush()?;
    Ok(Status::Done)
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
