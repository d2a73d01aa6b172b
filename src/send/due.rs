//! The mails of the outbox that are due, in the order in which they were taken, and what is written down about each.
//!
//! "sending" is durable before the relay hears of a mail, and its outcome is durable before its receipt is printed and
//! before the body of another is sent over the same session. Where the next mail is announced with the one in hand,
//! the outcome of the one and "sending" of the next but one are one step on the disk: one for each mail. Where several
//! sessions send, one step may be for several.
//! Without a session no mail has begun to be sent, and why they all wait is noted once.

use std::collections::VecDeque;
use std::io::Write;

use chrono::{DateTime, Utc};

use super::destination::{Destination, Down};
use super::letter::Takes;
use super::parcel::{Concluded, Supply};
use super::{Patience, Reports};
use crate::exit::{Failure, Status};
use crate::interrupt;
use crate::record::{Outcome, RecipientOutcome, now};
use crate::smtp::Waiting;
use crate::state::{Judged, Pending, Settled, State};

/// The mails that are due.
pub(super) struct Due<'s, W: Write> {
    state: &'s mut State,
    patience: &'s Patience,
    reports: &'s mut Reports<W>,
    /// What is due is due by this time.
    by: DateTime<Utc>,
    /// The mail that was found last.
    last: &'s mut i64,
    /// The next mail, of which nobody has heard.
    found: Option<Pending>,
    /// Mails that are to be handed out next, and are "sending" already.
    begun: VecDeque<Pending>,
    /// How many mails are handed out.
    in_hand: usize,
    /// How many mails wait for another kind of sender.
    pub(super) others: u64,
    pub(super) status: Status,
}

impl<'s, W: Write + Send> Due<'s, W> {
    /// What was taken after `last`.
    pub(super) fn new(
        state: &'s mut State,
        patience: &'s Patience,
        reports: &'s mut Reports<W>,
        by: DateTime<Utc>,
        last: &'s mut i64,
    ) -> Self {
        let (found, begun, in_hand, others, status) = (None, VecDeque::new(), 0, 0, Status::Done);
        Self { state, patience, reports, by, last, found, begun, in_hand, others, status }
    }

    /// Delivers them all.
    pub(super) fn deliver(&mut self, destination: &mut Destination) -> Result<(), Failure> {
        loop {
            destination.deliver_all(self)?;
            if let Some(down) = destination.down() {
                return self.postpone(destination, &down);
            }
            if self.waiting(true)? == Waiting::No {
                return Ok(());
            }
        }
    }

    /// Notes why all those wait who are left, and tells it of each.
    fn postpone(&mut self, destination: &mut Destination, down: &Down) -> Result<(), Failure> {
        self.reports.say_down(&down.reason);
        // Nobody is asked from here on: this only makes the receipts.
        while !self.begun.is_empty()
            && let Some(pending) = self.next()?
        {
            self.settle(vec![destination.deliver(pending)])?;
        }
        self.find()?;
        if self.found.is_some() {
            let messages = self.reports.takes == Takes::Messages;
            self.state.postpone(messages, down.outcome, &down.reason, now())?;
        }
        while let Some(pending) = self.found.take() {
            let concluded = destination.deliver(pending);
            let settled = self.judge(&concluded);
            self.report(&settled, concluded);
            self.find()?;
        }
        Ok(())
    }

    /// Looks for the next mail. What waits for another kind of sender is passed over, and counted.
    fn find(&mut self) -> Result<(), Failure> {
        while self.found.is_none()
            && let Some(found) = self.state.next_due(*self.last, self.by)?
        {
            *self.last = found.id;
            let is_message = found.message_id.is_none();
            if is_message == (self.reports.takes == Takes::Messages) {
                self.found = Some(found);
            } else {
                self.others += 1;
            }
        }
        Ok(())
    }

    /// As many of the next mails as there are; what fails on the way is told beside those that were found.
    fn take_next(&mut self, count: usize) -> (Vec<Pending>, Result<(), Failure>) {
        let mut next = Vec::new();
        while next.len() < count {
            if let Err(failure) = self.find() {
                return (next, Err(failure));
            }
            let Some(found) = self.found.take() else { break };
            next.push(found);
        }
        (next, Ok(()))
    }

