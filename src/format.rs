//! What the formatter does: alerts in, emails out, everything else passed on in order.
//!
//! A watchlist alert becomes an email at once, until a run has had its number of them; what comes after that, and a
//! collection's alerts, become digests at their checkpoint, and never at the bare end of the stream. The marks that an
//! alert carried go on as a mark record. Fails with 65 when the stream is broken, or ends before a checkpoint.

use std::io::{BufRead, Write};

use crate::exit::{Failure, Status};
use crate::mail::{Composer, Preview, Source};
use crate::ndjson::{Line, Reader, Writer};
use crate::record::{Alert, Checkpoint, Email, Kind, Mark, Tally};

/// The source that is being read.
struct Open {
    name: String,
    tally: Tally,
    source: Source,
    marks: u64,
    emails: u64,
}

impl Open {
    fn new(name: &str) -> Self {
        let (tally, source) = (Tally::default(), Source::new(name));
        Self { name: name.to_owned(), tally, source, marks: 0, emails: 0 }
    }
}

/// Where emails go.
struct Emails<W: Write> {
    output: Writer<W>,
    preview: Option<Preview>,
}

impl<W: Write> Emails<W> {
    fn write(&mut self, email: &Email) -> Result<(), Failure> {
        if let Some(preview) = &mut self.preview {
            preview.add(email)?;
        }
        Ok(self.output.write(email)?)
    }
}

/// A formatter in the middle of a stream.
struct Formatter<'a, W: Write> {
    composer: &'a Composer,
    emails: Emails<W>,
    open: Option<Open>,
    given_up: Option<Failure>,
    status: Status,
}

/// Turns the alerts of a stream into emails, which are also written into the preview where one is wanted.
pub fn stream<R: BufRead, W: Write>(
    mut input: Reader<R>,
    output: Writer<W>,
    composer: &Composer,
    preview: Option<Preview>,
) -> Result<Status, Failure> {
    let emails = Emails { output, preview };
    let mut formatter = Formatter { composer, emails, open: None, given_up: None, status: Status::Done };
    while let Some(line) = input.next_line()? {
        match line.kind {
            Kind::Alert => formatter.alert(line.parse()?, &line)?,
            Kind::Mark => {
                let mark: Mark = line.parse()?;
                formatter.source(&mark.source).marks += mark.marks.len() as u64;
                formatter.emails.output.pass(&line)?;
            }
            Kind::Checkpoint => formatter.checkpoint(line.parse()?, &line)?,
            Kind::Email | Kind::Message | Kind::Receipt | Kind::Other => {
                formatter.emails.output.pass(&line)?;
            }
        }
    }
    formatter.give_up();
    formatter.emails.output.flush()?;
    if let Some(preview) = formatter.emails.preview.take() {
        preview.close()?;
    }
    let status = formatter.status.worst(composer.status());
    formatter.given_up.map_or(Ok(status), Err)
}

impl<W: Write> Formatter<'_, W> {
    /// The source of the record at hand. One that was open under another name was given up before its checkpoint.
    fn source(&mut self, name: &str) -> &mut Open {
        if self.open.as_ref().is_some_and(|open| open.name != name) {
            self.give_up();
        }
        self.open.get_or_insert_with(|| Open::new(name))
    }

    fn give_up(&mut self) {
        if let Some(open) = self.open.take() {
            let sentence = format!(
                "rule checkpoint: the stream has no checkpoint for source '{}'; it is incomplete",
                open.name
            );
            self.given_up = Some(Failure::new(Status::BadStream, sentence));
        }
    }

    fn alert(&mut self, mut alert: Alert, line: &Line) -> Result<(), Failure> {
        let composer = self.composer;
        if let Some(flaw) = composer.flaw(&alert) {
            return Err(line.error(flaw).into());
        }
        let marks = std::mem::take(&mut alert.marks);
        let source = alert.source.clone();
        self.source(&source);
        if let Some(open) = &mut self.open {
            open.tally.add(&alert.id);
            open.marks += marks.len() as u64;
            open.source.alert(composer, alert, |email| {
                open.emails += 1;
                self.emails.write(email)
            })?;
        }
        if marks.is_empty() { Ok(()) } else { Ok(self.emails.output.write(&Mark { source, marks })?) }
    }

    fn checkpoint(&mut self, mut checkpoint: Checkpoint, line: &Line) -> Result<(), Failure> {
        self.source(&checkpoint.source);
        let Some(Open { name, mut tally, source, marks, mut emails }) = self.open.take() else {
            return Ok(());
        };
        let disagreement = tally.disagreement(&checkpoint);
        if let Some(reason) = disagreement.or_else(|| checkpoint.disagreement_of_marks(marks)) {
            return Err(line.error(format_args!("source '{name}': {reason}")).into());
        }
        let (status, mut nobodys) = source.close(self.composer, |email| {
            emails += 1;
            self.emails.write(email)
        })?;
        if nobodys.count() > 0 {
            // The checkpoint covers what is mailed: the sender compares it with the emails.
            tally.remove(&mut nobodys);
            (checkpoint.alerts, checkpoint.digest) = (tally.count(), tally.digest());
        }
        self.status = self.status.worst(status);
        checkpoint.emails = Some(emails);
        self.emails.output.write(&checkpoint)?;
        Ok(self.emails.output.flush()?)
    }
}
