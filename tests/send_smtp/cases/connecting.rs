//! Cases of the conversation before there is a mail: connecting, TLS and the login.

use std::path::Path;
use std::time::Duration;

use super::{Case, case};
use crate::send_smtp::text;
use crate::support::certificates::Certificates;
use crate::support::relay::{After, AuthRule, Script, StartTls};
use crate::support::site::secret_file;

/// Connecting, TLS and the login: cases 46 to 66.
pub(super) fn cases(folder: &Path) -> Vec<Case> {
    const LONG: Duration = Duration::from_mins(1);
    let here = Certificates::for_names(&["127.0.0.1", "localhost"]);
    let (ca, ..) = here.write_to(folder);
    let ca = text(&ca);
    let password = text(&secret_file(folder, "password", "correct horse"));
    let token = text(&secret_file(folder, "token", "expired"));
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
        let folder = folder.join(name);
        std::fs::create_dir(&folder).expect("the folder is ours");
        text(&certificates.write_to(&folder).0)
    };
    let (elsewhere_ca, expired_ca) = (other(&elsewhere, "elsewhere"), other(&expired, "expired"));
    let injected = StartTls::InjectedPlaintext(b"250 2.0.0 ok\r\n".to_vec());
    let too_old = b"\x15\x03\x02\x00\x02\x02\x46";
    vec![
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
    ]
}
