//! What waits in the outbox, run by run: what is due is delivered, what is not is told, what is old is forgotten.

use std::io::Write;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::due::Due;
use super::{Sender, Takes};
use crate::config;
use crate::exit::{self, Failure, Status};
use crate::state::State;

/// How long mails are tried and remembered, and how many may wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// What was only ever refused for now is given up after this time.
    pub keep_trying: TimeDelta,
    /// What everybody has is forgotten after this time.
    pub keep_delivered: TimeDelta,
    /// With so many mails in the outbox no source that brings more is taken.
    pub most_waiting: u64,
}

impl Patience {
    /// What the settings say, and what holds where they say nothing.
    pub fn of(settings: &config::State) -> Self {
        Self {
            keep_trying: settings.keep_trying.map_or(TimeDelta::days(5), |span| span.0),
            keep_delivered: settings.keep_delivered.map_or(TimeDelta::days(30), |span| span.0),
            most_waiting: settings.most_waiting.map_or(10_000, |most| most.get().into()),
        }
    }
}

/// Delivers what was taken after `last` and is due, and moves `last` on.
pub(super) fn deliver<W: Write + Send>(
    sender: &mut Sender<W>,
    state: &mut State,
    patience: &Patience,
    last: &mut i64,
) -> Result<Status, Failure> {
    let Sender { destination, reports, started } = sender;
    let mut due = Due::new(state, patience, reports, *started, last);
    let delivered = due.deliver(destination);
    let (mut status, others) = (due.status, due.others);
    if others > 0 {
        let other = reports.takes.other();
        let (program, others) = (other.program(), counted(other, others, "waits", "wait"));
        reports.complain(&format!(
            "{others} in this state for {program}; run it on this state, or its --queue drop ID"
        ));
        status = status.worst(Status::Config);
    }
    exit::both(reports.program, Ok(status), delivered.map(|()| Status::Done))
}

/// Says what is left alone in this run, and forgets what was delivered long ago.
pub(super) fn close<W: Write>(
    sender: &Sender<W>,
    state: &State,
    patience: &Patience,
) -> Result<Status, Failure> {
    state.empty_delivered()?;
    let takes = sender.reports.takes;
    let resting = state.resting(sender.started)?;
    let mut status = Status::Done;
    if let Some(next_due) = resting.next_due {
        let next_due = next_due.to_rfc3339_opts(SecondsFormat::Secs, true);
        let waiting = counted(takes, resting.not_due, "waits", "wait");
        sender.complain(&format!(
            "{waiting}, not to be tried before {next_due}; --queue retry all makes it now"
        ));
        status = status.worst(Status::TryAgain);
    }
    if resting.held > 0 {
        let held = counted(takes, resting.held, "may have arrived and is", "may have arrived and are");
        sender.complain(&format!(
            "{held} not sent again; see --queue, then --queue retry ID or --queue drop ID"
        ));
        status = status.worst(Status::Refused);
    }
    let before =
        sender.started.checked_sub_signed(patience.keep_delivered).unwrap_or(DateTime::<Utc>::MIN_UTC);
    state.forget_delivered(before)?;
    Ok(status)
}

fn counted(takes: Takes, number: u64, one: &str, more: &str) -> String {
    format!("{} {}", takes.counted(number), if number == 1 { one } else { more })
}
