//! A simulated Slack workspace, for tests and for trying things out.
//!
//! A [`Workspace`] holds people, channels and what was posted; a [`Sim`] serves it on a loopback port as Slack's Web API
//! does; a test looks at what was asked and what was posted, and has things go wrong. Faithful to what Slack publishes
//! and marked where it guesses; it is no Slack and protects nothing.
//!
//! ```text
//! client ── server ── faults ── methods ── blockkit
//!              │                   │
//!             log              workspace ── control ── test
//! ```
//!
//! In reading order: `workspace` (who and what is there), `blockkit` (which messages Slack takes), `call` (arguments and
//! answers), `methods` (what each method does), `fault` (what goes wrong), `server`, `control` (the same from outside).

pub mod blockkit;
mod call;
mod control;
mod fault;
mod methods;
mod server;
pub mod workspace;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use call::Request;
pub use fault::{Fault, FaultKind};
pub use server::{Settings, Sim};
pub use workspace::{Channel, Posted, User, Workspace};

/// A lock that a test's failed assertion elsewhere does not take away from the others.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
