//! Records in, with physical line numbers and a length guard; records out, flushed where the caller says.
//!
//! Implements the rules that `man/tq-records.5` sets for every reader. Lines are cut and counted here, and bounded
//! while they are being read; ndjson-stream is given one at a time, so that a bad line can be named.
//!
//! Fails: a broken stream is status 65, a pipe that cannot be read or written is 74. A reader that went away is told
//! apart, because a fetcher or a formatter then ends quietly.

mod writer;

pub use writer::Writer;

use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::{fmt, str};

use ndjson_stream::config::NdjsonConfig;
use ndjson_stream::engine::NdjsonEngine;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::exit::{Failure, Status};
use crate::interrupt::Ready;
use crate::record::{Kind, Record, VERSION};

/// The longest line that is accepted, in bytes, its line feed not counted.
pub const LINE_LIMIT: usize = 16 * 1024 * 1024;

/// Why a stream cannot be read or written.
#[derive(Debug)]
pub enum Error {
    /// A line breaks a rule; the number is the physical line, from 1.
    Line(u64, String),
    /// The input cannot be read.
    Input(io::Error),
    /// The program that read our output is gone.
    ReaderGone,
    /// As much was written as was asked for.
    Enough,
    /// The output cannot be written.
    Output(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number, reason) => write!(f, "standard input, line {number}: {reason}"),
            Self::Input(error) => write!(f, "standard input: {error}"),
            Self::ReaderGone => f.write_str("standard output: the program that reads it is gone"),
            Self::Enough => f.write_str("standard output: as much was written as was asked for"),
            Self::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Line(..) => Status::BadStream,
            Error::Input(_) | Error::ReaderGone | Error::Enough | Error::Output(_) => Status::Disk,
        };
        Failure::from_error(status, error)
    }
}

/// Makes it a quiet end when nobody wants to read more, as fetchers and the formatter have it.
pub fn quiet_when_unwanted(result: Result<Status, Failure>) -> Result<Status, Failure> {
    match result {
        Err(failure) if matches!(failure.cause(), Some(Error::ReaderGone | Error::Enough)) => {
            Ok(Status::Done)
        }
        other => other,
    }
}

/// One record as it stands on its line.
pub struct Line<'a> {
    /// The physical line, from 1.
    pub number: u64,
    /// Which record it is.
    pub kind: Kind,
    bytes: &'a [u8],
}

impl Line<'_> {
    /// The record itself.
    ///
    /// Fails when a member that the record calls for is absent or of another type.
    pub fn parse<T: Record + DeserializeOwned>(&self) -> Result<T, Error> {
        // Not by ndjson-stream, which looks at every byte for an end of line, and copies it.
        let parsed = serde_json::from_slice(self.bytes);
        parsed.map_err(|error| Error::Line(self.number, format!("{}: {}", T::NAME, in_one_line(&error))))
    }

    /// The record as it was read.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes.trim_ascii())
    }

    /// An error about this line.
    pub fn error(&self, reason: impl fmt::Display) -> Error {
        Error::Line(self.number, reason.to_string())
    }
}

/// Reads records line by line and never holds more than one line.
pub struct Reader<R> {
    input: R,
    limit: usize,
    number: u64,
    buffer: Vec<u8>,
    kind: Option<Kind>,
}

#[derive(Deserialize)]
struct Header {
    record: Kind,
    v: u64,
}

impl<R: BufRead> Reader<R> {
    /// A reader with the usual limit on the length of a line.
    pub fn new(input: R) -> Self {
        Self { input, limit: LINE_LIMIT, number: 0, buffer: Vec::new(), kind: None }
    }

    /// The next record, or `None` at the end of the stream.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, Error> {
        loop {
            if !self.fill()? {
                return Ok(None);
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let number = self.number;
        let broken = |reason: String| Error::Line(number, reason);
        str::from_utf8(&self.buffer).map_err(|error| broken(format!("not UTF-8: {error}")))?;
        // serde would take a list of values for an object.
        if !self.buffer.trim_ascii_start().starts_with(b"{") {
            return Err(broken("not a record: not an object".to_owned()));
        }
        let header: Header =
            header(&self.buffer).map_err(|reason| broken(format!("not a record: {reason}")))?;
        if header.v != VERSION {
            return Err(broken(format!(
                "record of version {}; this program reads version {VERSION}",
                header.v
            )));
        }
        self.kind = Some(header.record);
        Ok(self.last_line())
    }

    /// The record that was read last, once more.
    pub fn last_line(&self) -> Option<Line<'_>> {
        Some(Line { number: self.number, kind: self.kind?, bytes: &self.buffer })
    }

