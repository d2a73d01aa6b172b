//! A stateful simulator of the ThreatQ REST API, for tests, a demo and benchmarks.
//!
//! A [`World`] holds the library and its clock; a [`Sim`] serves it on a loopback port; a test changes the world between
//! requests and looks at what was asked. Faithful to what is publicly known of the API and marked where it guesses; it
//! is no ThreatQ and protects nothing.
//!
//! ```text
//! client ── server ── faults ── routes ── query ─┐
//!              │                   │             ├── world
//!             log               shape ───────────┘     │
//! test ─────────────────────────────── control ────────┘
//! ```
//!
//! In reading order: `world` (data and changes), `shape` (world to JSON), `query` (what a search finds), `routes` (which
//! path does what), `server` (requests), `serve` (sockets, shared with other simulators), `control` (changing the world from outside). What varies is in `settings`; what goes wrong, or moves
//! while a client pages, in `fault` and `later`.

mod call;
mod control;
mod fault;
mod later;
mod log;
mod query;
mod routes;
pub mod serve;
mod server;
mod settings;
mod shape;
mod stamp;
mod tokens;
pub mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use fault::{Fault, FaultKind, RetryAfter, Target};
pub use log::Request;
pub use server::Sim;
pub use settings::{
    AuditLog, ExpiresIn, LoginEncoding, LoginName, Settings, Star, WatchlistRoute, WatchlistRows,
};
pub use stamp::Stamp;
pub use world::World;

/// A lock that a test's failed assertion elsewhere does not take away from the others.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
