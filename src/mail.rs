//! The mail: alerts become emails in the words of the guide, and emails become the bytes that travel.
//!
//! Two halves that meet in the email record: the formatter's ([`Composer`], [`Source`], [`Preview`]) and the sender's
//! ([`mime`]). Neither touches the network. In reading order: who gets an alert (`route`), how what templates
//! see of it (`crate::item`) is printed (`template`), what many become (`digest`, `list`, `spill`, `parts`, `size`), and the
//! email around it (`compose`, `thread`, `address`), and how its texts travel (`body`, `quoted`), and are found in the bytes again
//! (`kept`).

mod address;
mod body;
mod compose;
mod digest;
mod kept;
mod list;
pub mod mime;
mod parts;
mod preview;
mod quoted;
mod route;
mod size;
mod source;
mod spill;
mod template;
mod thread;

pub use compose::Composer;
pub use kept::{kept, restored};
pub use preview::Preview;
pub use source::Source;
