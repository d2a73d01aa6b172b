//! What goes over the wire for a mail: how it is announced, in which writes, and as which bytes.

use mail_parser::MessageParser;
use serde_json::{Value, json};

use super::table::{each, with_both};
use super::{BOTH, OPS, SOC, Sender, complaints, email, outcomes, receipts, stream, verbs};
use crate::support::relay::{Relay, Script, answering};

#[test]
fn a_mail_is_two_writes_where_pipelining_is_offered() {
    let (port, relay) = answering([
        "220 relay.test\r\n",
        "250-relay.test\r\n250 PIPELINING\r\n",
        "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n354 go\r\n",
        "250 2.0.0 taken\r\n",
    ]);
    Sender::without_state().program(port).run_on(stream(&[email("e1", &[SOC, OPS])])).succeeds();
    let [_, group, mail, quit] = relay.join().expect("the relay saw a whole session");
    let announced = "MAIL FROM:<alerts@example.com>\r\nRCPT TO:<soc@example.com>\r\nRCPT TO:<ops@example.com>\r\nDATA\r\n";
    assert_eq!(group, announced);
    assert!(mail.ends_with("\r\n\r\nThe text of e1.\r\n\r\n.\r\n"), "{mail}");
    assert_eq!(quit, "QUIT\r\n");
}

