//! Lines as Python's `ConfigParser` writes and reads them: `[section]`, `key = value` or `key: value`, comments behind
//! `#` or `;`, and values that go on in lines that are indented.
//!
//! Whether the reader gave `%` a meaning is not in the file, so a value with one is not told; nor is one in quotes, which
//! `ConfigParser` keeps and other readers do not.

use super::Entry;

/// The entries of a text; the number of a line that is none of this.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, usize> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut section = "";
    for (index, line) in text.lines().enumerate() {
        let words = line.trim();
        if words.is_empty() || words.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t'])
            && let Some(last) = entries.last_mut()
        {
            last.value = Err("has several lines");
        } else if let Some(name) = words.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
        } else {
            let (key, value) = words.split_once(['=', ':']).ok_or(index + 1)?;
            let dot = if section.is_empty() { "" } else { "." };
            let key = format!("{section}{dot}{}", key.trim());
            entries.push(Entry { key, line: Some(index + 1), value: plain(value.trim()) });
        }
    }
    Ok(entries)
}

fn plain(value: &str) -> Result<String, &'static str> {
    if value.contains('%') {
        Err("has a % in it, to which Python may have given a meaning")
    } else if value.starts_with(['"', '\'']) {
        Err("stands in quotes, which may belong to it or not")
    } else {
        Ok(value.to_owned())
    }
}