    /// The outcomes of an attempt, each in the light of those before it.
    fn judge(&self, concluded: &Concluded<Pending>) -> Settled {
        let Concluded { item: pending, verdict, receipt } = concluded;
        let (at, keep_trying) = (receipt.at, self.patience.keep_trying);
        let each = verdict.recipients.iter().filter_map(|answer| {
            let known = pending.deliveries.iter().find(|one| one.address == answer.address)?;
            let answer = answer.clone();
            Some(if verdict.asked { known.after(answer, at, keep_trying) } else { known.untried(answer) })
        });
        let (outcomes, relay) = (each.collect(), receipt.relay.clone());
        Settled { id: pending.id, outcomes, relay, at, asked: verdict.asked }
    }

    /// Says what is known now, and what we have decided about the mail ourselves.
    fn report(&mut self, settled: &Settled, concluded: Concluded<Pending>) {
        let Concluded { mut verdict, mut receipt, .. } = concluded;
        verdict.recipients = settled.outcomes.iter().map(|one| one.outcome.clone()).collect();
        let is_open = |one: &RecipientOutcome| matches!(one.outcome, Outcome::Deferred | Outcome::Unknown);
        let given_up: Vec<&Judged> = settled.outcomes.iter().filter(|one| one.given_up.is_some()).collect();
        let name = self.reports.takes.name();
        if !given_up.is_empty() {
            if verdict.status == Status::TryAgain && !verdict.recipients.iter().any(is_open) {
                verdict.status = Status::Refused;
            }
            verdict.status = verdict.status.worst(Status::Refused);
            verdict.complaints.extend(given_up.into_iter().map(|one| {
                let why = one.given_up.as_deref().unwrap_or_default();
                format!("{name} {}: {}: {why}", receipt.id(), one.outcome.address)
            }));
        }
        receipt.outcome = Outcome::of_all(&verdict.recipients);
        receipt.recipients.clone_from(&verdict.recipients);
        self.reports.complain_of(&verdict);
        self.reports.print(&receipt);
        self.status = self.status.worst(verdict.status);
    }
}

impl<W: Write + Send> Supply for Due<'_, W> {
    type Item = Pending;

    fn waiting(&mut self, _: bool) -> Result<Waiting, Failure> {
        if !self.begun.is_empty() {
            return Ok(Waiting::Yes);
        }
        self.find()?;
        Ok(if self.found.is_some() { Waiting::Yes } else { Waiting::No })
    }

    fn next(&mut self) -> Result<Option<Pending>, Failure> {
        let mut next = self.begun.pop_front();
        if next.is_none() {
            self.find()?;
            if let Some(found) = self.found.take() {
                self.state.keep_room()?;
                self.state.advance(&[], std::slice::from_ref(&found), now())?;
                next = Some(found);
            }
        }
        self.in_hand += usize::from(next.is_some());
        Ok(next)
    }

    fn settle(&mut self, concluded: Vec<Concluded<Pending>>) -> Result<(), Failure> {
        self.in_hand -= concluded.len();
        let settled: Vec<Settled> = concluded.iter().map(|one| self.judge(one)).collect();
        // Where nothing else is in hand, the next mail is not announced before its turn; it may be long until then, and
        // a crash in between would count as an attempt.
        let asked = concluded.iter().all(|one| one.verdict.asked);
        let goes_on = self.in_hand > 0 && asked && !interrupt::raised();
        let (next, found) = self.take_next(if goes_on { settled.len() } else { 0 });
        let written = match self.state.advance(&settled, &next, now()) {
            Ok(()) => {
                self.begun.extend(next);
                Ok(())
            }
            Err(error) if error.is_full() => {
                self.state.settle_last(&settled)?;
                Err(error)
            }
            Err(error) => return Err(error.into()),
        };
        settled.iter().zip(concluded).for_each(|(settled, concluded)| self.report(settled, concluded));
        written?;
        found
    }

    fn meanwhile(&mut self) {
        // What fails here fails again when the mail is asked for.
        let _ = self.find();
    }
}
