//! Answers that go wrong on purpose, queued until a request comes for them.
//!
//! Follows the hints for a simulator in section 11 of the API reference.

mod kind;

use serde::Deserialize;

pub use kind::{FaultKind, RetryAfter, Target};

/// Goes wrong for requests whose path begins with `path_prefix`: lets `skip` of them pass, then takes the next `times`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub path_prefix: String,
    #[serde(default)]
    pub skip: usize,
    #[serde(default = "once")]
    pub times: usize,
    pub kind: FaultKind,
}

impl Fault {
    /// The very next request below `path_prefix`.
    pub fn next(path_prefix: &str, kind: FaultKind) -> Fault {
        Fault { path_prefix: path_prefix.to_owned(), skip: 0, times: 1, kind }
    }
}

/// Those that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub fn new(faults: Vec<Fault>) -> Faults {
        Faults(faults)
    }

    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What shall go wrong with a request for this path. Every fault it passes by counts it against its `skip`.
    pub fn claim(&mut self, path: &str) -> Option<FaultKind> {
        let mut claimed = None;
        for fault in self.0.iter_mut().filter(|fault| path.starts_with(&fault.path_prefix)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if claimed.is_none() && fault.times > 0 {
                fault.times -= 1;
                claimed = Some(fault.kind.clone());
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
        let kind = FaultKind::Html200;
        let mut faults =
            Faults::new(vec![Fault { path_prefix: "/api/users".into(), skip: 1, times: 2, kind }]);
        let struck: Vec<_> = (0..4).map(|_| faults.claim("/api/users/current").is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
        assert_eq!(faults.claim("/api/objects"), None);
    }
}
