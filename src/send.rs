//! What the sender does: emails in, receipts out, everything else passed on.
//!
//! Without a state it sends as it reads. With one, a source is taken over whole at its checkpoint, and then delivered:
//! what was taken survives any crash, and what was not is found again by the next fetch.

mod destination;
mod intake;
mod queue;
mod stream;

pub use destination::Destination;

use std::io::{BufRead, Write};

use self::destination::Outgoing;
use crate::exit::{self, Failure, Status};
use crate::ndjson::{self, Line, Reader, Writer};
use crate::record::Receipt;
use crate::smtp::Verdict;
use crate::state::State;

/// A sender: where mails go, and where receipts go.
pub struct Sender<W: Write> {
    program: &'static str,
    destination: Destination,
    output: Writer<W>,
    /// The first thing that could not be written. A receipt that nobody can read keeps no mail back, so this is told at
    /// the end.
    unwritten: Option<ndjson::Error>,
    /// Whether it was said that the destination is down.
    said_down: bool,
}

impl<W: Write> Sender<W> {
    /// A sender that has connected to nobody yet.
    pub fn new(program: &'static str, destination: Destination, output: Writer<W>) -> Self {
        Self { program, destination, output, unwritten: None, said_down: false }
    }

    /// Sends the emails of the stream as they come.
    pub fn stream<R: BufRead>(mut self, input: Reader<R>) -> Result<Status, Failure> {
        let sent = stream::send(&mut self, input);
        self.finish(sent)
    }

    /// Delivers what the outbox holds, takes over the sources of the stream, and delivers what they brought.
    ///
    /// A stream that breaks off does not keep back what was taken before.
    pub fn queue<R: BufRead>(mut self, state: &State, input: Reader<R>) -> Result<Status, Failure> {
        let mut last = 0;
        let backlog = queue::deliver(&mut self, state, &mut last);
        let taken = intake::take_over(&mut self, state, input);
        let delivered = queue::deliver(&mut self, state, &mut last);
        let done = exit::both(self.program, backlog, exit::both(self.program, taken, delivered));
        self.finish(done)
    }

    /// Delivers a mail and prints its receipt. Says who does not have it and why, and says once that nobody can have it.
    fn deliver(
        &mut self,
        mail: &Outgoing<'_>,
        settle: impl FnOnce(&Verdict) -> Result<(), Failure>,
    ) -> Result<Status, Failure> {
        let (verdict, receipt) = self.destination.deliver(mail);
        settle(&verdict)?;
        for complaint in &verdict.complaints {
            self.complain(complaint);
        }
        if let Some(down) = self.destination.down()
            && !std::mem::replace(&mut self.said_down, true)
        {
            self.complain(&down.reason);
        }
        self.print(&receipt);
        Ok(verdict.status)
    }

    fn print(&mut self, receipt: &Receipt) {
        let written = self.output.write(receipt).and_then(|()| self.output.flush());
        self.unwritten = self.unwritten.take().or(written.err());
    }

    fn pass(&mut self, line: &Line<'_>) {
        let written = self.output.pass(line);
        self.unwritten = self.unwritten.take().or(written.err());
    }

    fn complain(&self, complaint: &impl std::fmt::Display) {
        exit::complain(self.program, complaint);
    }

    fn finish(mut self, done: Result<Status, Failure>) -> Result<Status, Failure> {
        self.destination.close();
        let unwritten = self.unwritten.take().or_else(|| self.output.flush().err());
        let written = unwritten.map_or(Ok(Status::Done), |error| Err(error.into()));
        exit::both(self.program, done, written)
    }
}
