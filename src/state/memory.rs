//! What the fetchers may see: generations, cursors and marks, as one snapshot, read-only.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::{Error, schema};
use crate::record::Cursor;

/// A snapshot of what was remembered; empty before the first run and where no state is used.
pub struct Memory {
    database: Option<Connection>,
}

impl Memory {
    /// Memory of nothing.
    pub fn empty() -> Self {
        Self { database: None }
    }

    /// Opens a snapshot. A state that was never made is the memory before the first run; one that was lost is an error.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let database = super::read_only(path)?;
        if let Some(database) = &database {
            schema::check_memory(database, path)?;
        }
        Ok(Self { database })
    }

    /// How often the source was taken over, and where its next fetch may begin.
    pub fn source(&self, name: &str) -> Result<(u64, Cursor), Error> {
        let Some(database) = &self.database else {
            return Ok((0, Cursor::default()));
        };
        let row: Option<(i64, String)> = database
            .query_row("SELECT generation, cursor FROM source WHERE name = ?1", [name], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((generation, cursor)) = row else {
            return Ok((0, Cursor::default()));
        };
        let cursor = serde_json::from_str(&cursor).map_err(|error| {
            Error::Refused(format!("state: the cursor of {name} cannot be read: {error}"))
        })?;
        Ok((generation.unsigned_abs(), cursor))
    }

    /// What is remembered under a key.
    pub fn mark(&self, key: &str) -> Result<Option<String>, Error> {
        let Some(database) = &self.database else {
            return Ok(None);
        };
        let mut statement = database.prepare_cached("SELECT mark FROM mark WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    /// Every key in a folder, handed on one by one. The folder's name ends in a slash.
    pub fn keys<E: From<Error>>(
        &self,
        folder: &str,
        mut each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(database) = &self.database else {
            return Ok(());
        };
        // "0" is the character after "/": what lies between is the folder.
        let end = format!("{}0", folder.strip_suffix('/').unwrap_or(folder));
        let mut statement = database
            .prepare_cached("SELECT key FROM mark WHERE key > ?1 AND key < ?2 ORDER BY key")
            .map_err(Error::from)?;
        let mut rows = statement.query([folder, &end]).map_err(Error::from)?;
        while let Some(row) = rows.next().map_err(Error::from)? {
            let key: String = row.get(0).map_err(Error::from)?;
            each(&key)?;
        }
        Ok(())
    }
}
