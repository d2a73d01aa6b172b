//! An email record becomes final bytes (RFC 5322, RFC 2045): the same record, the same bytes, safe to put on any wire.
//!
//! lettre writes the header; this file keeps from it what it would panic on or pass through (control characters in
//! names, header fields that are none), puts the body behind it, and checks the bytes that come out.
//!
//! Fails with the reason why this email can never be sent.

use std::time::SystemTime;

use chrono::Datelike;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MessageBuilder, SinglePart};

pub use super::address::{address, mailbox, recipients};
use super::body::Part;
use crate::escape;
use crate::record::Email;

/// The longest line that SMTP allows, without its CRLF (RFC 5322, section 2.1.1).
const LINE_LIMIT: usize = 998;
/// Fields that the record has members for, or that decide how the body is read.
const OUR_FIELDS: [&str; 13] = [
    "bcc",
    "cc",
    "content-disposition",
    "content-id",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "return-path",
    "subject",
    "to",
];

/// The final bytes of a mail, and the addresses of its envelope.
pub struct Rendered {
    /// The envelope's sender.
    pub sender: String,
    /// The envelope's recipients, each once.
    pub recipients: Vec<String>,
    /// The message.
    pub bytes: Vec<u8>,
}

/// How a recipient comes to stand in a header.
type Naming = fn(MessageBuilder, Mailbox) -> MessageBuilder;

/// Renders a mail.
pub fn render(email: &Email) -> Result<Rendered, String> {
    let from = mailbox(&email.from)?;
    let mut builder = Message::builder()
        .date(date(email)?)
        .from(from.clone())
        .subject(escape::visible(&email.subject))
        .message_id(Some(message_id(&email.message_id)?));
    let mut is_ascii = AsRef::<str>::as_ref(&from.email).is_ascii();
    let (mut recipients, mut reason, mut addresses) = (Vec::new(), None, 0);
    let places: [(Naming, _); 3] =
        [(MessageBuilder::to, &email.to), (MessageBuilder::cc, &email.cc), (|hidden, _| hidden, &email.bcc)];
    for (naming, texts) in places {
        for text in texts {
            let mailbox = mailbox(text);
            let written = mailbox.as_ref().map_or_else(|_| text.clone(), |mailbox| mailbox.email.to_string());
            match mailbox {
                Ok(mailbox) => {
                    addresses += 1;
                    is_ascii &= written.is_ascii();
                    builder = naming(builder, mailbox);
                }
                // It must not keep the mail from the others. It stays among the recipients, where its own outcome will
                // be that it was refused.
                Err(refused) => reason = reason.or(Some(refused)),
            }
            if !recipients.contains(&written) {
                recipients.push(written);
            }
        }
    }
    let names_nobody = email.to.is_empty() && email.cc.is_empty();
    if addresses == 0 {
        return Err(reason.unwrap_or_else(|| "the email has no recipient".to_owned()));
    }
    // lettre wants an envelope even though ours travels beside the bytes: without one it refuses a mail that has only
    // hidden recipients.
    let envelope = Envelope::new(Some(from.email.clone()), vec![from.email.clone()]);
    let builder = builder.envelope(envelope.map_err(|error| error.to_string())?);
    let body = Part::of(email)?;
    let no_body = SinglePart::builder().body(Vec::new());
    let mut message = builder.singlepart(no_body).map_err(|error| error.to_string())?;
    if names_nobody {
        // A mail without a recipient in its header looks like spam; an empty group is what RFC 5322 has for it.
        let value = "undisclosed-recipients:;".to_owned();
        message.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str("To"), value));
    }
    for (name, value) in &email.headers {
        message.headers_mut().insert_raw(field(name, value)?);
    }
    let fields = message.headers().to_string();
    let mut bytes = Vec::with_capacity(fields.len() + body.room());
    bytes.extend_from_slice(fields.as_bytes());
    body.write(&mut bytes);
    check(&bytes, !is_ascii)?;
    Ok(Rendered { sender: from.email.to_string(), recipients, bytes })
}

fn date(email: &Email) -> Result<SystemTime, String> {
    // Outside of these years the form of RFC 5322 has no room, and the builder would panic.
    let fits = (1970..=9999).contains(&email.date.year());
    if fits { Ok(email.date.into()) } else { Err(format!("the date {} is not one for a mail", email.date)) }
}

