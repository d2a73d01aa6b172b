//! What may be configured or arrive as an address: any text is one or is refused; one is a single word of a command, says
//! the same again, and goes into a header without breaking out of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tq_alerts::mail::mime;
use tq_alerts::record::Email;

/// A mail from this address to this address.
fn email(address: &str) -> Email {
    Email {
        id: "e1".to_owned(),
        source: None,
        message_id: "<e1@example.com>".to_owned(),
        date: "2021-10-28T20:32:57Z".parse().expect("a date"),
        from: address.to_owned(),
        to: vec![address.to_owned()],
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: "About e1".to_owned(),
        headers: Vec::new(),
        text: "The text.\n".to_owned(),
        html: None,
        attachments: Vec::new(),
        alerts: Vec::new(),
    }
}

fuzz_target!(|text: &str| {
    let rendered = mime::render(&email(text));
    let Ok(address) = mime::address(text) else {
        assert!(rendered.is_err(), "who is no address gets no mail");
        return;
    };
    let written = address.to_string();
    assert!(written.len() <= 254 && !written.starts_with('-'), "{written:?}");
    assert!(!written.contains(|one: char| one.is_control() || "<>".contains(one)), "{written:?}");
    let (user, domain) = written.rsplit_once('@').expect("an address has an at sign");
    assert!(!user.is_empty() && !domain.is_empty() && !domain.contains([' ', '"']), "{written:?}");
    assert!(!user.contains(' ') || user.starts_with('"'), "{written:?}");
    assert_eq!(mime::address(&written).as_ref(), Ok(&address));

    // A name may be longer than a header line, and is then refused; no other mail is.
    let Ok(rendered) = rendered else { return };
    assert_eq!((rendered.sender, rendered.recipients), (written.clone(), vec![written]));
    let head = rendered.bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head and a body");
    let head = String::from_utf8_lossy(&rendered.bytes[..head]).into_owned();
    let fields =
        head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).map(|line| line.split(':').next());
    let fields: Vec<&str> = fields.flatten().collect();
    let ours = [
        "Date",
        "From",
        "Subject",
        "Message-ID",
        "To",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    assert!(fields.iter().all(|name| ours.contains(name)), "{fields:?}");
    assert!(fields.len() <= ours.len(), "{fields:?}");
    assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{head:?}");
});
