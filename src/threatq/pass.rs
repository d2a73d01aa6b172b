//! Lists that arrive in pages while the library changes, read so that no row is lost.
//!
//! By offset, because those pages can be in flight at once. When one row leaves and another enters between two pages, the
//! rows between them move, `total` stands still, and a row would never be seen. So each page begins with the last row of
//! the one before: rows come in the order of their ids, and where two pages share a row, every row on either side of it
//! that was there all the time is on one of them. A seam that does not fit means that the list moved, and the pass is not
//! whole; the caller makes another one.
//!
//! By cursor, where a pass was not whole and ThreatQ offers that: page after page, each beginning behind the last row of
//! the one before, which no row that leaves or enters can shift.

use serde_json::Value;

use super::page::{Arrived, Envelope, PAGE_SIZE, Row, Rows};
use super::{Client, Error, parallel};
use crate::terminal::Progress;

/// No list is longer than so many pages; a total that says so is no total.
const PAGES_LIMIT: usize = 100_000;

/// How a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By offset, several pages at once. A list that changes meanwhile makes a pass that is not whole.
    Offset,
    /// By cursor, which no change disturbs, where ThreatQ offers that; otherwise by offset.
    Cursor,
}

/// One pass over a list that arrives in pages.
#[derive(Debug, Default)]
pub struct Pass {
    first_total: Option<u64>,
    moved: bool,
    /// Whether an id was not larger than the one before.
    falls: bool,
    ids: Vec<u64>,
    /// Rows that count in the total and have no id to know them by.
    nameless: u64,
}

impl Pass {
    fn begin_page(&mut self, total: Option<u64>) {
        self.moved |= self.first_total.is_some() && total.is_some() && total != self.first_total;
        self.first_total = self.first_total.or(total);
    }

    fn count(&mut self, id: Option<u64>) {
        match id {
            Some(id) => {
                self.falls |= self.ids.last().is_some_and(|last| *last >= id);
                self.ids.push(id);
            }
            None => self.nameless += 1,
        }
    }

    fn finished(mut self) -> Self {
        self.ids.sort_unstable();
        self.ids.dedup();
        self.moved |= self.first_total.is_some_and(|total| total != self.ids.len() as u64 + self.nameless);
        self
    }

