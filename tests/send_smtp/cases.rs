//! The numbered fault cases of a conversation, each with the exit status and the outcome that it must have, in a table
//! that `cargo test cases -- --nocapture` prints. What follows from each is in the tests of their subjects,
//! as are the cases that no single conversation shows (64, 65, 74, 75).

use std::time::Duration;

use super::table::with_both;
use super::{OPS, SOC, email, outcomes, text};
use crate::support::certificates::Certificates;
use crate::support::relay::{After, AuthRule, Relay, Script, StartTls};
use crate::support::site::{private_folder, secret_file};

/// A case: its number, what happens, to how many recipients, and what must come of it.
struct Case {
    number: u8,
    what: &'static str,
    script: Script,
    settings: Vec<(&'static str, String)>,
    recipients: usize,
    status: i32,
    outcome: &'static str,
}

fn case(number: u8, what: &'static str, script: Script, status: i32, outcome: &'static str) -> Case {
    Case { number, what, script, settings: Vec::new(), recipients: 1, status, outcome }
}

impl Case {
    fn set(mut self, settings: &[(&'static str, &str)]) -> Self {
        self.settings.extend(settings.iter().map(|(flag, value)| (*flag, (*value).to_owned())));
        self
    }

    fn for_two(self) -> Self {
        Self { recipients: 2, ..self }
    }
}

/// Each case without a state and with one.
#[allow(clippy::print_stdout, reason = "the table is for people to read")]
fn play(cases: &[Case]) {
    with_both(
        cases,
        |case| format!("case {}: {}", case.number, case.what),
        |case, sender| {
            let relay = Relay::start(case.script.clone());
            let is_first = !sender.has_state;
            let sender = case.settings.iter().fold(sender, |sender, (flag, value)| sender.set(flag, value));
            let mail = email("e1", &[SOC, OPS][..case.recipients]);
            let ended = sender.send(&relay, &[mail]).ends_with(case.status);
            assert_eq!(outcomes(&ended), [case.outcome], "{}", ended.stderr);
            if is_first {
                println!("case {:2}  {:52} {:10} {:2}", case.number, case.what, case.outcome, case.status);
            }
        },
    );
}

#[test]
fn cases_46_to_66_connecting_tls_and_login() {
    const LONG: Duration = Duration::from_mins(1);
    let (here, folder) = (Certificates::for_names(&["127.0.0.1", "localhost"]), private_folder());
    let (ca, ..) = here.write_to(folder.path());
    let ca = text(&ca);
    let password = text(&secret_file(folder.path(), "password", "correct horse"));
    let token = text(&secret_file(folder.path(), "token", "expired"));
    let trusted = |how| [("--tls", how), ("--ca-file", ca.as_str())];
    let by_password = [("--username", "alerts"), ("--password-file", password.as_str())];
    let by_token = [("--username", "alerts"), ("--token-file", token.as_str())];
    let greeting = |words: &[u8]| Script::new().greeting(words);
    let starttls = |how| Script::new().starttls(&here, how);
    let auth = |reply: &str| {
        Script::new().auth(AuthRule::Password("alerts", "correct horse")).reply_to("AUTH", reply)
    };
    let elsewhere = Certificates::for_names(&["relay.example.com"]);
    let expired = Certificates::expired(&["127.0.0.1"]);
    let other = |certificates: &Certificates, name: &str| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).expect("the folder is ours");
        text(&certificates.write_to(&folder).0)
    };
    let (elsewhere_ca, expired_ca) = (other(&elsewhere, "elsewhere"), other(&expired, "expired"));
    let injected = StartTls::InjectedPlaintext(b"250 2.0.0 ok\r\n".to_vec());
    let too_old = b"\x15\x03\x02\x00\x02\x02\x46";
    play(&[
        case(46, "no such host", Script::new(), 78, "held").set(&[("--host", "relay.invalid")]),
        case(47, "the first address of the name may be dead", Script::new(), 0, "accepted")
            .set(&[("--host", "localhost")]),
        case(48, "connection refused", Script::new(), 75, "deferred").set(&[("--port", "1")]),
        case(49, "no greeting", Script::new().silent_on("CONNECT", LONG), 75, "deferred")
            .set(&[("--timeout", "1")]),
        case(50, "greeting 554", greeting(b"554 5.7.1 no\r\n"), 69, "held"),
        case(50, "greeting 421", greeting(b"421 4.3.2 busy\r\n"), 75, "deferred"),
        case(50, "greeting of a web server", greeting(b"HTTP/1.1 400 Bad\r\n"), 76, "deferred"),
        case(51, "EHLO 502, HELO taken", Script::new().reply_to("EHLO", "502 5.5.1 ?\r\n"), 0, "accepted"),
        case(
            51,
            "EHLO 502, TLS wanted",
            starttls(StartTls::Normal).reply_to("EHLO", "502 ?\r\n"),
            69,
            "held",
        )
        .set(&trusted("starttls")),
        case(52, "STARTTLS not offered", Script::new(), 69, "held").set(&trusted("starttls")),
        case(53, "STARTTLS 454", starttls(StartTls::Reply(b"454 4.7.0 no\r\n".into())), 75, "deferred")
            .set(&trusted("starttls")),
        case(54, "replies injected before TLS", starttls(injected), 76, "deferred").set(&trusted("starttls")),
        case(
            55,
            "login offered before TLS only",
            starttls(StartTls::Normal).extensions_before_tls(&["STARTTLS", "AUTH PLAIN"]),
            69,
            "held",
        )
        .set(&trusted("starttls"))
        .set(&by_password),
        case(56, "certificate of another authority", Script::new().tls(&elsewhere), 78, "held")
            .set(&trusted("implicit")),
        case(56, "certificate expired", Script::new().tls(&expired), 78, "held")
            .set(&[("--tls", "implicit"), ("--ca-file", &expired_ca)]),
        case(57, "certificate for another name", Script::new().tls(&elsewhere), 78, "held")
            .set(&[("--tls", "implicit"), ("--ca-file", &elsewhere_ca)]),
        case(58, "TLS older than 1.2 only", greeting(too_old), 69, "held").set(&trusted("implicit")),
        case(
            59,
            "TLS cut off after the answer",
            Script::new().tls(&here).after_data(After::ReplyAndClose(b"250 2.0.0 ok\r\n".to_vec())),
            0,
            "accepted",
        )
        .set(&trusted("implicit")),
        case(60, "login not offered", Script::new(), 69, "held").set(&by_password),
        case(61, "AUTH 535", auth("535 5.7.8 no\r\n"), 77, "held").set(&by_password),
        case(62, "AUTH 454", auth("454 4.7.0 later\r\n"), 75, "deferred").set(&by_password),
        case(
            63,
            "token refused with a challenge",
            Script::new().auth(AuthRule::Token("alerts", "new")),
            77,
            "held",
        )
        .set(&by_token),
        case(
            66,
            "challenges without end",
            Script::new().auth(AuthRule::Challenge(b"334 YQ==\r\n".to_vec())),
            76,
            "deferred",
        )
        .set(&by_password),
    ]);
}

#[test]
fn cases_67_to_92_the_transaction_and_its_replies() {
    const LONG: Duration = Duration::from_mins(1);
    let dot = |reply: &[u8]| Script::new().after_data(After::Reply(reply.to_vec()));
    let on = |moment: &str, after| Script::new().on(moment, after);
    let second = |reply: &str| Script::new().reply_to_recipient(OPS, reply);
    let plain = Script::new().extensions(&[]);
    play(&[
        case(67, "closed after the dot", on(".", After::Close), 75, "unknown"),
        case(68, "421 after the dot", dot(b"421 4.3.2 bye\r\n"), 75, "deferred"),
        case(69, "450 after the dot", dot(b"450 4.2.0 later\r\n"), 75, "deferred"),
        case(69, "451 after the dot", dot(b"451 4.3.0 later\r\n"), 75, "deferred"),
        case(69, "452 after the dot", dot(b"452 4.3.1 full\r\n"), 75, "deferred"),
        case(70, "550 after the dot", dot(b"550 5.7.1 no\r\n"), 1, "rejected"),
        case(70, "552 after the dot", dot(b"552 5.3.4 too big\r\n"), 1, "rejected"),
        case(70, "554 after the dot", dot(b"554 5.6.0 no\r\n"), 1, "rejected"),
        case(
            71,
            "a slow answer after the dot",
            Script::new().silent_on(".", Duration::from_secs(2)),
            0,
            "accepted",
        ),
        case(72, "no answer after the dot", Script::new().silent_on(".", LONG), 75, "unknown")
            .set(&[("--timeout", "1")]),
        case(73, "reset after the dot", on(".", After::Reset), 75, "unknown"),
        case(76, "354 after the dot", dot(b"354 go on\r\n"), 75, "unknown"),
        case(76, "150 after the dot", dot(b"150 wait\r\n"), 75, "unknown"),
        case(77, "250 to DATA", Script::new().reply_to("DATA", "250 2.0.0 ok\r\n"), 75, "deferred"),
        case(78, "an answer that is not UTF-8", dot(b"250 2.0.0 \xe9\0\x1b[2J\r\n"), 0, "accepted"),
        case(79, "an answer without words", dot(b"250\r\n"), 0, "accepted"),
        case(79, "an answer that ends in LF", dot(b"250 ok\n"), 0, "accepted"),
        case(80, "an answer with two codes", dot(b"250-ok\r\n550 no\r\n"), 75, "unknown"),
        case(81, "661 after the dot", dot(b"661 odd\r\n"), 75, "unknown"),
        case(81, "25O to MAIL", Script::new().reply_to("MAIL", "25O ok\r\n"), 76, "deferred"),
        case(82, "an endless line after the dot", on(".", After::Endless(b"a".to_vec())), 75, "unknown"),
        case(
            82,
            "an endless reply to MAIL",
            on("MAIL", After::Endless(b"250-a\r\n".to_vec())),
            76,
            "deferred",
        ),
        case(83, "a byte now and then", Script::new().drip(Duration::from_millis(300)), 75, "deferred")
            .set(&[("--timeout", "2")]),
        case(
            84,
            "a reply too many",
            Script::new().reply_to("CONNECT", "220 hi\r\n250 ok\r\n"),
            76,
            "deferred",
        ),
        case(85, "550 to one of two", second("550 5.1.1 no\r\n"), 1, "partial").for_two(),
        case(86, "451 to one of two", second("451 4.7.1 greylisted\r\n"), 75, "partial").for_two(),
        case(87, "550 to both", Script::new().reply_to("RCPT", "550 5.1.1 no\r\n"), 1, "rejected").for_two(),
        case(88, "452 to the second: too many", second("452 4.5.3 too many\r\n"), 75, "partial").for_two(),
        case(89, "MAIL 552", Script::new().reply_to("MAIL", "552 5.3.4 too big\r\n"), 1, "rejected"),
        case(89, "larger than SIZE", Script::new().extensions(&["SIZE 100"]), 1, "rejected"),
        case(90, "no extension at all", plain, 0, "accepted"),
        case(91, "QUIT answered with garbage", on("QUIT", After::Reply(b"\xff\r\n".to_vec())), 0, "accepted"),
        case(
            92,
            "closed after the answer",
            Script::new().after_data(After::ReplyAndClose(b"250 ok\r\n".to_vec())),
            0,
            "accepted",
        ),
    ]);
}
