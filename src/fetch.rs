//! What the two fetchers do: read ThreatQ, compare with memory, and write a source.
//!
//! Reads: ThreatQ and a snapshot of the state. Writes: alerts, marks, and one checkpoint a source, last and only when
//! the whole fetch of that source succeeded. An object that cannot be read is complained of by id; it blocks no other,
//! and its mark stays, so that the next run finds the change again.

mod collection;
mod probe;
mod source;
mod watchlist;

pub use collection::collections;
pub use probe::probe;
pub use watchlist::watchlists;

use std::io::Write;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;

use self::source::Source;
use crate::config::{self, Scope, Threatq};
use crate::exit::{self, Failure, Status};
use crate::ndjson;
use crate::record::now;
use crate::state::Memory;
use crate::threatq::{Client, ObjectTypes};

/// How far a window reaches back behind the newest change seen: ThreatQ's stamps have seconds, and its index lags.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);
/// How often everything is read, and not only what was touched.
const RESCAN: TimeDelta = TimeDelta::hours(24);

/// A fetch: ThreatQ on one side, memory and a pipe on the other.
pub struct Fetch<W: Write> {
    library: Library,
    findings: Findings<W>,
}

/// ThreatQ's side: what can be asked for, and where links to it lead.
struct Library {
    client: Client,
    types: ObjectTypes,
    link_origin: String,
}

/// Our side: what is remembered, and where goes what is found.
struct Findings<W: Write> {
    program: &'static str,
    memory: Memory,
    scope: Scope,
    output: ndjson::Writer<W>,
    found_at: DateTime<Utc>,
    /// How many rows could not be read so far.
    unreadable: u64,
    status: Status,
}

impl<W: Write> Fetch<W> {
    /// Logs in, and learns the object types.
    pub fn begin(
        program: &'static str,
        threatq: &Threatq,
        scope: Scope,
        memory: Memory,
        output: ndjson::Writer<W>,
    ) -> Result<Self, Failure> {
        let client = Client::connect(threatq)?;
        let link_origin = client.link_origin(threatq)?;
        let types = ObjectTypes::read(&client)?;
        let library = Library { client, types, link_origin };
        let findings =
            Findings { program, memory, scope, output, found_at: now(), unreadable: 0, status: Status::Done };
        Ok(Self { library, findings })
    }
}

impl<W: Write> Findings<W> {
    /// Says what is wrong with one thing, and goes on.
    fn complain(&mut self, status: Status, complaint: &impl std::fmt::Display) {
        exit::complain(self.program, complaint);
        self.status = self.status.worst(status);
    }

    /// What is remembered under a key.
    fn remembered<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Failure> {
        let Some(mark) = self.memory.mark(key)? else { return Ok(None) };
        serde_json::from_str(&mark).map(Some).map_err(|error| {
            Failure::new(Status::Config, format!("state: the mark {key} cannot be read: {error}"))
        })
    }

    /// Forgets what is remembered in a folder and no longer there.
    fn forget(
        &mut self,
        source: &mut Source,
        folder: &str,
        is_there: impl Fn(&str, u64) -> bool,
    ) -> Result<(), Failure> {
        let Self { memory, output, .. } = self;
        memory.keys::<Failure>(folder, |key| {
            let place = key.strip_prefix(folder).and_then(|rest| rest.split_once('/'));
            let place = place.and_then(|(type_name, id)| Some((type_name, id.parse().ok()?)));
            if place.is_some_and(|(type_name, id)| is_there(type_name, id)) {
                return Ok(());
            }
            Ok(source.forget(key, output)?)
        })
    }

    fn source(&self, name: &str) -> Result<Source, Failure> {
        let (base, cursor) = self.memory.source(name)?;
        Ok(Source::new(name, base, cursor, self.scope))
    }
}

/// Whether it is time to read everything again. A last time that has yet to come is no last time.
fn is_due(last: DateTime<Utc>, now: DateTime<Utc>, every: TimeDelta) -> bool {
    last > now || now - last >= every
}

/// The memory that the settings name; none where the run is to go by a time instead.
pub fn memory(flags: &config::State, file: &config::File, scope: Scope) -> Result<Memory, Failure> {
    match config::state_path(flags, file) {
        Some(path) if scope.since.is_none() => Ok(Memory::open(&path)?),
        _ => Ok(Memory::empty()),
    }
}
