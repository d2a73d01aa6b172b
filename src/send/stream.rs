//! Sending without a state: each email as it comes, each receipt at once.
//!
//! Nothing is remembered, so what is deferred is only reported. At a checkpoint the emails are counted all the same.
//! While a mail is on its way the next one is made ready, if it is there already: nothing that came is kept back for
//! what has not come.

use std::io::{BufRead, Write};

use super::account::Account;
use super::letter::Letter;
use super::parcel::{Concluded, Supply, refusal};
use super::{Reports, Sender};
use crate::exit::{Failure, Status};
use crate::interrupt::Ready;
use crate::ndjson::Reader;
use crate::record::Kind;
use crate::smtp::Waiting;

/// The emails of a stream, one after the other.
struct Stream<'s, R, W: Write> {
    input: Reader<R>,
    reports: &'s mut Reports<W>,
    /// What the receipts call the destination.
    relay: String,
    account: Account,
    next: Option<Letter>,
    /// What was read behind mails that are in hand, and is printed behind their receipts.
    held: Option<Held>,
    in_hand: usize,
    ended: bool,
    /// What broke the stream. It is told when the mails before it are sent.
    broken: Option<Failure>,
    status: Status,
}

/// What is not for the relay.
enum Held {
    /// The line that was read last.
    Line,
    /// What can never be sent.
    Refused(Box<Letter>, String),
}

/// Sends the emails of a stream. Fails with 65 when it is broken, once what came before is sent.
pub(super) fn send<R: BufRead + Ready + Send, W: Write + Send>(
    sender: &mut Sender<W>,
    input: Reader<R>,
) -> Result<Status, Failure> {
    let Sender { destination, reports, .. } = sender;
    let account = Account::new(reports.takes);
    let mut stream = Stream {
        input,
        reports,
        relay: destination.name(),
        account,
        next: None,
        held: None,
        in_hand: 0,
        ended: false,
        broken: None,
        status: Status::Done,
    };
    loop {
        destination.deliver_all(&mut stream)?;
        if let Some(down) = destination.down() {
            stream.reports.say_down(&down.reason);
        }
        if stream.waiting(true)? != Waiting::Yes {
            break;
        }
        // Nobody is asked any more: this only makes the receipt.
        if let Some(letter) = stream.next()? {
            stream.settle(vec![destination.deliver(letter)])?;
        }
    }
    let Stream { broken, status, .. } = stream;
    match broken {
        None => Ok(status),
        Some(failure) => Err(failure.at_least(status)),
    }
}

impl<R: BufRead + Ready, W: Write> Stream<'_, R, W> {
    /// Reads as far as the next email.
    fn read(&mut self, may_take: bool) -> Result<Waiting, Failure> {
        loop {
            if self.next.is_some() {
                return Ok(Waiting::Yes);
            }
            if self.held.is_some() && self.in_hand > 0 {
                return Ok(Waiting::NotYet);
            }
            match self.held.take() {
                Some(Held::Line) => self.pass()?,
                Some(Held::Refused(letter, reason)) => self.refuse(&letter, &reason),
                None if self.ended => return Ok(Waiting::No),
                None if !may_take && !self.input.is_ready() => return Ok(Waiting::NotYet),
                None => self.line()?,
            }
        }
    }

    /// Reads one line.
    fn line(&mut self) -> Result<(), Failure> {
        let Some(line) = self.input.next_line()? else {
            self.ended = true;
            return Ok(());
        };
        if line.kind == Kind::Alert && self.reports.takes.counts_alerts() {
            self.account.pass(&line.parse()?);
        }
        let Some(mut letter) = self.reports.takes.letter(&line)? else {
            self.held = Some(Held::Line);
            return Ok(());
        };
        self.account.count(&letter);
        match letter.refused.take() {
            None => self.next = Some(letter),
            Some(reason) => self.held = Some(Held::Refused(Box::new(letter), reason)),
        }
        Ok(())
    }

    /// Passes on the line that was read last; a checkpoint is compared with the emails before it.
    fn pass(&mut self) -> Result<(), Failure> {
        let Some(line) = self.input.last_line() else { return Ok(()) };
        if line.kind == Kind::Checkpoint {
            let checkpoint = self.account.close(&line)?;
            self.reports.pass_taken(&checkpoint);
        } else {
            self.reports.pass(&line);
        }
        Ok(())
    }

    fn refuse(&mut self, letter: &Letter, reason: &str) {
        self.reports.complain(&self.reports.takes.hopeless(letter.id(), reason));
        self.reports.print(&refusal(letter, reason, &self.relay));
        self.status = self.status.worst(Status::Refused);
    }
}

impl<R: BufRead + Ready + Send, W: Write + Send> Supply for Stream<'_, R, W> {
    type Item = Letter;

    fn waiting(&mut self, may_take: bool) -> Result<Waiting, Failure> {
        self.read(may_take).or_else(|failure| {
            self.broken.get_or_insert(failure);
            self.ended = true;
            Ok(Waiting::No)
        })
    }

    fn next(&mut self) -> Result<Option<Letter>, Failure> {
        self.in_hand += usize::from(self.next.is_some());
        Ok(self.next.take())
    }

    fn settle(&mut self, concluded: Vec<Concluded<Letter>>) -> Result<(), Failure> {
        self.in_hand -= concluded.len();
        for Concluded { verdict, receipt, .. } in concluded {
            self.status = self.status.worst(verdict.status);
            self.reports.complain_of(&verdict);
            self.reports.print(&receipt);
        }
        Ok(())
    }

    fn meanwhile(&mut self) {
        // What breaks the stream is kept until the mails in hand are settled.
        let _ = self.waiting(false);
    }
}
