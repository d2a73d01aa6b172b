//! The alerts that a sender before others has taken, as one snapshot, read-only.
//!
//! Until the last sender has them too, the fetchers find them again, perhaps beside newer ones.

use std::path::Path;

use rusqlite::Connection;

use super::{Error, schema};

/// A snapshot of what was taken; empty before the first run.
pub struct Taken {
    database: Option<Connection>,
}

impl Taken {
    /// Opens a snapshot. A state that was lost is an error.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let database = super::read_only(path)?;
        if let Some(database) = &database {
            schema::check_all(database, path)?;
        }
        Ok(Self { database })
    }

    /// Whether this alert was taken.
    pub fn holds(&self, alert: &str) -> Result<bool, Error> {
        let Some(database) = &self.database else { return Ok(false) };
        let mut statement = database.prepare_cached("SELECT 1 FROM taken WHERE alert = ?1")?;
        Ok(statement.exists([alert])?)
    }
}
