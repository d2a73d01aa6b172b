//! The sources as text: which files there are, and what in them is code and what is words.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of the repository.
pub(super) struct Source {
    /// From the root of the repository.
    pub(super) path: String,
    pub(super) text: String,
    /// The text with every comment and the inside of every string blanked.
    pub(super) code: String,
}

/// The folder that holds everything.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder or at a place, but for what git ignores and its own.
pub(super) fn files(below: &str) -> Vec<String> {
    let ignored = fs::read_to_string(root().join(".gitignore")).expect("the repository says what it ignores");
    let ignored: Vec<&str> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    let mut waiting = vec![PathBuf::from(below)];
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let full = root().join(&path);
        if name == ".git" || ignored.contains(&name) || full.is_symlink() {
            continue;
        }
        if full.is_dir() {
            let entries = fs::read_dir(full).expect("a folder can be read");
            waiting.extend(entries.map(|entry| path.join(entry.expect("a folder can be read").file_name())));
        } else if full.exists() {
            found.push(path.to_str().expect("our names are ASCII").to_owned());
        }
    }
    found.sort();
    found
}

/// The Rust files below a folder.
pub(super) fn sources(below: &str) -> Vec<Source> {
    let paths = files(below).into_iter().filter(|path| path.rsplit('.').next() == Some("rs"));
    let sources: Vec<Source> = paths.map(Source::read).collect();
    assert!(!sources.is_empty(), "there are no sources below {below}");
    sources
}

impl Source {
    fn read(path: String) -> Self {
        let text = fs::read_to_string(root().join(&path)).expect("a source can be read");
        let code = code(&text);
        Self { path, text, code }
    }

    /// Whether it is this file, or below this folder.
    pub(super) fn is_in(&self, places: &[&str]) -> bool {
        let is_in =
            |place: &&str| self.path == **place || (place.ends_with('/') && self.path.starts_with(*place));
        places.iter().any(is_in)
    }

    /// Where the code says these words, as `path:line`.
    pub(super) fn saying(&self, words: &str) -> Vec<String> {
        let lines = self.code.lines().enumerate();
        lines
            .filter(|(_, line)| says(line, words))
            .map(|(index, _)| format!("{}:{}", self.path, index + 1))
            .collect()
    }

    /// The modules of the library that the code names, each with its line.
    pub(super) fn modules(&self) -> Vec<(usize, String)> {
        let mut named = Vec::new();
        for start in starts(&self.code, "crate::") {
            let line = self.code[..start].matches('\n').count() + 1;
            let rest = &self.code[start + "crate::".len()..];
            let Some(group) = rest.strip_prefix('{') else {
                named.push((line, identifier(rest)));
                continue;
            };
            named.extend(heads(group).map(|head| (line, head)));
        }
        named
    }
}

/// Whether a text has these words, and not only as a part of a longer name.
pub(super) fn says(text: &str, words: &str) -> bool {
    !starts(text, words).is_empty()
}

fn starts(text: &str, words: &str) -> Vec<usize> {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let ends_in_name = words.ends_with(is_name);
    let stands_alone = |start: &usize| {
        let before = text[..*start].chars().next_back();
        let after = text[start + words.len()..].chars().next();
        let goes_on = before.is_some_and(is_name) || (ends_in_name && after.is_some_and(is_name));
        !goes_on
    };
    text.match_indices(words).map(|(start, _)| start).filter(stands_alone).collect()
}

fn identifier(text: &str) -> String {
    let text = text.trim_start();
    text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

/// The first names of a group's members: `a` and `d` of `a::{b, c}, d::e}`.
fn heads(group: &str) -> impl Iterator<Item = String> {
    let mut depth = 1;
    let mut heads = vec![identifier(group)];
    for (index, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => heads.push(identifier(&group[index + 1..])),
            _ => (),
        }
        if depth == 0 {
            break;
        }
    }
    heads.into_iter().filter(|head| !head.is_empty())
}

/// Blanks comments and the inside of strings and characters; lines stay where they are.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest, '"'),
            'r' if !code.ends_with(|last: char| last.is_alphanumeric() && last != 'b') => raw(rest),
            '\'' if is_character(rest) => quoted(rest, '\''),
            _ => 0,
        };
        let (words, next) = rest.split_at(length);
        code.extend(words.chars().map(|one| if one == '\n' { '\n' } else { ' ' }));
        rest = next;
        if length == 0 {
            code.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    code
}

/// The length of a string or character that starts here, with both its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return index + 1,
            _ => (),
        }
    }
    text.len()
}

/// The length of a raw string that starts here; none is 0.
fn raw(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|character| *character == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = hashes + 2;
    text[inside..].find(&end).map_or(text.len(), |at| inside + at + end.len())
}

/// Whether the quote that starts here is a character's rather than a lifetime's.
fn is_character(text: &str) -> bool {
    text.starts_with("'\\") || text.chars().nth(2) == Some('\'')
}

#[test]
fn code_is_told_from_comments_and_strings() {
    let text = concat!(
        "use one; // two\n",
        "/* three\n */ four('\"', \"five \\\" six\", 'a, r#\"seven \" eight\"#, br\"nine\");\n",
        "/// ten\nvar\"eleven\" '\\'' twelve",
    );
    let words: Vec<String> = code(text).split_whitespace().map(str::to_owned).collect();
    assert_eq!(words.join(" "), "use one; four( , , 'a, , b ); var twelve");
    assert_eq!(code(text).lines().count(), text.lines().count());
}

#[test]
fn modules_are_found_alone_and_in_groups() {
    let code = code(
        "use crate::mail::mime;\nuse crate::{exit, record::{Alert, Mark},\n smtp};\nnotcrate::x; // crate::y",
    );
    let source = Source { path: String::new(), text: String::new(), code };
    let named: Vec<String> = source.modules().into_iter().map(|(_, name)| name).collect();
    assert_eq!(named, ["mail", "exit", "record", "smtp"]);
    assert!(says("eprint!(x)", "eprint!") && !says("eprint!(x)", "print!") && !says("printed", "print"));
}
