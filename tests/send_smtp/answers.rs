//! What each answer, silence and broken line means: status, receipt, and what the next run does (RFC 5321, section 4.2.1).

use std::time::Duration;

use serde_json::json;

use super::table::{Fate, Row, play, row, told, untold};
use super::{BOTH, OPS, SOC, Sender, email, outcomes};
use crate::support::relay::{After, Relay, Script};

const LONG: Duration = Duration::from_mins(1);
const TAKEN: Fate = told("accepted", 250, "2.0.0 taken");

/// A relay that wants one command at a time.
fn unhurried() -> Script {
    Script::new().extensions(&["8BITMIME", "ENHANCEDSTATUSCODES"])
}

#[test]
fn an_answer_to_the_whole_mail_has_its_status_and_is_for_everybody() {
    let mut rows = vec![
        row("accepted", Script::new(), 0, [TAKEN]),
        row("accepted for two", Script::new(), 0, [TAKEN, TAKEN]),
    ];
    let temporary = [
        ("EHLO", 421, "4.3.2 going down"),
        ("EHLO", 451, "4.3.0 try later"),
        ("MAIL", 421, "4.7.0 too much mail"),
        ("MAIL", 432, "4.7.12 a password change is needed"),
        ("MAIL", 451, "4.7.1 greylisted"),
        ("MAIL", 452, "4.3.1 disk full"),
        ("DATA", 421, "4.3.2 going down"),
        ("DATA", 451, "4.3.0 try later"),
        (".", 421, "4.3.2 going down"),
        (".", 432, "4.7.12 a password change is needed"),
        (".", 450, "4.2.0 mailbox busy"),
        (".", 451, "4.3.0 try later"),
        (".", 452, "4.3.1 disk full"),
    ];
    rows.extend(temporary.map(|answer| answered(answer, 75, "deferred")));
    let permanent = [
        ("MAIL", 552, "5.3.4 too big"),
        ("DATA", 554, "5.7.1 no"),
        (".", 550, "5.7.1 it looks like spam"),
        (".", 552, "5.3.4 too big"),
        (".", 554, "5.6.0 no"),
    ];
    rows.extend(permanent.map(|answer| answered(answer, 1, "rejected")));
    let account =
        [("MAIL", 530, "5.7.0 authentication required", 77), ("MAIL", 550, "5.7.60 not your address", 78)];
    rows.extend(account.map(|(moment, code, words, status)| answered((moment, code, words), status, "held")));
    rows.push(answered(("CONNECT", 421, "4.3.2 too busy"), 75, "deferred"));
    rows.push(answered(("CONNECT", 554, "5.7.1 your address is blocked"), 69, "held"));
    play(&rows);
}

