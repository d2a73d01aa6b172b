//! What a sender does: emails or messages in, receipts out, everything else passed on.
//!
//! Without a state it sends as it reads. With one, a source is taken over whole at its checkpoint, and then delivered:
//! what was taken survives any crash, and what was not is found again by the next fetch. Before other senders it only
//! takes over.

mod account;
mod asked;
mod backlog;
mod check;
mod destination;
mod dry_run;
mod due;
mod heartbeat;
mod intake;
mod letter;
mod metrics;
mod parcel;
mod queue;
mod run;
mod status;
mod stream;

pub use asked::Asked;
pub use check::check;
pub use destination::Destination;
pub use dry_run::dry_run;
pub use letter::Takes;
pub use metrics::Metrics;
pub use queue::Patience;
pub use run::Run;

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;

use chrono::{DateTime, Utc};

use intake::{Desk, Place};

use crate::exit::{self, Failure, Status};
use crate::interrupt::{self, Ready};
use crate::ndjson::{self, Line, Reader, Writer};
use crate::record::{Checkpoint, Receipt, now};
use crate::smtp::Verdict;
use crate::state::State;

/// A sender: where mails go, and where receipts go.
pub struct Sender<W: Write> {
    destination: Destination,
    reports: Reports<W>,
    /// When the run began: what is due is due by this time.
    started: DateTime<Utc>,
}

/// Where receipts and complaints go.
struct Reports<W: Write> {
    program: &'static str,
    /// What the sender takes out of the stream.
    takes: Takes,
    output: Writer<W>,
    /// The first thing that could not be written. A receipt that nobody can read keeps no mail back, so this is told at
    /// the end.
    unwritten: Option<ndjson::Error>,
    /// Whether it was said that the destination is down.
    said_down: bool,
    /// How many receipts there were, by outcome.
    receipts: BTreeMap<&'static str, u64>,
}

impl<W: Write> Sender<W> {
    /// A sender that has connected to nobody yet.
    pub fn new(program: &'static str, destination: Destination, output: Writer<W>) -> Self {
        let reports = Reports::new(program, destination.takes(), output);
        Self { destination, reports, started: now() }
    }

    /// Sends what the stream brings: as it comes, or by way of a state where there is one.
    ///
    /// Fails with 78 for metrics without a state.
    pub fn run<R: BufRead + Ready + Send>(
        self,
        state: Option<&Path>,
        patience: &Patience,
        run: &Run,
        input: Reader<R>,
    ) -> Result<Status, Failure>
    where
        W: Send,
    {
        match state {
            Some(path) => self.queue(&mut State::open(path)?, patience, run, input),
            None if run.metrics.is_some() => {
                let sentence = "metrics need a state: use --state or the configuration file";
                Err(Failure::new(Status::Config, sentence))
            }
            None => self.stream(input),
        }
    }

    /// Sends the emails of the stream as they come.
    fn stream<R: BufRead + Ready + Send>(mut self, input: Reader<R>) -> Result<Status, Failure>
    where
        W: Send,
    {
        let sent = stream::send(&mut self, input);
        heeding_signals(self.finish(sent))
    }

    /// Delivers what is due in the outbox, takes over the sources of the stream, and delivers what they brought.
    ///
    /// A stream that breaks off does not keep back what was taken before. That the run begins is written down first:
    /// where that cannot be, nothing is sent.
    pub fn queue<R: BufRead>(
        mut self,
        state: &mut State,
        patience: &Patience,
        run: &Run,
        input: Reader<R>,
    ) -> Result<Status, Failure>
    where
        W: Send,
    {
        run.begin(state)?;
        let (program, mut last) = (self.reports.program, 0);
        let backlog = queue::deliver(&mut self, state, patience, &mut last);
        let relay = self.destination.name();
        let place = Place::Last(patience);
        let taken = Desk { reports: &mut self.reports, relay, state, place }.take_over(input);
        let delivered = queue::deliver(&mut self, state, patience, &mut last);
        let closed = queue::close(&self, state, patience);
        let worked = exit::both(program, taken, exit::both(program, delivered, closed));
        let done = exit::both(program, backlog, worked);
        let receipts = std::mem::take(&mut self.reports.receipts);
        let done = heeding_signals(self.finish(done));
        run.end(program, state, &receipts, done)
    }

