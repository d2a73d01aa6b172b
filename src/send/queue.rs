//! Delivering: every mail of the outbox that waits for somebody, in the order in which they were taken.
//!
//! "sending" is durable before the relay hears of a mail, and its outcome is durable before its receipt is printed.
//! Without a session no mail has begun to be sent, and why they all wait is noted once.

use std::io::Write;

use super::Sender;
use super::destination::Outgoing;
use crate::exit::{Failure, Status};
use crate::record::now;
use crate::state::State;

/// Delivers what was taken after `last`, and moves `last` on.
pub(super) fn deliver<W: Write>(
    sender: &mut Sender<W>,
    state: &State,
    last: &mut i64,
) -> Result<Status, Failure> {
    let mut status = Status::Done;
    let mut is_noted = false;
    let mut next = state.next_pending(*last)?;
    while let Some(pending) = &next {
        *last = pending.id;
        let mail = Outgoing::from(pending);
        let delivered = if let Err(down) = sender.destination.open() {
            if !is_noted {
                state.postpone(down.outcome, &down.reason, now())?;
                is_noted = true;
            }
            // Nobody is asked: this only makes the receipt.
            sender.deliver(&mail, |_| Ok(()))?
        } else {
            state.begin_sending(pending)?;
            sender.deliver(&mail, |verdict| Ok(state.settle(pending, &verdict.recipients, now())?))?
        };
        status = status.worst(delivered);
        next = state.next_pending(pending.id)?;
    }
    Ok(status)
}
