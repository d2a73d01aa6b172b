//! How a program ends: the exit status, which one wins when several apply, and the one line that says why.
//!
//! Numbers are those of sysexits(3), so that cron wrappers and mail people know them already. Nothing else in the
//! product decides on a number or writes a failure to standard error.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::panic;
use std::process::{self, ExitCode};

use crate::{escape, terminal};

/// What the exit status of a program says to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 0: done, or nothing to do.
    Done,
    /// 1: finished, but something was refused for good or could not be read.
    Refused,
    /// 64: the command line is wrong.
    Usage,
    /// 65: the stream on standard input is broken or incomplete.
    BadStream,
    /// 66: there is no input to read.
    NoInput,
    /// 69: the peer cannot do what is required of it.
    Unavailable,
    /// 70: a bug in this program.
    Bug,
    /// 73: a file cannot be created.
    CannotCreate,
    /// 74: reading or writing a file or pipe failed.
    Disk,
    /// 75: temporary; try again later.
    TryAgain,
    /// 76: the peer does not speak its protocol.
    Protocol,
    /// 77: the login was refused.
    LoginRefused,
    /// 78: the configuration or the state must be mended by hand.
    Config,
}

impl Status {
    /// The number that the caller sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 64,
            Self::BadStream => 65,
            Self::NoInput => 66,
            Self::Unavailable => 69,
            Self::Bug => 70,
            Self::CannotCreate => 73,
            Self::Disk => 74,
            Self::TryAgain => 75,
            Self::Protocol => 76,
            Self::LoginRefused => 77,
            Self::Config => 78,
        }
    }

    /// The one of two statuses that the caller must hear of; the first when they weigh the same.
    pub fn worst(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    fn weight(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::TryAgain => 2,
            Self::Unavailable | Self::Protocol => 3,
            Self::NoInput | Self::BadStream => 4,
            Self::CannotCreate | Self::Disk => 5,
            Self::Usage | Self::LoginRefused | Self::Config => 6,
            Self::Bug => 7,
        }
    }
}

/// The order of a program's help: what it does, how it is used, then all the rest.
pub const HELP: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// What stands before the flags in a program's long help.
pub fn examples(lines: &str) -> String {
    format!("Examples:\n{lines}")
}

/// The end of a program's long help: its files beside the configuration, its environment, and what its exit status says.
pub fn help(files: &str) -> String {
    format!("{FILES}\n{files}\n\n{ENVIRONMENT}\n\n{STATUSES}")
}

const FILES: &str = "\
Files:
  --config FILE  settings, the same for all programs; see tq-alerts.toml(5)";

const ENVIRONMENT: &str = "\
Environment:
  TQ_SECTION_KEY  stands for a flag that is a key of the configuration, as TQ_SMTP_HOST for --host
  NO_COLOR        no colour, unless --color always asks for it";

const STATUSES: &str = "\
Exit status:
  0   done, or nothing to do
  1   finished, but something was refused for good or could not be read
  64  the command line is wrong
  65  the stream on standard input is broken or incomplete
  66  standard input is a terminal
  69  the peer cannot do what is required of it
  70  a bug in this program
  73  a file cannot be created
  74  reading or writing a file or pipe failed
  75  temporary; try again later
  76  the peer does not speak its protocol
  77  the login was refused
  78  the configuration or the state must be mended by hand
When several apply: 70, then 77 and 78, 73 and 74, 65, 69 and 76, 75, 1.";

/// Why a program cannot go on: an error and the status it ends with.
///
/// Each edge has an enum of its own errors and turns it into this with `From`.
#[derive(Debug)]
pub struct Failure {
    /// What the caller is told by number.
    pub status: Status,
    error: anyhow::Error,
}

impl Failure {
    /// A failure in words of our own.
    pub fn new(status: Status, sentence: impl fmt::Display) -> Self {
        Self { status, error: anyhow::Error::msg(sentence.to_string()) }
    }

    /// A failure that has a cause.
    pub fn from_error(status: Status, error: impl Error + Send + Sync + 'static) -> Self {
        Self { status, error: error.into() }
    }

    /// The error underneath, when it is of this type.
    pub fn cause<E: Error + Send + Sync + 'static>(&self) -> Option<&E> {
        self.error.downcast_ref()
    }

    /// The same failure, with this status where it is worse.
    #[must_use]
    pub fn at_least(self, status: Status) -> Self {
        Self { status: self.status.worst(status), error: self.error }
    }

    /// The same failure, with what it was about in front.
    #[must_use]
    pub fn about(self, subject: impl fmt::Display) -> Self {
        Self { status: self.status, error: self.error.context(subject.to_string()) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

/// A whole program: what it does, then one line on standard error for a failure, and the exit status.
///
/// A line that cannot be written is lost; the status still tells. A panic is a bug, and says so in the same form.
pub fn run(program: &'static str, work: impl FnOnce() -> Result<Status, Failure>) -> ExitCode {
    panic::set_hook(Box::new(move |panic| {
        complain(program, &format_args!("a bug, please report it: {panic}"));
        process::exit(i32::from(Status::Bug.code()));
    }));
    let status = work().unwrap_or_else(|failure| {
        complain(program, &failure);
        failure.status
    });
    ExitCode::from(status.code())
}

/// What to end with after two steps, the second of which is taken whatever the first one came to.
///
/// A failure of the first is said here when the second failed as well, because only one can be handed on.
pub fn both(
    program: &str,
    first: Result<Status, Failure>,
    second: Result<Status, Failure>,
) -> Result<Status, Failure> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok(first.worst(second)),
        (Ok(status), Err(failure)) | (Err(failure), Ok(status)) => Err(failure.at_least(status)),
        (Err(first), Err(mut second)) => {
            complain(program, &first);
            second.status = first.status.worst(second.status);
            Err(second)
        }
    }
}

/// Says what went wrong with one thing while the program goes on with the others.
pub fn complain(program: &str, complaint: &impl fmt::Display) {
    // One write, so that the lines of programs that share it do not mix.
    let line = format!("{program}: {}\n", escape::visible(&complaint.to_string()));
    terminal::hide_progress();
    let _ = io::stderr().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::Status::*;

    #[test]
    fn the_worst_status_wins_whatever_the_order() {
        let heaviest_first = [Bug, Config, Disk, BadStream, Unavailable, TryAgain, Refused, Done];
        for (place, heavy) in heaviest_first.into_iter().enumerate() {
            for light in &heaviest_first[place..] {
                assert_eq!(heavy.worst(*light), heavy);
                assert_eq!(light.worst(heavy), heavy);
            }
        }
    }
}
