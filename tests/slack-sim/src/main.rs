//! Serve a simulated Slack workspace on a loopback port until told to end.
//!
//! Reads: certificate and key, if asked to; standard input, to see its end. Writes: its address to standard output and a
//! file. Fails: 1 when the port is taken, or a file cannot be read or written.

use std::process::ExitCode;

use clap::Parser;
use slack_sim::{Settings, Sim, Workspace};
use threatq_sim::serve;

#[derive(Parser)]
#[command(version, about = "Serve a simulated Slack workspace on a loopback port")]
struct Args {
    #[command(flatten)]
    place: serve::Place,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("slack-sim: {complaint}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let settings = Settings { port: args.place.port, tls: args.place.tls()? };
    let sim = Sim::try_start(Workspace::demo(), &settings)
        .map_err(|error| format!("port {}: {error}", args.place.port))?;
    args.place.stay(&sim.url())
}
