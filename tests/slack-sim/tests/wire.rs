//! The simulator asked over its wire, by plain HTTP written by hand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use slack_sim::{Fault, FaultKind, Sim, Workspace};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json; charset=utf-8";

fn sim() -> Sim {
    Sim::start(Workspace::demo())
}

/// What came back, as it came.
fn raw(sim: &Sim, path: &str, token: &str, content_type: &str, body: &str) -> String {
    let host = sim.url().replace("http://", "").replace("/api/", "");
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: {token}\r\n\
         content-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut bytes = Vec::new();
    // A line that is cut may be reset.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

fn ask(sim: &Sim, method: &str, content_type: &str, body: &str) -> Value {
    let answer =
        raw(sim, &format!("/api/{method}"), &format!("Bearer {}", Workspace::TOKEN), content_type, body);
    let (head, body) = answer.split_once("\r\n\r\n").expect("there is a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn post(sim: &Sim, to: &str) -> Value {
    ask(sim, "chat.postMessage", JSON, &json!({"channel": to, "text": "hello"}).to_string())
}

#[test]
fn a_message_is_posted_where_the_app_may_post() {
    let sim = sim();
    for (to, place) in [
        ("#tq-alerts", "C00ALERT1"),
        ("tq-alerts", "C00ALERT1"),
        ("C0000SOC1", "C0000SOC1"),
        ("U000ZACH1", "D000ZACH1"),
        ("D000ZACH1", "D000ZACH1"),
    ] {
        let answer = post(&sim, to);
        assert_eq!((&answer["ok"], &answer["channel"]), (&json!(true), &json!(place)), "{to}: {answer}");
        assert!(answer["ts"].as_str().unwrap().contains('.'));
    }
    assert_eq!(sim.posted().len(), 5);
    assert_eq!(sim.workspace().texts("zach"), ["hello", "hello"]);
    assert_eq!(sim.requests()[0].status, 200);
}

#[test]
fn a_message_is_refused_where_it_may_not_be_posted() {
    let sim = sim();
    sim.workspace().channel("soc").refuses = Some("restricted_action".to_owned());
    for (to, error) in [
        ("#nowhere", "channel_not_found"),
        ("#elsewhere", "not_in_channel"),
        ("#secret", "channel_not_found"),
        ("#old", "is_archived"),
        ("#soc", "restricted_action"),
        ("U000GONE1", "channel_not_found"),
        ("@zach", "channel_not_found"),
    ] {
        assert_eq!(post(&sim, to), json!({"ok": false, "error": error}), "{to}");
    }
    assert!(sim.posted().is_empty());
}

#[test]
fn a_token_a_scope_a_form_and_an_argument_are_refused_in_slacks_words() {
    let sim = sim();
    let bad = |token: &str| raw(&sim, "/api/auth.test", token, FORM, "");
    assert!(bad("Basic x").contains("not_authed") && bad("Bearer x").contains("invalid_auth"));
    assert_eq!(ask(&sim, "auth.test", FORM, "")["team"], "Example");
    for (content_type, body, error) in [
        (JSON, "[]", "json_not_object"),
        (JSON, "{", "invalid_json"),
        ("text/xml", "x", "invalid_post_type"),
        ("application/json; charset=utf-16", "{}", "invalid_charset"),
        (JSON, r##"{"channel":"#soc","text":"x","bloks":[]}"##, "invalid_arguments"),
        (JSON, r##"{"channel":"#soc"}"##, "no_text"),
        (FORM, "channel=%23soc&text=x&blocks=[{}]", "invalid_blocks"),
    ] {
        assert_eq!(ask(&sim, "chat.postMessage", content_type, body)["error"], error, "{body}");
    }
    assert_eq!(ask(&sim, "chat.delete", FORM, "")["error"], "unknown_method");
    sim.workspace().scopes.retain(|scope| scope != "users:read.email");
    let answer = ask(&sim, "users.lookupByEmail", FORM, "email=ana@example.com");
    assert_eq!((&answer["error"], &answer["needed"]), (&json!("missing_scope"), &json!("users:read.email")));
    sim.workspace().token_is = Some("token_revoked".to_owned());
    assert_eq!(post(&sim, "#soc")["error"], "token_revoked");
}

#[test]
fn invalid_blocks_say_what_is_wrong_twice_as_slack_does() {
    let sim = sim();
    let body = json!({"channel": "#soc", "text": "x", "blocks": [{"type": "section"}]}).to_string();
    let what = "missing required field: text or fields [json-pointer:/blocks/0]";
    let answer = ask(&sim, "chat.postMessage", JSON, &body);
    assert_eq!(answer["errors"], json!([what]));
    assert_eq!(answer["response_metadata"]["messages"], json!([format!("[ERROR] {what}")]));
}

#[test]
fn people_come_in_pages_and_are_found_by_e_mail_and_spoken_to() {
    let sim = sim();
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ask(&sim, "users.list", FORM, &format!("limit=3&cursor={cursor}"));
        let members = page["members"].as_array().unwrap();
        names.extend(members.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["alerts", "gone", "aortiz", "zach"]);
    assert_eq!(ask(&sim, "users.list", FORM, "cursor=x")["error"], "invalid_cursor");
    let found = |email: &str| ask(&sim, "users.lookupByEmail", FORM, &format!("email={email}"));
    assert_eq!(found("Ana@example.com")["user"]["id"], "U0000ANA1");
    assert_eq!(found("nobody@example.com")["error"], "users_not_found");
    let open = |user: &str| ask(&sim, "conversations.open", FORM, &format!("users={user}"));
    assert_eq!(open("U0000ANA1")["channel"]["id"], "D0000ANA1");
    assert_eq!(
        (&open("U1")["error"], &open("U000GONE1")["error"]),
        (&json!("user_not_found"), &json!("user_disabled"))
    );
}

#[test]
fn channels_can_be_looked_at_but_for_private_ones_without_the_app() {
    let sim = sim();
    let list =
        ask(&sim, "conversations.list", FORM, "types=public_channel,private_channel&exclude_archived=true");
    let names: Vec<_> = list["channels"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["tq-alerts", "soc", "elsewhere"]);
    let info = |id: &str| ask(&sim, "conversations.info", FORM, &format!("channel={id}"));
    assert_eq!(info("C00ELSE01")["channel"]["is_member"], false);
    assert_eq!(info("C00SECRET")["error"], "channel_not_found");
}

#[test]
fn faults_spoil_answers_with_and_without_the_post() {
    let message = json!({"channel": "#soc", "text": "x"}).to_string();
    for (kind, shows) in [
        (FaultKind::RateLimited(7), "retry-after: 7"),
        (FaultKind::Status(503, "busy".to_owned(), None), "HTTP/1.1 503"),
        (FaultKind::Error("fatal_error".to_owned()), r#""error":"fatal_error""#),
        (FaultKind::Body("<html>".to_owned()), "<html>"),
        (
            FaultKind::Redirect("http://127.0.0.2:1".to_owned()),
            "location: http://127.0.0.2:1/api/chat.postMessage",
        ),
        (FaultKind::Huge(60_000), &" ".repeat(60_000)),
    ] {
        for done in [false, true] {
            let sim = sim();
            sim.fault(Fault { done, ..Fault::next("chat.postMessage", kind.clone()) });
            let token = format!("Bearer {}", Workspace::TOKEN);
            let answer = raw(&sim, "/api/chat.postMessage", &token, JSON, &message);
            assert!(answer.contains(shows), "{kind:?}");
            assert_eq!(sim.posted().len(), usize::from(done), "{kind:?}");
            assert_eq!(post(&sim, "#soc")["ok"], true, "once");
        }
    }
}

#[test]
fn a_line_is_cut_before_or_in_the_middle_of_an_answer_or_it_comes_late() {
    let message = json!({"channel": "#soc", "text": "x"}).to_string();
    let token = format!("Bearer {}", Workspace::TOKEN);
    for (fault, whole, posted) in [
        (Fault::next("chat.postMessage", FaultKind::Cut), None, 0),
        (Fault::next("chat.postMessage", FaultKind::Cut).done(), None, 1),
        (Fault::next("chat.postMessage", FaultKind::Torn), Some(false), 1),
        (Fault::next("", FaultKind::Slow(5)), Some(true), 1),
        (Fault::next("", FaultKind::Drip(1)), Some(true), 1),
    ] {
        let sim = sim();
        sim.fault(fault.clone());
        let answer = raw(&sim, "/api/chat.postMessage", &token, JSON, &message);
        assert_eq!((!answer.is_empty()).then(|| answer.ends_with('}')), whole, "{fault:?}: {answer}");
        assert_eq!(sim.posted().len(), posted, "{fault:?}");
    }
}

#[test]
fn a_script_sees_what_was_posted_and_has_things_go_wrong() {
    let sim = sim();
    post(&sim, "#soc");
    let control = |command: &str, body: &str| raw(&sim, &format!("/control/{command}"), "", JSON, body);
    assert!(
        control("posted", "")
            .contains(r#"{"channel":"C0000SOC1","message":{"text":"hello"},"ts":"1700000000.000100"}"#)
    );
    let requests = control("requests", "");
    assert!(requests.contains(r#""method":"chat.postMessage""#) && !requests.contains(Workspace::TOKEN));
    assert!(control("fault", r#"{"method":"auth.test","kind":{"rate_limited":3}}"#).ends_with("ok\n"));
    assert!(raw(&sim, "/api/auth.test", "", FORM, "").contains("ratelimited"));
    assert!(control("fault", r#"{"kind":"late"}"#).starts_with("HTTP/1.1 400"));
    assert!(
        control("check", r#"{"text":"x","blocks":[{"type":"section"}]}"#).contains("invalid_blocks: missing")
    );
    assert!(control("nothing", "").starts_with("HTTP/1.1 404"));
}

#[test]
fn the_program_says_its_address_and_ends_with_its_parent() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_slack-sim"))
        .arg("--exit-with-parent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let host = address.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/api/\n")).expect(&address);
    TcpStream::connect(host).unwrap();
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
}
