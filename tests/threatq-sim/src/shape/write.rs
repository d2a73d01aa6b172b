//! JSON objects written straight into bytes, without nulls.

use serde::Serialize;

use super::columns::Cell;
use crate::stamp::Stamp;

/// An object that is being written. Names must need no escaping; they are all ours.
pub struct Row<'o> {
    out: &'o mut Vec<u8>,
    millis: bool,
    /// The members that are wanted; None: all.
    members: Option<&'o [&'o str]>,
    empty: bool,
}

impl<'o> Row<'o> {
    pub fn begin(out: &'o mut Vec<u8>, millis: bool, members: Option<&'o [&'o str]>) -> Row<'o> {
        out.push(b'{');
        Row { out, millis, members, empty: true }
    }

    pub fn end(self) {
        self.out.push(b'}');
    }

    pub fn cell(&mut self, name: &str, cell: &Cell) {
        match cell {
            Cell::Null => {}
            Cell::Id(id) => self.number(name, *id),
            Cell::Number(number) => self.value(name, number),
            Cell::Text(text) => self.text(name, text),
            Cell::Date(stamp) => self.date(name, *stamp),
        }
    }

    pub fn text(&mut self, name: &str, text: &str) {
        self.value(name, &text);
    }

    pub fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    pub fn number(&mut self, name: &str, number: u64) {
        self.value(name, &number);
    }

    pub fn optional_number(&mut self, name: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.number(name, number);
        }
    }

    pub fn date(&mut self, name: &str, stamp: Stamp) {
        if self.name(name) {
            self.out.push(b'"');
            stamp.write(self.out, self.millis);
            self.out.push(b'"');
        }
    }

    /// An object within this one.
    pub fn row(&mut self, name: &str, members: Option<&[&str]>, write: impl FnOnce(&mut Row)) {
        if self.name(name) {
            let mut row = Row::begin(self.out, self.millis, members);
            write(&mut row);
            row.end();
        }
    }

    /// A list of objects; left out when it is empty.
    pub fn rows<T>(&mut self, name: &str, members: Option<&[&str]>, all: &[T], write: impl Fn(&mut Row, &T)) {
        if all.is_empty() || !self.name(name) {
            return;
        }
        let mut mark = b'[';
        for one in all {
            self.out.push(mark);
            mark = b',';
            let mut row = Row::begin(self.out, self.millis, members);
            write(&mut row, one);
            row.end();
        }
        self.out.push(b']');
    }

    /// A list of texts; left out when it is empty.
    pub fn texts<'t>(&mut self, name: &str, texts: impl Iterator<Item = &'t str>) {
        let texts: Vec<&str> = texts.collect();
        if !texts.is_empty() {
            self.value(name, &texts);
        }
    }

    fn value(&mut self, name: &str, value: &impl Serialize) {
        if self.name(name) {
            // Numbers and texts can always be written, and a Vec always takes them.
            let _ = serde_json::to_writer(&mut *self.out, value);
        }
    }

    /// Whether the member is wanted; its name is written then.
    fn name(&mut self, name: &str) -> bool {
        if self.members.is_some_and(|members| !members.contains(&name)) {
            return false;
        }
        self.out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        self.empty = false;
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        true
    }
}
