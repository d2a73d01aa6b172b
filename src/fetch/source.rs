//! One source on its way out: its alerts counted, its marks in batches, its checkpoint last.

use std::io::Write;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::clock::Clock;
use crate::config::Scope;
use crate::exit::{Failure, Status};
use crate::ndjson::{Error, Writer};
use crate::record::{self, Alert, Checkpoint, Cursor, Event, Mark, MarkEntry, Tally};

/// How many marks share a record, and how long the record may get.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 1024 * 1024;

/// One source, open until its checkpoint.
pub(super) struct Source {
    name: String,
    base: u64,
    /// Where the last fetch ended.
    before: Cursor,
    /// The newest change seen in this one.
    newest: Option<DateTime<Utc>>,
    clock: Clock,
    found_at: DateTime<Utc>,
    scope: Scope,
    tally: Tally,
    /// How many marks were written.
    marked: u64,
    marks: Vec<MarkEntry>,
    /// How long the marks are, together.
    bytes: usize,
}

impl Source {
    pub(super) fn new(
        name: &str,
        base: u64,
        before: Cursor,
        clock: Clock,
        scope: Scope,
        found_at: DateTime<Utc>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            base,
            before,
            newest: None,
            clock,
            found_at,
            scope,
            tally: Tally::default(),
            marked: 0,
            marks: Vec::with_capacity(BATCH),
            bytes: 0,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The least that an alert of this source says.
    pub(super) fn about(&self, event: Event, object: record::Object) -> Alert {
        Alert {
            id: String::new(),
            source: self.name.clone(),
            event,
            found_at: Some(self.found_at),
            watchers: Vec::new(),
            collection: None,
            object,
            changed_at: None,
            changes: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Writes an alert, and gives it the id that its content asks for.
    pub(super) fn alert<W: Write>(&mut self, mut alert: Alert, output: &mut Writer<W>) -> Result<(), Error> {
        // The last mark of a key counts, so that none may be overtaken.
        self.write_marks(output)?;
        if !self.scope.remembers() {
            alert.marks.clear();
        }
        alert.id = alert.id_of_content(self.base);
        self.tally.add(&alert.id);
        self.marked += alert.marks.len() as u64;
        output.write(&alert)?;
        if self.scope.limit == Some(self.tally.count()) { Err(Error::Enough) } else { Ok(()) }
    }

    /// Remembers without an alert.
    pub(super) fn remember<W: Write>(
        &mut self,
        entry: MarkEntry,
        output: &mut Writer<W>,
    ) -> Result<(), Error> {
        if !self.scope.remembers() {
            return Ok(());
        }
        self.bytes += entry.key.len() + entry.mark.as_ref().map_or(0, |mark| mark.get().len());
        self.marks.push(entry);
        let is_full = self.marks.len() == BATCH || self.bytes >= BATCH_BYTES;
        if is_full { self.write_marks(output) } else { Ok(()) }
    }

    /// Forgets a key.
    pub(super) fn forget<W: Write>(&mut self, key: &str, output: &mut Writer<W>) -> Result<(), Error> {
        self.remember(forgotten(key), output)
    }

    fn write_marks<W: Write>(&mut self, output: &mut Writer<W>) -> Result<(), Error> {
        if self.marks.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        self.marked += self.marks.len() as u64;
        let mark = Mark { source: self.name.clone(), marks: std::mem::take(&mut self.marks) };
        output.write(&mark)
    }

    /// The newest change that was seen before.
    pub(super) fn since(&self) -> Option<DateTime<Utc>> {
        self.before.since
    }

    /// Takes note of a change's time.
    pub(super) fn saw(&mut self, touched_at: Option<DateTime<Utc>>) {
        if touched_at > self.newest && touched_at.is_some_and(|at| self.clock.has_come(at)) {
            self.newest = touched_at;
        }
    }

    /// The newest change seen so far in this fetch.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }

    /// Where the next fetch may begin, for somebody for whom the last one ended then: at the newest change that ThreatQ
    /// reported, and not earlier than before.
    pub(super) fn cursor_after(&self, before: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let seen = self.newest.and_then(|newest| newest.checked_sub_signed(self.clock.lateness()));
        before.filter(|at| self.clock.has_come(*at)).max(seen)
    }

    /// Closes the source: its fetch succeeded whole.
    pub(super) fn close<W: Write>(mut self, output: &mut Writer<W>) -> Result<(), Error> {
        self.write_marks(output)?;
        let (alerts, digest) = (self.tally.count(), self.tally.digest());
        tracing::info!("{}: {alerts} alert{}", self.name, if alerts == 1 { "" } else { "s" });
        if !self.scope.closes() {
            return output.flush();
        }
        let cursor = Cursor { since: self.cursor_after(self.before.since) };
        let Self { name, base, marked, .. } = self;
        let (marks, emails, messages, taken) = (Some(marked), None, None, Vec::new());
        let checkpoint =
            Checkpoint { source: name, base, cursor, alerts, digest, marks, emails, messages, taken };
        output.write(&checkpoint)?;
        output.flush()
    }
}

/// A name as one segment of a key: a slash in it must not look like the next segment.
pub(super) fn segment(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

/// A mark as it travels.
pub(super) fn entry(key: impl Into<String>, mark: &impl Serialize) -> Result<MarkEntry, Failure> {
    let mark: Box<RawValue> = to_raw_value(mark)
        .map_err(|error| Failure::new(Status::Bug, format!("a mark cannot be written: {error}")))?;
    Ok(MarkEntry { key: key.into(), mark: Some(mark) })
}

/// The mark that says to forget a key.
pub(super) fn forgotten(key: &str) -> MarkEntry {
    MarkEntry { key: key.to_owned(), mark: None }
}
