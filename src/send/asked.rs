//! What a sender is asked to do instead of sending: to look after its queue, to say how things stand, or that a run has
//! ended.

use std::io::Write;
use std::path::Path;

use super::backlog::{self, Order};
use super::{Metrics, Takes, heartbeat, run, status};
use crate::config::{self, Look, Monitoring, Part};
use crate::exit::{Failure, Status};
use crate::ndjson::{self, Writer};
use crate::state::State;

/// What the command line asks.
pub struct Asked<'a> {
    /// The program that is asked.
    pub program: &'a str,
    /// What it sends.
    pub takes: Takes,
    /// What it may be asked of its state.
    pub look: &'a Look,
    /// The run that may have ended.
    pub part: &'a Part,
    /// Who is told of that.
    pub monitoring: &'a Monitoring,
}

impl Asked<'_> {
    /// Does what is asked; none where that is to send.
    pub fn answer<W: Write>(
        &self,
        state: Option<&Path>,
        metrics: Option<&Metrics>,
        output: &mut Writer<W>,
    ) -> Option<Result<Status, Failure>> {
        let Look { queue, dead_letters, status, .. } = self.look;
        let ended = self.part.run.zip(self.part.ended);
        if ended.is_none() && queue.is_none() && !dead_letters && !status {
            return None;
        }
        let key = match self.takes {
            Takes::Emails => "state.file",
            Takes::Messages => "slack.state",
        };
        let path = match config::required(state, "--state", key) {
            Ok(path) => path,
            Err(failure) => return Some(Err(failure)),
        };
        Some(match ended {
            Some((began_at, status)) => State::open(path)
                .map_err(Failure::from)
                .and_then(|state| run::end_run(&state, began_at, status, metrics))
                .and_then(|_| heartbeat::heartbeat(self.monitoring, status, output)),
            None => ndjson::quiet_when_unwanted(self.look(path, output)),
        })
    }

    fn look<W: Write>(&self, path: &Path, output: &mut Writer<W>) -> Result<Status, Failure> {
        match &self.look.queue {
            None if self.look.status => status::status(self.takes, path, output),
            None => backlog::dead_letters(self.program, self.takes, path, output),
            Some(words) => match Order::of(words)? {
                None => backlog::list(path, output),
                Some(order) => backlog::carry_out(self.takes, &State::open(path)?, &order),
            },
        }
    }
}
