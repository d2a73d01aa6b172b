//! Delivering: every mail of the outbox that waits for somebody, in the order in which they were taken.
//!
//! "sending" is durable before the relay hears of a mail, and its outcome is durable before its receipt is printed.

use std::io::Write;

use super::Sender;
use super::destination::Outgoing;
use crate::exit::{Failure, Status};
use crate::record::now;
use crate::state::State;

pub(super) fn deliver<W: Write>(sender: &mut Sender<W>, state: &State) -> Result<Status, Failure> {
    let mut status = Status::Done;
    let mut unprinted = None;
    let mut last = 0;
    while let Some(pending) = state.next_pending(last)? {
        last = pending.id;
        state.begin_sending(&pending)?;
        let (verdict, receipt) = sender.destination.deliver(&Outgoing {
            email: &pending.email,
            message_id: &pending.message_id,
            attempt: pending.attempt,
            sender: &pending.mail.sender,
            recipients: &pending.mail.recipients,
            bytes: &pending.mail.bytes,
        });
        state.settle(&pending, &verdict.recipients, now())?;
        if let Some(complaint) = &verdict.complaint {
            sender.complain(complaint);
        }
        status = status.worst(verdict.status);
        // A receipt that nobody can read keeps no mail back.
        if unprinted.is_none() {
            unprinted = sender.output.write(&receipt).and_then(|()| sender.output.flush()).err();
        }
    }
    match unprinted {
        Some(error) => crate::exit::both(sender.program, Ok(status), Err(error.into())),
        None => Ok(status),
    }
}
