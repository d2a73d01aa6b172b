//! Serve a simulated ThreatQ on a loopback port until told to end.
//!
//! Reads: certificate and key, if asked to; standard input, to see its end. Writes: its address to standard output and a
//! file. Fails: 1 when the port is taken, a file cannot be read or written, or a certificate or a knob is of no use.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use threatq_sim::{Settings, Sim, World, serve};

#[derive(Parser)]
#[command(version, about = "Serve a simulated ThreatQ on a loopback port")]
struct Args {
    #[command(flatten)]
    place: serve::Place,
    /// Serve the demo's library (this is the default)
    #[arg(long, conflicts_with = "empty")]
    demo: bool,
    /// Serve an empty library without users; fill it through /control
    #[arg(long)]
    empty: bool,
    /// Serve a library of so many indicators, made when they are asked for
    #[arg(long, value_name = "N", conflicts_with_all = ["demo", "empty"])]
    objects: Option<u64>,
    /// Let Ana watch so many of them
    #[arg(long, value_name = "N", requires = "objects", default_value_t = 0)]
    watched: u64,
    /// Give each answer this much later
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u64,
    /// Turn knobs, as the control command "turn" takes them
    #[arg(long, value_name = "JSON")]
    knobs: Option<String>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("threatq-sim: {complaint}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let world = match args.objects {
        Some(count) => generated(count, args.watched)?,
        None if args.empty => World::empty(),
        None => World::demo(),
    };
    let delay = Duration::from_millis(args.delay);
    let mut settings =
        Settings { port: args.place.port, tls: args.place.tls()?, delay, ..Settings::default() };
    if let Some(knobs) = &args.knobs {
        let knobs = serde_json::from_str(knobs).map_err(|error| error.to_string());
        settings =
            knobs.and_then(|knobs| settings.turned(knobs)).map_err(|error| format!("knobs: {error}"))?;
    }
    let sim =
        Sim::try_start(world, settings).map_err(|error| format!("port {}: {error}", args.place.port))?;
    args.place.stay(&sim.url())
}

fn generated(count: u64, watched: u64) -> Result<World, String> {
    let mut world = World::generated(count);
    let ana = world.user_by_email("ana@example.com")?.id;
    world.watch_generated(ana, watched)?;
    Ok(world)
}
