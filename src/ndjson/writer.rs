//! Records out: one line each in a pipe, or a line for people where a person is looking.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use super::{Error, Line};
use crate::record::{Record, VERSION};
use crate::terminal::{self, Style};

/// Writes records, or a line for people where a person is looking.
pub struct Writer<W: Write> {
    output: BufWriter<W>,
    style: Style,
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    record: &'static str,
    v: u64,
    #[serde(flatten)]
    body: &'a T,
}

impl<W: Write> Writer<W> {
    /// A writer in the style that fits the output; see [`Style::of_stdout`].
    pub fn new(output: W, style: Style) -> Self {
        Self { output: BufWriter::with_capacity(64 * 1024, output), style }
    }

    /// Whether a person is looking.
    pub fn is_for_people(&self) -> bool {
        self.style != Style::Records
    }

    /// Writes one record.
    pub fn write<T: Record>(&mut self, body: &T) -> Result<(), Error> {
        if self.is_for_people() {
            let (word, rest) = body.summary();
            return self.put(self.style.line(&word, &rest).as_bytes());
        }
        let versioned = Versioned { record: T::NAME, v: VERSION, body };
        serde_json::to_writer(&mut self.output, &versioned).map_err(|error| output_error(error.into()))?;
        self.put(b"")
    }

    /// Writes a line that is no record, where a flag asked for words instead.
    pub fn say(&mut self, line: &str) -> Result<(), Error> {
        self.put(line.as_bytes())
    }

    /// Passes on a record as it was read, byte for byte.
    pub fn pass(&mut self, line: &Line) -> Result<(), Error> {
        if self.style == Style::Records { self.put(line.bytes.trim_ascii()) } else { Ok(()) }
    }

    /// Hands over everything written so far.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.make_room();
        self.output.flush().map_err(output_error)
    }

    /// Lines for people go to a terminal, where progress may stand.
    fn make_room(&self) {
        if self.is_for_people() {
            terminal::hide_progress();
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.make_room();
        self.output.write_all(bytes).and_then(|()| self.output.write_all(b"\n")).map_err(output_error)
    }
}

fn output_error(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe { Error::ReaderGone } else { Error::Output(error) }
}
