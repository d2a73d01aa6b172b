//! One source on its way through the formatter: its alerts as they come, its digests when its checkpoint says that this
//! was all.

use std::collections::BTreeMap;

use super::compose::Composer;
use super::digest::Digest;
use crate::exit::{Failure, Status};
use crate::item::{Item, Reason, told_to_nobody};
use crate::record::{Alert, Email, Tally};

/// The alerts of one source, as far as they still wait for a mail.
pub struct Source {
    name: String,
    digests: BTreeMap<String, Digest>,
    nobodys: Tally,
}

impl Source {
    /// A source of which nothing has come yet.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), digests: BTreeMap::new(), nobodys: Tally::default() }
    }

    /// Takes one alert: writes the mails about it, or keeps it for a digest.
    pub fn alert(
        &mut self,
        composer: &Composer,
        alert: Alert,
        mut write: impl FnMut(&Email) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let deliveries = composer.routes.of(&alert);
        if deliveries.is_empty() {
            self.nobodys.add(&alert.id);
            return Ok(());
        }
        let event = alert.event;
        let is_digest = alert.collection.is_some();
        let item = Item::of(alert);
        for delivery in deliveries {
            let mut item = item.clone();
            if delivery.hides {
                item.hide();
            }
            let audience = delivery.audience;
            if !is_digest && composer.mailed.get() < composer.max_mails {
                composer.mailed.set(composer.mailed.get() + 1);
                write(&composer.single(&self.name, &audience, item)?)?;
                continue;
            }
            let reason = if is_digest { Reason::Collection } else { Reason::Overflow };
            let key = format!("{:?} {:?} {:?} {:?}", audience.route, audience.to, audience.cc, audience.bcc);
            let digest = self.digests.entry(key).or_insert_with(|| Digest::new(reason, audience));
            digest.add(event, item, composer.max_items)?;
        }
        Ok(())
    }

    /// Writes the digests of a source that is whole. Returns the alerts that go to nobody, because their TLP is refused.
    pub fn close(
        self,
        composer: &Composer,
        mut write: impl FnMut(&Email) -> Result<(), Failure>,
    ) -> Result<(Status, Tally), Failure> {
        for digest in self.digests.into_values() {
            composer.digest(&self.name, digest, |email| write(&email))?;
        }
        Ok((told_to_nobody(&self.name, self.nobodys.count(), "mailed"), self.nobodys))
    }
}
