//! The mail: alerts become emails in the words of the guide, and emails become the bytes that travel.
//!
//! Two halves that meet in the email record: the formatter's ([`Composer`], [`Source`], [`Preview`]) and the sender's
//! ([`mime`]). Neither touches the network. In reading order: who gets an alert (`route`), what templates see of it
//! (`item`), how it is printed (`template`, `defang`, `plain`, `link`), what many become (`digest`, `list`,
//! `spill`, `parts`, `size`), and the email around it (`compose`, `thread`, `address`), and how
//! a text travels (`quoted`).

mod address;
mod compose;
mod defang;
mod digest;
mod item;
mod link;
mod list;
pub mod mime;
mod parts;
mod plain;
mod preview;
mod quoted;
mod route;
mod size;
mod source;
mod spill;
mod template;
mod thread;

pub use compose::Composer;
pub use preview::Preview;
pub use source::Source;

use item::Item;
