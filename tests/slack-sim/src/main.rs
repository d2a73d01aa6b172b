//! Serve a simulated Slack workspace on a loopback port until told to end.
//!
//! Reads: certificate and key, if asked to; standard input, to see its end. Writes: its address to standard output and a
//! file. Fails: 1 when the port is taken, or a file cannot be read or written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use slack_sim::{Settings, Sim, Workspace};
use threatq_sim::serve;

#[derive(Parser)]
#[command(version, about = "Serve a simulated Slack workspace on a loopback port")]
struct Args {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
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
            eprintln!("slack-sim: {complaint}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let tls = match args.tls.as_slice() {
        [certificate, key] => Some((read(certificate)?, read(key)?)),
        _ => None,
    };
    let sim = Sim::try_start(Workspace::demo(), &Settings { port: args.port, tls })
        .map_err(|error| format!("port {}: {error}", args.port))?;
    serve::announce(&sim.url(), args.port_file.as_deref())
        .map_err(|error| format!("cannot announce the address: {error}"))?;
    serve::stay(Duration::from_secs(args.lifetime), args.exit_with_parent);
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
