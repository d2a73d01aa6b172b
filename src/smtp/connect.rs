//! Finding the relay: its addresses in turn, and the name that we give it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use lettre::transport::smtp::extension::ClientId;

use super::Error;
use super::wire::Wire;

/// Each address of the host in turn, until one answers.
pub(super) fn connect(host: &str, port: u16, timeout: Duration) -> Result<Wire, Error> {
    let addresses: Vec<SocketAddr> =
        (host, port).to_socket_addrs().map_err(|error| lookup_error(&error))?.collect();
    let mut reason = "the name has no address".to_owned();
    for address in addresses {
        match Wire::connect(address, timeout) {
            Ok(wire) => return Ok(wire),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                reason = format!("{address}: no answer in time");
            }
            Err(error) => reason = format!("{address}: {error}"),
        }
    }
    Err(Error::Unreachable(reason))
}

/// The standard library tells "try again" from "no such name" only in its words (those of `gai_strerror`).
fn lookup_error(error: &io::Error) -> Error {
    let words = error.to_string();
    if words.contains("Temporary failure") { Error::Unreachable(words) } else { Error::NoSuchHost(words) }
}

/// The name that we give in EHLO: this machine's, or an address where that is not one for a command line.
pub(super) fn client_name() -> ClientId {
    match ClientId::default() {
        ClientId::Domain(name)
            if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
                && !name.is_empty() =>
        {
            ClientId::Domain(name)
        }
        _ => ClientId::Ipv4(Ipv4Addr::LOCALHOST),
    }
}
