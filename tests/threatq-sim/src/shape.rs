//! The JSON that ThreatQ makes of the world, in its two shapes.
//!
//! Follows section 4 of the API reference: `sql` is what `/api/{collection}` answers, `solr` what `/query` answers.
//! Reads the world, knows no HTTP.

pub mod catalog;
mod columns;
pub mod people;
mod relations;
mod restyle;
pub mod solr;
pub mod sql;
mod with;
mod write;

pub use relations::{attribute, comment};
pub use restyle::restyled;
pub use with::With;

use crate::settings::WatchlistRows;
use crate::world::World;

/// Through whose eyes the world is shown.
#[derive(Clone, Copy)]
pub struct View<'w> {
    pub world: &'w World,
    /// The calling user; a private client is none.
    pub caller: Option<u64>,
    /// What watchlist entries look like.
    pub watchlist_rows: WatchlistRows,
}
