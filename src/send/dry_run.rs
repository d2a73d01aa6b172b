//! A dry run: what would be sent to whom, in lines for people. Nobody is asked, nothing is sent, nothing is remembered.

use std::io::{BufRead, Write};

use super::intake::Account;
use super::parcel::hopeless;
use crate::exit::{self, Failure, Status};
use crate::mail::mime;
use crate::ndjson::{Reader, Writer};
use crate::record::{Email, Kind};

/// Reads the stream to its end and says what would become of each email. `destination` is what receipts would call it.
pub fn dry_run<R: BufRead, W: Write>(
    program: &str,
    destination: &str,
    mut input: Reader<R>,
    mut output: Writer<W>,
) -> Result<Status, Failure> {
    let (mut status, mut account) = (Status::Done, Account::default());
    while let Some(line) = input.next_line()? {
        match line.kind {
            Kind::Email => {
                let email: Email = line.parse()?;
                account.count(&email);
                match mime::render(&email) {
                    Ok(mail) => output.say(&format!(
                        "would send {} '{}' from {} to {} ({} bytes) through {destination}",
                        email.id,
                        crate::escape::visible(&email.subject),
                        mail.sender,
                        crate::escape::visible(&mail.recipients.join(", ")),
                        mail.bytes.len(),
                    ))?,
                    Err(reason) => {
                        exit::complain(program, &hopeless(&email.id, &reason));
                        status = Status::Refused;
                    }
                }
            }
            Kind::Checkpoint => drop(account.close(&line)?),
            Kind::Alert | Kind::Mark | Kind::Receipt | Kind::Other => (),
        }
    }
    output.flush()?;
    Ok(status)
}
