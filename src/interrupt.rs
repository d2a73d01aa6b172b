//! A signal that asks the program to end: what is in hand is finished, nothing new is begun.
//!
//! SIGTERM and SIGINT set a mark that long waits look at once a second. A second signal ends the program at once.

use std::io::{self, BufReader, Read};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::{Failure, Status};

/// How long a thing in hand may take once the signal has come.
pub const GRACE: Duration = Duration::from_secs(30);
/// The longest that a wait goes without looking whether a signal has come.
pub const LOOK: Duration = Duration::from_secs(1);

static RAISED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static LATEST: OnceLock<Instant> = OnceLock::new();

/// Takes SIGTERM and SIGINT from now on. The exit status of a second one is 75, as that of the first.
pub fn watch() -> Result<(), Failure> {
    let unwatched = |error| Failure::from_error(Status::Bug, error);
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first signal finds the mark unset.
        let status = i32::from(Status::TryAgain.code());
        flag::register_conditional_shutdown(signal, status, Arc::clone(&RAISED)).map_err(unwatched)?;
        flag::register(signal, Arc::clone(&RAISED)).map_err(unwatched)?;
    }
    Ok(())
}

/// Whether the program has been asked to end.
pub fn raised() -> bool {
    RAISED.load(Ordering::Relaxed)
}

/// When what is in hand must have ended; none while nobody asks.
pub fn latest() -> Option<Instant> {
    raised().then(|| *LATEST.get_or_init(|| Instant::now() + GRACE))
}

/// Waits until then, or until a signal comes.
pub fn sleep_until(then: Instant) {
    // Short, because here nobody is on the other side.
    const SHORT: Duration = Duration::from_millis(100);
    while !raised() {
        let left = then.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(SHORT));
    }
}

/// An input that can tell whether it would be waited for.
pub trait Ready {
    /// Whether a line can be read without waiting for more than its end.
    fn is_ready(&self) -> bool;
}

/// Standard input. A read that a signal finds waiting fails.
#[derive(Debug)]
pub struct Input(BufReader<Watched>);

#[derive(Debug)]
struct Watched;

impl Input {
    /// Standard input, which nobody else reads.
    pub fn new() -> Self {
        // As much as a pipe holds.
        Self(BufReader::with_capacity(64 * 1024, Watched))
    }
}

impl Ready for Input {
    fn is_ready(&self) -> bool {
        self.0.buffer().contains(&b'\n') || readable(Duration::ZERO).unwrap_or(true)
    }
}

impl Default for Input {
    fn default() -> Self {
        Self::new()
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl io::BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !raised() {
            if readable(LOOK)? {
                return Ok(rustix::io::read(rustix::stdio::stdin(), buffer)?);
            }
        }
        Err(io::Error::other("stopped by a signal"))
    }
}

/// Whether a read of standard input returns at once: with bytes, the end or an error.
fn readable(wait: Duration) -> io::Result<bool> {
    let stdin = rustix::stdio::stdin();
    let mut watched = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
    let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
    match poll(&mut watched, Some(&wait)) {
        Ok(count) => Ok(count > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
