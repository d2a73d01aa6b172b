//! Taking over: the sources of a stream go into the state, each in one step at its checkpoint.
//!
//! A source whose checkpoint does not come, or does not fit, is rolled back: nothing of it is sent or remembered, and
//! the next fetch finds it again.

use std::io::{BufRead, Write};

use super::account::Account;
use super::letter::Letter;
use super::{Patience, Reports, parcel};
use crate::exit::{Failure, Status};
use crate::ndjson::{Line, Reader};
use crate::record::{Alert, Checkpoint, Kind, Mark, MarkEntry, Receipt, now};
use crate::state::{Intake, QueuedMail, State};

/// Where the sender stands.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    /// Last: its state holds marks and cursors, and its commit moves them.
    Last(&'p Patience),
    /// Before others: it has an outbox of its own, and nothing that it does keeps a source back.
    BeforeOthers,
}

/// What is taken over into.
pub(super) struct Desk<'a, W: Write> {
    pub(super) reports: &'a mut Reports<W>,
    /// What the receipts call the destination.
    pub(super) relay: String,
    pub(super) state: &'a State,
    pub(super) place: Place<'a>,
}

/// A source on its way into the state.
struct Taking<'s> {
    /// Its name, as soon as a record says it.
    source: Option<String>,
    letters: Letters<'s>,
    account: Account,
    marks: u64,
    refused: Vec<Receipt>,
}

/// Where the letters of a source are until its checkpoint comes.
enum Letters<'s> {
    /// In a transaction.
    Begun(Intake<'s>, Room),
    /// In memory: a transaction that is open while a fetcher works would keep out whoever delivers.
    Held(Vec<Letter>),
}

/// How many letters waited before a source, and how many may.
struct Room {
    waiting: u64,
    most: u64,
}

impl Taking<'_> {
    /// Counts marks, and keeps them where that is this sender's task.
    fn remember(&mut self, marks: &[MarkEntry]) -> Result<(), Failure> {
        self.marks += marks.len() as u64;
        if let Letters::Begun(intake, _) = &self.letters {
            intake.remember(marks)?;
        }
        Ok(())
    }
}

impl<'a, W: Write> Desk<'a, W> {
    /// Reads the stream to its end. Fails with 65 when it is broken, or ends before a checkpoint.
    pub(super) fn take_over<R: BufRead>(&mut self, mut input: Reader<R>) -> Result<Status, Failure> {
        let mut status = Status::Done;
        let mut taking: Option<Taking<'a>> = None;
        while let Some(line) = input.next_line()? {
            if let Some(letter) = self.reports.takes.letter(&line)? {
                let open = self.of_source(&mut taking, letter.source(), &mut status)?;
                self.queue(open, letter)?;
                continue;
            }
            match line.kind {
                Kind::Mark => {
                    let mark: Mark = line.parse()?;
                    self.of_source(&mut taking, Some(&mark.source), &mut status)?.remember(&mark.marks)?;
                    self.reports.pass(&line);
                }
                Kind::Checkpoint => {
                    let checkpoint: Checkpoint = line.parse()?;
                    self.of_source(&mut taking, Some(&checkpoint.source), &mut status)?;
                    if let Some(open) = taking.take() {
                        status = status.worst(self.close(open, &checkpoint, &line)?);
                    }
                }
                Kind::Alert if self.reports.takes.counts_alerts() => {
                    let alert: Alert = line.parse()?;
                    let open = self.of_source(&mut taking, Some(&alert.source), &mut status)?;
                    open.account.pass(&alert);
                    open.remember(&alert.marks)?;
                    self.reports.pass(&line);
                }
                Kind::Alert | Kind::Email | Kind::Message | Kind::Receipt | Kind::Other => {
                    self.reports.pass(&line);
                }
            }
        }
        match taking {
            Some(Taking { source, .. }) => {
                Err(Failure::new(Status::BadStream, incomplete(source.as_deref())))
            }
            None => Ok(status),
        }
    }

