//! Delivering: every mail of the outbox that waits for somebody, in the order in which they were taken.
//!
//! "sending" is durable before the relay hears of a mail, and its outcome is durable before its receipt is printed.
//! Without a session no mail has begun to be sent, and why they all wait is noted once.

use std::io::Write;

use super::Sender;
use super::destination::{Down, Outgoing};
use crate::exit::{self, Failure, Status};
use crate::ndjson::Error;
use crate::record::{Receipt, now};
use crate::state::State;

/// What came of the deliveries so far.
struct Delivered {
    status: Status,
    /// A receipt that nobody can read keeps no mail back; the failure is told at the end.
    unprinted: Option<Error>,
}

pub(super) fn deliver<W: Write>(sender: &mut Sender<W>, state: &State) -> Result<Status, Failure> {
    let mut delivered = Delivered { status: Status::Done, unprinted: None };
    let mut next = state.next_pending(0)?;
    while let Some(pending) = &next {
        if let Err(down) = sender.open() {
            postpone(sender, state, &down, pending.id, &mut delivered)?;
            break;
        }
        state.begin_sending(pending)?;
        let (verdict, receipt) = sender.destination.deliver(&Outgoing::from(pending));
        state.settle(pending, &verdict.recipients, now())?;
        if let Some(complaint) = &verdict.complaint {
            sender.complain(complaint);
        }
        delivered.note(sender, verdict.status, &receipt);
        next = state.next_pending(pending.id)?;
    }
    match delivered.unprinted {
        Some(error) => exit::both(sender.program, Ok(delivered.status), Err(error.into())),
        None => Ok(delivered.status),
    }
}

/// Notes why everything from this mail on waits, and prints its receipts.
fn postpone<W: Write>(
    sender: &mut Sender<W>,
    state: &State,
    down: &Down,
    first: i64,
    delivered: &mut Delivered,
) -> Result<(), Failure> {
    state.postpone(down.outcome, &down.reason, now())?;
    let mut next = state.next_pending(first - 1)?;
    while let Some(pending) = next {
        // Nobody is asked: the destination says at once that it is down.
        let (verdict, receipt) = sender.destination.deliver(&Outgoing::from(&pending));
        delivered.note(sender, verdict.status, &receipt);
        next = state.next_pending(pending.id)?;
    }
    Ok(())
}

impl Delivered {
    fn note<W: Write>(&mut self, sender: &mut Sender<W>, status: Status, receipt: &Receipt) {
        self.status = self.status.worst(status);
        if self.unprinted.is_none() {
            self.unprinted = sender.output.write(receipt).and_then(|()| sender.output.flush()).err();
        }
    }
}
