//! Alerts become emails: a watchlist's at once, until a run has had its number of them; what comes after that, and a
//! collection's, become digests at their checkpoint. The marks that an alert carried go on as a mark record.

use std::io::{BufRead, Write};

use super::Formatter;
use crate::exit::{Failure, Status};
use crate::mail::{Composer, Preview, Source};
use crate::ndjson::{Line, Reader, Writer};
use crate::record::{Alert, Checkpoint, Email, Mark, Tally};

/// Turns the alerts of a stream into emails, which are also written into the preview where one is wanted.
pub fn emails<R: BufRead, W: Write>(
    input: Reader<R>,
    output: Writer<W>,
    composer: &Composer,
    preview: Option<Preview>,
) -> Result<Status, Failure> {
    super::stream(input, output, Emails { composer, preview })
}

struct Emails<'a> {
    composer: &'a Composer,
    preview: Option<Preview>,
}

/// A source, and how many emails were made of it.
struct Counted {
    source: Source,
    emails: u64,
}

impl Emails<'_> {
    fn write<W: Write>(&mut self, email: &Email, output: &mut Writer<W>) -> Result<(), Failure> {
        if let Some(preview) = &mut self.preview {
            preview.add(email)?;
        }
        Ok(output.write(email)?)
    }
}

impl<W: Write> Formatter<W> for Emails<'_> {
    type Source = Counted;

    fn flaw(&self, alert: &Alert) -> Option<String> {
        self.composer.flaw(alert)
    }

    fn open(&self, name: &str) -> Counted {
        Counted { source: Source::new(name), emails: 0 }
    }

    fn alert(
        &mut self,
        Counted { source, emails }: &mut Counted,
        mut alert: Alert,
        _: &Line<'_>,
        output: &mut Writer<W>,
    ) -> Result<(), Failure> {
        let mark = Mark { source: alert.source.clone(), marks: std::mem::take(&mut alert.marks) };
        source.alert(self.composer, alert, |email| {
            *emails += 1;
            self.write(email, output)
        })?;
        if mark.marks.is_empty() { Ok(()) } else { Ok(output.write(&mark)?) }
    }

    fn close(
        &mut self,
        Counted { source, mut emails }: Counted,
        mut alerts: Tally,
        checkpoint: &mut Checkpoint,
        output: &mut Writer<W>,
    ) -> Result<Status, Failure> {
        let (status, mut nobodys) = source.close(self.composer, |email| {
            emails += 1;
            self.write(email, output)
        })?;
        if nobodys.count() > 0 {
            // The checkpoint covers what is mailed: the sender compares it with the emails.
            alerts.remove(&mut nobodys);
            (checkpoint.alerts, checkpoint.digest) = (alerts.count(), alerts.digest());
        }
        checkpoint.emails = Some(emails);
        Ok(status)
    }

    fn end(self) -> Result<Status, Failure> {
        if let Some(preview) = self.preview {
            preview.close()?;
        }
        Ok(self.composer.status())
    }
}
