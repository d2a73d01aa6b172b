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
                sender.pass(&line);
            }
            Kind::Alert | Kind::Mark | Kind::Receipt | Kind::Other => sender.pass(&line),
        }
    }
    Ok(status)
}

fn one<W: Write>(sender: &mut Sender<W>, email: &Email) -> Result<Status, Failure> {
    match mime::render(email) {
        Ok(rendered) => {
            let mail = Outgoing {
                email: &email.id,
                message_id: &email.message_id,
                attempt: 1,
                sender: &rendered.sender,
                recipients: &rendered.recipients,
                bytes: &rendered.bytes,
            };
            sender.deliver(&mail, |_| Ok(()))
        }
        Err(reason) => {
            let receipt = sender.destination.refusal(email, &reason);
            sender.complain(&format_args!("email {} can never be sent: {reason}", email.id));
            sender.print(&receipt);
            Ok(Status::Refused)
        }
    }
}
