//! Answers and lists: ThreatQ's envelope, and lists that arrive in pages while the library changes.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Client, Error, lenient, parallel};
use crate::escape;

/// How many rows are asked for at once: the safest of the sizes that clients are known to use.
pub(super) const PAGE_SIZE: usize = 500;

/// No list is longer than so many pages; a total that says so is no total.
const PAGES_LIMIT: usize = 100_000;

/// What ThreatQ wraps every answer in.
#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) total: Option<u64>,
    #[serde(default)]
    errors: Value,
}

impl<T: DeserializeOwned> Envelope<T> {
    /// Fails on a success that carries errors, and on what is not the API's JSON.
    pub(super) fn parse(route: &str, body: &[u8]) -> Result<Self, Error> {
        let parsed: Result<Self, _> = serde_json::from_slice(body);
        let carries_errors = match &parsed {
            Ok(envelope) => !matches!(&envelope.errors, Value::Null) && !is_empty(&envelope.errors),
            Err(_) => true,
        };
        if carries_errors && let Some(words) = lenient::error_words(body) {
            let words = escape::words(words.as_bytes(), 512);
            return Err(Error::Refused { route: route.to_owned(), status: 200, words });
        }
        parsed.map_err(|reason| Error::Nonsense(format!("{route}: not an answer of ThreatQ's API: {reason}")))
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// One pass over a list that arrives in pages.
///
/// Rows may move between pages while we read, so a pass is only good when `total` stood still and as many different
/// rows were seen; otherwise the caller makes another one.
#[derive(Debug, Default)]
pub struct Pass {
    first_total: Option<u64>,
    moved: bool,
    ids: Vec<u64>,
    /// Rows that count in the total and have no id to know them by.
    nameless: u64,
}

impl Pass {
    fn begin_page(&mut self, total: Option<u64>) {
        self.moved |= self.first_total.is_some() && total.is_some() && total != self.first_total;
        self.first_total = self.first_total.or(total);
    }

    fn finished(mut self) -> Self {
        self.ids.sort_unstable();
        self.ids.dedup();
        self.moved |= self.first_total.is_some_and(|total| total != self.ids.len() as u64 + self.nameless);
        self
    }

    /// Whether every row of the list was seen.
    pub fn is_whole(&self) -> bool {
        !self.moved
    }

    /// Whether the list holds nothing.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.nameless == 0
    }

    /// Whether the list holds this id.
    pub fn has(&self, id: u64) -> bool {
        self.ids.binary_search(&id).is_ok()
    }
}

/// A row of a list that knows its id.
pub(super) trait Row: DeserializeOwned {
    fn id(&self) -> u64;
}

impl Client {
    /// All rows of a list that usually comes whole; the rest is asked for where `total` says that there is more.
    pub(super) fn list<T: DeserializeOwned>(&self, route: &str) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        let mut seen = 0;
        loop {
            let offset = seen.to_string();
            let asked = if seen > 0 { vec![("offset", offset.as_str())] } else { Vec::new() };
            let page: Envelope<Vec<Option<T>>> = self.get(route, &asked)?;
            let arrived = page.data.len();
            seen += arrived;
            rows.extend(page.data.into_iter().flatten());
            if arrived == 0 || page.total.is_none_or(|total| seen as u64 >= total) {
                return Ok(rows);
            }
        }
    }

    /// One pass over a query in the order of ids, each row handed on in that order; several pages are asked for at once.
    ///
    /// A row that cannot be read is handed on as the reason, which names its id.
    pub(super) fn query<T: Row, E: From<Error>>(
        &self,
        route: &str,
        body: &Value,
        each: impl FnMut(Result<T, String>) -> Result<(), E>,
    ) -> Result<Pass, E> {
        let pass = self.query_unless_longer(route, body, PAGES_LIMIT, each)?;
        let too_long = || Error::Nonsense(format!("{route}: a list of more than {PAGES_LIMIT} pages"));
        pass.ok_or_else(|| too_long().into())
    }

    /// The same, unless it takes more pages than so many; then no row is handed on and there is no pass.
    pub(super) fn query_unless_longer<T: Row, E: From<Error>>(
        &self,
        route: &str,
        body: &Value,
        pages: usize,
        each: impl FnMut(Result<T, String>) -> Result<(), E>,
    ) -> Result<Option<Pass>, E> {
        let mut reader = PageReader { route, pass: Pass::default(), first: None, each, rows: PhantomData };
        let mut offset = 0;
        // Without a total there is no knowing where the other pages begin, and they come one after the other.
        let (total, length) = loop {
            let page = self.page(route, body, offset)?;
            let (total, length) = (page.total, page.data.len());
            let total = total.map(|total| usize::try_from(total).unwrap_or(usize::MAX));
            if offset == 0
                && total.is_some_and(|total| total > length && total.div_ceil(length.max(1)) > pages)
            {
                return Ok(None);
            }
            reader.read(&page)?;
            offset += length;
            match total {
                Some(total) if length > 0 => break (total, length),
                None if length == PAGE_SIZE => (),
                _ => return Ok(Some(reader.pass.finished())),
            }
        };
        let offsets: Vec<usize> = (offset..total).step_by(length).collect();
        parallel::in_order(
            &offsets,
            self.at_once(),
            |offset| self.page(route, body, *offset),
            |_, page| reader.read(&page?),
        )?;
        Ok(Some(reader.pass.finished()))
    }

    fn page(&self, route: &str, body: &Value, offset: usize) -> Result<Page, Error> {
        let (limit, offset) = (PAGE_SIZE.to_string(), offset.to_string());
        self.post(route, &[("limit", limit.as_str()), ("offset", &offset), ("sort", "id")], body)
    }
}

/// A page whose rows are not read yet.
type Page = Envelope<Vec<Box<RawValue>>>;

/// Reads page after page of one pass.
struct PageReader<'a, T, F> {
    route: &'a str,
    pass: Pass,
    /// The first id of the page before.
    first: Option<u64>,
    each: F,
    rows: PhantomData<T>,
}

impl<T: Row, F> PageReader<'_, T, F> {
    fn read<E: From<Error>>(&mut self, page: &Page) -> Result<(), E>
    where
        F: FnMut(Result<T, String>) -> Result<(), E>,
    {
        self.pass.begin_page(page.total);
        let mut first = None;
        for row in page.data.iter().map(|row| row.get()) {
            if row == "null" {
                self.pass.nameless += 1;
                continue;
            }
            let parsed = serde_json::from_str::<T>(row);
            match parsed.as_ref().map_or_else(|_| id_in(row), |row| Some(row.id())) {
                Some(id) => {
                    first.get_or_insert(id);
                    self.pass.ids.push(id);
                }
                None => self.pass.nameless += 1,
            }
            (self.each)(parsed.map_err(|reason| unreadable(row, &reason)))?;
        }
        if first.is_some() && first == self.first {
            return Err(Error::Nonsense(format!("{}: a page repeats the one before", self.route)).into());
        }
        self.first = first;
        Ok(())
    }
}

fn id_in(row: &str) -> Option<u64> {
    let row: Value = serde_json::from_str(row).ok()?;
    lenient::number(row.get("id")?).and_then(|id| u64::try_from(id).ok())
}

fn unreadable(row: &str, reason: &serde_json::Error) -> String {
    let id = id_in(row).map_or_else(|| "without an id".to_owned(), |id| id.to_string());
    format!("object {id} cannot be read: {reason}")
}
