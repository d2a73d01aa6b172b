//! The mail: alerts become emails in the words of the guide, and emails become the bytes that travel.
//!
//! Two halves that meet in the email record: the formatter's ([`Composer`], [`Digest`]) and the sender's ([`mime`]).
//! Neither touches the network or the disk.

mod compose;
mod digest;
pub mod mime;
mod template;

pub use compose::Composer;
pub use digest::Digest;
