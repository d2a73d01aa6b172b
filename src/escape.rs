//! Makes invisible and dangerous characters visible, so that a line stays one line and text reads as it is.
//!
//! Indicators are chosen by attackers and replies come from any peer. Control characters, line and paragraph
//! separators, bidirectional controls, zero-width and tag characters become `\u{…}`, in mails, logs and messages.

use std::borrow::Cow;
use std::fmt::Write;

/// The text on one line, with every character that does not show itself written as `\u{…}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Most text is ASCII, which is seen at once.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if hidden(character) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{{{:X}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// The text for HTML, where it may stand between tags and in a quoted attribute.
pub fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '`' => escaped.push_str("&#96;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Words of a peer, which need not be UTF-8: bytes that are not become `\xNN`, and the rest is cut at `limit` characters.
pub fn words(bytes: &[u8], limit: usize) -> String {
    let mut shown = String::new();
    for chunk in bytes.utf8_chunks() {
        shown.push_str(&visible(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02X}");
        }
    }
    cut(&shown, limit).into_owned()
}

/// The text cut to at most `limit` characters, the last of them an ellipsis where something was cut off.
pub fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if text.chars().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(limit.saturating_sub(1)).chain(['…']).collect())
}

fn hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::{cut, html, visible, words};

    #[test]
    fn nothing_in_escaped_html_is_markup() {
        assert_eq!(
            html("<a href='x' title=\"`&\">"),
            "&lt;a href=&#39;x&#39; title=&quot;&#96;&amp;&quot;&gt;"
        );
    }

    #[test]
    fn hidden_characters_are_shown_and_the_rest_is_left_alone() {
        assert_eq!(visible("evil\r\n.\u{202E}txt\u{200B}"), "evil\\u{D}\\u{A}.\\u{202E}txt\\u{200B}");
        assert_eq!(visible("Ünïcode 例え 🦀"), "Ünïcode 例え 🦀");
    }

    #[test]
    fn words_of_a_peer_survive_any_bytes_and_are_cut() {
        assert_eq!(words(b"ok \xE9\x1b[2J", 512), "ok \\xE9\\u{1B}[2J");
        assert_eq!(words(&[b'a'; 600], 512).chars().count(), 512);
    }

    #[test]
    fn a_text_of_exactly_the_limit_is_not_cut() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüx", 3), "äö…");
    }
}
