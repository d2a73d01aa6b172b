//! Section 2 of the API reference.

use std::time::Duration;

use serde_json::json;
use threatq_sim::{ExpiresIn, Settings, Sim, World};

use crate::wire::{Session, client_token, log_in, send};

#[test]
fn all_three_encodings_of_the_password_grant_log_in() {
    let sim = Sim::start(World::demo());
    log_in(&sim, "ana@example.com", "watch-and-wait");
    let json = json!({"grant_type": "password", "client_id": "demo-client",
        "username": "ana@example.com", "password": "watch-and-wait"});
    assert_eq!(send(&sim, "POST", "/api/token", &[], &json.to_string()).status, 200);
    let form = "grant_type=password&client_id=demo-client&email=ana%40example.com&password=watch-and-wait";
    let headers = ["content-type: application/x-www-form-urlencoded"];
    let reply = send(&sim, "POST", "/api/token", &headers, form).json();
    assert_eq!(reply["token_type"], "bearer");
    assert_eq!(reply["expires_in"], 3600);
    assert!(reply["refresh_token"].is_string());
}

#[test]
fn bad_credentials_are_a_400_and_their_passwords_are_not_logged() {
    let sim = Sim::start(World::demo());
    for (grant, client, email, password) in [
        ("password", "demo-client", "ana@example.com", "wrong-one"),
        ("password", "demo-client", "nobody@example.com", "wrong-one"),
        ("password", "other-client", "ana@example.com", "watch-and-wait"),
        ("password", "demo-private", "ana@example.com", "watch-and-wait"),
        ("wish", "demo-client", "ana@example.com", "watch-and-wait"),
        ("client_credentials", "", "", ""),
        ("refresh_token", "", "", ""),
    ] {
        let body = json!({"grant_type": grant, "client_id": client, "email": email, "password": password});
        let reply = send(&sim, "POST", "/api/token", &[], &body.to_string());
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.json()["error"].is_string());
    }
    let log = format!("{:?}", sim.requests());
    assert!(!log.contains("wrong-one") && !log.contains("watch-and-wait"), "{log}");
}

#[test]
fn a_token_works_under_a_capital_bearer_only() {
    let session = Session::demo();
    let ask = |header: &str| send(&session.sim, "GET", "/api/objects", &[header], "").status;
    assert_eq!(ask(&format!("authorization: Bearer {}", session.token)), 200);
    assert_eq!(ask(&format!("authorization: bearer {}", session.token)), 401);
    assert_eq!(ask("authorization: Bearer made-up"), 401);
    assert_eq!(ask("x-nothing: here"), 401);
}

#[test]
fn a_token_ends_with_its_lifetime() {
    let session = Session::with(Settings { token_lifetime: Duration::ZERO, ..Settings::default() });
    assert_eq!(session.get("/api/objects").status, 401);
}

#[test]
fn a_private_client_logs_in_and_is_no_user() {
    let mut session = Session::demo();
    session.token = client_token(&session.sim);
    assert_eq!(session.get("/api/objects").status, 200);
    assert_eq!(session.get("/api/users/current").status, 403);
}

#[test]
fn a_refresh_token_is_good_for_one_new_token() {
    let sim = Sim::start(World::demo());
    let first = "/api/token?grant_type=password&client_id=demo-client";
    let body = json!({"email": "ana@example.com", "password": "watch-and-wait"}).to_string();
    let first = send(&sim, "POST", first, &[], &body).json();
    let (access, refresh) =
        (first["access_token"].as_str().unwrap(), first["refresh_token"].as_str().unwrap());
    let path = format!("/api/token?grant_type=refresh_token&refresh_token={refresh}");
    let bearer = format!("authorization: Bearer {access}");
    assert_eq!(send(&sim, "POST", &path, &[], "").status, 400);
    let second = send(&sim, "POST", &path, &[&bearer], "");
    assert_eq!(second.status, 200);
    assert_ne!(second.json()["access_token"], first["access_token"]);
    assert_eq!(send(&sim, "POST", &path, &[&bearer], "").status, 400);
}

#[test]
fn a_token_may_end_after_so_many_requests() {
    let mut session = Session::with(Settings { token_requests: Some(2), ..Settings::default() });
    let statuses: Vec<u16> = (0..3).map(|_| session.get("/api/objects").status).collect();
    assert_eq!(statuses, [200, 200, 401]);
    session.token = log_in(&session.sim, "ana@example.com", "watch-and-wait");
    assert_eq!(session.get("/api/objects").status, 200);
}

#[test]
fn a_login_may_hide_the_lifetime_of_its_token_or_lie_about_it() {
    let session = Session::demo();
    let login = || {
        let path = "/api/token?grant_type=password&client_id=demo-client";
        let body = json!({"email": "ana@example.com", "password": "watch-and-wait"}).to_string();
        send(&session.sim, "POST", path, &[], &body).json()
    };
    assert_eq!(login()["expires_in"], 3600);
    for (expires_in, said) in
        [(ExpiresIn::Missing, None), (ExpiresIn::Says(0), Some(0)), (ExpiresIn::Says(9), Some(9))]
    {
        session.sim.turn(|settings| settings.expires_in = expires_in);
        assert_eq!(login().get("expires_in").and_then(serde_json::Value::as_u64), said);
    }
    session.sim.turn(|settings| settings.omit_refresh_token = true);
    assert!(login().get("refresh_token").is_none());
}
