//! What is kept of an email beside its final bytes, which hold its texts; and the email again, from both.
//!
//! Texts come back as they stand in the mail: each line ends in a line feed, and what does not show itself is visible.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::{MessageParser, MessagePart, MimeHeaders, PartType};

use super::quoted::with_line_feeds;
use crate::record::Email;

/// The email without its texts, and without the memory that they took.
pub fn kept(mut email: Email) -> Email {
    email.text = String::new();
    email.html = None;
    email.attachments.iter_mut().for_each(|attachment| attachment.text = String::new());
    email
}

/// The email with the texts that its final bytes hold; none where these are not a mail of ours.
pub fn restored(mut email: Email, bytes: &[u8]) -> Option<Email> {
    let mail = MessageParser::new().parse(bytes)?;
    let is_attached = |part: &MessagePart<'_>| part.content_disposition().is_some();
    let (attached, shown): (Vec<_>, Vec<_>) = mail.parts.iter().partition(|part| is_attached(part));
    email.text = shown.iter().find_map(|part| match &part.body {
        PartType::Text(text) => Some(with_line_feeds(text).into_owned()),
        _ => None,
    })?;
    if mail.parts.len() == 1 && email.text.ends_with('\n') {
        // Of a body that stands alone the last line is ended, too.
        email.text.pop();
    }
    email.html = shown.iter().find_map(|part| match &part.body {
        PartType::Html(html) => Some(with_line_feeds(html).into_owned()),
        _ => None,
    });
    if attached.len() != email.attachments.len() {
        return None;
    }
    for (attachment, part) in email.attachments.iter_mut().zip(attached) {
        let (begin, end) = (part.raw_body_offset() as usize, part.raw_end_offset() as usize);
        let text = base64_decode(bytes.get(begin..end)?)?;
        attachment.text = with_line_feeds(std::str::from_utf8(&text).ok()?).into_owned();
    }
    Some(email)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{kept, restored};
    use crate::mail::mime::render;
    use crate::record::{Attachment, Email};

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "(\\PC|\n|\r\n|\r|\t|\u{0}|=|\\.|ä|😀| ){0,200}",
            Just(String::new()),
            Just("a".repeat(3000)),
            Just("--alternative-0\r\nContent-Type: text/html\r\n\r\n<p>".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn an_email_that_comes_back_is_the_same_mail_to_the_last_byte(
            text in text(),
            html in proptest::option::of(text()),
            attached in proptest::collection::vec(("[^\u{0}]{0,20}", text()), 0..3),
            charset in prop_oneof![Just("utf-8"), Just("iso-8859-1")],
        ) {
            let attachment = |(name, text)| Attachment {
                name, text, media_type: format!("text/csv; charset={charset}"),
            };
            let email = Email {
                id: "e".to_owned(),
                source: None,
                message_id: "<a@example.com>".to_owned(),
                date: "2021-10-28T20:32:57Z".parse().unwrap(),
                from: "tq@example.com".to_owned(),
                to: vec!["soc@example.com".to_owned()],
                cc: Vec::new(),
                bcc: Vec::new(),
                subject: "s".to_owned(),
                headers: Vec::new(),
                text,
                html,
                attachments: attached.into_iter().map(attachment).collect(),
                alerts: Vec::new(),
            };
            let bytes = render(&email).unwrap().bytes;
            let again = restored(kept(email), &bytes).unwrap();
            prop_assert_eq!(render(&again).unwrap().bytes, bytes);
        }
    }

    #[test]
    fn what_is_not_a_mail_of_ours_gives_no_email() {
        let record = r#"{"id":"e","message_id":"<a@example.com>","date":"2021-10-28T20:32:57Z","from":"a@example.com",
            "to":[],"subject":"s","text":"","attachments":[{"name":"a","type":"text/csv","text":""}],"alerts":[]}"#;
        let email: Email = serde_json::from_str(record).unwrap();
        assert!(restored(email.clone(), b"").is_none());
        assert!(restored(email, b"Subject: s\r\n\r\ntext\r\n").is_none());
    }
}
