//! Replies as servers really write them, and as no server may (RFC 5321, section 4.2): what is believed and what is not.

use std::time::Duration;

use super::table::{Fate, play, row, told, untold, with_both};
use super::{BOTH, SOC, Sender, email, outcomes, receipts, verbs};
use crate::support::relay::{After, Relay, Script};

/// A relay that answers the whole mail in these bytes.
fn after_dot(reply: &[u8]) -> Script {
    Script::new().after_data(After::Reply(reply.to_vec()))
}

#[test]
fn a_mail_is_taken_however_the_relay_words_it() {
    let long = [b"250 2.0.0 ", "x".repeat(4000).as_bytes(), b"\r\n"].concat();
    let many = [
        b"250-2.0.0 a line of sixty-four octets, there may be nine hundred of\r\n".repeat(900).as_slice(),
        b"250 2.0.0 end\r\n",
    ]
    .concat();
    let replies: [(&str, &[u8], &str); 9] = [
        ("not UTF-8", b"250 2.0.0 accept\xe9e\r\n", "2.0.0 accept\\xE9e"),
        ("only a code", b"250\r\n", ""),
        ("only a code and a space", b"250 \r\n", ""),
        ("ended by LF", b"250 2.0.0 taken\n", "2.0.0 taken"),
        ("only a code, ended by LF", b"250\n", ""),
        ("several lines", b"250-2.0.0 one\r\n250-two\r\n250 three\r\n", "2.0.0 one two three"),
        ("control characters", b"250 2.0.0 \x1b[2J\0\x07\r\n", "2.0.0 \\u{1B}[2J\\u{0}\\u{7}"),
        ("a long line", &long, "2.0.0 xxxxxxxx"),
        ("many lines", &many, "2.0.0 a line of"),
    ];
    let mut rows = replies
        .map(|(name, reply, words)| row(name, after_dot(reply), 0, [told("accepted", 250, words)]))
        .to_vec();
    let greeting = |greeting: &str| Script::new().greeting(greeting);
    rows.extend(["220\r\n", "220 hello\n", "220-hello\r\n220 again\r\n", "220-\r\n220\r\n"].map(|text| {
        row(format!("greeting {text:?}"), greeting(text), 0, [told("accepted", 250, "2.0.0 taken")])
    }));
    rows.push(row(
        "a code of its own",
        after_dot(b"251 2.1.5 forwarded\r\n"),
        0,
        [told("accepted", 251, "2.1.5 forwarded")],
    ));
    rows.push(row(
        "an enhanced code of another class",
        after_dot(b"250 accepted, 5.1.1 \r\n"),
        0,
        [told("accepted", 250, "accepted")],
    ));
    play(&rows);
}

#[test]
fn after_the_dot_only_2yz_4yz_and_5yz_are_answers() {
    let replies: [&[u8]; 10] = [
        b"354 go on\r\n",
        b"150 wait\r\n",
        b"334 \r\n",
        b"661 odd\r\n",
        b"25O taken\r\n",
        b"\r\n",
        b"250taken\r\n",
        b"2500 taken\r\n",
        b"250-taken\r\n451 or not\r\n",
        b"451-not yet\r\n250 taken\r\n",
    ];
    let rows = replies.map(|reply| {
        let code = if reply.starts_with(b"3") {
            str::from_utf8(&reply[..3]).ok().and_then(|code| code.parse().ok())
        } else {
            None
        };
        let fate = Fate { code, ..untold("unknown", "") };
        row(format!("{:?}", String::from_utf8_lossy(reply)), after_dot(reply), 75, [fate])
    });
    play(&rows);
}

#[test]
fn a_reply_of_the_wrong_class_before_the_dot_defers_the_mail_and_its_body_is_never_sent() {
    let replies: [(&str, &[u8], i32); 12] = [
        ("DATA", b"250 2.0.0 ok\r\n", 75),
        ("DATA", b"334 go\r\n", 75),
        ("DATA", b"150 wait\r\n", 76),
        ("DATA", b"354-go\r\n250 ok\r\n", 76),
        ("RCPT", b"354 go ahead\r\n", 75),
        ("RCPT", b"661 odd\r\n", 76),
        ("RCPT", b"250-ok\r\n550 or not\r\n", 76),
        ("MAIL", b"354 go ahead\r\n", 75),
        ("MAIL", b"\r\n", 76),
        ("MAIL", b"25O ok\r\n", 76),
        ("EHLO", b"250-relay.test\r\n220 PIPELINING\r\n", 76),
        ("EHLO", b"354 go ahead\r\n", 76),
    ];
    let name =
        |(moment, reply, _): &(&str, &[u8], i32)| format!("{moment} {:?}", String::from_utf8_lossy(reply));
    with_both(&replies, name, |(moment, reply, status), sender| {
        let relay = Relay::start(Script::new().reply_to(moment, *reply));
        let ended = sender.send(&relay, &[email("e1", &[SOC])]).ends_with(*status);
        assert_eq!(outcomes(&ended), ["deferred"]);
        assert!(relay.messages().iter().all(|mail| mail.body.is_empty()));
        // A line of the body would stand here as a command.
        let known = ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT", "."];
        assert!(verbs(&relay).iter().all(|verb| known.contains(&verb.as_str())), "{:?}", relay.transcript());
    });
}

