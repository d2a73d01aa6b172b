//! Mail after mail over one session, a session that ends between two mails, and one that breaks at once.

use std::time::{Duration, Instant};

use super::table::with_both;
use super::{BOTH, OPS, SOC, Sender, email, outcomes, receipts, taken, verbs};
use crate::support::relay::{After, Relay, Script};

const IDS: [&str; 3] = ["e1", "e2", "e3"];

fn three() -> [serde_json::Value; 3] {
    IDS.map(|id| email(id, &[SOC]))
}

/// The verbs of some mails in one session.
fn session(mails: &[&[&str]]) -> Vec<String> {
    let verbs = ["EHLO"].into_iter().chain(mails.concat()).chain(["QUIT"]);
    verbs.map(str::to_owned).collect()
}

#[test]
fn mails_share_a_session() {
    for extensions in [&["PIPELINING"][..], &[]] {
        for sender in BOTH {
            let relay = Relay::start(Script::new().extensions(extensions));
            let mails = ["e1", "e2"].map(|id| email(id, &[SOC, OPS]));
            let ended = sender().send(&relay, &mails).succeeds();
            assert_eq!(outcomes(&ended), ["accepted", "accepted"]);
            assert_eq!(verbs(&relay), session(&[&["MAIL", "RCPT", "RCPT", "DATA"][..]; 2]));
            assert_eq!((relay.connections(), taken(&relay)), (1, vec!["e1".to_owned(), "e2".to_owned()]));
        }
    }
}

#[test]
fn a_group_is_sent_only_where_pipelining_is_offered() {
    let refused = || Script::new().times(1, |script| script.reply_to("MAIL", "451 4.3.0 later\r\n"));
    for sender in BOTH {
        for (extensions, first) in
            [(&["PIPELINING"][..], &["MAIL", "RCPT", "DATA", "RSET"][..]), (&["SIZE 0"], &["MAIL", "RSET"])]
        {
            let relay = Relay::start(refused().extensions(extensions));
            let ended = sender().send(&relay, &[email("e1", &[SOC]), email("e2", &[SOC])]).ends_with(75);
            assert_eq!(outcomes(&ended), ["deferred", "accepted"]);
            assert_eq!(verbs(&relay), session(&[first, &["MAIL", "RCPT", "DATA"]]));
        }
    }
}

#[test]
fn a_relay_that_wants_a_mail_for_nobody_gets_a_lone_dot() {
    for moment in ["MAIL", "RCPT"] {
        for sender in BOTH {
            let script = Script::new().times(1, |script| {
                script.reply_to(moment, "550 5.1.1 no\r\n").reply_to("DATA", "354 go\r\n")
            });
            let relay = Relay::start(
                script.times(1, |script| script.reply_to(".", "554 5.5.1 no valid recipients\r\n")),
            );
            let ended = sender().send(&relay, &[email("e1", &[SOC]), email("e2", &[SOC])]);
            assert_eq!(outcomes(&ended)[1], "accepted", "{moment}: {ended:?}");
            // No part of the first mail stands here as a command, and its session is as good as before.
            assert_eq!(verbs(&relay), session(&[&["MAIL", "RCPT", "DATA"][..]; 2]), "{moment}");
            assert_eq!(taken(&relay), ["e2"], "{moment}");
        }
    }
    for sender in BOTH {
        let relay =
            Relay::start(Script::new().reply_to("RCPT", "550 5.1.1 no\r\n").reply_to("DATA", "354 go\r\n"));
        let ended = sender().send(&relay, &[email("e1", &[SOC])]).ends_with(1);
        assert_eq!(outcomes(&ended), ["rejected"]);
        let mails = relay.messages();
        assert_eq!(
            mails.iter().map(|mail| (mail.recipients.len(), mail.body.len())).collect::<Vec<_>>(),
            [(0, 0)]
        );
    }
}

#[test]
fn a_relay_that_closes_after_each_mail_gets_each_mail_once() {
    let close = |words: &str| After::ReplyAndClose(words.as_bytes().to_vec());
    let ways = [
        ("closes", Script::new().after_data(close("250 2.0.0 taken\r\n"))),
        (
            "says 421 and closes",
            Script::new().after_data(close("250 2.0.0 taken\r\n421 4.4.2 idle too long\r\n")),
        ),
        (
            "resets",
            Script::new().after_first(1, |script| script.times(1, |script| script.on("MAIL", After::Reset))),
        ),
        (
            "closes on DATA",
            Script::new().after_first(1, |script| script.times(1, |script| script.close_on("DATA"))),
        ),
    ];
    with_both(
        &ways,
        |way| way.0.to_owned(),
        |(_, script), sender| {
            let relay = Relay::start(script.clone());
            let ended = sender.send(&relay, &three());
            assert_eq!(outcomes(&ended), ["accepted"; 3], "{}", ended.stderr);
            ended.succeeds();
            assert_eq!(taken(&relay), IDS);
            assert!(relay.connections() > 1);
        },
    );
}

