//! Taking over: the sources of a stream go into the state, each in one step at its checkpoint.
//!
//! A source whose checkpoint does not come, or does not fit, is rolled back: nothing of it is sent or remembered, and
//! the next fetch finds it again.

use std::io::{BufRead, Write};

use super::letter::Letter;
use super::{Patience, Sender, parcel};
use crate::exit::{Failure, Status};
use crate::ndjson::{Line, Reader};
use crate::record::{Checkpoint, Kind, Mark, Receipt, Tally, now};
use crate::state::{Intake, QueuedMail, State};

/// The emails of a source, to be compared with what its checkpoint says.
#[derive(Default)]
pub(super) struct Account {
    tally: Tally,
    emails: u64,
}

impl Account {
    pub(super) fn count(&mut self, letter: &Letter) {
        self.emails += 1;
        letter.alerts.iter().for_each(|id| self.tally.add(id));
    }

    /// What is wrong with the emails, by the word of their checkpoint.
    fn disagreement(mut self, checkpoint: &Checkpoint) -> Option<String> {
        // One alert may be in several emails.
        self.tally.unite();
        checkpoint.disagreement_of_emails(self.emails).or_else(|| self.tally.disagreement(checkpoint))
    }

    /// Compares the emails so far with their checkpoint, which the line holds, and begins to count anew.
    pub(super) fn close(&mut self, line: &Line<'_>) -> Result<Checkpoint, Failure> {
        let checkpoint: Checkpoint = line.parse()?;
        match std::mem::take(self).disagreement(&checkpoint) {
            Some(reason) => Err(line.error(format_args!("source '{}': {reason}", checkpoint.source)).into()),
            None => Ok(checkpoint),
        }
    }
}

/// A source on its way into the state.
struct Taking<'s> {
    /// Its name, as soon as a record says it.
    source: Option<String>,
    intake: Intake<'s>,
    account: Account,
    marks: u64,
    refused: Vec<Receipt>,
    /// How many mails waited before it.
    waiting: u64,
}

/// Reads the stream to its end. Fails with 65 when it is broken, or ends before a checkpoint.
pub(super) fn take_over<R: BufRead, W: Write>(
    sender: &mut Sender<W>,
    state: &State,
    patience: &Patience,
    mut input: Reader<R>,
) -> Result<Status, Failure> {
    let mut status = Status::Done;
    let mut taking: Option<Taking<'_>> = None;
    while let Some(line) = input.next_line()? {
        if let Some(letter) = sender.reports.takes.letter(&line)? {
            let open = of_source(sender, state, &mut taking, letter.source.as_deref(), &mut status)?;
            queue(sender, open, &letter, &line)?;
            continue;
        }
        match line.kind {
            Kind::Mark => {
                let mark: Mark = line.parse()?;
                let open = of_source(sender, state, &mut taking, Some(&mark.source), &mut status)?;
                open.intake.remember(&mark.marks)?;
                open.marks += mark.marks.len() as u64;
                sender.pass(&line);
            }
            Kind::Checkpoint => {
                let checkpoint: Checkpoint = line.parse()?;
                of_source(sender, state, &mut taking, Some(&checkpoint.source), &mut status)?;
                if let Some(open) = taking.take() {
                    status = status.worst(close(sender, patience, open, &checkpoint, &line)?);
                }
            }
            Kind::Alert | Kind::Email | Kind::Message | Kind::Receipt | Kind::Other => sender.pass(&line),
        }
    }
    match taking {
        Some(Taking { source, .. }) => Err(Failure::new(Status::BadStream, incomplete(source.as_deref()))),
        None => Ok(status),
    }
}

