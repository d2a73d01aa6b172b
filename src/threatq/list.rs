//! Lists that usually come whole: users, object types, data collections, watchlists.
//!
//! Whether their routes take an offset, say a `total` or cap a page is not known (unknown), so that neither is relied on.
//! They are read on until a page brings no row that was not seen before, and once more where rows moved meanwhile. Rows
//! are known by their text. Fails: on a page that repeats when there should be more rows, on a list without an end, and
//! when the list moved each time.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::page::Envelope;
use super::{Client, Error, lenient};

/// How often a list that moves is read.
const PASSES: usize = 3;
/// No list is longer, and none takes more pages.
const ROWS_LIMIT: usize = 200_000;
const PAGES_LIMIT: usize = 10_000;

/// The rows of a page, each with the fingerprint of its text. A row may be null.
struct Page<T>(Vec<(u64, Option<T>)>);

/// A list as one pass saw it.
struct Listed<T> {
    rows: Vec<Option<T>>,
    seen: HashSet<u64>,
    is_whole: bool,
}

impl Client {
    /// All rows of a list, without those that are null.
    pub(super) fn list<T: DeserializeOwned>(&self, route: &str) -> Result<Vec<T>, Error> {
        Ok(self.list_with_nulls(route)?.into_iter().flatten().collect())
    }

    /// All rows of a list where one that is null may stand for something.
    pub(super) fn list_with_nulls<T: DeserializeOwned>(&self, route: &str) -> Result<Vec<Option<T>>, Error> {
        let mut before: Option<HashSet<u64>> = None;
        for _ in 0..PASSES {
            let listed = self.list_once(route)?;
            // What comes twice the same is all there is, whatever the total says.
            if listed.is_whole || before.as_ref() == Some(&listed.seen) {
                return Ok(listed.rows);
            }
            before = Some(listed.seen);
        }
        Err(Error::Moving(format!("{route}: the list changed while it was read, {PASSES} times")))
    }

    fn list_once<T: DeserializeOwned>(&self, route: &str) -> Result<Listed<T>, Error> {
        let mut listed = Listed { rows: Vec::new(), seen: HashSet::new(), is_whole: true };
        let (mut arrived, mut shared, mut last, mut total) = (0, 0, None, None);
        for asked in 0..PAGES_LIMIT {
            let offset = (arrived - shared).to_string();
            let query = if asked > 0 { vec![("offset", offset.as_str())] } else { Vec::new() };
            let page: Envelope<Page<T>> = self.get(route, &query)?;
            listed.is_whole &= asked == 0 || page.total == total;
            total = total.or(page.total);
            let Page(rows) = page.data;
            let length = rows.len();
            let fits = shared == 0 || rows.first().map(|(key, _)| *key) == last;
            last = rows.last().map(|(key, _)| *key);
            let mut fresh = 0;
            for (key, row) in rows {
                if listed.seen.insert(key) {
                    fresh += 1;
                    listed.rows.push(row);
                }
            }
            // A page of known rows is what a route answers that takes no offset.
            listed.is_whole &= fits || (fresh == 0 && length > 0);
            arrived += length.saturating_sub(shared);
            let missing = total.is_some_and(|total| (arrived as u64) < total);
            if fresh == 0 && length > shared && missing {
                return Err(Error::Nonsense(format!("{route}: a page repeats the one before")));
            }
            // A total that is smaller than what arrived says nothing.
            if fresh == 0 || total == Some(arrived as u64) {
                listed.is_whole &= !missing;
                return Ok(listed);
            }
            if listed.seen.len() > ROWS_LIMIT {
                break;
            }
            if asked == 0 {
                // As in a query, a page begins with the last row of the one before; pages of one row cannot.
                shared = usize::from(length > 1);
            }
        }
        Err(Error::Nonsense(format!("{route}: a list without an end")))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows = Vec::new();
        lenient::each_row(deserializer, |text: &RawValue| {
            if rows.len() == ROWS_LIMIT {
                return Err(format!("more than {ROWS_LIMIT} rows"));
            }
            let mut key = DefaultHasher::new();
            text.get().hash(&mut key);
            let row = serde_json::from_str(text.get())
                .map_err(|reason| format!("row {}: {reason}", rows.len() + 1))?;
            rows.push((key.finish(), row));
            Ok(())
        })?;
        Ok(Self(rows))
    }
}
