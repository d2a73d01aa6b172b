//! Order and pages: `limit` with `offset`, or `limit` with a cursor mark.
//!
//! Follows section 7.2 of the API reference. Guesses: a
//! leading `-` sorts descending here as it does on the SQL routes; the id breaks ties, also when it is not asked for; a
//! mark names the last row it showed, so a later run with it continues where the earlier one ended.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Found, Selection};
use crate::world::Object;

pub struct Page {
    pub limit: usize,
    pub start: Start,
    sort: Vec<Sort>,
    quirks: Quirks,
}

/// What a server may do to pages that a client does not expect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quirks {
    /// Rows of the index whose object is gone stand between the others as `null` and are counted (sections 7.2 and 11).
    pub null_rows: bool,
    /// No page is longer than this, whatever was asked for.
    pub limit: Option<usize>,
    /// Every page has the rows of the first one; totals and marks go on as if it had not.
    pub first_page_always: bool,
}

pub enum Start {
    Offset(usize),
    /// The mark as it was sent, and the keys of the row it names; `*` names none.
    Mark(String, Option<Vec<Key>>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sort {
    pub column: Column,
    pub descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Column {
    Id,
    Name,
    Score,
    Created,
    Updated,
    Touched,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    Number(i64),
    Text(String),
}

impl Page {
    /// Reads `limit`, `offset`, `sort` and `cursorMark` out of an address.
    pub fn parse<'p>(
        param: impl Fn(&str) -> Option<&'p str>,
        default_limit: usize,
        quirks: Quirks,
    ) -> Result<Page, String> {
        let number = |name: &str| match param(name) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| format!("{name}: no number: {text:?}")),
        };
        let mut sort = Sort::parse(param("sort").unwrap_or_default())?;
        if !sort.iter().any(|key| key.column == Column::Id) {
            sort.push(Sort { column: Column::Id, descending: false });
        }
        let start = match param("cursorMark") {
            Some(mark) => Start::Mark(mark.to_owned(), read_mark(mark, sort.len())?),
            None => Start::Offset(number("offset")?.unwrap_or(0)),
        };
        let limit = number("limit")?.unwrap_or(default_limit).min(quirks.limit.unwrap_or(usize::MAX));
        Ok(Page { limit, start, sort, quirks })
    }

    /// Cuts the page out of all that matches.
    pub fn cut(&self, all: &Selection) -> Found {
        let total = all.total();
        match &self.start {
            Start::Offset(offset) => {
                let offset = if self.quirks.first_page_always { 0 } else { *offset };
                let window = Window { offset, limit: self.limit, null_rows: self.quirks.null_rows };
                let (start, end) = window.real(total);
                let rows = window.with_nulls(all.ids(start, end - start), total);
                Found { total: window.total(total), rows, next_mark: None }
            }
            Start::Mark(sent, last) => {
                let start = last.as_ref().map_or(0, |last| all.upto(last));
                let mut page = all.ids(start, self.limit);
                let next = page.last().and_then(|id| all.keys(*id));
                let next_mark = next.map_or_else(|| sent.clone(), |keys| write_mark(&keys));
                if self.quirks.first_page_always {
                    page = all.ids(0, self.limit);
                }
                let mut rows: Vec<_> = page.into_iter().map(Some).collect();
                if self.quirks.null_rows && !rows.is_empty() {
                    rows.insert(0, None);
                }
                Found { total, rows, next_mark: Some(next_mark) }
            }
        }
    }

    pub fn by_id(&self) -> bool {
        matches!(self.sort.first(), Some(Sort { column: Column::Id, descending: false }))
    }

    /// Whether the objects of a generated world, whose dates rise with their ids, come in the order of their ids.
    pub fn follows_ids(&self) -> bool {
        let rises = |sort: &Sort| !sort.descending && sort.column.rises_with_ids();
        let upto_id = self.sort.iter().position(|sort| sort.column == Column::Id).unwrap_or(self.sort.len());
        self.sort.iter().take(upto_id + 1).all(rises)
    }

    /// What the order of an object is decided by.
    pub fn keys(&self, object: &Object) -> Vec<Key> {
        self.sort.iter().map(|sort| sort.column.key(object)).collect()
    }

    pub fn order(&self, left: &[Key], right: &[Key]) -> Ordering {
        let pairs = left.iter().zip(right).zip(&self.sort);
        let orders = pairs.map(|((left, right), sort)| match sort.descending {
            false => left.cmp(right),
            true => right.cmp(left),
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }
}

impl Sort {
    pub fn parse(text: &str) -> Result<Vec<Sort>, String> {
        let columns = text.split(',').map(str::trim).filter(|column| !column.is_empty());
        let one = |text: &str| {
            let (name, descending) = match text.strip_prefix('-') {
                Some(name) => (name, true),
                None => (text, false),
            };
            let column = Column::parse(name).ok_or_else(|| format!("sort: no field {name:?}"))?;
            Ok(Sort { column, descending })
        };
        columns.map(one).collect()
    }
}

impl Column {
    fn parse(name: &str) -> Option<Column> {
        Some(match name {
            "id" => Column::Id,
            "value" | "name" | "title" => Column::Name,
            "score" => Column::Score,
            "created_at" => Column::Created,
            "updated_at" => Column::Updated,
            "touched_at" => Column::Touched,
            _ => return None,
        })
    }

    fn rises_with_ids(self) -> bool {
        matches!(self, Column::Id | Column::Created | Column::Updated | Column::Touched)
    }

    fn key(self, object: &Object) -> Key {
        let seconds = |stamp: crate::stamp::Stamp| Key::Number(stamp.whole_seconds().millis());
        match self {
            Column::Id => Key::Number(i64::try_from(object.id).unwrap_or(i64::MAX)),
            Column::Name => Key::Text(object.name.clone()),
            Column::Score => Key::Number(object.score.effective()),
            Column::Created => seconds(object.created_at),
            Column::Updated => seconds(object.updated_at),
            Column::Touched => seconds(object.touched_at),
        }
    }
}

/// A page by offset. With null rows, every place 0, 3, 6 … of the result is one.
struct Window {
    offset: usize,
    limit: usize,
    null_rows: bool,
}

impl Window {
    /// The real rows of the page, from and to.
    fn real(&self, total: usize) -> (usize, usize) {
        let before = |place: usize| if self.null_rows { place - place.div_ceil(3) } else { place };
        let end = before(self.offset.saturating_add(self.limit)).min(total);
        (before(self.offset).min(end), end)
    }

    fn total(&self, real: usize) -> usize {
        if self.null_rows { real + real.div_ceil(2) } else { real }
    }

    fn with_nulls(&self, page: Vec<u64>, real: usize) -> Vec<Option<u64>> {
        if !self.null_rows {
            return page.into_iter().map(Some).collect();
        }
        let mut page = page.into_iter();
        let end = self.offset.saturating_add(self.limit).min(self.total(real));
        (self.offset..end).map(|place| if place % 3 == 0 { None } else { page.next() }).collect()
    }
}

fn write_mark(keys: &[Key]) -> String {
    STANDARD.encode(serde_json::to_vec(keys).unwrap_or_default())
}

fn read_mark(mark: &str, columns: usize) -> Result<Option<Vec<Key>>, String> {
    if mark == "*" {
        return Ok(None);
    }
    let bytes = STANDARD.decode(mark).map_err(|_| "cursorMark: not a mark")?;
    let keys: Vec<Key> = serde_json::from_slice(&bytes).map_err(|_| "cursorMark: not a mark")?;
    if keys.len() == columns { Ok(Some(keys)) } else { Err("cursorMark: of another sort".into()) }
}
