//! Mails that can never be sent, and receipts that cannot be written: neither keeps another mail back.

use std::fs::File;
use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use super::table::with_both;
use super::{BOTH, OPS, SOC, Sender, complaints, email, outcomes, receipts, stream, taken};
use crate::support::program::Ended;
use crate::support::relay::{Relay, Script};

/// Makes of an email one that can never be sent.
type Poison = fn(&mut Value);
/// A standard output that takes nothing.
type Output = fn() -> Stdio;

#[test]
fn an_email_that_can_never_be_sent_does_not_keep_the_others_back() {
    let ways: [(&str, Poison); 9] = [
        ("no host", |mail| mail["to"] = json!(["soc"])),
        ("a line in the address", |mail| {
            mail["to"] = json!(["soc@example.com\r\nRCPT TO:<evil@example.net>"]);
        }),
        ("an option", |mail| mail["to"] = json!(["-oQ/tmp@example.com"])),
        ("two in one", |mail| mail["to"] = json!(["soc@example.com, ops@example.com"])),
        ("empty", |mail| mail["to"] = json!([""])),
        ("nobody", |mail| mail["to"] = json!([])),
        ("only a hidden one", |mail| (mail["to"], mail["bcc"]) = (json!([]), json!(["soc"]))),
        ("a bad author", |mail| mail["from"] = json!("alerts")),
        ("a bad field", |mail| mail["headers"] = json!([["X-A\r\nBcc", "evil@example.net"]])),
    ];
    with_both(
        &ways,
        |way| way.0.to_owned(),
        |(_, poison), sender| {
            let relay = Relay::start(Script::new());
            let mut mails = ["e1", "e2", "e3"].map(|id| email(id, &[SOC]));
            poison(&mut mails[1]);
            let ended = sender.send(&relay, &mails);
            assert_eq!(taken(&relay), ["e1", "e3"]);
            let of = |id: &str| {
                let mut receipts = receipts(&ended).into_iter().filter(|receipt| receipt.email == id);
                receipts.next().unwrap_or_else(|| panic!("no receipt for {id}")).outcome
            };
            assert_eq!([of("e1"), of("e2"), of("e3")], ["accepted", "rejected", "accepted"]);
            assert!(relay.transcript().iter().all(|line| !line.contains("evil")));
            if sender.has_state {
                let next = sender.resume(&relay).succeeds();
                assert_eq!((next.stdout.as_str(), relay.messages().len()), ("", 2));
            }
            assert!(complaints(&ended) > 0);
            ended.ends_with(1);
        },
    );
}

#[test]
fn a_recipient_that_is_no_address_is_refused_and_the_others_get_the_mail() {
    let bad = ["soc", "", "-oQ/tmp@example.com", "soc@example.com\r\nRCPT TO:<evil@example.net>", "a@b, c@d"];
    let rows: Vec<(&str, &str)> =
        bad.iter().flat_map(|text| ["to", "cc", "bcc"].map(|member| (*text, member))).collect();
    with_both(
        &rows,
        |(text, member)| format!("{text:?} in {member}"),
        |(text, member), sender| {
            let relay = Relay::start(Script::new());
            let mut mail = email("e1", &[SOC, OPS]);
            let mut list = mail[*member].as_array().cloned().unwrap_or_default();
            list.insert(0, json!(text));
            mail[*member] = json!(list);
            let ended = sender.send(&relay, &[mail, email("e2", &[SOC])]).ends_with(1);
            assert_eq!(outcomes(&ended), ["partial", "accepted"]);
            let receipt = receipts(&ended).remove(0);
            for one in &receipt.recipients {
                let expected = if one.address == *text { "rejected" } else { "accepted" };
                assert_eq!(one.outcome, expected, "{one:?}");
            }
            assert_eq!(
                (receipt.recipients.len(), taken(&relay)),
                (3, vec!["e1".to_owned(), "e2".to_owned()])
            );
            let mail = relay.messages().remove(0);
            assert_eq!(mail.recipients.len(), 2);
            assert!(!String::from_utf8_lossy(&mail.body).contains("evil"));
            if sender.has_state {
                assert_eq!(sender.resume(&relay).succeeds().stdout, "", "nobody waits any more");
            }
        },
    );
}

