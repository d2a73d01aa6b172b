//! Stand-in.
mod frozen;
pub use frozen::frozen;
