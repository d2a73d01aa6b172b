//! Answers: ThreatQ's envelope, and the rows of a page, each on its own.
//!
//! A row that cannot be read is its own failure and not the page's. Rows are typed where they arrive, so that a body is
//! not held any longer than that, and several pages are read at once. What is no Unicode is read with U+FFFD in its place
//! and logged. Fails: on what is not the API's JSON, naming the place, and on a success that carries errors.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::exchange::Answer;
use super::{Error, lenient, lossy};

/// How many rows are asked for at once: the safest of the sizes that clients are known to use.
pub(super) const PAGE_SIZE: usize = 500;
/// A page that holds more rows is none of the API's: a hundred times what was asked for.
const ROWS_LIMIT: usize = 100 * PAGE_SIZE;

/// What ThreatQ wraps every answer in.
#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) total: Option<u64>,
    /// Where the next page begins, if the page was asked for by cursor.
    #[serde(default, rename = "nextCursorMark", deserialize_with = "lenient::text")]
    pub(super) next_mark: Option<String>,
    #[serde(default, rename = "errors", deserialize_with = "lenient::is_filled")]
    has_errors: bool,
}

impl<T: DeserializeOwned> Envelope<T> {
    /// Fails on a success that carries errors, and on what is not the API's JSON.
    pub(super) fn parse(route: &str, answer: &Answer) -> Result<Self, Error> {
        let mut parsed = serde_json::from_slice::<Self>(&answer.body);
        if parsed.is_err()
            && let Some(mended) = lossy::mended(&answer.body)
        {
            parsed = serde_json::from_str(&mended);
            if parsed.is_ok() {
                tracing::warn!("{route}: some text is no Unicode; what cannot be read of it is U+FFFD now");
            }
        }
        if parsed.as_ref().map_or(true, |envelope| envelope.has_errors)
            && let Some(words) = answer.error_words()
        {
            return Err(Error::Refused { route: route.to_owned(), status: 200, words });
        }
        let nonsense = |reason: &dyn fmt::Display| {
            Error::Nonsense(format!("{route}: not an answer of ThreatQ's API: {reason}"))
        };
        let envelope = parsed.map_err(|reason| nonsense(&reason))?;
        if envelope.has_errors { Err(nonsense(&"a success that carries errors")) } else { Ok(envelope) }
    }
}

impl<T: Row> Envelope<Rows<T>> {
    /// A page of rows. They are read as they come, and only where that fails each on its own, which takes another look.
    pub(super) fn rows(route: &str, answer: &Answer) -> Result<Self, Error> {
        match serde_json::from_slice::<Envelope<Readable<T>>>(&answer.body) {
            Ok(Envelope { data: Readable(rows), total, next_mark, has_errors: false }) => {
                Ok(Self { data: Rows { rows, mended: None }, total, next_mark, has_errors: false })
            }
            _ => Self::parse(route, answer),
        }
    }
}

/// A row of a list that knows its id.
pub(super) trait Row: DeserializeOwned {
    fn id(&self) -> u64;
}

/// A row that is large, and stays where it is while its page is handed on.
impl<T: Row> Row for Box<T> {
    fn id(&self) -> u64 {
        self.as_ref().id()
    }
}

/// A row as it arrived.
pub(super) struct Arrived<T> {
    /// The id, which is often known of a row that cannot be read, too.
    pub(super) id: Option<u64>,
    /// None where the row was null; the reason, which names the id, where it cannot be read.
    pub(super) row: Option<Result<T, String>>,
}

impl<T: Row> Arrived<T> {
    fn read(text: &str) -> (Self, bool) {
        if text == "null" {
            return (Self { id: None, row: None }, false);
        }
        let parsed = serde_json::from_str::<T>(text);
        let mended = parsed.is_err().then(|| lossy::mended(text.as_bytes())).flatten();
        let (parsed, is_mended) = match mended.and_then(|mended| serde_json::from_str(&mended).ok()) {
            Some(row) => (Ok(row), true),
            None => (parsed, false),
        };
        let id = parsed.as_ref().map_or_else(|_| id_in(text), |row| Some(row.id()));
        let row = parsed.map_err(|reason| {
            let id = id.map_or_else(|| "without an id".to_owned(), |id| id.to_string());
            format!("object {id} cannot be read: {reason}")
        });
        (Self { id, row: Some(row) }, is_mended)
    }
}

/// The rows of a page.
pub(super) struct Rows<T> {
    pub(super) rows: Vec<Arrived<T>>,
    /// The first row in which some text is no Unicode.
    pub(super) mended: Option<u64>,
}

impl<'de, T: Row> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mut rows, mut mended) = (Vec::with_capacity(PAGE_SIZE), None);
        lenient::each_row(deserializer, |text: &RawValue| {
            has_room(&rows)?;
            let (row, is_mended) = Arrived::read(text.get());
            if is_mended {
                mended = mended.or(row.id);
            }
            rows.push(row);
            Ok(())
        })?;
        Ok(Self { rows, mended })
    }
}

/// The rows of a page all of which can be read.
struct Readable<T>(Vec<Arrived<T>>);

impl<'de, T: Row> Deserialize<'de> for Readable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows = Vec::with_capacity(PAGE_SIZE);
        lenient::each_row(deserializer, |row: Option<T>| {
            has_room(&rows)?;
            rows.push(Arrived { id: row.as_ref().map(Row::id), row: row.map(Ok) });
            Ok(())
        })?;
        Ok(Self(rows))
    }
}

/// Whether a page can hold one more row.
fn has_room<T>(rows: &[Arrived<T>]) -> Result<(), String> {
    if rows.len() < ROWS_LIMIT { Ok(()) } else { Err(format!("more than {ROWS_LIMIT} rows in a page")) }
}

/// A row of which nothing but the id is read.
#[derive(Deserialize)]
struct Numbered {
    #[serde(deserialize_with = "lenient::id")]
    id: u64,
}

fn id_in(row: &str) -> Option<u64> {
    serde_json::from_str::<Numbered>(row).ok().map(|row| row.id)
}
