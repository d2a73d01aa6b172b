//! A dry run: what would be sent to whom, in lines for people. Nobody is asked, nothing is sent, nothing is remembered.

use std::io::{BufRead, Write};

use super::account::Account;
use super::letter::Takes;
use crate::exit::{self, Failure, Status};
use crate::ndjson::{Reader, Writer};
use crate::record::Kind;

/// Reads the stream to its end and says what would become of each record that is taken. `destination` is what receipts would call it.
pub fn dry_run<R: BufRead, W: Write>(
    program: &str,
    takes: Takes,
    destination: &str,
    mut input: Reader<R>,
    mut output: Writer<W>,
) -> Result<Status, Failure> {
    let (mut status, mut account) = (Status::Done, Account::new(takes));
    while let Some(line) = input.next_line()? {
        if line.kind == Kind::Checkpoint {
            account.close(&line)?;
        }
        if line.kind == Kind::Alert && takes.counts_alerts() {
            account.pass(&line.parse()?);
        }
        let Some(letter) = takes.letter(&line)? else { continue };
        account.count(&letter);
        if let Some(reason) = &letter.refused {
            exit::complain(program, &takes.hopeless(letter.id(), reason));
            status = Status::Refused;
            continue;
        }
        // A message is from the app, whoever that is.
        let from = if letter.sender.is_empty() { String::new() } else { format!(" from {}", letter.sender) };
        output.say(&format!(
            "would send {} '{}'{from} to {} ({} bytes) through {destination}",
            letter.id(),
            crate::escape::visible(letter.subject()),
            crate::escape::visible(&letter.recipients.join(", ")),
            letter.bytes.len(),
        ))?;
    }
    output.flush()?;
    Ok(status)
}
