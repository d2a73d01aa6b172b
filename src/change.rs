//! What changed on an object: what we remember of it against what it is now. Pure: no network, no disk, no clock.
//!
//! ThreatQ holds state, not events, so a change is a difference between two views. What ThreatQ did not deliver is not
//! a difference: a list that is absent is not a list that became empty.

mod compare;
mod excerpt;
mod view;

pub use compare::changes;
pub use excerpt::Excerpt;
pub use view::{Row, View};
