//! How many mails may be begun in which time, for all sessions together.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::interrupt;

/// The pace, and when the next mail may begin.
pub(super) struct Pace {
    interval: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(interval: Option<Duration>) -> Self {
        Self { interval, next: Mutex::new(None) }
    }

    pub(super) fn is_set(&self) -> bool {
        self.interval.is_some()
    }

    /// Takes the next turn and waits for it; a signal ends the wait.
    pub(super) fn wait(&self) {
        let Some(interval) = self.interval else { return };
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = next.unwrap_or(now).max(now);
            *next = Some(turn + interval);
            turn
        };
        interrupt::sleep_until(turn);
    }
}
