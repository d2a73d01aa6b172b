//! The last run and the receipts of all runs: what `--status` and the metrics tell.
//!
//! A run that is killed has begun and not ended, and its receipts are not counted.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::params;

use super::{Error, State};

impl State {
    /// Says that a run has begun. What began at the same time is a part of the same run.
    pub fn begin_run(&self, began_at: DateTime<Utc>) -> Result<(), Error> {
        self.durably(|| {
            let begun = self.database.execute(
                "INSERT INTO run (one, began_at) VALUES (1, ?1) ON CONFLICT DO UPDATE SET began_at = ?1,
                 ended_at = NULL, status = NULL WHERE began_at <> ?1 OR ended_at IS NOT NULL",
                [in_full(began_at)],
            )?;
            if begun > 0 {
                self.database.execute("UPDATE receipt SET last_run = 0", [])?;
            }
            Ok(())
        })
    }

    /// Counts the receipts of a run or of a part of it. Where the run has ended, says when and with which status.
    pub fn end_run(
        &self,
        receipts: &BTreeMap<&'static str, u64>,
        ended: Option<(DateTime<Utc>, u8)>,
    ) -> Result<(), Error> {
        self.durably(|| {
            let mut count = self.database.prepare_cached(
                "INSERT INTO receipt VALUES (?1, ?2, ?2)
                 ON CONFLICT DO UPDATE SET last_run = last_run + ?2, total = total + ?2",
            )?;
            for (outcome, number) in receipts {
                count.execute(params![outcome, number.cast_signed()])?;
            }
            if let Some((at, status)) = ended {
                let sql =
                    "UPDATE run SET ended_at = ?1, status = ?2, success_at = iif(?2 = 0, ?1, success_at)";
                self.database.execute(sql, params![in_full(at), status])?;
            }
            Ok(())
        })
    }
}

/// A run may take less than a second.
fn in_full(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
