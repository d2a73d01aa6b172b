//! What the two fetchers do: read ThreatQ, compare with memory, and write a source.
//!
//! Reads: ThreatQ and a snapshot of the state. Writes: alerts, marks, and one checkpoint a source, last and only when
//! the whole fetch of that source succeeded. An object that cannot be read is complained of by id; it blocks no other,
//! and its mark stays, so that the next run finds the change again.

mod clock;
mod collection;
mod findings;
mod members;
mod people;
mod probe;
mod settings;
mod source;
mod touched;
mod watchlist;

pub use collection::collections;
pub use probe::probe;
pub use settings::settings;
pub use watchlist::watchlists;

use std::io::Write;

use chrono::{DateTime, TimeDelta, Utc};

use self::findings::Findings;
use crate::config::{self, Scope, Threatq};
use crate::exit::Failure;
use crate::ndjson;
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
        let findings = Findings::new(program, memory, scope, output, client.logged_in_at());
        Ok(Self { library: Library { client, types, link_origin }, findings })
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
