//! Serve a simulated ThreatQ on a loopback port until told to end.
//!
//! Reads: certificate and key, if asked to; standard input, to see its end. Writes: its address to standard output and a
//! file. Fails: 1 when the port is taken, a file cannot be read or written, or a certificate or a knob is of no use.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use threatq_sim::{Settings, Sim, World, serve};

#[derive(Parser)]
#[command(version, about = "Serve a simulated ThreatQ on a loopback port")]
struct Args {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
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
    /// Serve https with this certificate chain and key, both PEM
    #[arg(long, num_args = 2, value_names = ["CERT", "KEY"])]
    tls: Vec<PathBuf>,
    /// Write the address to this file as well
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// End when standard input ends
    #[arg(long)]
    exit_with_parent: bool,
    /// End after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    lifetime: u64,
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
    let tls = match args.tls.as_slice() {
        [certificate, key] => Some((read(certificate)?, read(key)?)),
        _ => None,
    };
    let delay = Duration::from_millis(args.delay);
    let mut settings = Settings { port: args.port, tls, delay, ..Settings::default() };
    if let Some(knobs) = &args.knobs {
        let knobs = serde_json::from_str(knobs).map_err(|error| error.to_string());
        settings =
            knobs.and_then(|knobs| settings.turned(knobs)).map_err(|error| format!("knobs: {error}"))?;
    }
    let sim = Sim::try_start(world, settings).map_err(|error| format!("port {}: {error}", args.port))?;
    serve::announce(&sim.url(), args.port_file.as_deref())
        .map_err(|error| format!("cannot announce the address: {error}"))?;
    serve::stay(Duration::from_secs(args.lifetime), args.exit_with_parent);
    Ok(())
}

fn generated(count: u64, watched: u64) -> Result<World, String> {
    let mut world = World::generated(count);
    let ana = world.user_by_email("ana@example.com")?.id;
    world.watch_generated(ana, watched)?;
    Ok(world)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
