//! Post the messages on standard input to Slack, and print what became of them.
//!
//! Reads: messages on standard input, the app's token. Connects to: one Slack workspace. Writes: receipts on standard
//! output, and the state. Fails: 75 when something must be tried again, 1 when something was refused for good, 77 when
//! the token is refused, 78 when a setting must be mended, 65 when the stream is broken.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tq_alerts::config::{self, Common, Look, Monitoring, Part, SlackApi};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::interrupt::{self, Input};
use tq_alerts::send::{self, Asked, Destination, Metrics, Patience, Run, Sender, Takes};
use tq_alerts::terminal::{self, Style};
use tq_alerts::{logging, ndjson, state};

const PROGRAM: &str = "tq-send-slack";
const EXAMPLES: &str = "  \
  … | tq-send-slack --config tq.toml --take-over | tq-format-email … | tq-send-smtp …
  tq-send-slack --config tq.toml < /dev/null
  … | tq-send-slack --token-file slack-token";
const FILES: &str = "  \
  --token-file FILE  a token and nothing else, closed to others
  --state FILE  the messages that wait; FILE.lock and FILE.taking keep a second program out";

/// Post messages to Slack and print what became of each.
#[derive(Parser)]
#[command(name = PROGRAM, version, help_template = exit::HELP)]
#[command(before_long_help = exit::examples(EXAMPLES), after_long_help = exit::help(FILES))]
pub(crate) struct Args {
    #[command(flatten)]
    slack: SlackApi,
    /// Only take messages over, as a sender before others: ask nobody, deliver nothing, pass all else on
    #[arg(long, conflicts_with_all = ["check", "dry_run", "status", "queue", "dead_letters", "run", "metrics"])]
    take_over: bool,
    /// Ask Slack whose token it is, and post nothing
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,
    /// Say what would be posted, ask nobody, post and remember nothing
    #[arg(long)]
    dry_run: bool,
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
    let slack = file.slack.with_api(args.slack);
    let state_path = slack.state.clone();
    let style = if args.look.json { Style::Records } else { Style::of_stdout(args.common.color) };
    let mut output = ndjson::Writer::new(io::stdout(), style);
    // Beside a sender of mails, the metrics in the file are those of the mails.
    let is_told = args.part.ended.is_some();
    let monitoring = if is_told { args.monitoring.or(file.monitoring) } else { args.monitoring };
    let metrics = monitoring.metrics.clone().map(|path| Metrics::new(path, args.common.config.as_deref()));
    let (look, part, takes) = (&args.look, &args.part, Takes::Messages);
    let asked = Asked { program: PROGRAM, takes, look, part, monitoring: &monitoring };
    if let Some(answered) = asked.answer(state_path.as_deref(), metrics.as_ref(), &mut output) {
        return answered;
    }
    if args.check {
        return send::check(Destination::slack(&slack)?, None, &monitoring, metrics.as_ref(), &mut output);
    }
    terminal::refuse_typed_input("messages", "tq-format-slack | tq-send-slack")?;
    let input = ndjson::Reader::new(Input::new());
    if args.take_over {
        let path = config::required(state_path, "--state", "slack.state")?;
        let state = state::State::open_to_take_over(&path)?;
        return send::take_over(PROGRAM, takes, Destination::name_of_slack(&slack), &state, input, output);
    }
    if args.dry_run {
        return send::dry_run(PROGRAM, takes, &Destination::name_of_slack(&slack), input, output);
    }
    let sender = Sender::new(PROGRAM, Destination::slack(&slack)?, output);
    let run = Run { part_of: args.part.run, metrics };
    sender.run(state_path.as_deref(), &Patience::of(&file.state), &run, input)
}
