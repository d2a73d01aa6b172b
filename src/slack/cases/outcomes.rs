//! What Slack answers, and what becomes of the message and of those after it.

use serde_json::{Value, json};
use slack_sim::{Fault, FaultKind};

use super::{Case, POST, is};
use crate::exit::Status;
use crate::record::Outcome::{Accepted, Deferred, Held, Rejected, Unknown};

#[test]
fn what_slack_says_of_one_message_decides_what_becomes_of_that_message() {
    let error = |word: &str| FaultKind::Error(word.to_owned());
    let status = |code| FaultKind::Status(code, "<p>try later</p>".to_owned(), None);
    for (kind, done, outcome, ends, code, words) in [
        (
            error("a_word_that_nobody_knows"),
            false,
            Held,
            Status::Config,
            None,
            "a_word_that_nobody_knows; see ",
        ),
        (error("invalid_blocks"), false, Rejected, Status::Refused, None, "invalid_blocks"),
        (error("msg_blocks_too_long"), false, Rejected, Status::Refused, None, "msg_blocks_too_long"),
        (error("msg_too_long"), false, Rejected, Status::Refused, None, "msg_too_long"),
        (error("no_text"), false, Rejected, Status::Refused, None, "no_text; please report it"),
        (error("service_unavailable"), false, Deferred, Status::TryAgain, None, "service_unavailable"),
        (error("fatal_error"), false, Unknown, Status::TryAgain, None, "fatal_error"),
        (error("fatal_error"), true, Unknown, Status::TryAgain, None, "fatal_error"),
        (error("internal_error"), true, Unknown, Status::TryAgain, None, "internal_error"),
        (status(500), true, Unknown, Status::TryAgain, Some(500), "<p>try later</p>"),
        (status(503), false, Unknown, Status::TryAgain, Some(503), "<p>try later</p>"),
        (
            FaultKind::Body("<html>".to_owned()),
            true,
            Unknown,
            Status::Protocol,
            None,
            "not an answer of Slack's API: <html>",
        ),
        (FaultKind::Body("{\"ok\":1}".to_owned()), true, Unknown, Status::Protocol, None, "not an answer"),
        (FaultKind::Body(String::new()), true, Unknown, Status::Protocol, None, "no words"),
        (FaultKind::Cut, false, Unknown, Status::TryAgain, None, "connection closed"),
        (FaultKind::Cut, true, Unknown, Status::TryAgain, None, "connection closed"),
        (FaultKind::Torn, true, Unknown, Status::TryAgain, None, "broke off"),
        (FaultKind::Huge(20 << 20), true, Unknown, Status::Protocol, None, "larger than 16777216 bytes"),
        (FaultKind::Slow(60_000), true, Unknown, Status::TryAgain, None, "timed out"),
        (FaultKind::Drip(1_000), true, Unknown, Status::TryAgain, None, "broke off"),
        (FaultKind::Slow(50), false, Accepted, Status::Done, None, ""),
    ] {
        let case = Case::new();
        case.sim.fault(Fault { done, ..Fault::next(POST, kind.clone()) });
        let (answer, mut workspace) = case.post("#soc");
        is(&answer, outcome, ends, words);
        assert_eq!((answer.code, answer.asked), (code, true), "{kind:?}");
        assert!(workspace.down().is_none(), "{kind:?}");
        // It is not sent again by itself, and the next message is sent.
        assert_eq!(case.sim.calls(), [POST], "{kind:?}");
        is(&workspace.post("#soc", br#"{"text":"x"}"#), Accepted, Status::Done, "");
    }
}

#[test]
fn what_slack_says_of_us_ends_the_asking_and_the_message_waits() {
    let error = |word: &str| FaultKind::Error(word.to_owned());
    let limited = |after: &str| FaultKind::Status(429, String::new(), Some(after.to_owned()));
    for (kind, times, outcome, ends, words) in [
        (error("invalid_auth"), 1, Held, Status::LoginRefused, "invalid_auth; put the app's token"),
        (error("token_revoked"), 1, Held, Status::LoginRefused, "token_revoked; put"),
        (error("token_expired"), 1, Held, Status::LoginRefused, "token_expired; put"),
        (error("account_inactive"), 1, Held, Status::LoginRefused, "account_inactive; put"),
        (error("ratelimited"), 4, Deferred, Status::TryAgain, "ratelimited"),
        (
            FaultKind::RateLimited(0),
            4,
            Deferred,
            Status::TryAgain,
            "not now: ratelimited: chat.postMessage may be asked again in 0 s",
        ),
        (FaultKind::RateLimited(61), 1, Deferred, Status::TryAgain, "asked again in 61 s"),
        (limited("Wed, 21 Oct 2099 07:28:00 GMT"), 1, Deferred, Status::TryAgain, "ratelimited"),
        (
            FaultKind::Redirect("http://127.0.0.2:9".to_owned()),
            1,
            Held,
            Status::Config,
            "redirects to http://127.0.0.2:9/api/chat.postMessage; set slack.url",
        ),
        (
            FaultKind::Status(407, "proxy".to_owned(), None),
            1,
            Deferred,
            Status::Protocol,
            "407 not an answer of Slack's API: proxy",
        ),
    ] {
        let case = Case::new();
        case.sim.fault(Fault::next(POST, kind.clone()).times(times));
        let (answer, mut workspace) = case.post("#soc");
        is(&answer, outcome, ends, words);
        assert!(!answer.asked && answer.complaint.is_none(), "{answer:?}");
        let down = workspace.down().expect("it is down");
        assert_eq!((down.outcome(), down.status()), (outcome, ends), "{kind:?}");
        is(&workspace.post("@zach", br#"{"text":"x"}"#), outcome, ends, words);
        assert_eq!(case.sim.calls().len(), times, "{kind:?}");
        assert!(case.sim.posted().is_empty(), "{kind:?}");
    }
}

#[test]
fn a_rate_limit_is_waited_for_three_times_in_a_row() {
    let case = Case::new();
    case.sim.fault(Fault::next(POST, FaultKind::RateLimited(0)).times(3));
    is(&case.post("#soc").0, Accepted, Status::Done, "");
    case.sim.fault(Fault::next("users.list", FaultKind::RateLimited(0)).times(3));
    is(&case.post("@zach").0, Accepted, Status::Done, "");
    assert_eq!(case.sim.posted().len(), 2);
}

#[test]
fn two_messages_in_a_row_without_a_whole_answer_end_the_asking() {
    let case = Case::new();
    case.sim.fault(Fault::next(POST, FaultKind::Cut).times(3).done());
    let (answer, mut workspace) = case.post("#soc");
    is(&answer, Unknown, Status::TryAgain, "");
    is(&workspace.post("#soc", br#"{"text":"x"}"#), Unknown, Status::TryAgain, "");
    is(&workspace.post("#soc", br#"{"text":"x"}"#), Deferred, Status::TryAgain, "what became of 2 messages");
    assert_eq!(case.sim.posted().len(), 2);
}

#[test]
fn an_answer_with_odd_parts_is_a_success_all_the_same() {
    for body in [
        json!({"ok": true}),
        json!({"ok": true, "ts": 7, "channel": null, "response_metadata": "odd"}),
        json!({"ok": true, "ts": "1.2", "warning": ["x"], "message": [Value::Null]}),
    ] {
        let case = Case::new();
        case.sim.fault(Fault::next(POST, FaultKind::Body(format!("\u{feff}{body}"))));
        is(&case.post("#soc").0, Accepted, Status::Done, "");
    }
}
