//! What one pass over a list saw: its rows as they are handed on, and whether these were all.

use super::Error;
use super::page::{Arrived, Envelope, Rows};
use crate::terminal::Progress;

/// A page of rows.
pub(super) type Page<T> = Envelope<Rows<T>>;

/// One pass over a list that arrives in pages.
#[derive(Debug, Default)]
pub struct Pass {
    first_total: Option<u64>,
    least_total: Option<u64>,
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
        self.least_total = self.least_total.into_iter().chain(total).min();
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

    pub(super) fn finished(mut self) -> Self {
        self.ids.sort_unstable();
        self.ids.dedup();
        self.moved |= self.first_total.is_some_and(|total| total != self.rows());
        self
    }

    /// How many rows there were.
    pub(super) fn rows(&self) -> u64 {
        self.ids.len() as u64 + self.nameless
    }

    /// The ids, in their order.
    pub(super) fn ids(&self) -> impl Iterator<Item = u64> {
        self.ids.iter().copied()
    }

    /// The pass after a look behind its end, where a page began with its last row: another row there, and the end was
    /// none.
    pub(super) fn ended_by<T>(self, page: &Page<T>) -> Self {
        let is_known = |row: &Arrived<T>| row.id.is_some_and(|id| self.has(id));
        let mut rows = page.data.rows.iter();
        let is_first_known = rows.next().is_none_or(|row| row.id.is_none() || is_known(row));
        let moved = self.moved || !is_first_known || !rows.all(is_known);
        Self { moved, ..self }
    }

    /// The end of a pass by cursor. Its rows are whole when their ids rise, because each page began behind the page
    /// before; a `total` says how many there were at some moment, and need not be how many there were in the end. But
    /// fewer than every `total` said are not all.
    pub(super) fn finished_by_cursor(self) -> Self {
        let falls = self.falls;
        let pass = self.finished();
        let lacks = pass.least_total.is_some_and(|total| total > pass.rows());
        Self { moved: lacks || (pass.moved && falls), ..pass }
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

/// Reads page after page of one pass.
pub(super) struct Reader<'a, F> {
    route: &'a str,
    pub(super) pass: Pass,
    /// The first id of the page before, and how many rows without one stood before it.
    first: Option<(usize, u64)>,
    /// The last row of the page before, by its id. Rows without one are all alike.
    last: Option<u64>,
    /// How many rows the page before had.
    pub(super) length: usize,
    /// Whether it was said that some text is no Unicode.
    is_mended: bool,
    each: F,
    progress: Progress,
}

impl<'a, F> Reader<'a, F> {
    pub(super) fn new(route: &'a str, each: F) -> Self {
        let progress = Progress::begin();
        Self {
            route,
            pass: Pass::default(),
            first: None,
            last: None,
            length: 0,
            is_mended: false,
            each,
            progress,
        }
    }

    /// Hands on the rows of a page that shares so many with the page before; how many others there are.
    pub(super) fn read<T, E: From<Error>>(&mut self, page: Page<T>, shared: usize) -> Result<usize, E>
    where
        F: FnMut(Result<T, String>) -> Result<(), E>,
    {
        let Rows { rows, mended } = page.data;
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
        let is_joined = shared > 0 && rows.first().map(|row| row.id) == Some(self.last);
        self.pass.moved |= shared > 0 && !is_joined;
        let known = if is_joined { shared } else { 0 };
        (self.first, self.last, self.length) = (first, last.unwrap_or_default(), arrived);
        self.progress.saw(arrived.saturating_sub(known), self.pass.first_total);
        for Arrived { id, row } in rows.into_iter().skip(known) {
            self.pass.count(id);
            if let Some(row) = row {
                (self.each)(row)?;
            }
        }
        Ok(arrived.saturating_sub(shared))
    }
}
