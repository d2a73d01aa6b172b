//! What a `with=` parameter asks for, as a tree: `comments.sources` is `sources` under `comments`.
//!
//! Follows sections 1.4 and 4.2 of the API reference.

use std::collections::BTreeMap;

/// Deeper names are cut off here; the deepest seen is `type.plugins.config`. Keeps rows of rows of rows finite.
const DEPTH: usize = 3;

#[derive(Clone, Debug, Default)]
pub struct With(BTreeMap<String, With>);

impl With {
    pub fn parse(text: &str) -> With {
        let mut with = With::default();
        for path in text.split(',').map(str::trim).filter(|path| !path.is_empty()) {
            let mut place = &mut with;
            for name in path.split('.').take(DEPTH) {
                place = place.0.entry(name.to_owned()).or_default();
            }
        }
        with
    }

    pub fn names(&self) -> impl Iterator<Item = (&str, &With)> {
        self.0.iter().map(|(name, below)| (name.as_str(), below))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// `attackPattern` as `attack_pattern`: both are in use.
pub fn snake_case(word: &str) -> String {
    let mut snake = String::with_capacity(word.len() + 2);
    for letter in word.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
