//! Answers that go wrong on purpose.

use std::time::{Duration, Instant};

use serde_json::json;
use threatq_sim::{Fault, FaultKind, RetryAfter, Settings, Target};

use crate::wire::{Session, control, log_in, send};

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
fn a_torn_answer_ends_before_its_declared_length_or_its_last_chunk() {
    let session = Session::demo();
    session.sim.fault(Fault::next("/api/objects", FaultKind::Torn));
    let reply = session.get("/api/objects");
    let declared = reply.head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let declared: usize = declared.parse().unwrap();
    assert_eq!(reply.status, 200);
    assert!(!reply.body.is_empty() && reply.body.len() < declared, "{} of {declared}", reply.body.len());

    session.sim.fault(Fault::next("/api/objects", FaultKind::TornChunk));
    let reply = session.get("/api/objects");
    assert!(reply.head.contains("transfer-encoding: chunked"), "{}", reply.head);
    assert!(!reply.body.is_empty() && !reply.body.ends_with("0\r\n\r\n"), "{}", reply.body);
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

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn a_busy_server_says_when_to_come_again_in_seconds_as_a_date_absurdly_or_not_at_all() {
    let session = Session::demo();
    let busy = |after: RetryAfter| {
        session.sim.fault(Fault::next("/api/objects", FaultKind::Busy(429, after)));
        let reply = session.get("/api/objects");
        assert_eq!((reply.status, reply.json()["errors"].is_array()), (429, true));
        header(&reply.head, "retry-after").map(str::to_owned)
    };
    assert_eq!(busy(RetryAfter::Seconds(7)).as_deref(), Some("7"));
    assert_eq!(busy(RetryAfter::Text("next tuesday".into())).as_deref(), Some("next tuesday"));
    assert_eq!(busy(RetryAfter::Text("line\nbreak".into())), None, "no header can hold it");
    assert_eq!(busy(RetryAfter::Nothing), None);
    let date = busy(RetryAfter::Date(3600)).unwrap();
    assert!(date.ends_with("gmt") && date.len() == "thu, 28 oct 2021 20:32:57 gmt".len(), "{date}");
    assert_ne!(busy(RetryAfter::Date(-3600)).unwrap(), date);
    assert_eq!(session.get("/api/objects").status, 200);
}

#[test]
fn a_redirect_leads_to_another_host_to_http_or_in_a_circle() {
    let session = Session::demo();
    let location = |status: u16, target: Target| {
        session.sim.fault(Fault::next("/api/indicators", FaultKind::Redirect(status, target)));
        let reply = session.get("/api/indicators?limit=1");
        assert_eq!(reply.status, status);
        header(&reply.head, "location").unwrap().to_owned()
    };
    let elsewhere = Target::Host("https://elsewhere.example".into());
    assert_eq!(location(307, elsewhere), "https://elsewhere.example/api/indicators?limit=1");
    assert_eq!(location(301, Target::Http), "http://localhost/api/indicators?limit=1");
    assert_eq!(location(302, Target::Itself), "/api/indicators?limit=1");
}

#[test]
fn waits_and_redirects_are_ordered_from_outside() {
    let session = Session::demo();
    for (kind, status) in [
        (json!({"busy": [429, {"seconds": 1}]}), 429),
        (json!({"busy": [503, "nothing"]}), 503),
        (json!({"busy": [429, {"date": -5}]}), 429),
        (json!({"busy": [429, {"text": "soon"}]}), 429),
        (json!({"redirect": [307, {"host": "http://127.0.0.1:1"}]}), 307),
        (json!({"redirect": [301, "http"]}), 301),
        (json!({"redirect": [302, "itself"]}), 302),
    ] {
        control(&session.sim, &json!({"do": "fault", "path_prefix": "/api/objects", "kind": kind}));
        assert_eq!(session.get("/api/objects").status, status, "{kind}");
    }
}
