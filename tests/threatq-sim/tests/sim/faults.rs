//! Answers that go wrong on purpose.

use std::time::{Duration, Instant};

use serde_json::json;
use threatq_sim::{Fault, FaultKind, Settings};

use crate::wire::{Session, log_in, send};

#[test]
fn a_fault_strikes_the_request_it_waits_for_and_no_other() {
    let session = Session::demo();
    let kind = FaultKind::Status(503, r#"{"errors":["busy"]}"#.into());
    session.sim.fault(Fault { path_prefix: "/api/indicators".into(), skip: 1, times: 1, kind });
    assert_eq!(session.get("/api/users").status, 200);
    assert_eq!(session.get("/api/indicators/8").status, 200);
    let struck = session.get("/api/indicators/8");
    assert_eq!((struck.status, struck.body.as_str()), (503, r#"{"errors":["busy"]}"#));
    assert_eq!(session.get("/api/indicators/8").status, 200);
    let statuses: Vec<_> = session.sim.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 200, 200, 503, 200]);
}

#[test]
fn a_200_may_be_a_page_of_html_or_hold_errors() {
    let settings =
        Settings { fail_next: vec![Fault::next("/api/objects", FaultKind::Html200)], ..Settings::default() };
    let session = Session::with(settings);
    let page = session.get("/api/objects");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html") && page.body.starts_with("<!DOCTYPE"));
    session.sim.fault(Fault::next("/api/objects", FaultKind::ErrorsIn200));
    let reply = session.get("/api/objects");
    assert_eq!((reply.status, reply.json()["errors"].is_array()), (200, true));
}

#[test]
fn a_torn_answer_ends_before_its_declared_length() {
    let session = Session::demo();
    session.sim.fault(Fault::next("/api/objects", FaultKind::Torn));
    let reply = session.get("/api/objects");
    let declared = reply.head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let declared: usize = declared.parse().unwrap();
    assert_eq!(reply.status, 200);
    assert!(!reply.body.is_empty() && reply.body.len() < declared, "{} of {declared}", reply.body.len());
}

#[test]
fn a_slow_answer_is_late_and_right() {
    let session = Session::demo();
    session.sim.fault(Fault::next("/api/users", FaultKind::Slow(Duration::from_millis(60))));
    let begun = Instant::now();
    assert_eq!(session.get("/api/users").ids(), [2, 3]);
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[test]
fn a_revoked_token_is_worth_nothing_until_a_new_login() {
    let mut session = Session::demo();
    session.sim.fault(Fault::next("/api/indicators", FaultKind::Revoke));
    assert_eq!(session.get("/api/users").status, 200);
    assert_eq!(session.get("/api/indicators").status, 401);
    assert_eq!(session.get("/api/users").status, 401);
    session.token = log_in(&session.sim, "ana@example.com", "watch-and-wait");
    assert_eq!(session.get("/api/indicators").status, 200);
}

#[test]
fn faults_are_queued_and_cleared_from_outside() {
    let session = Session::demo();
    let kinds = [
        json!({"status": [429, ""]}),
        json!("html_200"),
        json!("errors_in_200"),
        json!("torn"),
        json!({"slow": 1}),
    ];
    for kind in kinds {
        let command = json!({"do": "fault", "path_prefix": "/api/objects", "times": 1, "kind": kind});
        let reply = send(&session.sim, "POST", "/control", &[], &command.to_string());
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    assert_eq!(session.get("/api/objects").status, 429);
    assert!(session.get("/api/objects").body.starts_with("<!DOCTYPE"));
    send(&session.sim, "POST", "/control", &[], r#"{"do":"clear_faults"}"#);
    assert!(session.get("/api/objects").json()["data"].is_array());
    send(&session.sim, "POST", "/control", &[], r#"{"do":"revoke_tokens"}"#);
    assert_eq!(session.get("/api/objects").status, 401);
}
