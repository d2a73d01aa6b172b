//! Quoted-printable (RFC 2045, section 6.7): text of which no byte can mean anything to a relay, and that people can
//! read all the same.
//!
//! Our own: lettre's takes longer than all else that a mail costs. Never fails.

use std::borrow::Cow;

/// The longest line, without its CRLF and the `=` of a soft line break.
const LINE_LIMIT: usize = 75;
const SOFT_BREAK: &[u8] = b"=\r\n";
/// The length of an escaped byte.
const ESCAPE: usize = 3;

/// The text in lines that end in CRLF, however they ended before.
pub(super) fn encoded(text: &str) -> Vec<u8> {
    let text = with_line_feeds(text);
    let mut body = Vec::with_capacity(text.len() + text.len() / 4);
    let mut is_first = true;
    for line in text.split('\n') {
        if !std::mem::take(&mut is_first) {
            body.extend_from_slice(b"\r\n");
        }
        encode_line(&mut body, line.as_bytes());
    }
    body
}

/// The text with its lines ending in a line feed alone.
pub(super) fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}

fn encode_line(body: &mut Vec<u8>, line: &[u8]) {
    // White space at the end of a line gets lost on the way.
    let end = line.len() - usize::from(line.ends_with(b" ") || line.ends_with(b"\t"));
    let (line, last) = line.split_at(end);
    let (mut rest, mut room) = (line, LINE_LIMIT);
    loop {
        let (fits, _) = rest.split_at(rest.len().min(room));
        let run = fits.iter().position(|byte| !is_plain(*byte)).unwrap_or(fits.len());
        let (plain, after) = rest.split_at(run);
        body.extend_from_slice(plain);
        (rest, room) = (after, room - run);
        let Some((byte, after)) = rest.split_first() else { break };
        if room < ESCAPE {
            body.extend_from_slice(SOFT_BREAK);
            room = LINE_LIMIT;
        } else {
            escape(body, *byte);
            (rest, room) = (after, room - ESCAPE);
        }
    }
    for byte in last {
        if room < ESCAPE {
            body.extend_from_slice(SOFT_BREAK);
        }
        escape(body, *byte);
    }
}

fn escape(body: &mut Vec<u8>, byte: u8) {
    body.extend_from_slice(&[b'=', digit(byte >> 4), digit(byte & 15)]);
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~') && byte != b'='
}

fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' + value - 10 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::encoded;

    fn text(text: &str) -> String {
        String::from_utf8(encoded(text)).unwrap()
    }

    #[test]
    fn lines_end_in_crlf_and_what_is_not_plain_is_escaped() {
        for (given, expected) in [
            ("", ""),
            ("a\nb\r\nc\rd\n", "a\r\nb\r\nc\r\nd\r\n"),
            ("1 = 2", "1 =3D 2"),
            ("end \n\t\n  ", "end=20\r\n=09\r\n =20"),
            ("é\u{0}\u{7f}", "=C3=A9=00=7F"),
        ] {
            assert_eq!(text(given), expected, "{given:?}");
        }
    }

    #[test]
    fn a_long_line_is_broken_and_no_escape_with_it() {
        let x = |count| "x".repeat(count);
        for (given, expected) in [
            (x(75), x(75)),
            (x(76), format!("{}=\r\nx", x(75))),
            (format!("{}=", x(73)), format!("{}=\r\n=3D", x(73))),
            (format!("{}=", x(72)), format!("{}=3D", x(72))),
            (format!("{} ", x(74)), format!("{}=\r\n=20", x(74))),
        ] {
            assert_eq!(text(&given), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_can_be_read_by_others(given in "[ -~\\t\\n\u{0}\u{e9}\u{1f600}=.]{0,400}") {
            let encoded = encoded(&given);
            prop_assert!(encoded.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
            let decoded = mail_parser::decoders::quoted_printable::quoted_printable_decode(&encoded);
            let expected = given.replace('\n', "\r\n");
            prop_assert_eq!(String::from_utf8(decoded.unwrap_or_default()).unwrap(), expected);
        }
    }
}
