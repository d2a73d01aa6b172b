//! What waits in the outbox and what was given up, for people: listed, tried again, dropped, or printed as records.
//!
//! Listing reads a snapshot and keeps no sender out; an order to try again or to drop is a writer's, and finds the state
//! in use while a sender runs.

use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::Takes;
use crate::exit::{self, Failure, Status};
use crate::mail::{self, mime};
use crate::ndjson::Writer;
use crate::record::{Checkpoint, Cursor, Email, Message, Receipt, Tally};
use crate::state::{DEAD_LETTERS, DeadLetter, State, Waiting, WaitingMail};

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
pub(super) fn carry_out(takes: Takes, state: &State, order: &Order) -> Result<Status, Failure> {
    let (id, is_done) = match order {
        Order::RetryAll => {
            state.retry_all()?;
            return Ok(Status::Done);
        }
        Order::Retry(id) => (id, state.retry(one(takes, state, id)?)?),
        Order::Drop(id) => {
            state.drop_mail(one(takes, state, id)?)?;
            (id, true)
        }
    };
    if is_done {
        Ok(Status::Done)
    } else {
        let (name, noun) = (takes.name(), takes.noun());
        Err(refused(format!("{name} {id} can never be a {noun}: --dead-letters prints it")))
    }
}

/// The one that was not delivered whose id begins like this.
fn one(takes: Takes, state: &State, id: &str) -> Result<i64, Failure> {
    let noun = takes.noun();
    match state.undelivered(id)?.as_slice() {
        [one] => Ok(*one),
        [] => Err(refused(format!("no undelivered {noun} has an id that begins with '{id}'; see --queue"))),
        [_, ..] => {
            Err(refused(format!("several undelivered {noun}s have ids that begin with '{id}'; see --queue")))
        }
    }
}

fn refused(sentence: String) -> Failure {
    Failure::new(Status::Refused, sentence)
}

/// Prints the dead letters as records to those who were refused, closed by a checkpoint: new ones under new ids, because
/// mail stores drop what bears a Message-ID that they know.
pub(super) fn dead_letters<W: Write>(
    program: &str,
    takes: Takes,
    path: &Path,
    output: &mut Writer<W>,
) -> Result<Status, Failure> {
    let waiting = Waiting::open(path)?;
    let mut status = Status::Done;
    let (mut tally, mut count) = (Tally::default(), 0);
    for letter in waiting.dead_letters(again)? {
        if letter.is_message != (takes == Takes::Messages) {
            continue;
        }
        let Some(alerts) = print(takes, &letter, output)? else {
            let (name, id) = (takes.name(), &letter.email);
            exit::complain(
                program,
                &format!("{name} {id}: its record is not kept; --queue retry sends it again"),
            );
            status = status.worst(Status::Refused);
            continue;
        };
        // The alerts themselves are in no stream of dead messages.
        alerts.iter().filter(|_| takes == Takes::Emails).for_each(|id| tally.add(id));
        count += 1;
    }
    tally.unite();
    let (alerts, digest, base) = (tally.count(), tally.digest(), waiting.generation()?);
    let (source, cursor) = (DEAD_LETTERS.to_owned(), Cursor::default());
    let (emails, messages) = match takes {
        Takes::Emails => (Some(count), None),
        Takes::Messages => (None, Some(count)),
    };
    let closing =
        Checkpoint { source, base, cursor, alerts, digest, marks: None, emails, messages, taken: Vec::new() };
    output.write(&closing)?;
    output.flush()?;
    Ok(status)
}

/// Prints a dead letter as a new record, and says which alerts it is about; none where its record is not kept.
fn print<W: Write>(
    takes: Takes,
    letter: &DeadLetter,
    output: &mut Writer<W>,
) -> Result<Option<Vec<String>>, Failure> {
    let record = letter.record.as_deref().unwrap_or_default();
    match takes {
        Takes::Emails => {
            let Ok(email) = serde_json::from_str(record) else { return Ok(None) };
            let Some(email) = whole(email, &letter.bytes) else { return Ok(None) };
            let email = email_again(email, letter);
            output.write(&email)?;
            Ok(Some(email.alerts))
        }
        Takes::Messages => {
            let Ok(mut message) = serde_json::from_str::<Message>(record) else { return Ok(None) };
            message.id = again(&message.id);
            message.source = Some(DEAD_LETTERS.to_owned());
            output.write(&message)?;
            Ok(Some(message.alerts))
        }
    }
}

/// The email with its texts. One that could never be a mail has them still.
fn whole(email: Email, bytes: &[u8]) -> Option<Email> {
    if bytes.is_empty() { Some(email) } else { mail::restored(email, bytes) }
}

/// The email to those who were refused.
fn email_again(mut email: Email, letter: &DeadLetter) -> Email {
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
    email
}

/// The name of what is sent once more.
fn again(id: &str) -> String {
    format!("{id}.r1")
}
