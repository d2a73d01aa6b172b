//! Delivering: every mail of the outbox that is due to somebody, in the order in which they were taken.
//!
//! "sending" is durable before the relay hears of a mail, and its outcome is durable before its receipt is printed.
//! Without a session no mail has begun to be sent, and why they all wait is noted once.

use std::io::Write;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::Sender;
use super::destination::Outgoing;
use crate::exit::{self, Failure, Status};
use crate::record::{Outcome, Receipt, RecipientOutcome, now};
use crate::smtp::Verdict;
use crate::state::{Delivery, Pending, Settled, State};

/// How long mails are tried and remembered, and how many may wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// What was only ever refused for now is given up after this time.
    pub keep_trying: TimeDelta,
    /// What everybody has is forgotten after this time.
    pub keep_delivered: TimeDelta,
    /// With so many mails in the outbox no source that brings more is taken.
    pub most_waiting: u64,
}

/// Delivers what was taken after `last` and is due, and moves `last` on.
pub(super) fn deliver<W: Write>(
    sender: &mut Sender<W>,
    state: &State,
    patience: &Patience,
    last: &mut i64,
) -> Result<Status, Failure> {
    let mut status = Status::Done;
    let delivered = deliver_each(sender, state, patience, last, &mut status);
    exit::both(sender.reports.program, Ok(status), delivered.map(|()| Status::Done))
}

fn deliver_each<W: Write>(
    sender: &mut Sender<W>,
    state: &State,
    patience: &Patience,
    last: &mut i64,
    status: &mut Status,
) -> Result<(), Failure> {
    let mut is_noted = false;
    let mut is_begun = false;
    let mut next = state.next_due(*last, sender.started)?;
    while let Some(pending) = next.take() {
        *last = pending.id;
        let mail = Outgoing::from(&pending);
        if let Err(down) = sender.destination.open() {
            if !is_noted {
                state.postpone(down.outcome, &down.reason, now())?;
                is_noted = true;
            }
            // Nobody is asked: this only makes the receipt.
            let (mut verdict, mut receipt) = sender.destination.deliver(&mail);
            let told = judge(&pending, &verdict, Delivery::untried);
            tell(&mut verdict, &mut receipt, told);
            *status = status.worst(sender.report(&verdict, &receipt));
            next = state.next_due(pending.id, sender.started)?;
            continue;
        }
        if !is_begun {
            state.keep_room()?;
            state.advance(None, Some(&pending), now())?;
        }
        let (mut verdict, mut receipt) = sender.destination.deliver(&mail);
        let settled = settle(&pending, &verdict, &receipt, patience);
        next = state.next_due(pending.id, sender.started)?;
        is_begun = next.is_some() && sender.destination.is_ready();
        let written = match state.advance(Some(&settled), next.as_ref().filter(|_| is_begun), now()) {
            Ok(_) => Ok(()),
            Err(error) if error.is_full() => {
                state.settle_last(&settled)?;
                Err(error)
            }
            Err(error) => return Err(error.into()),
        };
        *status = status.worst(report(sender, &settled, &mut verdict, &mut receipt));
        written?;
    }
    Ok(())
}

/// Says what is left alone in this run, and forgets what was delivered long ago.
pub(super) fn close<W: Write>(
    sender: &Sender<W>,
    state: &State,
    patience: &Patience,
) -> Result<Status, Failure> {
    state.empty_delivered()?;
    let resting = state.resting(sender.started)?;
    let mut status = Status::Done;
    if let Some(next_due) = resting.next_due {
        let next_due = next_due.to_rfc3339_opts(SecondsFormat::Secs, true);
        let waiting = mails(resting.not_due, "waits", "wait");
        sender.complain(&format!(
            "{waiting}, not to be tried before {next_due}; --queue retry all makes it now"
        ));
        status = status.worst(Status::TryAgain);
    }
    if resting.held > 0 {
        let held = mails(resting.held, "may have arrived and is", "may have arrived and are");
        sender.complain(&format!(
            "{held} not sent again; see --queue, then --queue retry ID or --queue drop ID"
        ));
        status = status.worst(Status::Refused);
    }
    let before =
        sender.started.checked_sub_signed(patience.keep_delivered).unwrap_or(DateTime::<Utc>::MIN_UTC);
    state.forget_delivered(before)?;
    Ok(status)
}

fn mails(number: u64, one: &str, more: &str) -> String {
    if number == 1 { format!("1 mail {one}") } else { format!("{number} mails {more}") }
}

/// The outcomes of an attempt, each in the light of those before it.
fn judge<T>(
    pending: &Pending,
    verdict: &Verdict,
    judge: impl Fn(&Delivery, RecipientOutcome) -> T,
) -> Vec<T> {
    let each = verdict.recipients.iter();
    each.filter_map(|answer| {
        let known = pending.deliveries.iter().find(|one| one.address == answer.address)?;
        Some(judge(known, answer.clone()))
    })
    .collect()
}

fn settle(pending: &Pending, verdict: &Verdict, receipt: &Receipt, patience: &Patience) -> Settled {
    let at = receipt.at;
    let outcomes = judge(pending, verdict, |one, answer| one.after(answer, at, patience.keep_trying));
    Settled { id: pending.id, outcomes, relay: receipt.relay.clone(), at }
}

/// Says what was written down, and what we have decided about the mail ourselves.
fn report<W: Write>(
    sender: &mut Sender<W>,
    settled: &Settled,
    verdict: &mut Verdict,
    receipt: &mut Receipt,
) -> Status {
    let told: Vec<RecipientOutcome> = settled.outcomes.iter().map(|one| one.outcome.clone()).collect();
    let is_open = |one: &RecipientOutcome| matches!(one.outcome, Outcome::Deferred | Outcome::Unknown);
    let given_up: Vec<_> = settled
        .outcomes
        .iter()
        .filter_map(|one| one.given_up.as_ref().map(|why| (&one.outcome.address, why)))
        .collect();
    if !given_up.is_empty() {
        if verdict.status == Status::TryAgain && !told.iter().any(is_open) {
            verdict.status = Status::Refused;
        }
        verdict.status = verdict.status.worst(Status::Refused);
        let complaint =
            |(address, why): (&String, &String)| format!("email {}: {address}: {why}", receipt.email);
        verdict.complaints.extend(given_up.into_iter().map(complaint));
    }
    tell(verdict, receipt, told);
    sender.report(verdict, receipt)
}

fn tell(verdict: &mut Verdict, receipt: &mut Receipt, told: Vec<RecipientOutcome>) {
    receipt.outcome = Outcome::of_all(&told);
    receipt.recipients.clone_from(&told);
    verdict.recipients = told;
}
