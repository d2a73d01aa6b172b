//! Order and pages: `limit` with `offset`, or `limit` with a cursor mark.
//!
//! Follows section 7.2 of the API reference. Guesses: a
//! leading `-` sorts descending here as it does on the SQL routes; the id breaks ties, also when it is not asked for; a
//! mark names the last row it showed, so a later run with it continues where the earlier one ended.

use std::borrow::Cow;
use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Found;
use crate::world::Object;

pub struct Page {
    pub limit: usize,
    pub start: Start,
    sort: Vec<Sort>,
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
    pub fn parse<'p>(param: impl Fn(&str) -> Option<&'p str>, default_limit: usize) -> Result<Page, String> {
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
        Ok(Page { limit: number("limit")?.unwrap_or(default_limit), start, sort })
    }

    /// Cuts the page out of what matches. `matching` comes by rising id; `fetch` gives an object by its id again.
    pub fn cut<'w>(
        &self,
        matching: impl Iterator<Item = Cow<'w, Object>>,
        fetch: impl Fn(u64) -> Option<Cow<'w, Object>>,
        null_rows: bool,
    ) -> Found<'w> {
        match &self.start {
            Start::Offset(offset) => {
                let mut total = 0;
                let window = Window { offset: *offset, limit: self.limit, null_rows };
                let mut page = Vec::new();
                if self.by_id() {
                    for object in matching {
                        if window.holds(total) {
                            page.push(object);
                        }
                        total += 1;
                    }
                } else {
                    let keys = self.sorted(matching);
                    total = keys.len();
                    let shown = keys.iter().enumerate().filter(|(index, _)| window.holds(*index));
                    page.extend(shown.filter_map(|(_, (_, id))| fetch(*id)));
                }
                let rows = window.with_nulls(page, total);
                Found { total: window.total(total), rows, next_mark: None }
            }
            Start::Mark(sent, last) => {
                let keys = self.sorted(matching);
                let after = |keys: &[Key]| match last {
                    Some(last) => self.order(keys, last) == Ordering::Greater,
                    None => true,
                };
                let page: Vec<_> = keys.iter().filter(|(keys, _)| after(keys)).take(self.limit).collect();
                let next_mark = page.last().map_or_else(|| sent.clone(), |(keys, _)| write_mark(keys));
                let mut rows: Vec<_> = page.iter().filter_map(|(_, id)| fetch(*id)).map(Some).collect();
                if null_rows && !rows.is_empty() {
                    rows.insert(0, None);
                }
                Found { total: keys.len(), rows, next_mark: Some(next_mark) }
            }
        }
    }

    fn by_id(&self) -> bool {
        matches!(self.sort.first(), Some(Sort { column: Column::Id, descending: false }))
    }

    /// The sort keys and ids of all that matches, in order; keys rather than objects, for the sake of large worlds.
    fn sorted<'w>(&self, matching: impl Iterator<Item = Cow<'w, Object>>) -> Vec<(Vec<Key>, u64)> {
        let keys = |object: &Object| self.sort.iter().map(|sort| sort.column.key(object)).collect();
        let mut all: Vec<(Vec<Key>, u64)> = matching.map(|object| (keys(&object), object.id)).collect();
        all.sort_by(|(left, _), (right, _)| self.order(left, right));
        all
    }

    fn order(&self, left: &[Key], right: &[Key]) -> Ordering {
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
    /// The place of the real row with this index.
    fn place(&self, index: usize) -> usize {
        if self.null_rows { index + index / 2 + 1 } else { index }
    }

    fn holds(&self, index: usize) -> bool {
        (self.offset..self.offset.saturating_add(self.limit)).contains(&self.place(index))
    }

    fn total(&self, real: usize) -> usize {
        if self.null_rows { real + real.div_ceil(2) } else { real }
    }

    fn with_nulls<'w>(&self, page: Vec<Cow<'w, Object>>, real: usize) -> Vec<Option<Cow<'w, Object>>> {
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