    /// Reads one physical line into the buffer; false at the end of the input.
    fn fill(&mut self) -> Result<bool, Error> {
        self.kind = None;
        self.buffer.clear();
        self.number += 1;
        let allowed = self.limit as u64 + 1;
        let read =
            (&mut self.input).take(allowed).read_until(b'\n', &mut self.buffer).map_err(Error::Input)?;
        if self.buffer.len() > self.limit && !self.buffer.ends_with(b"\n") {
            return Err(Error::Line(self.number, format!("longer than {} bytes", self.limit)));
        }
        Ok(read > 0)
    }
}

impl<R: Ready> Reader<R> {
    /// Whether a record can be read without waiting for more than its end.
    pub fn is_ready(&self) -> bool {
        self.input.is_ready()
    }
}

fn header(line: &[u8]) -> Result<Header, String> {
    let config = NdjsonConfig::default().with_parse_rest(true);
    let mut engine = NdjsonEngine::with_config(config);
    engine.input(line);
    engine.finalize();
    match engine.pop() {
        Some(Ok(header)) => Ok(header),
        Some(Err(error)) => Err(in_one_line(&error)),
        None => Err("blank".to_owned()),
    }
}

/// Each line is parsed alone, so the parser's own line number would only mislead.
fn in_one_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::record::Kind;

    const MARK: &str = r#"{"record":"mark","v":1,"source":"s","marks":[]}"#;

    fn kinds(input: &str, limit: usize) -> Result<Vec<(u64, Kind)>, String> {
        let mut reader = Reader { limit, ..Reader::new(input.as_bytes()) };
        let mut seen = Vec::new();
        while let Some(line) = reader.next_line().map_err(|error| error.to_string())? {
            seen.push((line.number, line.kind));
        }
        Ok(seen)
    }

    #[test]
    fn blank_lines_count_crlf_is_accepted_and_the_last_line_needs_no_line_feed() {
        let input = format!("\n{MARK}\r\n  \r\n{MARK}");
        assert_eq!(kinds(&input, 100).unwrap(), [(2, Kind::Mark), (4, Kind::Mark)]);
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_read_and_one_byte_more_is_not() {
        assert_eq!(kinds(&format!("{MARK}\n"), MARK.len()).unwrap().len(), 1);
        assert_eq!(kinds(MARK, MARK.len()).unwrap().len(), 1);
        let error = kinds(&format!("\n{MARK} \n"), MARK.len()).unwrap_err();
        assert_eq!(error, format!("standard input, line 2: longer than {} bytes", MARK.len()));
    }

    #[test]
    fn what_is_not_a_record_of_version_1_is_refused_with_its_line() {
        for (input, reason) in [
            ("[1]", "not a record"),
            ("{\"record\":\"alert\"}", "missing field `v`"),
            ("{\"v\":1}", "missing field `record`"),
            ("{\"record\":\"alert\",\"v\":2}", "record of version 2; this program reads version 1"),
            ("{\"record\":\"new\",\"v\":2}", "record of version 2"),
            ("{\"record\":\"alert\",\"v\":1", "EOF while parsing"),
            ("{\"record\":\"alert\",\"v\":1}{}", "trailing characters at column 25"),
            ("{\"record\":\"mark\",\"record\":\"mark\",\"v\":1}", "duplicate field"),
            ("\u{FEFF}{\"record\":\"mark\",\"v\":1}", "not a record"),
        ] {
            let error = kinds(&format!("\n\n{input}\n"), 1000).unwrap_err();
            assert!(
                error.starts_with("standard input, line 3: ") && error.contains(reason),
                "{input}: {error}"
            );
        }
    }
}
