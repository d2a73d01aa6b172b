//! Find what is new and what changed on the watchlists of users, and print it as alerts.
//!
//! Reads: ThreatQ, and a snapshot of the state. Writes: alerts, marks and one checkpoint on standard output.
//! Fails: 75 when ThreatQ cannot be reached, 77 when it refuses the login, 78 for a setting or a name that does not
//! fit; 1 when an object could not be read.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tq_alerts::config::{self, Common, Scope, State, Threatq, Watchlist, required_list};
use tq_alerts::exit::{self, Failure, Status};
use tq_alerts::fetch::{self, Fetch};
use tq_alerts::terminal::{self, Style};
use tq_alerts::threatq::Route;
use tq_alerts::{logging, ndjson};

const PROGRAM: &str = "tq-fetch-watchlist";
const EXAMPLES: &str = "  \
  tq-fetch-watchlist --config tq.toml | jq .
  tq-fetch-watchlist --config tq.toml --state state/state.db --users ana@example.com
  tq-fetch-watchlist --config tq.toml --probe";
const FILES: &str = "  \
  --password-file FILE  a secret and nothing else, closed to others; likewise other secrets
  --state FILE  what was reported before; it is only read";

/// Print an alert for each object that is new or has changed on the watchlists of users.
#[derive(Parser)]
#[command(name = PROGRAM, version, help_template = exit::HELP)]
#[command(before_long_help = exit::examples(EXAMPLES), after_long_help = exit::help(FILES))]
pub(crate) struct Args {
    #[command(flatten)]
    watchlist: Watchlist,
    /// Try, read-only, by which route ThreatQ lists what users watch, and say what to set
    #[arg(long)]
    probe: bool,
    /// Print what the configuration file of ThreatQ's own connector says of ThreatQ, as lines of ours
    #[arg(long, value_name = "FILE", conflicts_with = "probe")]
    import: Option<PathBuf>,
    /// Print what the configuration takes from settings in ThreatQ, for the connector
    #[arg(long, conflicts_with_all = ["probe", "import"])]
    settings: bool,
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
    if let Some(path) = &args.import {
        return import(path, Style::of_stdout(args.common.color));
    }
    terminal::show_progress(PROGRAM);
    let file = config::load(args.common.config.as_deref())?;
    if args.settings {
        let mut output = ndjson::Writer::new(io::stdout().lock(), Style::Records);
        let wants_relay = file.smtp.host.is_none() && file.smtp.maildir.is_none();
        return fetch::settings(&args.threatq.or(file.threatq), wants_relay, &mut output);
    }
    if args.watchlist.users.is_empty() && is_switched_off(&file) {
        tracing::info!("watchlists are not enabled");
        return Ok(Status::Done);
    }
    let memory = fetch::memory(&args.state, &file, args.scope)?;
    let watchlist = args.watchlist.or(file.watchlist.unwrap_or_default());
    let route = Route::from_settings(&watchlist)?;
    let tells_removed = watchlist.removed == Some(true);
    let users = required_list(watchlist.users, "--users", "watchlist.users")?;
    let output = ndjson::Writer::new(io::stdout().lock(), Style::of_stdout(args.common.color));
    let fetch = Fetch::begin(PROGRAM, &args.threatq.or(file.threatq), args.scope, memory, output)?;
    if args.probe {
        return fetch::probe(fetch, &users, route);
    }
    fetch::watchlists(fetch, &users, &route, tells_removed)
}

/// Prints what is carried over, and says what is not. Ends with 1 where something is missing but the password.
fn import(path: &Path, style: Style) -> Result<Status, Failure> {
    let imported = config::import(path)?;
    let mut output = ndjson::Writer::new(io::stdout().lock(), style);
    output.say("[threatq]")?;
    imported.lines.iter().try_for_each(|line| output.say(line))?;
    output.flush()?;
    for remark in &imported.remarks {
        exit::complain(PROGRAM, &format_args!("{}: {remark}", path.display()));
    }
    Ok(if imported.is_whole { Status::Done } else { Status::Refused })
}

/// Whether the file does not ask for watchlists. Without a file nothing is switched off.
fn is_switched_off(file: &config::File) -> bool {
    let is_off = file.watchlist.as_ref().map_or(file.was_read, |section| section.enabled == Some(false));
    is_off || !file.is_enabled()
}
