//! Who is meant by a name, and what becomes of a message for somebody who is not to be had.

use serde_json::json;
use slack_sim::{Fault, FaultKind, Posted, Workspace as World};

use super::{Case, POST, is};
use crate::exit::Status;
use crate::record::Outcome::{Accepted, Deferred, Held};

#[test]
fn a_message_goes_where_it_is_meant_to_as_it_was_frozen() {
    for (to, place) in [
        ("#tq-alerts", "C00ALERT1"),
        ("C0000SOC1", "C0000SOC1"),
        ("@zach", "D000ZACH1"),
        ("@Zach Example", "D000ZACH1"),
        ("@ANA", "D0000ANA1"),
        ("@aortiz", "D0000ANA1"),
        ("@Ana@Example.com", "D0000ANA1"),
        ("U000ZACH1", "D000ZACH1"),
        ("@U000ZACH1", "D000ZACH1"),
        ("D000ZACH1", "D000ZACH1"),
    ] {
        let case = Case::new();
        let message = br#" {"text":"\u00e4 <#C1>","unfurl_links":false,"blocks":[{"type":"divider"}]}"#;
        let answer = case.workspace().post(to, message);
        is(&answer, Accepted, Status::Done, "");
        assert_eq!((answer.ts.as_deref(), answer.complaint), (Some("1700000000.000100"), None), "{to}");
        let expected = json!({"text": "ä <#C1>", "unfurl_links": false, "blocks": [{"type": "divider"}]});
        let [Posted { channel, message, .. }] = case.sim.posted().try_into().expect("one message");
        assert_eq!((channel.as_str(), message), (place, expected), "{to}");
        let log = case.sim.requests();
        assert!(log.iter().all(|one| one.authorized && !one.body.contains(World::TOKEN)), "{log:?}");
    }
}

#[test]
fn a_word_about_the_recipient_holds_that_message_alone_and_says_what_to_do() {
    for (to, words) in [
        ("#nowhere", "channel_not_found; check the channel's name, and if it is private: /invite the app"),
        ("#elsewhere", "not_in_channel; invite the app there: /invite @APP"),
        ("#old", "is_archived; name another channel"),
        ("#soc", "restricted_action_read_only_channel; the app may not post there"),
        ("@zahc", "nobody in the workspace is called 'zahc'; did you mean 'zach'?"),
        ("@Evil", "nobody in the workspace is called 'Evil'; did you mean 'Evil\\u{1B}[2J'?"),
        ("@gone", "nobody in the workspace is called 'gone'; check the name"),
        ("@alerts", "nobody in the workspace is called 'alerts'"),
        ("@Twin", "several are called 'Twin': U000TWIN1, U000TWIN2; put the id or the e-mail address"),
        (
            "@nobody@example.com",
            "nobody@example.com: users_not_found; nobody in the workspace has this address",
        ),
        ("U000GONE1", "U000GONE1: user_disabled; that person has left"),
        ("U000NONE1", "U000NONE1: user_not_found"),
    ] {
        let case = Case::new();
        let twin = |id, name| slack_sim::User::new(id, name, "Twin", "");
        case.sim.workspace().users.extend([twin("U000TWIN1", "twin1"), twin("U000TWIN2", "twin2")]);
        let evil = slack_sim::User::new("U000EVIL1", "x", "Evil\u{1b}[2J", "");
        case.sim.workspace().users.push(evil);
        case.sim.workspace().channel("soc").refuses = Some("restricted_action_read_only_channel".to_owned());
        let (answer, mut workspace) = case.post(to);
        is(&answer, Held, Status::Config, words);
        assert!(answer.complaint.is_some_and(|said| said.starts_with(&format!("{to} held: "))), "{to}");
        assert!(workspace.down().is_none() && answer.asked, "{to}");
        is(&workspace.post("#tq-alerts", br#"{"text":"x"}"#), Accepted, Status::Done, "");
    }
}

#[test]
fn a_missing_scope_ends_the_asking_only_where_nobody_could_be_written_to() {
    let case = Case::new();
    case.sim.workspace().scopes = vec!["chat:write".to_owned()];
    let (answer, mut workspace) = case.post("@zach");
    is(&answer, Held, Status::LoginRefused, "missing_scope: the app needs the scope users:read; add it");
    is(&workspace.post("@ana@example.com", b"{}"), Held, Status::LoginRefused, "users:read.email");
    is(&workspace.post("U000ZACH1", b"{}"), Held, Status::LoginRefused, "im:write");
    is(&workspace.post("#soc", br#"{"text":"x"}"#), Accepted, Status::Done, "");
    case.sim.workspace().scopes.clear();
    is(
        &workspace.post("#soc", br#"{"text":"x"}"#),
        Held,
        Status::LoginRefused,
        "the app needs the scope chat:write",
    );
    assert!(workspace.down().is_some());
}

#[test]
fn a_search_for_somebody_that_fails_defers_what_is_for_them_and_nothing_is_unknown() {
    for (method, to, kind, words) in [
        ("users.list", "@zach", FaultKind::Status(502, "gone".to_owned(), None), "zach: gone"),
        ("users.list", "@zach", FaultKind::Cut, "zach: error sending request"),
        (
            "users.lookupByEmail",
            "@zach@example.com",
            FaultKind::Error("fatal_error".to_owned()),
            "fatal_error",
        ),
        ("conversations.open", "@zach", FaultKind::Torn, "broke off"),
    ] {
        let case = Case::new();
        case.sim.fault(Fault::next(method, kind));
        let (answer, mut workspace) = case.post(to);
        is(&answer, Deferred, Status::TryAgain, words);
        is(&workspace.post("#soc", br#"{"text":"x"}"#), Accepted, Status::Done, "");
        assert_eq!(case.sim.posted().len(), 1);
    }
}

#[test]
fn people_are_listed_once_a_run_page_by_page_and_only_where_there_is_one_to_find() {
    let case = Case::new();
    case.sim.workspace().page_limit = 1;
    let mut workspace = case.workspace();
    for to in ["#soc", "@zach", "@zach", "@Ana", "@nobody", "@nobody"] {
        workspace.post(to, br#"{"text":"x"}"#);
    }
    let calls = case.sim.calls();
    let count = |method: &str| calls.iter().filter(|call| *call == method).count();
    assert_eq!((count("users.list"), count("conversations.open"), count(POST)), (4, 2, 4), "{calls:?}");
    let same = json!({"ok": true, "members": [], "response_metadata": {"next_cursor": "again"}}).to_string();
    let case = Case::new();
    case.sim.fault(Fault::next("users.list", FaultKind::Body(same)).times(9));
    is(&case.post("@zach").0, Deferred, Status::Protocol, "users.list: not an answer of Slack's API");
}