#[test]
fn an_endless_reply_is_given_up() {
    let mut rows = Vec::new();
    for (what, bytes) in [("line", "a"), ("reply", "250-more\r\n"), ("reply of empty lines", "250-\r\n")] {
        for moment in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."] {
            let (status, outcome) = if moment == "." { (75, "unknown") } else { (76, "deferred") };
            let script = Script::new().on(moment, After::Endless(bytes.into()));
            let fate = Fate { words: "longer than", ..untold(outcome, "") };
            rows.push(row(format!("an endless {what} to {moment}"), script, status, [fate]));
        }
    }
    play(&rows);
}

#[test]
fn a_byte_now_and_then_does_not_extend_the_wait() {
    let drip = Script::new().drip(Duration::from_millis(300));
    play(&[row("drip", drip, 75, [untold("deferred", "no answer in time")]).set("--timeout", "2")]);
}

#[test]
fn a_reply_that_no_command_asked_for_ends_the_session() {
    let group = &["EHLO", "MAIL", "RCPT", "DATA"][..];
    let cases: [(&str, &str, &[&str]); 5] = [
        ("CONNECT", "220 hello\r\n250 ok\r\n", &[]),
        ("EHLO", "250-relay.test\r\n250 PIPELINING\r\n250 2.1.0 ok\r\n", &["EHLO"]),
        // Each of these answers stands where another one belongs, and 250 is none to DATA.
        ("MAIL", "250 2.1.0 ok\r\n250 2.1.5 ok\r\n", group),
        ("RCPT", "250 2.1.5 ok\r\n451 4.3.0 later\r\n", group),
        ("DATA", "451 4.3.0 later\r\n250 2.0.0 ok\r\n", group),
    ];
    with_both(
        &cases,
        |case| case.0.to_owned(),
        |(moment, reply, commands), sender| {
            let relay = Relay::start(Script::new().reply_to(moment, *reply));
            let ended = sender.send(&relay, &[email("e1", &[SOC]), email("e2", &[SOC])]);
            assert_eq!(outcomes(&ended), ["deferred", "deferred"]);
            assert!(ended.status == 75 || ended.status == 76, "{ended:?}");
            // In each session, however many there were.
            let heard = verbs(&relay);
            let mut sessions = heard.chunks(commands.len().max(1));
            assert!(sessions.all(|session| session == *commands), "{heard:?}");
            assert_eq!(relay.messages(), []);
        },
    );
}

#[test]
fn two_replies_to_one_mail_are_not_two_mails_taken() {
    for sender in BOTH {
        let twice = |script: Script| {
            script.reply_to(".", "250 2.0.0 taken\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n250 ok\r\n")
        };
        let relay = Relay::start(Script::new().times(1, twice));
        let sender = sender();
        let ended = sender.send(&relay, &[email("e1", &[SOC]), email("e2", &[SOC])]);
        let accepted = outcomes(&ended).iter().filter(|outcome| *outcome == "accepted").count();
        assert_eq!(accepted, relay.messages().len(), "{ended:?}");
        assert_eq!(outcomes(&ended)[0], "accepted");
        // The second mail was announced with the dot of the first. Whatever is sent after that goes over a new line.
        let rest = verbs(&relay).split_off(4);
        let announced =
            rest.iter().zip(["MAIL", "RCPT", "DATA"]).take_while(|(verb, one)| verb == one).count();
        let rest = &rest[announced..];
        assert!(rest.is_empty() || rest[0] == "EHLO", "{rest:?}");
    }
}

#[test]
fn the_relays_words_cannot_forge_a_line_and_are_cut() {
    let forged = b"550 5.1.1 no\x1b[31m\rtq-send-smtp: all is well\xe2\x80\xae\x00\r\n";
    let long = ["550 5.1.1 ", &"z".repeat(3000), "\r\n"].concat();
    for (name, reply) in [("forged", forged.to_vec()), ("long", long.into_bytes())] {
        let relay = Relay::start(Script::new().reply_to("RCPT", reply));
        let ended =
            Sender::without_state().send(&relay, &[email("e1", &[SOC])]).ends_with(1).complains(&["550"]);
        assert!(
            !ended.stderr.trim_end().contains(|one: char| one.is_control() || one == '\u{202e}'),
            "{name}"
        );
        assert!(ended.stderr.len() < 700, "{name}: {} bytes", ended.stderr.len());
        let receipt = receipts(&ended).remove(0);
        let words = receipt.recipients[0].reply.as_deref().expect("the relay's words");
        assert!(words.chars().count() <= 512 && !words.contains(char::is_control), "{name}: {words}");
        assert!(words.starts_with("5.1.1 "), "{name}");
    }
}

#[test]
fn an_enhanced_code_is_told_only_where_it_is_one() {
    let answers = [
        ("550 5.1.1 no", Some("5.1.1")),
        ("550 4.1.1 no", None),
        ("550 no 5.1.1", None),
        ("550 5.1 no", None),
    ];
    for (answer, enhanced) in answers {
        let relay = Relay::start(Script::new().reply_to("RCPT", format!("{answer}\r\n")));
        let ended = Sender::without_state().send(&relay, &[email("e1", &[SOC])]).ends_with(1);
        assert_eq!(receipts(&ended)[0].recipients[0].enhanced.as_deref(), enhanced, "{answer}");
    }
}
