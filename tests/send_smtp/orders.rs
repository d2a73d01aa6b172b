//! What a person sees of mails that wait or were given up, and what can be done with them.

use std::time::Duration;

use serde_json::{Value, json};

use super::waiting::{busy, good, listed, queue};
use super::{OPS, SOC, Sender, email, taken};
use crate::support::program::{Ended, eventually};
use crate::support::relay::{Relay, Script};

#[test]
fn the_queue_names_everybody_who_was_not_given_a_mail_and_nobody_else() {
    let script = Script::new()
        .reply_to_recipient(OPS, "550 5.1.1 no\r\n")
        .reply_to_recipient("a@example.com", "450 x\r\n");
    let relay = Relay::start(script);
    let sender = Sender::with_state();
    queue(&sender, &[]).succeeds();
    assert!(!sender.state().exists(), "looking makes no state");
    sender.send(&relay, &[email("e1", &[SOC]), email("e2", &[SOC, OPS, "a@example.com"])]).ends_with(75);
    let ended = queue(&sender, &[]).succeeds();
    let [receipt] = ended.records().try_into().expect("one mail waits");
    assert_eq!(
        (&receipt["email"], &receipt["outcome"], &receipt["attempt"]),
        (&json!("e2"), &json!("partial"), &json!(1))
    );
    assert_eq!(receipt["relay"], json!(format!("127.0.0.1:{}", relay.port())));
    let words = |outcome: &str, reply: &str| (outcome.to_owned(), reply.to_owned());
    assert_eq!(listed(&sender), [words("deferred", "x"), words("rejected", "5.1.1 no")]);
    queue(&sender, &["drop", "e2"]).succeeds();
    assert_eq!(listed(&sender), []);
    assert_eq!(sender.resume(&relay).succeeds().stdout, "");
}

#[test]
fn an_order_that_cannot_be_carried_out_says_why() {
    let sender = Sender::with_state();
    sender.send(&busy(), &[email("e1", &[SOC]), email("e12", &[SOC])]).ends_with(75);
    for (words, status, complaint) in [
        (&["retry"][..], 64, "--queue takes"),
        (&["again", "e1"], 64, "--queue takes"),
        (&["drop", "all"], 1, "begins with 'all'"),
        (&["drop", "x"], 1, "begins with 'x'"),
        (&["retry", "e"], 1, "several"),
    ] {
        queue(&sender, words).ends_with(status).complains(&[complaint]);
    }
    queue(&sender, &["drop", "e1"]).succeeds();
    assert_eq!(listed(&sender).len(), 1, "an id that is whole is not taken for the beginning of another");
    let nowhere = Sender::without_state();
    for flag in ["--queue", "--dead-letters"] {
        nowhere.program(1).arg(flag).run().ends_with(78).complains(&["state.file", "--state"]);
    }
}

#[test]
fn dead_letters_are_sent_again_as_new_mails_to_those_who_were_refused() {
    let refusing = Relay::start(Script::new().reply_to_recipient(OPS, "550 5.1.1 no\r\n"));
    let sender = Sender::with_state();
    let mut broken = email("e2", &[SOC]);
    broken["headers"] = json!([["Bcc", "evil@example.com"]]);
    sender.send(&refusing, &[email("e1", &[SOC, OPS]), broken]).ends_with(1);
    let letters = || sender.program(1).arg("--dead-letters").run().succeeds();
    let ids =
        |ended: &Ended| ended.records_of("email").iter().map(|email| email["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&letters()), ["e1.r1", "e2.r1"]);
    assert_eq!(letters().records_of("email")[0]["to"], json!([OPS]));
    // The one that can never be sent is mended on its way.
    let mended = letters().stdout.replace("\"Bcc\"", "\"X-Bcc\"");
    for again in [Sender::without_state(), sender] {
        let relay = good();
        again.program(relay.port()).run_on(mended.as_str()).succeeds();
        assert_eq!(taken(&relay), ["e1", "e2"]);
        let mails = relay.messages();
        assert_eq!(mails[0].recipients, [OPS]);
        let body = String::from_utf8_lossy(&mails[0].body).into_owned();
        assert!(body.contains("Message-ID: <e1.r1@example.com>"), "{body}");
        if again.has_state {
            let ended = again.program(1).arg("--dead-letters").run().succeeds();
            assert_eq!(ids(&ended), Vec::<Value>::new(), "they were sent again");
        }
    }
}

#[test]
fn looking_at_the_queue_keeps_no_sender_out_and_waits_for_none() {
    let relay = Relay::start(Script::new().silent_on(".", Duration::from_secs(2)));
    let sender = Sender::with_state();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| sender.send(&relay, &[email("e1", &[SOC])]));
        eventually("the mail is on its way", || !relay.messages().is_empty());
        assert_eq!(listed(&sender), [("unknown".to_owned(), "being sent".to_owned())]);
        queue(&sender, &["retry", "all"]).ends_with(75).complains(&["another program"]);
        first.join().expect("the sender ends").succeeds();
    });
}