    /// The source of the record at hand. One that is open under another name was given up before its checkpoint.
    fn of_source<'t>(
        &self,
        taking: &'t mut Option<Taking<'a>>,
        source: Option<&str>,
        status: &mut Status,
    ) -> Result<&'t mut Taking<'a>, Failure> {
        let open_name = taking.as_ref().and_then(|open| open.source.as_deref());
        if let (Some(open_name), Some(source)) = (open_name, source)
            && open_name != source
        {
            self.reports.complain(&incomplete(Some(open_name)));
            *status = status.worst(Status::BadStream);
            *taking = None;
        }
        let open = if let Some(open) = taking.take() { open } else { self.begin()? };
        let open = taking.insert(open);
        open.source = open.source.take().or_else(|| source.map(str::to_owned));
        Ok(open)
    }

    fn begin(&self) -> Result<Taking<'a>, Failure> {
        let letters = match self.place {
            Place::Last(patience) => {
                let room = Room { waiting: self.state.waiting()?, most: patience.most_waiting };
                Letters::Begun(self.state.intake()?, room)
            }
            Place::BeforeOthers => Letters::Held(Vec::new()),
        };
        let account = Account::new(self.reports.takes);
        Ok(Taking { source: None, letters, account, marks: 0, refused: Vec::new() })
    }

    /// Keeps a letter of a source.
    fn queue(&self, open: &mut Taking<'a>, letter: Letter) -> Result<(), Failure> {
        open.account.count(&letter);
        if let Some(reason) = &letter.refused {
            // It can never be sent; that must not keep the others back.
            open.refused.push(parcel::refusal(&letter, reason, &self.relay));
        }
        match &mut open.letters {
            Letters::Begun(intake, _) => put(intake, open.source.as_deref(), &letter)?,
            Letters::Held(letters) => letters.push(letter),
        }
        Ok(())
    }

    /// Compares the source with its checkpoint and commits it.
    fn close(
        &mut self,
        open: Taking<'a>,
        checkpoint: &Checkpoint,
        line: &Line<'_>,
    ) -> Result<Status, Failure> {
        let Taking { letters, mut account, marks, refused, .. } = open;
        let source = &checkpoint.source;
        let disagreement = account.disagreement(checkpoint);
        if let Some(reason) = disagreement.or_else(|| checkpoint.disagreement_of_marks(marks)) {
            return Err(line
                .error(format_args!("source '{source}': {reason}; nothing of it is sent"))
                .into());
        }
        match letters {
            Letters::Begun(intake, room) => {
                let noun = self.reports.takes.noun();
                if let Some(reason) = hindrance(noun, &intake, &room, &account, checkpoint)? {
                    self.reports.complain(&reason);
                    return Ok(Status::TryAgain);
                }
                intake.commit(checkpoint)?;
            }
            Letters::Held(letters) => {
                let intake = self.state.intake()?;
                for letter in &letters {
                    put(&intake, Some(source), letter)?;
                }
                // What messages are about passes by as well, unless only messages are left.
                account.told.unite();
                account.told.remove(&mut account.passing);
                intake.commit_before_others(checkpoint, &[&account.passing, &account.told])?;
            }
        }
        tracing::info!("{source}: taken over");
        self.reports.pass_taken(checkpoint);
        let mut status = Status::Done;
        for receipt in refused {
            let reason = receipt.recipients.first().and_then(|one| one.reply.as_deref()).unwrap_or_default();
            self.reports.complain(&self.reports.takes.hopeless(receipt.id(), reason));
            self.reports.print(&receipt);
            status = Status::Refused;
        }
        Ok(status)
    }
}

/// Why a source that is whole is left to a later run.
fn hindrance(
    noun: &str,
    intake: &Intake<'_>,
    room: &Room,
    account: &Account,
    checkpoint: &Checkpoint,
) -> Result<Option<String>, Failure> {
    let Checkpoint { source, base, .. } = checkpoint;
    let generation = intake.generation(source)?;
    if generation != *base {
        return Ok(Some(format!(
            "source '{source}' was fetched from generation {base} of the state, which is at {generation} now; the next \
             run fetches it again"
        )));
    }
    // What only remembers takes no room. A source that is larger than the room is taken when nothing else waits.
    let Room { waiting, most } = room;
    let is_full = waiting >= most && account.brings_letters();
    Ok(is_full.then(|| {
        let limit = "and state.most_waiting lets no source add to them";
        format!("source '{source}': {waiting} {noun}s wait, {limit}; a later run fetches it again")
    }))
}

/// Puts a letter into the outbox.
fn put(intake: &Intake<'_>, source: Option<&str>, letter: &Letter) -> Result<(), Failure> {
    let record = letter.record().map_err(|error| Failure::from_error(Status::BadStream, error))?;
    let mail = QueuedMail {
        record: &record,
        email: letter.id(),
        message_id: letter.message_id().unwrap_or_default(),
        source: source.unwrap_or_default(),
        sender: &letter.sender,
        recipients: &letter.recipients,
        bytes: &letter.bytes,
        at: now(),
    };
    match &letter.refused {
        None => intake.queue(&mail)?,
        Some(reason) => intake.refuse(&mail, reason)?,
    }
    Ok(())
}

fn incomplete(source: Option<&str>) -> String {
    let name = source.map(|source| format!(" '{source}'")).unwrap_or_default();
    format!(
        "rule checkpoint: the stream has no checkpoint for source{name}; it is incomplete, and nothing of it is sent"
    )
}
