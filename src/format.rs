//! What the formatter does: alerts in, emails out, everything else passed on in order.
//!
//! A watchlist alert becomes an email at once; a collection's alerts become one digest at its checkpoint, and never at
//! the bare end of the stream. The marks that an alert carried go on as a mark record. Fails with 65 when the stream is
//! broken, or ends before a checkpoint.

use std::io::{BufRead, Write};

use crate::exit::{Failure, Status};
use crate::mail::{Composer, Digest};
use crate::ndjson::{Line, Reader, Writer};
use crate::record::{Alert, Checkpoint, Kind, Mark, Tally};

/// The source that is being read.
struct Open {
    name: String,
    tally: Tally,
    digest: Option<Digest>,
    emails: u64,
}

impl Open {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), tally: Tally::default(), digest: None, emails: 0 }
    }
}

/// A formatter in the middle of a stream.
struct Formatter<'a, W: Write> {
    composer: &'a Composer,
    output: Writer<W>,
    open: Option<Open>,
    given_up: Option<Failure>,
}

/// Turns the alerts of a stream into emails.
pub fn stream<R: BufRead, W: Write>(
    mut input: Reader<R>,
    output: Writer<W>,
    composer: &Composer,
) -> Result<Status, Failure> {
    let mut formatter = Formatter { composer, output, open: None, given_up: None };
    while let Some(line) = input.next_line()? {
        match line.kind {
            Kind::Alert => formatter.alert(line.parse()?, &line)?,
            Kind::Mark => {
                let mark: Mark = line.parse()?;
                formatter.source(&mark.source);
                formatter.output.pass(&line)?;
            }
            Kind::Checkpoint => formatter.checkpoint(line.parse()?, &line)?,
            Kind::Email | Kind::Receipt | Kind::Other => formatter.output.pass(&line)?,
        }
    }
    formatter.give_up();
    formatter.output.flush()?;
    formatter.given_up.map_or(Ok(Status::Done), Err)
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
            let sentence =
                format!("the stream has no checkpoint for source '{}'; it is incomplete", open.name);
            self.given_up = Some(Failure::new(Status::BadStream, sentence));
        }
    }

    fn alert(&mut self, mut alert: Alert, line: &Line) -> Result<(), Failure> {
        let address = &alert.object.link;
        if !(address.starts_with("https://") || address.starts_with("http://")) {
            return Err(line.error("alert: object.link is not an http address").into());
        }
        let marks = std::mem::take(&mut alert.marks);
        let source = alert.source.clone();
        let composer = self.composer;
        let open = self.source(&source);
        open.tally.add(&alert.id);
        if let Some(collection) = &alert.collection {
            open.digest.get_or_insert_with(|| Digest::new(&source, &collection.name)).add(alert);
        } else {
            open.emails += 1;
            let email = composer.watchlist_mail(&alert)?;
            self.output.write(&email)?;
        }
        if marks.is_empty() { Ok(()) } else { Ok(self.output.write(&Mark { source, marks })?) }
    }

    fn checkpoint(&mut self, mut checkpoint: Checkpoint, line: &Line) -> Result<(), Failure> {
        self.source(&checkpoint.source);
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        if let Some(reason) = open.tally.disagreement(&checkpoint) {
            return Err(line.error(format_args!("source '{}': {reason}", open.name)).into());
        }
        if let Some(digest) = open.digest {
            open.emails += 1;
            let email = self.composer.collection_mail(digest)?;
            self.output.write(&email)?;
        }
        checkpoint.emails = Some(open.emails);
        self.output.write(&checkpoint)?;
        Ok(self.output.flush()?)
    }
}