#[test]
fn the_receipt_of_an_email_that_can_never_be_sent_names_everybody_who_does_not_get_it() {
    for sender in BOTH {
        let relay = Relay::start(Script::new());
        let mut mail = email("e1", &[SOC]);
        (mail["cc"], mail["bcc"]) = (json!([OPS]), json!(["hidden@example.com", "nobody"]));
        mail["headers"] = json!([["Bcc", "evil@example.net"]]);
        let ended = sender().send(&relay, &[mail]).ends_with(1);
        let receipt = receipts(&ended).remove(0);
        let mut addresses: Vec<_> = receipt.recipients.iter().map(|one| one.address.as_str()).collect();
        addresses.sort_unstable();
        assert_eq!(addresses, ["hidden@example.com", "nobody", OPS, SOC]);
        assert!(receipt.recipients.iter().all(|one| one.outcome == "rejected" && one.reply.is_some()));
    }
}

#[test]
fn a_mail_that_breaks_every_session_it_is_sent_in_does_not_keep_the_others_back() {
    for sender in BOTH {
        let relay = Relay::start(Script::new().close_on(&format!("RCPT:{OPS}")));
        let mails = [email("e1", &[OPS]), email("e2", &[SOC]), email("e3", &[OPS]), email("e4", &[SOC])];
        let sender = sender();
        let ended = sender.send(&relay, &mails).ends_with(75);
        assert_eq!(outcomes(&ended), ["deferred", "accepted", "deferred", "accepted"]);
        assert_eq!(taken(&relay), ["e2", "e4"]);
        if sender.has_state {
            assert_eq!(outcomes(&sender.resume(&relay).ends_with(75)), ["deferred", "deferred"]);
            assert_eq!(relay.messages().len(), 2);
        }
    }
}

/// Runs a sender with this as its standard output.
fn with_output(sender: &Sender, relay: &Relay, stdout: Stdio, input: &str) -> Ended {
    let mut command = sender.program(relay.port()).into_command();
    write_to(command.stdin(Stdio::piped()).stdout(stdout).stderr(Stdio::piped()), input)
}

fn write_to(command: &mut Command, input: &str) -> Ended {
    let mut child = command.spawn().expect("it can be started");
    let stdin: ChildStdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = thread::spawn(move || drop({ stdin }.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("a child can be waited for");
    writer.join().expect("writing does not panic");
    Ended::new("tq-send-smtp", &output)
}

#[test]
fn receipts_that_cannot_be_written_are_74_and_keep_no_mail_back() {
    let ways: [(&str, Output); 2] = [
        ("full", || File::options().write(true).open("/dev/full").expect("Linux has it").into()),
        // The reading end is dropped at once.
        ("gone", || std::io::pipe().expect("a pipe can be made").1.into()),
    ];
    with_both(
        &ways,
        |way| way.0.to_owned(),
        |(_, stdout), sender| {
            let relay = Relay::start(Script::new());
            let mails = ["e1", "e2", "e3"].map(|id| email(id, &[SOC]));
            let ended = with_output(&sender, &relay, stdout(), &stream(&mails)).ends_with(74);
            if sender.has_state {
                assert_eq!(sender.resume(&relay).succeeds().stdout, "");
            }
            assert_eq!(taken(&relay), ["e1", "e2", "e3"], "{}", ended.stderr);
            ended.complains(&["standard output"]);
        },
    );
}

#[test]
fn a_sender_started_without_standard_output_sends_its_mails() {
    for sender in BOTH {
        let relay = Relay::start(Script::new());
        let sender = sender();
        let program = sender.program(relay.port()).into_command();
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$0\" \"$@\" >&-"]).arg(program.get_program()).args(program.get_args());
        shell.stdin(Stdio::piped()).stderr(Stdio::piped());
        let ended = write_to(&mut shell, &stream(&["e1", "e2"].map(|id| email(id, &[SOC]))));
        assert!(ended.status == 0 || ended.status == 74, "{ended:?}");
        assert_eq!(taken(&relay), ["e1", "e2"]);
    }
}

#[test]
fn a_receipt_is_printed_for_each_mail_and_everything_else_is_passed_on() {
    for sender in BOTH {
        let relay = Relay::start(Script::new());
        let foreign = r#"{"record":"note","v":1,"text":"from another program"}"#;
        let mails = ["e1", "e2"].map(|id| email(id, &[SOC]));
        let input = format!("{foreign}\n{}{foreign}\n", stream(&mails));
        let ended = sender().program(relay.port()).run_on(input).succeeds();
        assert_eq!(outcomes(&ended), ["accepted", "accepted"]);
        assert_eq!(ended.stdout.lines().filter(|line| *line == foreign).count(), 2);
        assert_eq!((ended.records_of("checkpoint").len(), ended.records_of("email").len()), (1, 0));
    }
}
