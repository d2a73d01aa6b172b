//! A text as it is remembered: short ones whole, of long ones the beginning and a fingerprint, so that a change anywhere in
//! it is seen and a mark stays small.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record;

/// How many characters are remembered as they are.
const LONGEST: usize = 500;
/// How many hexadecimal digits of a SHA-256 tell texts apart that begin alike.
const DIGITS: usize = 16;

/// A text, or the beginning of a long one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    /// Of the whole text, where it is not all here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

impl Excerpt {
    /// What is remembered of a text.
    pub fn of(text: &str) -> Self {
        match text.char_indices().nth(LONGEST) {
            None => Self { text: text.to_owned(), digest: None },
            Some((end, _)) => Self { text: text.split_at(end).0.to_owned(), digest: Some(fingerprint(text)) },
        }
    }

    /// Enough of a text to see that it changed, and nothing to read.
    pub fn fingerprint_of(text: &str) -> Self {
        Self { text: String::new(), digest: Some(fingerprint(text)) }
    }

    /// The text as far as it is remembered; none where it is empty.
    pub fn shown(&self) -> Option<String> {
        (*self != Self::default()).then(|| self.to_string())
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.digest.is_some() { f.write_str("…") } else { Ok(()) }
    }
}

fn fingerprint(text: &str) -> String {
    record::digest([text]).chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::{Excerpt, LONGEST};

    #[test]
    fn a_long_text_is_cut_and_still_differs_where_it_was_cut() {
        let long = "ü".repeat(LONGEST);
        assert_eq!(Excerpt::of(&long).shown().unwrap(), long);
        let (one, other) = (Excerpt::of(&format!("{long}a")), Excerpt::of(&format!("{long}b")));
        assert_ne!(one, other);
        assert_eq!(one.shown(), other.shown());
        assert_eq!(one.shown().unwrap(), format!("{long}…"));
        assert_eq!(Excerpt::of("").shown(), None);
    }
}
