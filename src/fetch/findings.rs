//! Our side of a fetch: what is remembered, what is complained of, and where goes what is found.

use std::collections::HashSet;
use std::io::Write;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::Library;
use super::clock::Clock;
use super::source::Source;
use crate::change::View;
use crate::config::Scope;
use crate::exit::{self, Failure, Status};
use crate::ndjson;
use crate::record::{self, Field, now};
use crate::state::Memory;

/// How many rows of one list that make no sense are named; the others are counted.
const NAMED: usize = 20;
/// So many objects may leave at once. Where more do, and most of what is remembered, one answer is not believed.
const FEW: usize = 10;

/// What is remembered, and where goes what is found.
pub(super) struct Findings<W: Write> {
    program: &'static str,
    pub(super) memory: Rc<Memory>,
    pub(super) scope: Scope,
    pub(super) output: ndjson::Writer<W>,
    pub(super) found_at: DateTime<Utc>,
    clock: Clock,
    pub(super) status: Status,
}

/// An object that is remembered and no longer there.
pub(super) struct Gone<'a> {
    pub(super) key: &'a str,
    pub(super) type_name: &'a str,
    pub(super) id: u64,
}

impl<W: Write> Findings<W> {
    pub(super) fn new(
        program: &'static str,
        memory: Memory,
        scope: Scope,
        output: ndjson::Writer<W>,
        logged_in_at: Option<DateTime<Utc>>,
    ) -> Self {
        let (memory, found_at) = (Rc::new(memory), now());
        let clock = Clock::new(logged_in_at, found_at);
        Self { program, memory, scope, output, found_at, clock, status: Status::Done }
    }

    /// Says what is wrong with one thing, and goes on.
    pub(super) fn complain(&mut self, status: Status, complaint: &impl std::fmt::Display) {
        exit::complain(self.program, complaint);
        self.status = self.status.worst(status);
    }

    /// Where a window may begin that goes on from a time; nowhere when that time has yet to come.
    pub(super) fn window_from(&self, since: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let has_come = |since: &DateTime<Utc>| {
            let has_come = self.clock.has_come(*since);
            if !has_come {
                tracing::warn!(
                    "the last fetch ended at {since}, and ThreatQ's clock is not there yet; reading everything"
                );
            }
            has_come
        };
        since.filter(has_come)
    }

    /// What is remembered under a key.
    pub(super) fn remembered<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Failure> {
        let Some(mark) = self.memory.mark(key)? else { return Ok(None) };
        serde_json::from_str(&mark).map(Some).map_err(|error| {
            Failure::new(Status::Config, format!("state: the mark {key} cannot be read: {error}"))
        })
    }

    /// How the fetch ends: one that told as much as it was asked for is done.
    pub(super) fn end(&self, fetched: Result<(), Failure>) -> Result<Status, Failure> {
        match fetched {
            Err(failure) if !matches!(failure.cause::<ndjson::Error>(), Some(ndjson::Error::Enough)) => {
                Err(failure)
            }
            _ => Ok(self.status),
        }
    }

    pub(super) fn source(&self, name: &str) -> Result<Source, Failure> {
        let (base, cursor) = self.memory.source(name)?;
        Ok(Source::new(name, base, cursor, self.clock, self.scope, self.found_at))
    }

    /// Everything that is remembered in a folder and no longer there, handed on one by one. Keys end in the type's code
    /// and the id.
    pub(super) fn gone(
        &mut self,
        folder: &str,
        is_there: impl Fn(&str, u64) -> bool,
        mut each: impl FnMut(&mut Self, Gone<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let memory = Rc::clone(&self.memory);
        memory.keys::<Failure>(folder, |key| {
            let mut segments = key.rsplit('/');
            let id = segments.next().and_then(|id| id.parse().ok());
            match id.zip(segments.next()) {
                Some((id, type_name)) if !is_there(type_name, id) => each(self, Gone { key, type_name, id }),
                _ => Ok(()),
            }
        })
    }

    /// Whether so much of a folder is no longer there that one answer is not enough to forget it.
    pub(super) fn doubts(
        &mut self,
        folder: &str,
        is_there: impl Fn(&str, u64) -> bool,
    ) -> Result<bool, Failure> {
        let (mut remembered, mut gone) = (0, 0);
        self.gone(folder, is_there, |_, _| {
            gone += 1;
            Ok(())
        })?;
        if gone <= FEW {
            return Ok(false);
        }
        self.memory.keys::<Failure>(folder, |_| {
            remembered += 1;
            Ok(())
        })?;
        Ok(gone * 2 > remembered)
    }

    /// An object as it was last known, for telling that it left.
    pub(super) fn last_known(
        &self,
        library: &Library,
        gone: &Gone<'_>,
    ) -> Result<Option<record::Object>, Failure> {
        // What is remembered of a type that ThreatQ no longer has is nothing that could be shown.
        let Ok(object_type) = library.types.find(gone.type_name) else { return Ok(None) };
        let view: View = self.remembered(gone.key)?.unwrap_or_default();
        let field = |field: Field| view.field(field).map(str::to_owned);
        Ok(Some(record::Object {
            kind: object_type.name.clone(),
            type_name: object_type.display_name.clone(),
            type_plural: object_type.display_name_plural.clone(),
            id: gone.id,
            value: field(Field::Value).unwrap_or_else(|| object_type.nameless(gone.id)),
            subtype: field(Field::Type),
            status: field(Field::Status),
            score: view.field(Field::Score).and_then(|score| score.parse().ok()),
            tlp: field(Field::Tlp),
            sources: view.sources.map(|names| names.into_iter().collect()),
            tags: view.tags.map(|names| names.into_iter().collect()),
            description: None,
            link: object_type.link(&library.link_origin, gone.id),
        }))
    }
}

/// Complaints about the rows of one list, which may be read in several passes: each is made once, and not all when there
/// are many.
#[derive(Default)]
pub(super) struct Unreadable {
    named: HashSet<String>,
    in_this_pass: usize,
}

impl Unreadable {
    pub(super) fn begin_pass(&mut self) {
        self.in_this_pass = 0;
    }

    /// One row that cannot be read.
    pub(super) fn row<W: Write>(&mut self, findings: &mut Findings<W>, complaint: String) {
        self.in_this_pass += 1;
        if self.named.len() < NAMED && !self.named.contains(&complaint) {
            findings.complain(Status::Refused, &complaint);
            self.named.insert(complaint);
        }
    }

    /// Counts those that were not named. True when there were any at all.
    pub(super) fn finish<W: Write>(self, findings: &mut Findings<W>, whose: &str) -> bool {
        if self.in_this_pass > self.named.len() {
            let more = self.in_this_pass - self.named.len();
            findings.complain(Status::Refused, &format!("{whose}: {more} more cannot be read"));
        }
        !self.named.is_empty()
    }
}