#[test]
fn any_text_arrives_as_it_was_and_none_of_it_is_a_command() {
    let smuggled = "MAIL FROM:<evil@example.net>\r\nRCPT TO:<soc@example.com>\r\nDATA\r\nSubject: forged\r\n\r\nforged\r\n";
    // The ends of data that some relay was once seen to believe in (CVE-2023-51764 and its kin).
    let ends = [
        "\r\n.\r\n",
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\n.\r",
    ];
    let mut texts: Vec<String> =
        ends.iter().map(|end| format!("before{end}{smuggled}.\r\nQUIT\r\n")).collect();
    texts.extend(
        [
            "",
            ".",
            "..",
            "...\n",
            ".\n.\n.\n",
            ".a\n..b\n...c\n",
            "a\n\n.\n\n",
            "\n",
            "\n.",
            "=\n=2E\n",
            "From me\n",
        ]
        .map(str::to_owned),
    );
    texts.push(format!("{}\n", ".".repeat(2000)));
    texts.push((1..200).map(|width| ["x".repeat(width), ".\n".to_owned()].concat()).collect());
    texts.push("trailing \t \n.äöü\u{202e}\u{1f980}\n".repeat(20));
    each(
        &["text", "html", "attachment"],
        |part| (*part).to_owned(),
        |part| {
            let relay = Relay::start(Script::new());
            let mails: Vec<Value> =
                texts.iter().enumerate().map(|(number, text)| with_part(number, part, text)).collect();
            Sender::without_state().send(&relay, &mails).succeeds();
            let received = relay.messages();
            assert_eq!(received.len(), texts.len());
            assert_eq!(verbs(&relay).len(), 2 + 3 * texts.len());
            for (mail, text) in received.iter().zip(&texts) {
                assert!(mail.body.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
                assert!(mail.body.is_ascii() && !mail.body.contains(&0), "{text:?}");
                let message = MessageParser::new().parse(&mail.body).expect("a mail");
                let arrived = match *part {
                    "text" => message.body_text(0),
                    "html" => message.body_html(0),
                    _ => message.attachment(0).and_then(|part| part.text_contents()).map(Into::into),
                };
                // The builder may end a part with a line of its own.
                let arrived = lines(&arrived.expect("the part is there"));
                assert_eq!(arrived.trim_end_matches('\n'), lines(text).trim_end_matches('\n'));
            }
        },
    );
}

/// An email with this text in one of its parts.
fn with_part(number: usize, part: &str, text: &str) -> Value {
    let mut mail = email(&format!("e{number}"), &[SOC]);
    match part {
        "attachment" => mail["attachments"] = json!([{"name": "a.txt", "type": "text/plain", "text": text}]),
        _ => mail[part] = json!(text),
    }
    mail
}

/// The text with every end of line as LF.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[test]
fn a_mail_larger_than_the_relay_takes_is_refused_before_it_is_announced() {
    for sender in BOTH {
        let relay = Relay::start(Script::new().extensions(&["PIPELINING", "SIZE 2000"]));
        let mut large = email("e1", &[SOC]);
        large["text"] = json!("x".repeat(2000));
        let ended = sender().send(&relay, &[large, email("e2", &[SOC])]).ends_with(1).complains(&["2000"]);
        assert_eq!(outcomes(&ended), ["rejected", "accepted"]);
        assert_eq!(verbs(&relay), ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
    }
    for (limit, announces) in
        [("SIZE 100000", true), ("SIZE 0", true), ("SIZE", true), ("SIZE huge", true), ("DSN", false)]
    {
        let relay = Relay::start(Script::new().extensions(&[limit]));
        Sender::without_state().send(&relay, &[email("e1", &[SOC])]).succeeds();
        let size = relay.messages()[0].body.len();
        let announced = format!(
            "MAIL FROM:<alerts@example.com>{}",
            if announces { format!(" SIZE={size}") } else { String::new() }
        );
        assert_eq!(relay.transcript()[1], announced, "{limit}");
    }
}

#[test]
fn an_address_that_is_not_ascii_needs_smtputf8_and_is_refused_without_it() {
    const LOCAL: &str = "jürgen@example.com";
    const DOMAIN: &str = "soc@exämple.com";
    let addresses = [(LOCAL, "to"), (LOCAL, "bcc"), (DOMAIN, "to"), (DOMAIN, "bcc")];
    with_both(
        &addresses,
        |(address, member)| format!("{address} in {member}"),
        |(address, member), sender| {
            let mut unusual = email("e1", &[SOC]);
            unusual[*member] = json!([address]);
            let mails = [unusual, email("e2", &[SOC])];
            let has_state = sender.has_state;
            let relay = Relay::start(Script::new());
            let ended = sender.send(&relay, &mails).ends_with(1);
            assert!(complaints(&ended) > 0 && ended.stderr.contains("SMTPUTF8"), "{}", ended.stderr);
            // A hidden one is in no header, so that the others can have the mail.
            let (first, mails_sent) = if *member == "bcc" { ("partial", 2) } else { ("rejected", 1) };
            assert_eq!(outcomes(&ended), [first, "accepted"]);
            let each = ["MAIL", "RCPT", "DATA"].repeat(mails_sent);
            assert_eq!(verbs(&relay), [vec!["EHLO"], each, vec!["QUIT"]].concat());

            let relay = Relay::start(Script::new().extensions(&["SMTPUTF8", "8BITMIME"]));
            let sender = if has_state { Sender::with_state() } else { Sender::without_state() };
            let ended = sender.send(&relay, &mails).succeeds();
            assert_eq!(outcomes(&ended), ["accepted"; 2]);
            let heard = relay.transcript();
            assert!(heard[1].starts_with("MAIL FROM:<alerts@example.com>") && heard[1].contains(" SMTPUTF8"));
            assert!(heard.contains(&format!("RCPT TO:<{address}>")), "{heard:?}");
            let plain = heard.iter().filter(|line| *line == "MAIL FROM:<alerts@example.com>").count();
            assert_eq!(plain, 1, "the other mail does not need it");
            if has_state {
                assert_eq!(sender.resume(&relay).succeeds().stdout, "", "nobody waits any more");
            }
        },
    );
}

#[test]
fn a_hidden_recipient_gets_the_mail_and_nobody_learns_of_it() {
    for sender in BOTH {
        let relay = Relay::start(Script::new());
        let mut mail = email("e1", &["SOC Team <soc@example.com>"]);
        mail["cc"] = json!([OPS]);
        mail["bcc"] = json!(["hidden@example.com", SOC]);
        let ended = sender().send(&relay, &[mail]).succeeds();
        let received = relay.messages().remove(0);
        let mut recipients = received.recipients.clone();
        recipients.sort();
        // Each once, however often they are named.
        assert_eq!(recipients, ["hidden@example.com", OPS, SOC]);
        assert_eq!(receipts(&ended)[0].recipients.len(), 3);
        let body = String::from_utf8(received.body).expect("our mails are ASCII");
        assert!(body.contains("\r\nCc: ops@example.com\r\n"), "{body}");
        assert!(!body.contains("hidden") && !body.to_lowercase().contains("\r\nbcc"), "{body}");
    }
}

#[test]
fn only_addresses_are_in_the_commands() {
    for sender in BOTH {
        let relay = Relay::start(Script::new().extensions(&["PIPELINING"]));
        let mut mail = email("e1", &["\"Soc, the\" <soc@example.com>"]);
        mail["from"] = json!("ThreatQ <Alerts+tq@example.com>");
        sender().send(&relay, &[mail]).succeeds();
        let transcript = relay.transcript();
        let (hello, rest) = transcript.split_first().expect("the relay was asked");
        let name = hello.strip_prefix("EHLO ").expect("the client says its name");
        assert!(
            !name.is_empty() && !name.contains(|one: char| one.is_whitespace() || one.is_control()),
            "{name:?}"
        );
        assert_eq!(rest, ["MAIL FROM:<Alerts+tq@example.com>", "RCPT TO:<soc@example.com>", "DATA", "QUIT"]);
    }
}
