//! How large a mail will be, before its bytes are made: never less than it is.
//!
//! The sender makes the bytes (`mime`); the formatter must know in time what fits.

use crate::record::Email;

/// Header fields, boundaries and part headers, without what the record puts in.
const FRAME: usize = 2_000;
/// A part header with its boundary, and the attachment's name.
const ATTACHMENT: usize = 400;
/// How many bytes of quoted-printable a byte of a text becomes at most, soft line breaks and all.
const LARGEST: usize = 4;

/// Whether an email has no more bytes than that. Its texts are only looked through where that can matter.
pub(super) fn is_within(email: &Email, most: usize) -> bool {
    with_texts(email, |text| LARGEST * text.len()) <= most || of(email) <= most
}

/// The bytes of an email.
pub(super) fn of(email: &Email) -> usize {
    with_texts(email, quoted_printable)
}

fn with_texts(email: &Email, encoded: impl Fn(&str) -> usize) -> usize {
    let people: usize =
        email.to.iter().chain(&email.cc).chain([&email.from]).map(|address| 3 * address.len() + 20).sum();
    let fields: usize = email.headers.iter().map(|(name, value)| name.len() + 3 * value.len() + 20).sum();
    let texts = encoded(&email.text) + email.html.as_deref().map_or(0, encoded);
    let attachments: usize = email.attachments.iter().map(|one| ATTACHMENT + in_base64(one.text.len())).sum();
    FRAME + people + fields + 8 * email.subject.len() + texts + attachments
}

/// A text in quoted-printable.
pub(super) fn quoted_printable(text: &str) -> usize {
    // Counted apart, so that many bytes are looked at in one step.
    let escaped = text.bytes().filter(|byte| !matches!(byte, b' '..=b'~') || *byte == b'=').count();
    let line_ends = text.bytes().filter(|byte| *byte == b'\n').count();
    let encoded = text.len() + 2 * escaped - line_ends;
    // A soft line break after at most 73 characters, and an encoded blank at the end of a line.
    encoded + encoded / 24 + 16
}

/// This many bytes in base64, in lines.
pub(super) fn in_base64(bytes: usize) -> usize {
    let letters = bytes.div_ceil(3) * 4;
    letters + letters.div_ceil(76) * 2
}

/// A text as a JSON string.
pub(super) fn json(text: &str) -> usize {
    2 + text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
            0..=31 => 6,
            _ => 1,
        })
        .sum::<usize>()
}
