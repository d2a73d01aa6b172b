//! Changes of the world that wait for requests: rows that come, go or move while a client pages.
//!
//! A change happens after the answer was made and before any other request is let in, so a client that asks one page
//! after the other always meets it at the same place.

use std::fmt;

use crate::World;

type Change = Box<dyn FnMut(&mut World) -> Result<(), String> + Send>;

/// A change that happens after every `requests` requests whose path begins with `path_prefix`, `times` times.
pub struct Later {
    path_prefix: String,
    requests: usize,
    times: usize,
    seen: usize,
    change: Change,
}

impl Later {
    pub fn new(path_prefix: &str, requests: usize, times: usize, change: Change) -> Later {
        Later { path_prefix: path_prefix.to_owned(), requests: requests.max(1), times, seen: 0, change }
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} of {} {}", self.requests, self.seen, self.path_prefix)
    }
}

/// Those that wait, in the order in which they were asked for.
#[derive(Debug, Default)]
pub struct Agenda(Vec<Later>);

impl Agenda {
    pub fn push(&mut self, later: Later) {
        self.0.push(later);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// A request for this path has its answer. Fails with what the change complains of.
    pub fn answered(&mut self, path: &str, world: &mut World) -> Result<(), String> {
        for later in self.0.iter_mut().filter(|later| path.starts_with(&later.path_prefix)) {
            later.seen += 1;
            if later.seen.is_multiple_of(later.requests) && later.times > 0 {
                later.times -= 1;
                (later.change)(world)
                    .map_err(|complaint| format!("the change after a request: {complaint}"))?;
            }
        }
        self.0.retain(|later| later.times > 0);
        Ok(())
    }
}