/// A relay that gives this answer to a mail for two.
fn answered((moment, code, words): (&str, u16, &'static str), status: i32, outcome: &'static str) -> Row {
    let script = Script::new().reply_to(moment, format!("{code} {words}\r\n"));
    row(format!("{moment} {code}"), script, status, [told(outcome, code, words), told(outcome, code, words)])
}

#[test]
fn each_recipient_is_answered_for_itself() {
    const NOBODY: &str = "5.1.1 nobody here";
    const BUSY: &str = "4.2.0 mailbox busy";
    let refused = || told("rejected", 550, NOBODY);
    let busy = || told("deferred", 450, BUSY);
    let mut rows = Vec::new();
    for (how, good) in [("in one group", Script::new as fn() -> Script), ("one by one", unhurried)] {
        let first_answers =
            |code: u16, words: &str| good().reply_to_recipient(SOC, format!("{code} {words}\r\n"));
        let both_answer = |code: u16, words: &str| good().reply_to("RCPT", format!("{code} {words}\r\n"));
        let one_each = first_answers(550, NOBODY).reply_to_recipient(OPS, format!("450 {BUSY}\r\n"));
        let some = [
            row("the first does not exist", first_answers(550, NOBODY), 1, [refused(), TAKEN]),
            row("the first is busy", first_answers(450, BUSY), 75, [busy(), TAKEN]),
            row("nobody exists", both_answer(550, NOBODY), 1, [refused(), refused()]),
            row("everybody is busy", both_answer(450, BUSY), 75, [busy(), busy()]),
            row("one does not exist and one is busy", one_each, 75, [refused(), busy()]),
            row(
                "one does not exist and the mail is refused for now",
                first_answers(550, NOBODY).reply_to(".", "451 4.3.0 try later\r\n"),
                75,
                [refused(), told("deferred", 451, "4.3.0 try later")],
            ),
            row(
                "one is busy and the mail is refused for good",
                first_answers(450, BUSY).reply_to(".", "550 5.7.1 spam\r\n"),
                75,
                [busy(), told("rejected", 550, "5.7.1 spam")],
            ),
            row("432", both_answer(432, "4.7.12 later"), 75, [told("deferred", 432, "4.7.12 later")]),
            row("421", both_answer(421, "4.3.2 going down"), 75, [told("deferred", 421, "4.3.2 going down")]),
            row("451", both_answer(451, "4.7.1 greylisted"), 75, [told("deferred", 451, "4.7.1 greylisted")]),
            row("452", both_answer(452, "4.5.3 too many"), 75, [told("deferred", 452, "4.5.3 too many")]),
            row("553", both_answer(553, "5.1.3 odd"), 1, [told("rejected", 553, "5.1.3 odd")]),
        ];
        rows.extend(some.map(|row| Row { name: format!("{}, {how}", row.name), ..row }));
    }
    play(&rows);
}

#[test]
fn a_silent_relay_is_waited_for_as_long_as_the_timeout_says() {
    let silent = |moment: &str, outcome| {
        let script = Script::new().silent_on(moment, LONG);
        row(format!("silent on {moment}"), script, 75, [untold(outcome, "no answer in time")])
            .set("--timeout", "2")
    };
    let mut rows =
        ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"].map(|moment| silent(moment, "deferred")).to_vec();
    rows.push(silent(".", "unknown"));
    let slow = Script::new().silent_on(".", Duration::from_secs(3));
    rows.push(row("slow after the dot", slow.clone(), 0, [TAKEN]));
    // A relay that looks into mails is slow there, and has it in the end.
    let patient = row("slow after the dot, where a wait of its own is set", slow, 0, [TAKEN]);
    rows.push(patient.set("--timeout", "1").set("--final-timeout", "20"));
    rows.push(silent(".", "unknown").set("--timeout", "20").set("--final-timeout", "1"));
    play(&rows);
}

#[test]
fn a_line_that_breaks_before_the_dot_defers_the_mail_and_after_it_leaves_it_unknown() {
    let mut rows = Vec::new();
    for (how, after) in [("closed", After::Close), ("reset", After::Reset)] {
        for moment in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."] {
            let outcome = if moment == "." { "unknown" } else { "deferred" };
            let script = Script::new().on(moment, after.clone());
            rows.push(row(format!("{how} on {moment}"), script, 75, [untold(outcome, "")]));
        }
        let script = unhurried().on("RCPT", after);
        rows.push(row(format!("{how} on RCPT, one by one"), script, 75, [untold("deferred", "")]));
    }
    // Said before it closed, so it counts.
    let farewell = Script::new().on(".", After::ReplyAndClose(b"250 2.0.0 taken\r\n".to_vec()));
    rows.push(row("closed after its answer", farewell, 0, [TAKEN]));
    play(&rows);
}

#[test]
fn a_line_that_breaks_in_the_middle_of_a_large_mail_defers_it() {
    for sender in BOTH {
        let relay = Relay::start(Script::new().on("BODY", After::Reset));
        let mut large = email("e1", &[SOC]);
        // More than the kernel holds for the two ends of a connection, so that the dot cannot have been handed to it.
        large["text"] = json!("x".repeat(8 * 1024 * 1024));
        let ended = sender().send(&relay, &[large]).ends_with(75);
        assert_eq!(outcomes(&ended), ["deferred"], "{}", ended.stderr);
        assert_eq!(relay.messages(), []);
    }
}

#[test]
fn a_large_mail_may_take_longer_than_any_wait_as_long_as_it_moves() {
    let mut large = email("e1", &[SOC]);
    large["text"] = json!("x".repeat(15 * 1024 * 1024));
    // A pause for each MiB. Together they are longer than the wait, also without those for what the kernel still holds.
    let relay = Relay::start(unhurried().silent_on("BODY", Duration::from_millis(500)));
    let sender = Sender::without_state().set("--timeout", "2").set("--final-timeout", "60");
    sender.send(&relay, std::slice::from_ref(&large)).succeeds();
    assert_eq!(relay.messages().len(), 1);

    let stuck = Relay::start(unhurried().after_first(3, |script| script.silent_on("BODY", LONG)));
    let ended = Sender::without_state().set("--timeout", "1").send(&stuck, &[large]).ends_with(75);
    ended.complains(&["while sending the mail: no answer in time"]);
}

#[test]
fn a_relay_that_cannot_be_found_or_does_not_speak_smtp_has_a_status_of_its_own() {
    let garbage = [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "SSH-2.0-OpenSSH_9.7\r\n",
        "\r\n",
        "220ready\r\n",
        "354 go ahead\r\n",
    ];
    let mut rows: Vec<Row> = garbage
        .into_iter()
        .map(|greeting| {
            row(format!("{greeting:?}"), Script::new().greeting(greeting), 76, [untold("deferred", "")])
        })
        .collect();
    // Nobody listens on port 1 (tcpmux, RFC 1078, historic).
    rows.push(row("refused", Script::new(), 75, [untold("deferred", "refused")]).set("--port", "1"));
    // RFC 6761: no resolver may know a name under .invalid. One that cannot answer at all would make this 75.
    rows.push(
        row("no such host", Script::new(), 78, [untold("held", "no such host")])
            .set("--host", "relay.invalid"),
    );
    play(&rows);
}
