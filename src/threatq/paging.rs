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

use super::page::{Envelope, PAGE_SIZE, Row};
use super::pass::{Page, Reader};
use super::{Client, Error, Pass, parallel};

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

impl Paging {
    /// How a list that moves while it is read is read again, until a pass is whole; then it is given up.
    pub const PASSES: [Self; 3] = [Self::Offset, Self::Cursor, Self::Cursor];
}

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
        let is_full = reader.length == if length < total.unwrap_or_default() { length } else { PAGE_SIZE };
        let pass = reader.pass.finished();
        if total.is_none() || !is_full || !pass.is_whole() {
            return Ok(Some(pass));
        }
        // A total that says just what arrived may be that of the pages: after a full one, more is asked for.
        let arrived = total.unwrap_or_default();
        Ok(Some(pass.ended_by(&self.page::<T>(route, body, arrived - shared)?)))
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
            let page: Page<T> = match answer.and_then(|answer| Envelope::rows(route, &answer)) {
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
            let rows = page.data.rows.len();
            let lacks = page.total.map_or(rows >= PAGE_SIZE, |total| total > rows as u64);
            if asked == 0 && next == mark && lacks {
                tracing::info!("{route}: not read by cursor: the first page's mark leads nowhere");
                return Ok(None);
            }
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
        Envelope::rows(route, &answer)
    }
}

fn too_long(route: &str) -> Error {
    Error::Nonsense(format!("{route}: a list of more than {PAGES_LIMIT} pages"))
}
