//! What the two fetchers do: read ThreatQ, compare with memory, and write a source.
//!
//! Reads: ThreatQ and a snapshot of the state. Writes: alerts, marks, and one checkpoint a source, last and only when
//! the whole fetch of that source succeeded. An object that cannot be read is complained of by id; it blocks no other,
//! and its mark stays, so that the next run finds the change again.

mod collection;
mod source;
mod watchlist;

pub use collection::collections;
pub use watchlist::watchlists;

use std::io::Write;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use self::source::Source;
use crate::config::{self, Threatq};
use crate::exit::{self, Failure, Status};
use crate::ndjson;
use crate::record::now;
use crate::state::Memory;
use crate::threatq::{Client, ObjectTypes};

/// A fetch: ThreatQ on one side, memory and a pipe on the other.
pub struct Fetch<W: Write> {
    program: &'static str,
    client: Client,
    types: ObjectTypes,
    link_origin: String,
    memory: Memory,
    output: ndjson::Writer<W>,
    found_at: DateTime<Utc>,
    status: Status,
}

impl<W: Write> Fetch<W> {
    /// Opens memory, logs in, and learns the object types.
    pub fn begin(
        program: &'static str,
        threatq: &Threatq,
        memory: Memory,
        output: ndjson::Writer<W>,
    ) -> Result<Self, Failure> {
        let client = Client::connect(threatq)?;
        let link_origin = client.link_origin(threatq)?;
        let types = ObjectTypes::read(&client)?;
        Ok(Self {
            program,
            client,
            types,
            link_origin,
            memory,
            output,
            found_at: now(),
            status: Status::Done,
        })
    }

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

    fn source(&self, name: &str) -> Result<Source, Failure> {
        let (base, cursor) = self.memory.source(name)?;
        Ok(Source::new(name, base, cursor))
    }
}

/// The memory that the settings name.
pub fn memory(flags: &config::State, file: &config::File) -> Result<Memory, Failure> {
    match config::state_path(flags, file) {
        Some(path) => Ok(Memory::open(&path)?),
        None => Ok(Memory::empty()),
    }
}
