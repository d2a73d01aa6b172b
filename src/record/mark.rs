//! Memory without an alert: what a fetcher must know of an object to see its next change.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Record;

/// What to remember of one source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// The source that the marks belong to.
    pub source: String,
    /// What to remember, or to forget.
    pub marks: Vec<MarkEntry>,
}

/// One thing to remember, or to forget when `mark` is absent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MarkEntry {
    /// Names what is remembered.
    pub key: String,
    /// Opaque to everyone but the fetchers, and kept byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Box<RawValue>>,
}

impl Record for Mark {
    const NAME: &'static str = "mark";

    fn summary(&self) -> (String, String) {
        let forgotten = self.marks.iter().filter(|entry| entry.mark.is_none()).count();
        let remembered = self.marks.len() - forgotten;
        ("mark".to_owned(), format!("{}  {remembered} to remember, {forgotten} to forget", self.source))
    }
}
