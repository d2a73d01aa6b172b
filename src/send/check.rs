//! `--check`: what a run needs is tried, a line for each step, and nothing is sent.

use std::io::{self, Write};

use super::heartbeat::heartbeat;
use super::{Destination, Metrics};
use crate::config::Monitoring;
use crate::exit::{Failure, Status};
use crate::ndjson::Writer;
use crate::terminal::Style;

/// Asks the destination everything but to take what is sent by `sender`, and tries what the end of a run needs.
pub fn check<W: Write>(
    mut destination: Destination,
    sender: Option<&str>,
    monitoring: &Monitoring,
    metrics: Option<&Metrics>,
    output: &mut Writer<W>,
) -> Result<Status, Failure> {
    let mut unwritten = Ok(());
    destination.check(sender, &mut |step| {
        let said = output.say(&format!("ok  {step}")).and_then(|()| output.flush());
        unwritten = std::mem::replace(&mut unwritten, Ok(())).and(said);
    })?;
    unwritten?;
    if let Some(metrics) = metrics {
        metrics.check()?;
        output.say("ok  metrics: can be written")?;
    }
    if monitoring.heartbeat_file.is_some() || !monitoring.heartbeat_command.is_empty() {
        heartbeat(monitoring, Status::Done.code(), &mut Writer::new(io::sink(), Style::Records))?;
        output.say("ok  heartbeat: its address can be read")?;
    }
    output.flush()?;
    Ok(Status::Done)
}