#[test]
fn a_session_that_ends_after_a_refused_mail_does_not_keep_the_next_one_back() {
    let offers = [&["PIPELINING"][..], &[]];
    with_both(
        &offers,
        |extensions| format!("{extensions:?}"),
        |extensions, sender| {
            let script = Script::new().extensions(extensions).reply_to_recipient(OPS, "550 5.1.1 no\r\n");
            let relay = Relay::start(script.on("RSET", After::ReplyAndClose(b"250 2.0.0 ok\r\n".to_vec())));
            let ended = sender.send(&relay, &[email("e1", &[OPS]), email("e2", &[SOC])]).ends_with(1);
            assert_eq!(outcomes(&ended), ["rejected", "accepted"]);
            assert_eq!(taken(&relay), ["e2"]);
        },
    );
}

#[test]
fn a_relay_that_says_421_in_the_middle_gets_the_mails_after_that_in_a_new_session() {
    let weary =
        |script: Script| script.times(1, |script| script.reply_to("MAIL", "421 4.7.0 too many mails\r\n"));
    for sender in BOTH {
        let relay = Relay::start(Script::new().after_first(1, weary));
        let sender = sender();
        let ended = sender.send(&relay, &three());
        let outcomes = outcomes(&ended);
        assert_eq!((outcomes[0].as_str(), outcomes[2].as_str()), ("accepted", "accepted"), "{ended:?}");
        assert_eq!(taken(&relay).iter().filter(|id| *id == "e3").count(), 1);
        if sender.has_state {
            sender.resume(&relay).succeeds();
            let mut all = taken(&relay);
            all.sort();
            assert_eq!(all, IDS);
        }
    }
}

#[test]
fn a_relay_that_is_gone_after_the_first_mail_is_said_once() {
    let close = || After::ReplyAndClose(b"250 2.0.0 taken\r\n".to_vec());
    let busy = |script: Script| script.greeting("421 4.3.2 too busy\r\n");
    with_both(
        &[2, 3],
        |count| format!("{count} mails"),
        |count, sender| {
            let relay = Relay::start(Script::new().after_data(close()).after_first(1, busy));
            let ended = sender.send(&relay, &three()[..*count]).ends_with(75);
            assert_eq!(outcomes(&ended), ["accepted", "deferred", "deferred"][..*count]);
            assert_eq!(relay.connections(), 2);
            ended.complains(&["421 4.3.2 too busy"]);
            if sender.has_state {
                let good = Relay::start(Script::new());
                sender.resume(&good).succeeds();
                assert_eq!(taken(&good), IDS[1..*count]);
            }
        },
    );
}

#[test]
fn a_relay_that_breaks_every_session_is_soon_left_alone_for_the_run() {
    let leaving = |moment| Script::new().reply_to(moment, "421 4.7.0 too much mail\r\n");
    let ways = [
        ("refuses to greet", Script::new().greeting("421 4.3.2 too busy\r\n"), "deferred", 1),
        ("closes at once", Script::new().close_on("CONNECT"), "deferred", 1),
        ("closes on MAIL", Script::new().close_on("MAIL"), "deferred", 3),
        ("says nonsense", Script::new().reply_to("MAIL", "hello\r\n"), "deferred", 3),
        ("closes after the dot", Script::new().close_on("."), "unknown", 3),
        ("says 421 to MAIL", leaving("MAIL"), "deferred", 3),
        ("says 421 to RCPT", leaving("RCPT"), "deferred", 3),
        ("says 421 to DATA", leaving("DATA"), "deferred", 3),
        ("says 421 after the dot", leaving("."), "deferred", 3),
    ];
    with_both(
        &ways,
        |way| way.0.to_owned(),
        |(_, script, first, most), sender| {
            let relay = Relay::start(script.clone());
            let mails: Vec<_> = (1..=8).map(|number| email(&format!("e{number}"), &[SOC])).collect();
            let ended = sender.send(&relay, &mails);
            assert!(ended.status == 75 || ended.status == 76, "{ended:?}");
            let outcomes = outcomes(&ended);
            assert_eq!((outcomes.len(), outcomes[0].as_str()), (8, *first));
            assert!((1..=*most).contains(&relay.connections()), "{} times", relay.connections());
            assert!(outcomes[*most..].iter().all(|outcome| outcome == "deferred"), "{outcomes:?}");
            assert_eq!(
                outcomes.iter().filter(|outcome| *outcome == "unknown").count(),
                relay.messages().len()
            );
        },
    );
}

