//! What Slack says, and what it means for the messages, the status and the next run; with a state and without one.

use serde_json::{Value, json};
use slack_sim::{Fault, FaultKind, blockkit};

use super::{CHANNEL, Sender, all, checkpoint, lines, message, outcomes, source, text};

const POST: &str = "chat.postMessage";

#[test]
fn without_a_state_a_message_is_posted_as_it_is_read_and_slack_would_take_its_form() {
    let sender = Sender::new();
    let ended = sender.bare().run_on(lines(&[message(CHANNEL, &["a"])])).succeeds();
    let receipt = &ended.records()[0];
    assert_eq!(
        (&receipt["outcome"], &receipt["recipients"][0]["address"]),
        (&json!("accepted"), &json!(CHANNEL))
    );
    let posted = &sender.slack.posted()[0];
    assert_eq!(text(&receipt["queue_id"]), posted.ts);
    let host = sender.slack.url().replace("http://", "");
    assert_eq!(text(&receipt["relay"]), host.trim_end_matches("/api/").trim_end_matches("/api"));
    assert_eq!(blockkit::check(&posted.message), Ok(()));
    assert_eq!(
        (&posted.message["unfurl_links"], &posted.message["unfurl_media"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(posted.message["metadata"]["event_payload"]["id"], receipt["message"]);
}

#[test]
fn what_slack_says_is_the_outcome_the_status_and_the_next_runs_work() {
    let error = |word: &str| FaultKind::Error(word.to_owned());
    let status = |code| FaultKind::Status(code, "busy".to_owned(), None);
    // The kind, whether the method was carried out, the outcome, the status; and whether the next run posts it.
    let rows = [
        (error("channel_not_found"), false, "held", 78, true),
        (error("not_in_channel"), false, "held", 78, true),
        (error("restricted_action"), false, "held", 78, true),
        (error("a_word_that_nobody_knows"), false, "held", 78, true),
        (error("token_revoked"), false, "held", 77, true),
        (error("missing_scope"), false, "held", 77, true),
        (error("invalid_blocks"), false, "rejected", 1, false),
        (error("msg_too_long"), false, "rejected", 1, false),
        (error("fatal_error"), false, "unknown", 75, true),
        (status(503), false, "unknown", 75, true),
        (FaultKind::Cut, false, "unknown", 75, true),
        (FaultKind::Torn, true, "unknown", 75, true),
        (FaultKind::Body("<html>".to_owned()), true, "unknown", 76, true),
        (FaultKind::RateLimited(600), false, "deferred", 75, true),
    ];
    for (kind, done, outcome, status, again) in rows {
        let case = format!("{kind:?}");
        let sender = Sender::new();
        let fault = Fault::next(POST, kind);
        sender.slack.fault(if done { fault.done() } else { fault });
        sender.take_over(&source(0, &["a"])).succeeds();
        let ended = sender.deliver();
        assert_eq!(
            (ended.status, outcomes(&ended)[0].0.as_str()),
            (status, outcome),
            "{case}: {}",
            ended.stderr
        );
        assert!(ended.stderr.starts_with("tq-send-slack: "), "{case}: {}", ended.stderr);
        let before = sender.posted().len();
        let ended = sender.deliver();
        assert_eq!(sender.posted().len() - before, usize::from(again), "{case}: {}", ended.stderr);
        let copies = sender.slack.posted();
        assert!(copies.iter().all(|copy| copy.message == copies[0].message), "{case}: doubles are the same");
        assert_eq!(sender.deliver().stdout, "", "{case}");
    }
}

#[test]
fn slack_is_waited_for_where_it_asks_for_a_moment() {
    let sender = Sender::new();
    sender.slack.fault(Fault::next(POST, FaultKind::RateLimited(1)));
    sender.take_over(&source(0, &["a", "b"])).succeeds();
    assert_eq!(outcomes(&sender.deliver().succeeds()), all(2, "accepted"));
    assert_eq!(sender.posted(), ["a", "b"]);
}

#[test]
fn one_place_that_refuses_keeps_no_other_from_its_messages() {
    let sender = Sender::new();
    let records = ["#elsewhere", CHANNEL, "@zach", "@nobody", "#old", "@zach@example.com"]
        .map(|to| message(to, &["a"]));
    let last = checkpoint(0, &records);
    sender.take_over(&[&records[..], &[last]].concat()).succeeds();
    let ended = sender.deliver().ends_with(78);
    let told: Vec<String> = outcomes(&ended).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(told, ["held", "accepted", "accepted", "held", "held", "accepted"]);
    assert_eq!((sender.posted().len(), sender.slack.workspace().texts("zach").len()), (1, 2));
    sender.slack.workspace().channel("elsewhere").has_app = true;
    let ended = sender.deliver().ends_with(78);
    assert_eq!(sender.slack.workspace().texts("elsewhere"), ["a"]);
    assert_eq!(outcomes(&ended).len(), 3);
}

#[test]
fn a_slack_that_is_away_or_refuses_the_token_keeps_everything_queued_and_is_asked_once() {
    let refused = Fault::next(POST, FaultKind::Error("invalid_auth".to_owned()));
    for (away, fault, status) in [(true, None, 75), (false, Some(refused), 77)] {
        let sender = Sender::new();
        sender.take_over(&source(0, &["a", "b", "c"])).succeeds();
        if let Some(fault) = fault {
            sender.slack.fault(fault);
        }
        let program = if away { sender.away() } else { sender.program() };
        let ended = program.run().ends_with(status);
        assert_eq!((outcomes(&ended).len(), ended.stderr.lines().count()), (3, 1), "{}", ended.stderr);
        assert_eq!(sender.calls(), usize::from(!away));
        let waiting = sender.queue(&[]).succeeds().records_of("receipt");
        assert!(waiting.iter().all(|receipt| receipt["message"].is_string()), "{waiting:?}");
        assert_eq!(waiting.len(), 3);
        sender.deliver().succeeds();
        assert_eq!(sender.posted(), ["a", "b", "c"]);
    }
}

#[test]
fn a_message_that_may_have_been_posted_is_repeated_five_times_at_most() {
    let sender = Sender::new();
    sender.take_over(&source(0, &["a"])).succeeds();
    sender.slack.fault(Fault::next(POST, FaultKind::Torn).times(100));
    for attempt in 1..=4 {
        assert_eq!(outcomes(&sender.deliver().ends_with(75)), [("unknown".to_owned(), attempt)]);
    }
    assert_eq!(outcomes(&sender.deliver().ends_with(1)), [("held".to_owned(), 5)]);
    let ended = sender.deliver().ends_with(1).complains(&["1 message may have arrived", "--queue retry ID"]);
    assert_eq!((ended.stdout.as_str(), sender.posted().len()), ("", 5));
    sender.queue(&["retry", "all"]).succeeds();
}

#[test]
fn without_a_state_a_stream_is_held_to_its_checkpoint_as_well() {
    let sender = Sender::new();
    let mut records = source(0, &["a", "b"]);
    let ended = sender.bare().run_on(lines(&records)).succeeds();
    assert_eq!(outcomes(&ended), all(2, "accepted"));
    assert_eq!(ended.records_of("alert").len(), 2);
    assert_eq!(ended.records_of("checkpoint")[0]["taken"], json!(["message"]));
    records.remove(0);
    sender.bare().run_on(lines(&records)).ends_with(65).complains(&["rule count"]);
}

#[test]
fn a_dry_run_says_what_would_be_posted_and_asks_nobody() {
    let sender = Sender::new();
    let ended = sender.program().arg("--dry-run").run_on(lines(&source(0, &["a"]))).succeeds();
    assert!(ended.stdout.contains("would send") && ended.stdout.contains(CHANNEL), "{}", ended.stdout);
    assert!(sender.slack.calls().is_empty() && !sender.state().exists());
}

#[test]
fn a_check_asks_whose_token_it_is_and_posts_nothing() {
    let sender = Sender::new();
    let ended = sender.bare().arg("--check").run().succeeds();
    assert!(ended.stdout.starts_with("ok  token"), "{}", ended.stdout);
    sender.slack.workspace().token_is = Some("token_revoked".to_owned());
    sender.bare().arg("--check").run().ends_with(77).complains(&["token_revoked"]);
    assert_eq!(sender.calls(), 0);
}

#[test]
fn emails_pass_by_untouched_and_messages_pass_by_the_sender_of_mails() {
    let sender = Sender::new();
    let email = json!({"record": "email", "v": 1, "id": "e1", "anything": {"at": "all"}});
    let ended = sender.bare().run_on(lines(std::slice::from_ref(&email))).succeeds();
    assert_eq!(ended.records(), [email]);
    let posted = message(CHANNEL, &["a"]);
    let smtp = crate::support::program::program("tq-send-smtp")
        .arg("--maildir")
        .arg(sender.folder.path().join("mail"));
    let passed: Vec<Value> = smtp.run_on(lines(std::slice::from_ref(&posted))).succeeds().records();
    assert_eq!(passed, [posted]);
}
