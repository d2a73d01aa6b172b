//! What is refused before anybody is asked, and what is not said of the token.

use serde_json::json;
use slack_sim::{Fault, FaultKind, Workspace as World};

use super::{Case, POST, is};
use crate::config::Slack;
use crate::exit::Status;
use crate::record::Outcome::{Deferred, Rejected};
use crate::slack::Workspace;

#[test]
fn a_message_that_is_none_is_refused_before_anybody_is_asked() {
    let case = Case::new();
    is(&case.workspace().post("#soc", b"[]"), Rejected, Status::Refused, "no JSON object");
    assert!(case.sim.requests().is_empty());
    let blocks = json!({"text": "x", "blocks": [{"type": "header"}]}).to_string();
    let answer = case.workspace().post("#soc", blocks.as_bytes());
    is(
        &answer,
        Rejected,
        Status::Refused,
        "invalid_blocks: missing required field: text [json-pointer:/blocks/0]",
    );
}

#[test]
fn settings_that_cannot_work_are_refused_before_anybody_is_asked() {
    let case = Case::new();
    let refused = |settings: Slack| match Workspace::new(&settings) {
        Ok(_) => panic!("taken: {settings:?}"),
        Err(failure) => (failure.status, failure.to_string()),
    };
    let with_url = |url: &str| Slack { url: Some(url.to_owned()), ..case.settings() };
    for (settings, words) in [
        (with_url("http://slack.example.com/api/"), "without TLS only this machine"),
        (
            with_url("https://u:canary@slack.example.com/api/"),
            "slack.url slack.example.com/api/: no user, password",
        ),
        (Slack { token_command: Vec::new(), ..case.settings() }, "no token: set slack.token_file"),
        (Slack { token_file: Some("token".into()), ..case.settings() }, "are both set"),
        (
            Slack { proxy: Some("http://u:canary@127.0.0.1:1".to_owned()), ..case.settings() },
            "slack.proxy: not http",
        ),
        (
            Slack { ca_file: Some("/nowhere.pem".into()), ..with_url("https://127.0.0.1:1/api/") },
            "/nowhere.pem",
        ),
    ] {
        let (status, said) = refused(settings);
        assert!(
            status == Status::Config && said.contains(words) && !said.contains("canary"),
            "{words}: {said}"
        );
    }
    let token_command = ["echo", "xoxb canary"].map(str::to_owned).to_vec();
    let (status, said) = refused(Slack { token_command, ..case.settings() });
    assert!(status == Status::Config && said.contains("is no token") && !said.contains("canary"), "{said}");
}

#[test]
fn nobody_who_listens_defers_all() {
    let case = Case::new();
    let settings = Slack { url: Some("http://127.0.0.1:1/api/".to_owned()), ..case.settings() };
    let mut workspace = Workspace::new(&settings).expect("the settings are fine");
    assert_eq!(workspace.name(), "127.0.0.1:1");
    is(&workspace.post("#soc", b"{}"), Deferred, Status::TryAgain, "Connection refused");
    assert!(workspace.down().is_some());
}

#[test]
fn a_token_that_slack_repeats_is_not_shown() {
    let escaped = World::TOKEN.replace('-', "%2D");
    for kind in [
        FaultKind::Status(500, format!("no such token: {}", World::TOKEN), None),
        FaultKind::Body(format!("no such token: {escaped}")),
        FaultKind::Error(World::TOKEN.to_owned()),
        FaultKind::Redirect(format!("https://example.com/{}", World::TOKEN)),
    ] {
        let case = Case::new();
        case.sim.fault(Fault::next(POST, kind.clone()));
        let (answer, workspace) = case.post("#soc");
        let said = format!("{answer:?} {:?}", workspace.down());
        assert!(said.contains("***") && !said.contains(World::TOKEN) && !said.contains(&escaped), "{said}");
    }
}
