//! Cases of one mail and of what a relay answers to it.

use std::time::Duration;

use super::{Case, case};
use crate::send_smtp::OPS;
use crate::support::relay::{After, Script};

/// The transaction and its replies: cases 67 to 92.
pub(super) fn cases() -> Vec<Case> {
    const LONG: Duration = Duration::from_mins(1);
    let dot = |reply: &[u8]| Script::new().after_data(After::Reply(reply.to_vec()));
    let on = |moment: &str, after| Script::new().on(moment, after);
    let second = |reply: &str| Script::new().reply_to_recipient(OPS, reply);
    let plain = Script::new().extensions(&[]);
    vec![
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
    ]
}