    /// The end of a pass by cursor. Its rows are whole when their ids rise, because each page began behind the page
    /// before; a `total` says how many there were at some moment, and need not be how many there were in the end.
    fn finished_by_cursor(self) -> Self {
        let falls = self.falls;
        let pass = self.finished();
        Self { moved: pass.moved && falls, ..pass }
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

type Page<T> = Envelope<Rows<T>>;

/// Why no more pages are read.
enum Stop<E> {
    /// There are no more rows, whatever `total` says.
    End,
    Failed(E),
}

impl Client {
    /// One pass over a query in the order of ids, each row handed on in that order; several pages are asked for at once.
    ///
    /// A row that cannot be read is handed on as the reason, which names its id.
    pub(super) fn query<T: Row + Send, E: From<Error>>(
        &self,
        route: &str,
        body: &Value,
        each: impl FnMut(Result<T, String>) -> Result<(), E>,
    ) -> Result<Pass, E> {
        let pass = self.query_unless_longer(route, body, PAGES_LIMIT, each)?;
        pass.ok_or_else(|| too_long(route).into())
    }

    /// The same, unless it takes more pages than so many; then there is no pass, and what was handed on is not all.
    pub(super) fn query_unless_longer<T: Row + Send, E: From<Error>>(
        &self,
        route: &str,
        body: &Value,
        pages: usize,
        each: impl FnMut(Result<T, String>) -> Result<(), E>,
    ) -> Result<Option<Pass>, E> {
        let mut reader = Reader::new(route, each);
        let first: Page<T> = self.page(route, body, 0)?;
        // Servers may cap the limit: the first page says how long a page really is.
        let length = first.data.rows.len();
        let total = first.total.map(|total| usize::try_from(total).unwrap_or(usize::MAX));
        if total.is_some_and(|total| total > length && total.div_ceil(length.max(1)) > pages) {
            return Ok(None);
        }
        reader.read(first, 0)?;
        // A page of one row cannot begin with the last one's and go on.
        let shared = usize::from(length > 1);
        let step = length - shared;
        match total {
            _ if length == 0 => (),
            Some(total) => {
                let offsets = (step..total).step_by(step).take_while(|offset| offset + shared < total);
                let offsets: Vec<usize> = offsets.collect();
                let end = parallel::in_order(
                    &offsets,
                    self.at_once(),
                    |offset| self.page(route, body, *offset),
                    |_, page| match page.map_err(E::from).and_then(|page| reader.read(page, shared)) {
                        Ok(0) => Err(Stop::End),
                        Ok(_) => Ok(()),
                        Err(error) => Err(Stop::Failed(error)),
                    },
                );
                if let Err(Stop::Failed(error)) = end {
                    return Err(error);
                }
            }
            // Without a total there is no knowing where the list ends, and pages come one after the other.
            None => {
                let (mut offset, mut asked) = (step, 1);
                loop {
                    if asked == pages {
                        return Ok(None);
                    }
                    match reader.read(self.page(route, body, offset)?, shared)? {
                        0 => break,
                        fresh => offset += fresh,
                    }
                    asked += 1;
                }
            }
        }
        Ok(Some(reader.pass.finished()))
    }

    /// One pass by cursor over what a hash stands for; none where this ThreatQ does not offer that.
    pub(super) fn query_by_cursor<T: Row, E: From<Error>>(
        &self,
        route: &str,
        fields: &str,
        each: impl FnMut(Result<T, String>) -> Result<(), E>,
    ) -> Result<Option<Pass>, E> {
        let mut reader = Reader::new(route, each);
        let mut mark = "*".to_owned();
        for asked in 0..PAGES_LIMIT {
            let limit = PAGE_SIZE.to_string();
            let query =
                [("limit", limit.as_str()), ("sort", "id"), ("cursorMark", &mark), ("fields", fields)];
            let answer = self.success(route, |http, url| http.get(url).query(&query));
            let page: Page<T> = match answer.and_then(|answer| Envelope::rows(route, &answer.body)) {
                Ok(page) => page,
                // Whatever speaks against it: pages by offset are asked for next, and say so themselves.
                Err(reason) if asked == 0 => {
                    tracing::info!("{route}: not read by cursor: {reason}");
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            let Some(next) = page.next_mark.clone() else {
                if asked == 0 {
                    return Ok(None);
                }
                return Err(Error::Nonsense(format!("{route}: a page without a nextCursorMark")).into());
            };
            reader.read(page, 0)?;
            if next == mark {
                return Ok(Some(reader.pass.finished_by_cursor()));
            }
            mark = next;
        }
        Err(too_long(route).into())
    }

    fn page<T: Row>(&self, route: &str, body: &Value, offset: usize) -> Result<Page<T>, Error> {
        let (limit, offset) = (PAGE_SIZE.to_string(), offset.to_string());
        let query = [("limit", limit.as_str()), ("offset", &offset), ("sort", "id")];
        let answer = self.success(route, |http, url| http.post(url).query(&query).json(body))?;
        Envelope::rows(route, &answer.body)
    }
}

fn too_long(route: &str) -> Error {
    Error::Nonsense(format!("{route}: a list of more than {PAGES_LIMIT} pages"))
}

/// Reads page after page of one pass.
struct Reader<'a, F> {
    route: &'a str,
    pass: Pass,
    /// The first id of the page before, and how many rows without one stood before it.
    first: Option<(usize, u64)>,
    /// The last row of the page before, by its id. Rows without one are all alike.
    last: Option<u64>,
    /// Whether it was said that some text is no Unicode.
    is_mended: bool,
    each: F,
    progress: Progress,
}

impl<'a, F> Reader<'a, F> {
    fn new(route: &'a str, each: F) -> Self {
        let progress = Progress::begin();
        Self { route, pass: Pass::default(), first: None, last: None, is_mended: false, each, progress }
    }

    /// Hands on the rows of a page that shares so many with the page before; how many others there are.
    fn read<T, E: From<Error>>(&mut self, page: Page<T>, shared: usize) -> Result<usize, E>
    where
        F: FnMut(Result<T, String>) -> Result<(), E>,
    {
        let Rows { mut rows, mended } = page.data;
        self.pass.begin_page(page.total);
        if let Some(id) = mended.filter(|_| !self.is_mended) {
            let route = self.route;
            tracing::warn!(
                "{route}: some text is no Unicode, in object {id} first; what cannot be read is U+FFFD"
            );
            self.is_mended = true;
        }
        let first = rows.iter().enumerate().find_map(|(place, row)| Some((place, row.id?)));
        if first.is_some() && first == self.first {
            return Err(Error::Nonsense(format!("{}: a page repeats the one before", self.route)).into());
        }
        let arrived = rows.len();
        let last = rows.last().map(|row| row.id);
        if shared > 0 {
            if rows.first().map(|row| row.id) == Some(self.last) {
                rows.drain(..shared);
            } else {
                self.pass.moved = true;
            }
        }
        (self.first, self.last) = (first, last.unwrap_or_default());
        self.progress.saw(rows.len(), self.pass.first_total);
        for Arrived { id, row } in rows {
            self.pass.count(id);
            if let Some(row) = row {
                (self.each)(row)?;
            }
        }
        Ok(arrived.saturating_sub(shared))
    }
}
