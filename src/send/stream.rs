//! Sending without a state: each email as it comes, each receipt at once.
//!
//! Nothing is remembered, so what is deferred is only reported. At a checkpoint the emails are counted all the same.

use std::io::{BufRead, Write};

use super::Sender;
use super::destination::Outgoing;
use super::intake::Account;
use crate::exit::{Failure, Status};
use crate::mail::mime;
use crate::ndjson::Reader;
use crate::record::{Checkpoint, Email, Kind};
use crate::smtp::Verdict;

pub(super) fn send<R: BufRead, W: Write>(
    sender: &mut Sender<W>,
    mut input: Reader<R>,
) -> Result<Status, Failure> {
    let mut status = Status::Done;
    let mut account = Account::default();
    while let Some(line) = input.next_line()? {
        match line.kind {
            Kind::Email => {
                let email: Email = line.parse()?;
                account.count(&email);
                status = status.worst(one(sender, &email)?);
            }
            Kind::Checkpoint => {
                let checkpoint: Checkpoint = line.parse()?;
                if let Some(reason) = std::mem::take(&mut account).disagreement(&checkpoint) {
                    return Err(line.error(format_args!("source '{}': {reason}", checkpoint.source)).into());
                }
                sender.output.pass(&line)?;
            }
            Kind::Alert | Kind::Mark | Kind::Receipt | Kind::Other => sender.output.pass(&line)?,
        }
    }
    Ok(status)
}

fn one<W: Write>(sender: &mut Sender<W>, email: &Email) -> Result<Status, Failure> {
    // A mail that cannot be handed over gets a receipt that says why.
    let _ = sender.open();
    let (verdict, receipt) = match mime::render(email) {
        Ok(rendered) => sender.destination.deliver(&Outgoing {
            email: &email.id,
            message_id: &email.message_id,
            attempt: 1,
            sender: &rendered.sender,
            recipients: &rendered.recipients,
            bytes: &rendered.bytes,
        }),
        Err(reason) => {
            let verdict = Verdict::refused(email.to.iter().map(String::as_str), &reason);
            let receipt = sender.destination.receipt(&email.id, &email.message_id, 1, &verdict);
            (verdict, receipt)
        }
    };
    if let Some(complaint) = &verdict.complaint {
        sender.complain(complaint);
    }
    sender.output.write(&receipt)?;
    sender.output.flush()?;
    Ok(verdict.status)
}