fn message_id(id: &str) -> Result<String, String> {
    let inner = id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
    let fits =
        inner.len() <= 250 && inner.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>".contains(&byte));
    if fits && inner.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty()) {
        Ok(id.to_owned())
    } else {
        Err(format!("'{}' is not a Message-ID", escape::visible(id)))
    }
}

fn field(name: &str, value: &str) -> Result<HeaderValue, String> {
    let refused = |reason: &str| format!("header field '{}': {reason}", escape::visible(name));
    let is_name =
        (1..=76).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if !is_name {
        return Err(refused("not a field name"));
    }
    if OUR_FIELDS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(refused("has its own place in the record"));
    }
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| refused("not a field name"))?;
    Ok(HeaderValue::new(name, escape::visible(value).into_owned()))
}

/// What no relay may see: lines that do not end in CRLF, lines that are too long, NUL, and bytes that are not ASCII
/// unless an address needs them (RFC 6532).
fn check(bytes: &[u8], is_international: bool) -> Result<(), String> {
    let mut rest = bytes;
    while let Some(end) = memchr::memchr3(b'\r', b'\n', 0, rest) {
        let (line, end) = rest.split_at(end);
        let Some(behind) = end.strip_prefix(b"\r\n") else {
            return Err("the mail has a line that does not end in CRLF, or NUL".to_owned());
        };
        if line.len() > LINE_LIMIT {
            return Err(format!("the mail has a line longer than {LINE_LIMIT} bytes"));
        }
        rest = behind;
    }
    if !rest.is_empty() {
        return Err("the mail has a line that does not end in CRLF".to_owned());
    }
    if bytes.is_ascii() || is_international {
        Ok(())
    } else {
        Err("the mail has a byte that is not ASCII".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{mailbox, render};
    use crate::record::Email;

    fn email(changes: &str) -> Result<String, String> {
        let mut base: serde_json::Map<String, serde_json::Value> = serde_json::from_str(
            r#"{"id":"e","message_id":"<a@example.com>","date":"2021-10-28T20:32:57Z","from":"tq@example.com",
                "to":["soc@example.com"],"subject":"s","text":"t","alerts":[]}"#,
        )
        .unwrap();
        base.extend(serde_json::from_str::<serde_json::Map<_, _>>(changes).unwrap());
        let email: Email = serde_json::from_value(base.into()).unwrap();
        render(&email).map(|rendered| String::from_utf8(rendered.bytes).unwrap())
    }

    #[test]
    fn the_same_email_is_the_same_bytes() {
        let changes =
            r#"{"html":"<p>t</p>","attachments":[{"name":"a.csv","type":"text/csv","text":"a,b"}]}"#;
        assert_eq!(email(changes).unwrap(), email(changes).unwrap());
    }

    #[test]
    fn control_characters_never_make_a_header_or_a_line() {
        for changes in [
            r#"{"subject":"a\r\nBcc: evil@example.com"}"#,
            r#"{"headers":[["X-A","b\r\nBcc: evil@example.com"]]}"#,
            r#"{"text":"a\r\n.\r\nMAIL FROM:<evil@example.com>\r\n\u0000 \r b"}"#,
        ] {
            let bytes = email(changes).unwrap();
            assert!(!bytes.contains("\r\nBcc:") && !bytes.contains('\0'), "{bytes}");
        }
        for changes in [
            r#"{"from":"a\nb <tq@example.com>"}"#,
            r#"{"to":["soc@example.com\r\nDATA"]}"#,
            r#"{"headers":[["X-A\r\nB","c"]]}"#,
            r#"{"headers":[["Bcc","evil@example.com"]]}"#,
            r#"{"message_id":"<a@b>\r\nX: y"}"#,
            r#"{"date":"+12021-10-28T20:32:57Z"}"#,
            r#"{"to":[]}"#,
        ] {
            assert!(email(changes).is_err(), "{changes}");
        }
    }

    #[test]
    fn an_address_is_taken_or_refused_at_once() {
        for good in ["soc@example.com", "SOC Team <soc@example.com>", "\"SOC, night\" <soc@example.com>"] {
            assert!(mailbox(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "soc",
            "soc@",
            "@example.com",
            "a b@example.com",
            "-oQ/tmp@example.com",
            "a@b@c",
            "a@example.com, b@example.com",
        ] {
            assert!(mailbox(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_hidden_recipient_is_in_the_envelope_only() {
        let mut base = email(r#"{"bcc":["hidden@example.com"]}"#).unwrap();
        base.make_ascii_lowercase();
        assert!(!base.contains("hidden@example.com"));
    }
}
