//! Answers that go wrong on purpose, queued until a call comes for them.

use serde::Deserialize;

/// Goes wrong for calls of `method`, or of all where it is empty: lets `skip` of them pass, then takes the next `times`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default)]
    pub method: String,
    #[serde(default)]
    pub skip: usize,
    #[serde(default = "once")]
    pub times: usize,
    /// Whether the method does what it is asked for all the same, before its answer is spoiled.
    #[serde(default)]
    pub done: bool,
    pub kind: FaultKind,
}

/// How.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 `ratelimited`, with so many seconds in `Retry-After`.
    RateLimited(u64),
    /// This status and body; with a `Retry-After` of any text where there is one.
    Status(u16, String, Option<String>),
    /// 200, `ok` is false, and this is the `error`.
    Error(String),
    /// 200 and this body, which claims to be JSON.
    Body(String),
    /// 302 to this address and the same path.
    Redirect(String),
    /// The line is cut before a byte of the answer.
    Cut,
    /// The right answer, declared whole, sent by half; then the line is cut. The method does what it is asked for.
    Torn,
    /// The right answer, so many milliseconds later.
    Slow(u64),
    /// The right answer, a byte every so many milliseconds. The method does what it is asked for.
    Drip(u64),
    /// An answer with so many bytes of spaces in it.
    Huge(u64),
}

impl Fault {
    /// The very next call of this method.
    pub fn next(method: &str, kind: FaultKind) -> Fault {
        Fault { method: method.to_owned(), skip: 0, times: 1, done: false, kind }
    }

    /// The next so many.
    #[must_use]
    pub fn times(self, times: usize) -> Fault {
        Fault { times, ..self }
    }

    /// So many pass before.
    #[must_use]
    pub fn after(self, skip: usize) -> Fault {
        Fault { skip, ..self }
    }

    /// The method has done what it is asked for when the answer is spoiled.
    #[must_use]
    pub fn done(self) -> Fault {
        Fault { done: true, ..self }
    }
}

/// Those that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What shall go wrong with this call. Every fault it passes by counts it against its `skip`.
    pub(crate) fn claim(&mut self, method: &str) -> Option<Fault> {
        let mut claimed = None;
        for fault in self.0.iter_mut().filter(|fault| fault.method.is_empty() || fault.method == method) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if claimed.is_none() && fault.times > 0 {
                fault.times -= 1;
                claimed = Some(fault.clone());
            }
        }
        self.0.retain(|fault| fault.times > 0);
        claimed
    }
}

fn once() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind, Faults};

    #[test]
    fn a_fault_skips_then_strikes_then_is_spent() {
        let mut faults = Faults::default();
        faults.push(Fault::next("chat.postMessage", FaultKind::Cut).after(1).times(2));
        let struck: Vec<_> = (0..4).map(|_| faults.claim("chat.postMessage").is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
        assert!(faults.claim("auth.test").is_none());
    }
}