#[test]
fn refused_mails_do_not_count_as_sessions_that_broke() {
    let refusals = [
        ("by the relay", OPS, "The text.\n".to_owned()),
        ("for their size", SOC, "x".repeat(5000)),
        ("for an address", "jürgen@example.com", "The text.\n".to_owned()),
    ];
    let rows: Vec<_> =
        refusals.iter().flat_map(|refusal| (0..=4).map(move |refused| (refusal, refused))).collect();
    with_both(
        &rows,
        |((name, ..), refused)| format!("{refused} refused {name}"),
        |((_, address, text), refused), sender| {
            let script = Script::new().extensions(&["SIZE 4000"]).reply_to_recipient(OPS, "550 5.1.1 no\r\n");
            let relay = Relay::start(script.close_on(&format!("RCPT:{SOC}")));
            let mails: Vec<_> = (0..refused + 6)
                .map(|number| {
                    let mut mail =
                        email(&format!("e{number}"), &[if number < *refused { address } else { SOC }]);
                    if number < *refused {
                        mail["text"] = text.as_str().into();
                    }
                    mail
                })
                .collect();
            let ended = sender.send(&relay, &mails).ends_with(75);
            assert_eq!(outcomes(&ended), [vec!["rejected"; *refused], vec!["deferred"; 6]].concat());
            // Neither left alone for what was refused, nor asked for every mail. A session that a refused mail began
            // may end at the next one unseen, and then is opened again.
            let allowed = 3 + usize::from(*refused > 0);
            assert!((3..=allowed).contains(&relay.connections()), "{} times", relay.connections());
        },
    );
}

#[test]
fn a_refused_mail_does_not_stop_the_others() {
    for moment in ["RCPT:nobody@example.com", "."] {
        for sender in BOTH {
            let script = Script::new().after_first(usize::from(moment == "."), |script| {
                script.times(1, |script| script.reply_to(moment, "550 5.1.1 no\r\n"))
            });
            let relay = Relay::start(script);
            let mails = [email("e1", &[SOC]), email("e2", &["nobody@example.com"]), email("e3", &[SOC])];
            let ended =
                sender().send(&relay, &mails).ends_with(1).complains(&["nobody@example.com", "550 5.1.1 no"]);
            assert_eq!(outcomes(&ended), ["accepted", "rejected", "accepted"]);
            assert_eq!(taken(&relay), ["e1", "e3"]);
            assert_eq!(relay.connections(), 1);
        }
    }
}

#[test]
fn the_answer_to_quit_never_matters() {
    let ways = [
        ("silent", After::Silence(Duration::from_mins(1))),
        ("garbage", After::Reply(b"\x00\xff\r\n".to_vec())),
        ("refused", After::Reply(b"550 5.5.1 stay\r\n".to_vec())),
        ("later", After::Reply(b"421 4.3.2 later\r\n".to_vec())),
        ("endless", After::Endless(b"221-bye\r\n".to_vec())),
        ("closed", After::Close),
        ("reset", After::Reset),
    ];
    with_both(
        &ways,
        |way| way.0.to_owned(),
        |(_, after), sender| {
            let relay = Relay::start(Script::new().on("QUIT", after.clone()));
            let begun = Instant::now();
            let ended = sender.send(&relay, &[email("e1", &[SOC])]).succeeds();
            // The timeout is 20 seconds.
            assert!(begun.elapsed() < Duration::from_secs(15), "it waited for an answer");
            assert_eq!(outcomes(&ended), ["accepted"]);
            assert_eq!(verbs(&relay).last().map(String::as_str), Some("QUIT"));
        },
    );
}

#[test]
fn a_relay_without_ehlo_is_greeted_with_helo() {
    let relay = Relay::start(Script::new().reply_to("EHLO", "502 5.5.1 what?\r\n"));
    let sender = Sender::without_state();
    let ended = sender.send(&relay, &[email("e1", &[SOC])]).succeeds();
    assert_eq!(receipts(&ended)[0].outcome, "accepted");
    assert_eq!(verbs(&relay), ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]);
}
