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

use self::destination::Down;
use crate::exit::{self, Failure, Status};
use crate::ndjson::{Reader, Writer};
use crate::state::State;

/// A sender: where mails go, and where receipts go.
pub struct Sender<W: Write> {
    program: &'static str,
    destination: Destination,
    output: Writer<W>,
    is_down: bool,
}

impl<W: Write> Sender<W> {
    /// A sender that has connected to nobody yet.
    pub fn new(program: &'static str, destination: Destination, output: Writer<W>) -> Self {
        Self { program, destination, output, is_down: false }
    }

    /// Sends the emails of the stream as they come.
    pub fn stream<R: BufRead>(mut self, input: Reader<R>) -> Result<Status, Failure> {
        let sent = stream::send(&mut self, input);
        self.finish(sent)
    }

    /// Takes over the sources of the stream, and delivers all that the outbox holds.
    ///
    /// A stream that breaks off does not keep back what was taken before.
    pub fn queue<R: BufRead>(mut self, state: &State, input: Reader<R>) -> Result<Status, Failure> {
        let taken = intake::take_over(&mut self, state, input);
        let delivered = queue::deliver(&mut self, state);
        let done = exit::both(self.program, taken, delivered);
        self.finish(done)
    }

    /// Makes sure that mail can be handed over, and says why not, once.
    fn open(&mut self) -> Result<(), Down> {
        self.destination.open().inspect_err(|down| {
            if !std::mem::replace(&mut self.is_down, true) {
                exit::complain(self.program, &down.reason);
            }
        })
    }

    fn complain(&self, complaint: &impl std::fmt::Display) {
        exit::complain(self.program, complaint);
    }

    fn finish(mut self, done: Result<Status, Failure>) -> Result<Status, Failure> {
        self.destination.close();
        let flushed = self.output.flush().map(|()| Status::Done).map_err(Failure::from);
        exit::both(self.program, done, flushed)
    }
}
