//! How far a long fetch is: one line on standard error that is drawn anew and goes away, where a person is looking.
//!
//! Whoever writes to that terminal hides the line first. It is no news and no failure, so it leaves no trace, and where
//! standard error is no terminal there is none.

use std::env;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

/// A fetch that ends before has nothing to show, and drawing more often would only flicker.
const FIRST: Duration = Duration::from_secs(1);
const NEXT: Duration = Duration::from_millis(250);
/// Back to the beginning of the line, and away with what stands there (ECMA-48: CR, EL).
const ERASE: &str = "\r\x1b[K";

/// The terminal's last line.
struct Line {
    /// Who speaks; nobody where no person is looking.
    program: Option<&'static str>,
    is_drawn: bool,
}

static LINE: Mutex<Line> = Mutex::new(Line { program: None, is_drawn: false });

/// The line; none while it is being written, as in a panic on the way.
fn line() -> Option<MutexGuard<'static, Line>> {
    match LINE.try_lock() {
        Ok(line) => Some(line),
        Err(TryLockError::Poisoned(line)) => Some(line.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// From now on progress is shown, if standard error is a terminal that can take a line back.
pub fn show_progress(program: &'static str) {
    let is_dumb = env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
    if super::shows_complaints()
        && !is_dumb
        && let Some(mut line) = line()
    {
        line.program = Some(program);
    }
}

/// Takes the line away. To be called before anything else is written to a terminal.
pub fn hide_progress() {
    if let Some(mut line) = line()
        && line.is_drawn
    {
        line.is_drawn = false;
        let _ = io::stderr().write_all(ERASE.as_bytes());
    }
}

/// How far one reading of many objects is. Its line goes away with it.
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    drawn_at: Option<Instant>,
    seen: u64,
}

impl Progress {
    /// Nothing is read yet.
    pub fn begin() -> Self {
        Self { began: Instant::now(), drawn_at: None, seen: 0 }
    }

    /// So many more objects were read, of so many as far as that is known.
    pub fn saw(&mut self, more: usize, total: Option<u64>) {
        self.seen += more as u64;
        let now = Instant::now();
        let is_due = match self.drawn_at {
            None => now - self.began >= FIRST,
            Some(at) => now - at >= NEXT,
        };
        if let Some(mut line) = line().filter(|_| is_due)
            && let Some(program) = line.program
        {
            self.drawn_at = Some(now);
            line.is_drawn = true;
            let text = format!("{ERASE}{program}: {}", in_words(self.seen, total, now - self.began));
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        hide_progress();
    }
}

fn in_words(seen: u64, total: Option<u64>, time: Duration) -> String {
    let per_second = u128::from(seen) * 1000 / time.as_millis().max(1);
    let Some(total) = total else { return format!("{seen} objects, {per_second}/s") };
    let left = u128::from(total.saturating_sub(seen)) * time.as_millis() / u128::from(seen.max(1)) / 1000;
    let left = if left < 120 { format!("{left} s") } else { format!("{} min", left / 60) };
    format!("{seen} of {total} objects, {per_second}/s, {left} left")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::in_words;

    #[test]
    fn rate_and_remaining_time_follow_from_what_was_seen() {
        let after = Duration::from_secs(2);
        assert_eq!(in_words(1000, Some(4000), after), "1000 of 4000 objects, 500/s, 6 s left");
        assert_eq!(in_words(10, Some(4000), after), "10 of 4000 objects, 5/s, 13 min left");
        assert_eq!(in_words(4001, Some(4000), after), "4001 of 4000 objects, 2000/s, 0 s left");
        assert_eq!(in_words(0, Some(4000), Duration::ZERO), "0 of 4000 objects, 0/s, 0 s left");
        assert_eq!(in_words(1000, None, after), "1000 objects, 500/s");
    }
}
