//! What a person sees and a pipe does not: lines for people, colour, progress, and the refusal to wait for a typed
//! stream.
//!
//! The only home of atty, which is unmaintained; `std::io::IsTerminal` is the way out.

mod progress;

use std::env;

use atty::Stream;
use clap::ValueEnum;

use crate::escape;
use crate::exit::{Failure, Status};

pub use progress::{Progress, hide_progress, show_progress};

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// On every terminal.
    Always,
    /// Nowhere.
    Never,
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As JSON, for programs.
    Records,
    /// A line each, for people.
    Lines,
    /// The same, in colour.
    ColoredLines,
}

impl Style {
    /// Records in a pipe or file, lines on a terminal.
    pub fn of_stdout(color: Color) -> Self {
        let wanted = match color {
            Color::Auto => env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            Color::Always => true,
            Color::Never => false,
        };
        match (atty::is(Stream::Stdout), wanted) {
            (false, _) => Self::Records,
            (true, false) => Self::Lines,
            (true, true) => Self::ColoredLines,
        }
    }

    /// A line for people: its most telling word, in colour where that is wanted, and the rest.
    pub fn line(self, word: &str, rest: &str) -> String {
        let rest = escape::visible(rest.trim_end());
        let hue = match word {
            "added" | "accepted" => "32",
            "updated" | "deferred" | "partial" | "unknown" => "33",
            "rejected" | "held" => "31",
            _ => "2",
        };
        if self == Self::ColoredLines {
            format!("\x1b[{hue}m{word:<10}\x1b[0m {rest}")
        } else {
            format!("{word:<10} {rest}")
        }
    }
}

/// Whether a person sees what goes wrong.
fn shows_complaints() -> bool {
    atty::is(Stream::Stderr)
}

/// Refuses to sit and wait for records that a person would have to type.
pub fn refuse_typed_input(wants: &str, example: &str) -> Result<(), Failure> {
    if !atty::is(Stream::Stdin) {
        return Ok(());
    }
    let sentence = format!("standard input is a terminal; {wants} are expected on a pipe, as in: {example}");
    Err(Failure::new(Status::NoInput, sentence))
}
