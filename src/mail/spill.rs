//! The list of a digest while it grows: in memory as long as it is small, then in a file that has no name.
//!
//! Nobody else can open such a file, and it is gone with the program. Fails with 74 when the temporary folder is full.

use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use crate::exit::{Failure, Status};

/// How much of a list is kept in memory.
const IN_MEMORY: usize = 64 * 1024;
/// Parts the fields of a line; no field holds it.
const TAB: char = '\t';

/// The lines of a list.
pub(super) struct Spill {
    file: BufWriter<SpooledTempFile>,
}

/// One item of a list.
pub(super) struct Line<'a> {
    pub(super) id: &'a str,
    pub(super) csv: &'a str,
    pub(super) json: &'a str,
}

impl Spill {
    pub(super) fn new() -> Self {
        Self { file: BufWriter::new(SpooledTempFile::new(IN_MEMORY)) }
    }

    /// Adds one item, none of whose fields holds a control character.
    pub(super) fn add(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        let Line { id, csv, json } = line;
        writeln!(self.file, "{id}{TAB}{csv}{TAB}{json}").map_err(failure)
    }

    /// Everything from the beginning.
    pub(super) fn lines(&mut self) -> Result<Lines<'_>, Failure> {
        self.file.flush().map_err(failure)?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0)).map_err(failure)?;
        Ok(Lines { input: BufReader::new(file), line: String::new() })
    }
}

/// A list that is read.
pub(super) struct Lines<'a> {
    input: BufReader<&'a mut SpooledTempFile>,
    line: String,
}

impl Lines<'_> {
    /// The next item.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>, Failure> {
        self.line.clear();
        if self.input.read_line(&mut self.line).map_err(failure)? == 0 {
            return Ok(None);
        }
        let mut fields = self.line.trim_end_matches('\n').splitn(3, TAB);
        let mut field = || fields.next().unwrap_or_default();
        Ok(Some(Line { id: field(), csv: field(), json: field() }))
    }
}

fn failure(error: io::Error) -> Failure {
    Failure::from_error(Status::Disk, error).about("the temporary file of a digest")
}