/// The source of the record at hand. One that is open under another name was given up before its checkpoint.
fn of_source<'t, 's, W: Write>(
    sender: &Sender<W>,
    state: &'s State,
    taking: &'t mut Option<Taking<'s>>,
    source: Option<&str>,
    status: &mut Status,
) -> Result<&'t mut Taking<'s>, Failure> {
    let open_name = taking.as_ref().and_then(|open| open.source.as_deref());
    if let (Some(open_name), Some(source)) = (open_name, source)
        && open_name != source
    {
        sender.complain(&incomplete(Some(open_name)));
        *status = status.worst(Status::BadStream);
        *taking = None;
    }
    let open = if let Some(open) = taking.take() {
        open
    } else {
        let waiting = state.waiting()?;
        let (intake, account) = (state.intake()?, Account::default());
        Taking { source: None, intake, account, marks: 0, refused: Vec::new(), waiting }
    };
    let open = taking.insert(open);
    open.source = open.source.take().or_else(|| source.map(str::to_owned));
    Ok(open)
}

fn incomplete(source: Option<&str>) -> String {
    let name = source.map(|source| format!(" '{source}'")).unwrap_or_default();
    format!(
        "rule checkpoint: the stream has no checkpoint for source{name}; it is incomplete, and nothing of it is sent"
    )
}

/// Puts a letter into the outbox.
fn queue<W: Write>(
    sender: &Sender<W>,
    open: &mut Taking<'_>,
    letter: &Letter,
    line: &Line<'_>,
) -> Result<(), Failure> {
    open.account.count(letter);
    let mail = QueuedMail {
        // For whoever wants to send it as another mail, should this one be refused.
        record: &line.text(),
        email: &letter.id,
        message_id: &letter.message_id,
        source: open.source.as_deref().unwrap_or_default(),
        sender: &letter.sender,
        recipients: &letter.recipients,
        bytes: &letter.bytes,
        at: now(),
    };
    match &letter.refused {
        None => open.intake.queue(&mail)?,
        Some(reason) => {
            // It can never be sent; that must not keep the others back.
            open.intake.refuse(&mail, reason)?;
            open.refused.push(parcel::refusal(letter, reason, &sender.destination.name()));
        }
    }
    Ok(())
}

/// Compares the source with its checkpoint and commits it.
fn close<W: Write>(
    sender: &mut Sender<W>,
    patience: &Patience,
    open: Taking<'_>,
    checkpoint: &Checkpoint,
    line: &Line<'_>,
) -> Result<Status, Failure> {
    let Taking { intake, account, marks, refused, waiting, .. } = open;
    let source = &checkpoint.source;
    let brings_mails = account.emails > 0;
    let disagreement = account.disagreement(checkpoint);
    if let Some(reason) = disagreement.or_else(|| checkpoint.disagreement_of_marks(marks)) {
        return Err(line.error(format_args!("source '{source}': {reason}; nothing of it is sent")).into());
    }
    let generation = intake.generation(source)?;
    if generation != checkpoint.base {
        let base = checkpoint.base;
        let reason = format!(
            "source '{source}' was fetched from generation {base} of the state, which is at {generation} now"
        );
        sender.complain(&format!("{reason}; the next run fetches it again"));
        return Ok(Status::TryAgain);
    }
    // What only remembers takes no room. A source that is larger than the room is taken when nothing else waits.
    if brings_mails && waiting >= patience.most_waiting {
        let limit = "and state.most_waiting lets no source add to them";
        sender.complain(&format!(
            "source '{source}': {waiting} mails wait, {limit}; a later run fetches it again"
        ));
        return Ok(Status::TryAgain);
    }
    intake.commit(checkpoint)?;
    tracing::info!("{source}: taken over");
    sender.reports.pass_taken(checkpoint);
    let mut status = Status::Done;
    for receipt in refused {
        sender.complain(&sender.reports.takes.hopeless(receipt.id(), first_reply(&receipt)));
        sender.print(&receipt);
        status = Status::Refused;
    }
    Ok(status)
}

fn first_reply(receipt: &Receipt) -> &str {
    receipt.recipients.first().and_then(|one| one.reply.as_deref()).unwrap_or_default()
}
