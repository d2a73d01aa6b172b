//! Alerts go on unchanged, and messages for Slack are added: about a watchlist's objects at once, until a run has had its
//! number of them; what comes after that, and a collection's, in a digest before its checkpoint.

use std::io::{BufRead, Write};

use super::Formatter;
use crate::blocks::{Composer, Source};
use crate::exit::{Failure, Status};
use crate::ndjson::{Line, Reader, Writer};
use crate::record::{Alert, Checkpoint, Tally};
use crate::state::Taken;

/// Adds messages about the alerts of a stream, but for those that a sender has taken already.
pub fn messages<R: BufRead, W: Write>(
    input: Reader<R>,
    output: Writer<W>,
    composer: &Composer,
    taken: Option<&Taken>,
) -> Result<Status, Failure> {
    super::stream(input, output, Messages { composer, taken })
}

struct Messages<'a> {
    composer: &'a Composer,
    taken: Option<&'a Taken>,
}

/// A source, and how many messages were made of it.
struct Counted {
    source: Source,
    messages: u64,
}

impl<W: Write> Formatter<W> for Messages<'_> {
    type Source = Counted;

    fn flaw(&self, alert: &Alert) -> Option<String> {
        self.composer.flaw(alert)
    }

    fn open(&self, name: &str) -> Counted {
        Counted { source: Source::new(name), messages: 0 }
    }

    fn alert(
        &mut self,
        Counted { source, messages }: &mut Counted,
        alert: Alert,
        line: &Line<'_>,
        output: &mut Writer<W>,
    ) -> Result<(), Failure> {
        output.pass(line)?;
        if self.taken.map_or(Ok(false), |taken| taken.holds(&alert.id))? {
            source.leave_out(&alert.id);
            return Ok(());
        }
        source.alert(self.composer, alert, |message| {
            *messages += 1;
            Ok(output.write(message)?)
        })
    }

    fn close(
        &mut self,
        Counted { source, mut messages }: Counted,
        alerts: Tally,
        checkpoint: &mut Checkpoint,
        output: &mut Writer<W>,
    ) -> Result<Status, Failure> {
        let status = source.close(self.composer, alerts, |message| {
            messages += 1;
            Ok(output.write(message)?)
        })?;
        // Another formatter may stand before this one, for another workspace.
        checkpoint.messages = Some(checkpoint.messages.unwrap_or_default() + messages);
        Ok(status)
    }

    fn end(self) -> Result<Status, Failure> {
        Ok(Status::Done)
    }
}
