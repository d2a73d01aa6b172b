//! The address to call after a run that ended with 0, handed to the connector, which calls it.
//!
//! Whoever knows it can make a run look alive that is not, so it is kept as a password is. This program talks to a relay
//! and to nobody else. Fails with 78 where it is no address.

use std::io::Write;

use crate::config::Monitoring;
use crate::exit::{Failure, Status};
use crate::ndjson::{self, Writer};
use crate::secret::Place;

/// Prints the address, where one is set and the run ended with 0.
pub(super) fn heartbeat<W: Write>(
    settings: &Monitoring,
    status: u8,
    output: &mut Writer<W>,
) -> Result<Status, Failure> {
    let key = "monitoring.heartbeat";
    let place = Place::of(key, settings.heartbeat_file.as_deref(), &settings.heartbeat_command)?;
    let Some(place) = place.filter(|_| status == Status::Done.code()) else { return Ok(Status::Done) };
    let address = place.read()?;
    let address = address.reveal();
    let has_scheme = ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
    // What would end a quoted word where the address is handed on.
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if !has_scheme || !is_plain {
        let sentence = format!("{key}: not an address that begins with https:// or http://");
        return Err(Failure::new(Status::Config, sentence));
    }
    let written = output.say(address).and_then(|()| output.flush()).map(|()| Status::Done);
    ndjson::quiet_when_unwanted(written.map_err(Failure::from))
}
