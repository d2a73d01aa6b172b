//! What waits in the outbox and what was given up, for people: listed, tried again, dropped, or printed as emails.
//!
//! Listing reads a snapshot and keeps no sender out; an order to try again or to drop is a writer's, and finds the state
//! in use while a sender runs.

use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::exit::{self, Failure, Status};
use crate::mail::mime;
use crate::ndjson::Writer;
use crate::record::{Checkpoint, Cursor, Email, Receipt, Tally};
use crate::state::{DEAD_LETTERS, State, Waiting, WaitingMail};

/// How many characters of an email's id people are shown.
const SHORT: usize = 12;

/// What is to be done with mails of the outbox.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Try a mail again, a dead letter too.
    Retry(String),
    /// Try everything that waits again.
    RetryAll,
    /// Give a mail up.
    Drop(String),
}

impl Order {
    /// What these words of a command line order; none where the queue is only to be listed.
    pub(super) fn of(words: &[String]) -> Result<Option<Self>, Failure> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => Ok(None),
            ["retry", "all"] => Ok(Some(Self::RetryAll)),
            ["retry", id] if !id.is_empty() => Ok(Some(Self::Retry((*id).to_owned()))),
            ["drop", id] if !id.is_empty() => Ok(Some(Self::Drop((*id).to_owned()))),
            _ => Err(Failure::new(
                Status::Usage,
                "--queue takes nothing, 'retry ID', 'retry all' or 'drop ID'; see --help",
            )),
        }
    }
}

/// Lists what somebody was not given: receipts in a pipe, a line for each recipient where a person is looking.
pub(super) fn list<W: Write>(path: &Path, output: &mut Writer<W>) -> Result<Status, Failure> {
    for mail in Waiting::open(path)?.mails()? {
        if output.is_for_people() {
            lines(&mail).iter().try_for_each(|line| output.say(line))?;
        } else {
            output.write(&mail.receipt)?;
        }
    }
    output.flush()?;
    Ok(Status::Done)
}

fn lines(mail: &WaitingMail) -> Vec<String> {
    let minute = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M").to_string();
    let Receipt { attempt, recipients, .. } = &mail.receipt;
    let id: String = mail.receipt.id().chars().take(SHORT).collect();
    let since = mail.queued_at.map(minute).unwrap_or_default();
    let next = mail.due_at.map(|due_at| format!("  next {}", minute(due_at))).unwrap_or_default();
    let plural = if *attempt == 1 { " " } else { "s" };
    let line = |one: &crate::record::RecipientOutcome| {
        let code = one.code.map(|code| format!("{code} ")).unwrap_or_default();
        let words = format!("{code}{}", one.reply.as_deref().unwrap_or_default());
        let (outcome, address) = (one.outcome.as_str(), &one.address);
        let line = format!(
            "{id:SHORT$}  {outcome:8}  {attempt} attempt{plural}  since {since}{next}  {address}  {words}"
        );
        crate::escape::visible(&line).into_owned()
    };
    recipients.iter().map(line).collect()
}

/// Carries out an order.
pub(super) fn carry_out(state: &State, order: &Order) -> Result<Status, Failure> {
    let (id, is_done) = match order {
        Order::RetryAll => {
            state.retry_all()?;
            return Ok(Status::Done);
        }
        Order::Retry(id) => (id, state.retry(one(state, id)?)?),
        Order::Drop(id) => {
            state.drop_mail(one(state, id)?)?;
            (id, true)
        }
    };
    if is_done {
        Ok(Status::Done)
    } else {
        Err(refused(format!("email {id} never was a mail: --dead-letters prints it")))
    }
}

/// The one undelivered mail whose email id begins like this.
fn one(state: &State, id: &str) -> Result<i64, Failure> {
    match state.undelivered(id)?.as_slice() {
        [one] => Ok(*one),
        [] => Err(refused(format!("no undelivered mail has an id that begins with '{id}'; see --queue"))),
        [_, ..] => {
            Err(refused(format!("several undelivered mails have ids that begin with '{id}'; see --queue")))
        }
    }
}

fn refused(sentence: String) -> Failure {
    Failure::new(Status::Refused, sentence)
}

/// Prints the dead letters as emails to those who were refused, closed by a checkpoint: new mails under new ids, because
/// mail stores drop what bears a Message-ID that they know.
pub(super) fn dead_letters<W: Write>(
    program: &str,
    path: &Path,
    output: &mut Writer<W>,
) -> Result<Status, Failure> {
    let waiting = Waiting::open(path)?;
    let mut status = Status::Done;
    let (mut tally, mut emails) = (Tally::default(), 0);
    for letter in waiting.dead_letters(again)? {
        let record = letter.record.as_deref().map(serde_json::from_str::<Email>);
        let Some(Ok(mut email)) = record else {
            exit::complain(
                program,
                &format!("email {}: its record is not kept; --queue retry sends it again", letter.email),
            );
            status = status.worst(Status::Refused);
            continue;
        };
        let is_refused = |text: &String| {
            let address = mime::address(text).map_or_else(|_| text.clone(), |address| address.to_string());
            letter.addresses.contains(&address)
        };
        for list in [&mut email.to, &mut email.cc, &mut email.bcc] {
            list.retain(is_refused);
        }
        email.id = again(&email.id);
        email.message_id = match email.message_id.split_once('@') {
            Some((left, right)) => format!("{}@{right}", again(left)),
            None => again(&email.message_id),
        };
        email.source = Some(DEAD_LETTERS.to_owned());
        email.alerts.iter().for_each(|id| tally.add(id));
        emails += 1;
        output.write(&email)?;
    }
    tally.unite();
    let (alerts, digest, base) = (tally.count(), tally.digest(), waiting.generation()?);
    let (source, cursor) = (DEAD_LETTERS.to_owned(), Cursor::default());
    let (marks, emails, messages, taken) = (None, Some(emails), None, Vec::new());
    output.write(&Checkpoint { source, base, cursor, alerts, digest, marks, emails, messages, taken })?;
    output.flush()?;
    Ok(status)
}

/// The name of what is sent once more.
fn again(id: &str) -> String {
    format!("{id}.r1")
}
