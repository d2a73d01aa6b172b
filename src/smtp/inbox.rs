//! What was received, and the replies in it: each is read whole, line by line, and neither a line nor a reply grows
//! beyond its limit, however the bytes come.
//!
//! Fails with [`Broken`]: the line ended or broke first, or what came is not a reply.

use std::io::{self, ErrorKind, Read};

use super::Error;
use super::reply::{self, LINE_LIMIT, REPLY_LIMIT, Reply};
use crate::escape;

/// How many characters of what is not a reply are shown.
const SHOWN: usize = 80;

/// Why no reply came.
#[derive(Debug)]
pub enum Broken {
    /// The line is gone, or the time is up.
    Lost(String),
    /// What came is not a reply.
    Malformed(String),
}

impl Broken {
    pub(super) fn lost(error: &io::Error) -> Self {
        Self::Lost(match error.kind() {
            ErrorKind::TimedOut => "no answer in time".to_owned(),
            ErrorKind::UnexpectedEof => "the relay closed the connection".to_owned(),
            _ => error.to_string(),
        })
    }
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Lost(reason) => Self::Unreachable(reason),
            Broken::Malformed(reason) => Self::Protocol(reason),
        }
    }
}

/// What was received and not yet read as a reply.
#[derive(Debug, Default)]
pub struct Inbox(Vec<u8>);

impl Inbox {
    /// The bytes that are here already.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The next reply, whole, of what is here and what the line brings. What is behind it stays here.
    pub fn reply(&mut self, line: &mut impl Read) -> Result<Reply, Broken> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut size = 0;
        let mut first_code = None;
        loop {
            let taken = self.line(line)?;
            size += taken.len();
            let malformed = |words| {
                let shown = escape::words(&taken, SHOWN);
                Broken::Malformed(format!("{words}: {shown}"))
            };
            let line = reply::line(&taken).ok_or_else(|| malformed("not an SMTP reply"))?;
            let (code, is_last) = (line.code, line.is_last);
            if *first_code.get_or_insert(code) != code {
                return Err(malformed("a reply with two codes"));
            }
            if size > REPLY_LIMIT {
                return Err(Broken::Malformed(format!("a reply longer than {REPLY_LIMIT} bytes")));
            }
            lines.push(line.text.to_vec());
            if is_last {
                return Ok(Reply::new(code, lines));
            }
        }
    }

    /// The next line without its end. A line feed alone ends it too.
    fn line(&mut self, from: &mut impl Read) -> Result<Vec<u8>, Broken> {
        let too_long = || Broken::Malformed(format!("a reply line longer than {LINE_LIMIT} bytes"));
        let mut searched = 0;
        loop {
            let unsearched = self.0.get(searched..).unwrap_or_default();
            if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.0.drain(..=searched + at).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                // Whole lines come in as well as parts of them, and the limit is the same for both.
                return if line.len() > LINE_LIMIT { Err(too_long()) } else { Ok(line) };
            }
            searched = self.0.len();
            // The carriage return may be here and its line feed not yet.
            if searched > LINE_LIMIT + 1 {
                return Err(too_long());
            }
            let mut chunk = [0; LINE_LIMIT];
            match from.read(&mut chunk) {
                Ok(0) => return Err(Broken::Lost("the relay closed the connection".to_owned())),
                Ok(count) => self.0.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(Broken::lost(&error)),
            }
        }
    }
}
