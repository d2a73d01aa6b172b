//! How a simulator behaves where ThreatQ's behaviour varies or is not known.
//!
//! Follows section 11 of the API reference and its hints for a simulator.

use std::time::Duration;

use crate::fault::Fault;

/// `Settings { json_as_string: true, ..Settings::default() }`
#[derive(Clone, Debug)]
pub struct Settings {
    /// Certificate chain and private key, both PEM: serve https with them.
    pub tls: Option<(String, String)>,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How long a token lives, in real time; `expires_in` says so.
    pub token_lifetime: Duration,
    /// Whether a user's watchlist may be read by others (section 5.2: not known). When not, they get a 403.
    pub watchlist_of_others: bool,
    /// A saved search's `json` is a string that holds JSON (section 7.1).
    pub json_as_string: bool,
    /// `null` rows stand between the rows of `/query` and are counted in its `total` (section 7.2).
    pub null_rows: bool,
    /// Lists come without `total` (section 1.1 saw it on sub-resources).
    pub omit_total: bool,
    /// Faults that wait from the start; `Sim::fault` adds more.
    pub fail_next: Vec<Fault>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            tls: None,
            port: 0,
            token_lifetime: Duration::from_secs(3600),
            watchlist_of_others: true,
            json_as_string: false,
            null_rows: false,
            omit_total: false,
            fail_next: Vec::new(),
        }
    }
}
