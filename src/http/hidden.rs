//! Secrets that a server may send back with its words, as proxies, debug pages and validators of forms do.
//!
//! They are found however each of their characters is written: as it is, or as JSON, a URL, a form or HTML escape it.

use std::fmt::Write;

use crate::escape;
use crate::secret::Secret;

/// What stands in a secret's place.
const MASK: &str = "***";

/// What must not be shown.
#[derive(Clone)]
pub struct Hidden(Vec<Secret>);

impl Hidden {
    /// These, but for empty ones.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.reveal().is_empty()).cloned().collect())
    }

    /// A peer's words, masked before they are cut at so many characters: half a secret is one, too.
    pub fn words(&self, bytes: &[u8], limit: usize) -> String {
        let spelled = |secret: &Secret| -> Vec<_> { secret.reveal().chars().map(spellings).collect() };
        let secrets: Vec<Vec<Vec<String>>> = self.0.iter().map(spelled).collect();
        let text = String::from_utf8_lossy(bytes);
        let (mut shown, mut rest) = (String::new(), &*text);
        // Of a large body only the beginning is shown. No character takes more than four bytes.
        while shown.len() <= 4 * limit {
            if let Some(after) = secrets.iter().find_map(|secret| after(rest, secret)) {
                shown.push_str(MASK);
                rest = after;
                continue;
            }
            let mut characters = rest.chars();
            let Some(character) = characters.next() else { break };
            shown.push(character);
            rest = characters.as_str();
        }
        escape::words(shown.as_bytes(), limit)
    }
}

/// What follows a secret with which a text begins.
fn after<'a>(text: &'a str, secret: &[Vec<String>]) -> Option<&'a str> {
    let Some((first, others)) = secret.split_first() else { return Some(text) };
    first.iter().find_map(|spelling| after(text.strip_prefix(spelling.as_str())?, others))
}

/// Every way in which a character may be written.
fn spellings(character: char) -> Vec<String> {
    let mut ways = vec![character.to_string()];
    let mut bytes = [0; 4];
    let (mut percent, mut json) = (String::new(), String::new());
    for byte in character.encode_utf8(&mut bytes).bytes() {
        // Writing to a String cannot fail.
        let _ = write!(percent, "%{byte:02X}");
    }
    for unit in character.encode_utf16(&mut [0; 2]) {
        let _ = write!(json, "\\u{unit:04x}");
    }
    let (upper, lower) = (json.to_uppercase().replace("\\U", "\\u"), percent.to_lowercase());
    ways.extend([percent, lower, upper, json]);
    let number = u32::from(character);
    ways.extend([
        format!("&#{number};"),
        format!("&#{number:03};"),
        format!("&#x{number:X};"),
        format!("&#x{number:x};"),
    ]);
    let named: &[&str] = match character {
        ' ' => &["+"],
        '"' => &["\\\"", "&quot;"],
        '\'' => &["\\'", "&apos;"],
        '\\' => &["\\\\"],
        '/' => &["\\/"],
        '\t' => &["\\t"],
        '&' => &["&amp;"],
        '<' => &["&lt;"],
        '>' => &["&gt;"],
        _ => &[],
    };
    ways.extend(named.iter().map(|&way| way.to_owned()));
    ways
}

#[cfg(test)]
mod tests {
    use super::{Hidden, Secret};

    #[test]
    fn a_secret_is_masked_however_it_is_written_and_also_where_the_words_are_cut() {
        let hidden = Hidden::of([&Secret::new("p\"ä/%&w d".to_owned()), &Secret::new(String::new())]);
        for written in [
            "p\"ä/%&w d",
            r#"p\"ä\/%&w d"#,
            r#"p\"\u00e4\/%&w d"#,
            r"\u0070\u0022\u00E4/%&w d",
            "p%22%C3%A4%2F%25%26w+d",
            "p%22%c3%a4%2f%25%26w%20d",
            "p&quot;ä/%&amp;w d",
            "p&#34;&#xe4;/%&#38;w d",
        ] {
            let text = format!("no: {written}; {written}!");
            assert_eq!(hidden.words(text.as_bytes(), 512), "no: ***; ***!");
            assert_eq!(hidden.words(text.as_bytes(), 6), "no: *…", "{written}");
        }
        assert_eq!(hidden.words("p\"ä/%&w".as_bytes(), 512), "p\"ä/%&w");
        assert_eq!(hidden.words("\u{1F980}".repeat(600).as_bytes(), 5).chars().count(), 5);
    }
}