    fn complain(&self, complaint: &impl std::fmt::Display) {
        self.reports.complain(complaint);
    }

    fn finish(mut self, done: Result<Status, Failure>) -> Result<Status, Failure> {
        self.destination.close();
        self.reports.finish(done)
    }
}

/// Takes the sources of the stream over as a sender before others does: into an outbox of its own, without a word to
/// anybody. A run of its own delivers what is in it. `destination` is what receipts call it.
pub fn take_over<R: BufRead, W: Write>(
    program: &'static str,
    takes: Takes,
    destination: String,
    state: &State,
    input: Reader<R>,
    output: Writer<W>,
) -> Result<Status, Failure> {
    let mut reports = Reports::new(program, takes, output);
    let (relay, place) = (destination, Place::BeforeOthers);
    let done = Desk { reports: &mut reports, relay, state, place }.take_over(input);
    let counted = state.end_run(&reports.receipts, None).map(|()| Status::Done).map_err(Failure::from);
    heeding_signals(reports.finish(exit::both(program, done, counted)))
}

/// What a run has come to, where a signal may have cut it short.
fn heeding_signals(done: Result<Status, Failure>) -> Result<Status, Failure> {
    if !interrupt::raised() {
        return done;
    }
    match done {
        // A stream that a signal cut short is not a broken one.
        Err(mut failure) if matches!(failure.status, Status::BadStream | Status::Disk) => {
            failure.status = Status::TryAgain;
            Err(failure)
        }
        done => done.map(|status| status.worst(Status::TryAgain)),
    }
}

impl<W: Write> Reports<W> {
    fn new(program: &'static str, takes: Takes, output: Writer<W>) -> Self {
        let receipts = BTreeMap::new();
        Self { program, takes, output, unwritten: None, said_down: false, receipts }
    }

    fn finish(mut self, done: Result<Status, Failure>) -> Result<Status, Failure> {
        let unwritten = self.unwritten.or_else(|| self.output.flush().err());
        let written = unwritten.map_or(Ok(Status::Done), |error| Err(error.into()));
        exit::both(self.program, done, written)
    }

    fn print(&mut self, receipt: &Receipt) {
        *self.receipts.entry(receipt.outcome.as_str()).or_default() += 1;
        let written = self.output.write(receipt).and_then(|()| self.output.flush());
        self.unwritten = self.unwritten.take().or(written.err());
    }

    fn pass(&mut self, line: &Line<'_>) {
        let written = self.output.pass(line);
        self.unwritten = self.unwritten.take().or(written.err());
    }

    /// Passes on a checkpoint, which says from now on that what was taken is no longer in the stream.
    fn pass_taken(&mut self, checkpoint: &Checkpoint) {
        let mut checkpoint = checkpoint.clone();
        checkpoint.taken.push(self.takes.name().to_owned());
        let written = if self.output.is_for_people() { Ok(()) } else { self.output.write(&checkpoint) };
        self.unwritten = self.unwritten.take().or(written.err());
    }

    /// Says, once, that nobody can have a mail any more.
    fn say_down(&mut self, reason: &str) {
        if !std::mem::replace(&mut self.said_down, true) {
            self.complain(&reason);
        }
    }

    fn complain_of(&self, verdict: &Verdict) {
        verdict.complaints.iter().for_each(|complaint| self.complain(complaint));
    }

    fn complain(&self, complaint: &impl std::fmt::Display) {
        exit::complain(self.program, complaint);
    }
}
