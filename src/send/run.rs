//! A run in the state: that it began, what became of its mails, and how it ended; then its metrics.
//!
//! A sender that runs by itself is a run. The connector's run has several senders: they are its parts, and it says how
//! it ended, because a fetcher that fails leaves the sender nothing to complain of.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};

use super::Metrics;
use crate::exit::{self, Failure, Status};
use crate::state::State;

/// What a sender must know of the run that it is.
#[derive(Debug)]
pub struct Run {
    /// When the run began that this sender is a part of; none where it is a run by itself.
    pub part_of: Option<DateTime<Utc>>,
    /// The metrics to write at its end.
    pub metrics: Option<Metrics>,
}

impl Run {
    pub(super) fn begin(&self, state: &State) -> Result<(), Failure> {
        Ok(state.begin_run(self.part_of.unwrap_or_else(moment))?)
    }

    /// Counts the receipts, and closes what is a run by itself.
    pub(super) fn end(
        &self,
        program: &str,
        state: &State,
        receipts: &BTreeMap<&'static str, u64>,
        done: Result<Status, Failure>,
    ) -> Result<Status, Failure> {
        let status = done.as_ref().map_or_else(|failure| failure.status, |status| *status);
        let ended = self.part_of.is_none().then(|| (moment(), status.code()));
        let metrics = self.metrics.as_ref().filter(|_| ended.is_some());
        let told = write_down(state, receipts, ended, metrics);
        // A disk that is full was complained of already.
        if status == Status::Disk && told.as_ref().is_err_and(|failure| failure.status == Status::Disk) {
            return done;
        }
        exit::both(program, done, told)
    }
}

/// Says that the run that began then has ended with this status.
pub(super) fn end_run(
    state: &State,
    began_at: DateTime<Utc>,
    status: u8,
    metrics: Option<&Metrics>,
) -> Result<Status, Failure> {
    state.begin_run(began_at)?;
    write_down(state, &BTreeMap::new(), Some((moment(), status)), metrics)
}

fn write_down(
    state: &State,
    receipts: &BTreeMap<&'static str, u64>,
    ended: Option<(DateTime<Utc>, u8)>,
    metrics: Option<&Metrics>,
) -> Result<Status, Failure> {
    state.end_run(receipts, ended)?;
    if let Some(metrics) = metrics {
        metrics.write(&state.overview()?)?;
    }
    Ok(Status::Done)
}

/// The time, finer than records have it: a run may take less than a second.
fn moment() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
