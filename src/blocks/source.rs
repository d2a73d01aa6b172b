//! One source on its way through the formatter: its alerts as they come, its digest when its checkpoint says that this was
//! all.

use super::compose::Composer;
use crate::exit::{Failure, Status};
use crate::item::{Gathered, Reason, tlp, told_to_nobody};
use crate::record::{Alert, Message, Tally};

/// The alerts of one source, as far as they still wait for a message.
pub struct Source {
    name: String,
    gathered: Option<Gathered>,
    /// Those that are not in the digest.
    apart: Tally,
    refused: u64,
}

impl Source {
    /// A source of which nothing has come yet.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), gathered: None, apart: Tally::default(), refused: 0 }
    }

    /// Makes no message of this alert.
    pub fn leave_out(&mut self, id: &str) {
        self.apart.add(id);
    }

    /// Takes one alert: writes the messages about it, or keeps it for a digest.
    pub fn alert(
        &mut self,
        composer: &Composer,
        alert: Alert,
        write: impl FnMut(&Message) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let tlp = tlp(&alert);
        if composer.discretion.refuses(tlp) {
            self.refused += 1;
            self.leave_out(&alert.id);
            return Ok(());
        }
        let hides = composer.discretion.hides(tlp);
        let is_single = alert.collection.is_none() && composer.told.get() < composer.max_messages;
        if is_single {
            composer.told.set(composer.told.get() + 1);
            self.leave_out(&alert.id);
            return composer.single(&self.name, alert, hides, write);
        }
        let reason = if alert.collection.is_some() { Reason::Collection } else { Reason::Overflow };
        let gathered = self.gathered.get_or_insert_with(|| Gathered::new(reason));
        composer.gather(alert, hides, gathered);
        Ok(())
    }

    /// Writes the digest of a source that is whole, which had these alerts.
    pub fn close(
        mut self,
        composer: &Composer,
        mut alerts: Tally,
        write: impl FnMut(&Message) -> Result<(), Failure>,
    ) -> Result<Status, Failure> {
        if let Some(gathered) = &self.gathered {
            alerts.remove(&mut self.apart);
            composer.digest(&self.name, gathered, &alerts, write)?;
        }
        Ok(told_to_nobody(&self.name, self.refused, "posted"))
    }
}
