//! What the formatters do: alerts in, something to send out, everything else passed on in order.
//!
//! Here is what they share: which source is open, how many alerts and marks it has had, whether its checkpoint agrees, and
//! that nothing is made of what no checkpoint closes. What becomes of an alert is in `format::email` and `format::slack`.
//! Fails with 65 when the stream is broken, or ends before a checkpoint.

mod email;
mod slack;

pub use email::emails;
pub use slack::messages;

use std::io::{BufRead, Write};

use crate::exit::{Failure, Status};
use crate::ndjson::{Line, Reader, Writer};
use crate::record::{Alert, Checkpoint, Kind, Mark, Tally};

/// What becomes of the alerts of a stream.
trait Formatter<W: Write> {
    /// What is kept of a source until its checkpoint.
    type Source;

    /// What is wrong with an alert that nothing can be sent about.
    fn flaw(&self, alert: &Alert) -> Option<String>;

    /// A source of which nothing has come yet.
    fn open(&self, name: &str) -> Self::Source;

    /// Takes one alert, which the line holds.
    fn alert(
        &mut self,
        source: &mut Self::Source,
        alert: Alert,
        line: &Line<'_>,
        output: &mut Writer<W>,
    ) -> Result<(), Failure>;

    /// Ends a source that is whole, and says in its checkpoint what was made of these alerts.
    fn close(
        &mut self,
        source: Self::Source,
        alerts: Tally,
        checkpoint: &mut Checkpoint,
        output: &mut Writer<W>,
    ) -> Result<Status, Failure>;

    /// Ends the stream; how it went beyond its sources.
    fn end(self) -> Result<Status, Failure>;
}

/// The source that is being read.
struct Open<S> {
    name: String,
    tally: Tally,
    marks: u64,
    source: S,
}

/// A formatter in the middle of a stream.
struct Stream<W: Write, F: Formatter<W>> {
    formatter: F,
    output: Writer<W>,
    open: Option<Open<F::Source>>,
    given_up: Option<Failure>,
    status: Status,
}

/// Reads the stream to its end.
fn stream<R: BufRead, W: Write>(
    mut input: Reader<R>,
    output: Writer<W>,
    formatter: impl Formatter<W>,
) -> Result<Status, Failure> {
    let mut stream = Stream { formatter, output, open: None, given_up: None, status: Status::Done };
    while let Some(line) = input.next_line()? {
        match line.kind {
            Kind::Alert => stream.alert(line.parse()?, &line)?,
            Kind::Mark => {
                let mark: Mark = line.parse()?;
                stream.source(&mark.source).marks += mark.marks.len() as u64;
                stream.output.pass(&line)?;
            }
            Kind::Checkpoint => stream.checkpoint(line.parse()?, &line)?,
            Kind::Email | Kind::Message | Kind::Receipt | Kind::Other => stream.output.pass(&line)?,
        }
    }
    stream.give_up();
    stream.output.flush()?;
    let status = stream.status.worst(stream.formatter.end()?);
    stream.given_up.map_or(Ok(status), Err)
}

impl<W: Write, F: Formatter<W>> Stream<W, F> {
    /// The source of the record at hand. One that was open under another name was given up before its checkpoint.
    fn source(&mut self, name: &str) -> &mut Open<F::Source> {
        if self.open.as_ref().is_some_and(|open| open.name != name) {
            self.give_up();
        }
        let Self { open, formatter, .. } = self;
        open.get_or_insert_with(|| Open {
            name: name.to_owned(),
            tally: Tally::default(),
            marks: 0,
            source: formatter.open(name),
        })
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

    fn alert(&mut self, alert: Alert, line: &Line<'_>) -> Result<(), Failure> {
        if let Some(flaw) = self.formatter.flaw(&alert) {
            return Err(line.error(flaw).into());
        }
        self.source(&alert.source);
        let Self { open: Some(open), formatter, output, .. } = self else { return Ok(()) };
        open.tally.add(&alert.id);
        open.marks += alert.marks.len() as u64;
        formatter.alert(&mut open.source, alert, line, output)
    }

    fn checkpoint(&mut self, mut checkpoint: Checkpoint, line: &Line<'_>) -> Result<(), Failure> {
        self.source(&checkpoint.source);
        let Some(Open { name, mut tally, marks, source }) = self.open.take() else { return Ok(()) };
        let disagreement = tally.disagreement(&checkpoint);
        if let Some(reason) = disagreement.or_else(|| checkpoint.disagreement_of_marks(marks)) {
            return Err(line.error(format_args!("source '{name}': {reason}")).into());
        }
        let Self { formatter, output, .. } = self;
        let status = formatter.close(source, tally, &mut checkpoint, output)?;
        self.status = self.status.worst(status);
        output.write(&checkpoint)?;
        Ok(output.flush()?)
    }
}
