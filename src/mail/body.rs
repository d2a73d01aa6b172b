//! The body of a mail: its text, its HTML as an alternative, and its attachments, each encoded, between boundaries that
//! follow from the email's id (RFC 2045, RFC 2046).
//!
//! lettre writes the fields of each part. The parts are put together here, in memory that is taken once: a list of ten
//! megabytes would stand in lettre's hands three times. Fails with a reason for a media type that is none.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType};
use lettre::message::{Body, MultiPart, SinglePart};

use super::{quoted, size};
use crate::escape;
use crate::record::{Attachment, Email, digest};

/// How many bytes a line of Base64 holds: 76 characters (RFC 2045, section 6.8).
const BASE64_LINE: usize = 57;
/// How many lines are encoded at once.
const BASE64_BLOCK: usize = 1024 * BASE64_LINE;

/// A part of a body, or all of it.
pub(super) struct Part<'a> {
    fields: String,
    content: Content<'a>,
}

enum Content<'a> {
    /// Encoded already.
    Text(Vec<u8>),
    /// Encoded while it is written.
    Attached(&'a str),
    Parts {
        boundary: String,
        parts: Vec<Part<'a>>,
    },
}

impl<'a> Part<'a> {
    /// The whole body of an email.
    pub(super) fn of(email: &'a Email) -> Result<Self, String> {
        let text = Self::text(ContentType::TEXT_PLAIN, &email.text);
        if email.html.is_none() && email.attachments.is_empty() {
            return Ok(text);
        }
        let mark: String = digest([email.id.as_str()]).chars().take(32).collect();
        let html = email.html.iter().map(|html| Self::text(ContentType::TEXT_HTML, html));
        let texts = std::iter::once(text).chain(html).collect();
        let alternative = Self::parts(MultiPart::alternative, format!("alternative-{mark}"), texts);
        if email.attachments.is_empty() {
            return Ok(alternative);
        }
        let attached = email.attachments.iter().map(Self::attached);
        let parts = std::iter::once(Ok(alternative)).chain(attached).collect::<Result<_, _>>()?;
        Ok(Self::parts(MultiPart::mixed, format!("mixed-{mark}"), parts))
    }

    /// Every body is encoded, so that no byte of it can mean anything to a relay.
    fn text(content_type: ContentType, text: &str) -> Self {
        let part = SinglePart::builder().content_type(content_type);
        let fields = part.body(encoded_as(ContentTransferEncoding::QuotedPrintable)).headers().to_string();
        Self { fields, content: Content::Text(quoted::encoded(text)) }
    }

    fn attached(attachment: &'a Attachment) -> Result<Self, String> {
        let name = escape::visible(&attachment.name);
        let content_type = ContentType::parse(&attachment.media_type)
            .map_err(|_| format!("attachment '{name}': type {}", attachment.media_type))?;
        let part = SinglePart::builder().header(ContentDisposition::attachment(&name)).header(content_type);
        let fields = part.body(encoded_as(ContentTransferEncoding::Base64)).headers().to_string();
        Ok(Self { fields, content: Content::Attached(&attachment.text) })
    }

    fn parts(kind: fn() -> lettre::message::MultiPartBuilder, boundary: String, parts: Vec<Self>) -> Self {
        let fields = kind().boundary(boundary.as_str()).build().headers().to_string();
        Self { fields, content: Content::Parts { boundary, parts } }
    }

    /// How much room it takes; a text with lone carriage returns may take more.
    pub(super) fn room(&self) -> usize {
        let content = match &self.content {
            Content::Text(encoded) => encoded.len() + 2,
            Content::Attached(text) => {
                size::in_base64(text.len() + memchr::memchr_iter(b'\n', text.as_bytes()).count())
            }
            Content::Parts { boundary, parts } => {
                let between = boundary.len() + 6;
                parts.iter().map(|part| part.room() + between).sum::<usize>() + between
            }
        };
        self.fields.len() + 2 + content
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.fields.as_bytes());
        out.extend_from_slice(b"\r\n");
        match &self.content {
            Content::Text(encoded) => out.extend_from_slice(encoded),
            Content::Attached(text) => base64(out, text),
            Content::Parts { boundary, parts } => {
                for part in parts {
                    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                    part.write(out);
                }
                out.extend_from_slice(format!("--{boundary}--").as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// A body of which nothing is used but its field.
fn encoded_as(encoding: ContentTransferEncoding) -> Body {
    Body::dangerous_pre_encoded(Vec::new(), encoding)
}

/// The text in Base64, its lines ended by CRLF, however they ended before.
fn base64(out: &mut Vec<u8>, text: &str) {
    let mut block = Vec::with_capacity(2 * BASE64_BLOCK);
    let (mut is_first, mut encoded) = (true, String::with_capacity(80));
    let mut write = |bytes: &[u8]| {
        for line in bytes.chunks(BASE64_LINE) {
            if !std::mem::take(&mut is_first) {
                out.extend_from_slice(b"\r\n");
            }
            encoded.clear();
            STANDARD.encode_string(line, &mut encoded);
            out.extend_from_slice(encoded.as_bytes());
        }
    };
    for line in text.split_inclusive('\n') {
        // A pair of carriage return and line feed is never parted here.
        block.extend_from_slice(quoted::with_line_feeds(line).replace('\n', "\r\n").as_bytes());
        if block.len() >= BASE64_BLOCK {
            let (lines, rest) = block.split_at(block.len() - block.len() % BASE64_LINE);
            write(lines);
            block = rest.to_vec();
        }
    }
    write(&block);
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use crate::mail::quoted;

    #[test]
    fn a_list_of_any_length_is_the_same_in_base64_and_no_line_is_too_long() {
        for length in [0, 1, 2, 56, 57, 58, 114, 200, super::BASE64_BLOCK, 3 * super::BASE64_BLOCK + 1] {
            let text: String =
                "value,\u{e4}\nanother\r\nlone\rtwo\r\r\n\n\r".chars().cycle().take(length).collect();
            let mut out = Vec::new();
            super::base64(&mut out, &text);
            let lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
            let (last, before) = lines.split_last().unwrap();
            assert!(before.iter().all(|line| line.len() == 76) && last.len() <= 76, "{length}");
            assert_eq!(
                STANDARD.decode(lines.concat()).unwrap(),
                quoted::with_line_feeds(&text).replace('\n', "\r\n").as_bytes(),
                "{length}"
            );
        }
    }
}
