//! Text that is no Unicode, read as well as it can be.
//!
//! A byte that is not UTF-8 and an escape that is half of a surrogate pair would make an answer unreadable for as long as
//! the object is there. Each becomes U+FFFD, the character for what could not be read.

use std::borrow::Cow;

/// The body as JSON that can be read; none where it holds nothing of the kind.
pub(super) fn mended(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    match without_lone_surrogates(&text) {
        Some(mended) => Some(mended),
        None => match text {
            Cow::Owned(text) => Some(text),
            Cow::Borrowed(_) => None,
        },
    }
}

/// The text with every lone surrogate replaced; none where there is none.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let mut mended = String::new();
    let (mut rest, mut lone) = (text, 0);
    while let Some((before, escape)) = rest.split_once('\\') {
        mended.push_str(before);
        mended.push('\\');
        let length =
            match (unit(escape), escape.get(5..).and_then(|next| next.strip_prefix('\\')).and_then(unit)) {
                (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 11,
                (Some(0xD800..=0xDFFF), _) => {
                    mended.push_str("ufffd");
                    lone += 1;
                    (_, rest) = escape.split_at_checked(5).unwrap_or_default();
                    continue;
                }
                // The escaped character goes along, which may be a backslash.
                _ => escape.chars().next().map_or(0, char::len_utf8),
            };
        let (whole, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        mended.push_str(whole);
        rest = after;
    }
    mended.push_str(rest);
    (lone > 0).then_some(mended)
}

/// The UTF-16 unit that an escape names, behind its backslash.
fn unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[test]
    fn only_what_is_no_unicode_is_replaced() {
        for (body, expected) in [
            (br#"{"a":"\ud800"}"#.as_slice(), Some(r#"{"a":"\ufffd"}"#)),
            (br#""\uDFFF\ud83d\ude00\ud83d""#, Some(r#""\ufffd\ud83d\ude00\ufffd""#)),
            (br#""\ud800\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#)),
            (br#""\\ud800""#, None),
            (br#""\\\ud800""#, Some(r#""\\\ufffd""#)),
            (b"\"a\xFFb\"", Some("\"a\u{FFFD}b\"")),
            ("\"\\ü \\".as_bytes(), None),
            (br#""\u00e4 \u+80 \ud8""#, None),
            (b"", None),
        ] {
            assert_eq!(mended(body).as_deref(), expected, "{}", String::from_utf8_lossy(body));
        }
    }
}
