//! Which times ThreatQ can have meant: its own clock, as far as it says what that shows, and never ours.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use super::OVERLAP;

/// How far our clock and that of a ThreatQ that does not tell its time may differ.
const DISAGREEMENT: TimeDelta = TimeDelta::days(1);
/// How much of the overlap is for the lag of ThreatQ's index. The rest is for the time that a fetch takes.
const LAG: TimeDelta = TimeDelta::minutes(5);

/// ThreatQ's clock when the fetch began.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    /// No time after this had come.
    latest: DateTime<Utc>,
    began: Instant,
}

impl Clock {
    /// A clock that began to run at the login.
    pub(super) fn new(logged_in_at: Option<DateTime<Utc>>, our_time: DateTime<Utc>) -> Self {
        let latest = logged_in_at.map_or(our_time + DISAGREEMENT, |at| at + OVERLAP);
        Self { latest, began: Instant::now() }
    }

    /// Whether that time may have come. An object may be dated in the future, and a clock may have been set back; a window
    /// that began there would hide everything until then.
    pub(super) fn has_come(&self, at: DateTime<Utc>) -> bool {
        // Most have come before the fetch began.
        at <= self.latest || at - self.took() <= self.latest
    }

    /// How much later than thought a fetch saw the last of what it saw. What changed behind its back in the meantime must
    /// lie in the next window.
    pub(super) fn lateness(&self) -> TimeDelta {
        (self.took() - (OVERLAP - LAG)).max(TimeDelta::zero())
    }

    fn took(&self) -> TimeDelta {
        // A day is longer than any fetch, and keeps the reckoning within its bounds.
        TimeDelta::from_std(self.began.elapsed()).unwrap_or(DISAGREEMENT).min(DISAGREEMENT)
    }
}
