//! Bodies that a client must not simply take: compressed, dripping, endless, or a bomb.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::json;
use threatq_sim::{Fault, FaultKind, Settings};

use crate::wire::{Session, connect, control, request, send_raw};

const ACCEPT: &str = "accept-encoding: gzip";

/// Splits an answer into its head, in lower case, and its body.
fn parts(answer: &[u8]) -> (String, &[u8]) {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), &answer[end + 4..])
}

/// The first so many bytes of an answer's head and body, whose rest nobody reads.
fn beginning(session: &Session, path: &str, length: usize) -> Vec<u8> {
    let mut stream = connect(&session.sim);
    stream.write_all(request("GET", path, &[&session.bearer()], "").as_bytes()).unwrap();
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn gzip_is_given_to_those_who_accept_it() {
    let session = Session::with(Settings { gzip: true, ..Settings::default() });
    let plain = session.get("/api/objects");
    assert!(!plain.head.contains("content-encoding"));
    let answer = send_raw(&session.sim, "GET", "/api/objects", &[&session.bearer(), ACCEPT], "");
    let (head, body) = parts(&answer);
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert_eq!(body[..3], [0x1f, 0x8b, 8]);
    let held = body.windows(plain.body.len()).any(|bytes| bytes == plain.body.as_bytes());
    assert!(held, "stored blocks hold the body as it is");
}

#[test]
fn a_gzip_body_may_be_cut() {
    let session = Session::with(Settings { gzip: true, ..Settings::default() });
    session.sim.fault(Fault::next("/api/objects", FaultKind::Torn));
    let answer = send_raw(&session.sim, "GET", "/api/objects", &[&session.bearer(), ACCEPT], "");
    let (head, body) = parts(&answer);
    let declared = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(head.contains("content-encoding: gzip") && body.len() < declared.parse().unwrap());
}

#[test]
fn a_gzip_bomb_is_small_on_the_wire() {
    let session = Session::demo();
    session.sim.fault(Fault::next("/api/objects", FaultKind::GzipBomb(16 << 20)));
    let answer = send_raw(&session.sim, "GET", "/api/objects", &[&session.bearer()], "");
    let (head, body) = parts(&answer);
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(body.len() > 100 && body.len() < (16 << 20) / 100, "{}", body.len());
}

#[test]
fn a_body_of_two_gigabytes_is_made_while_it_is_read() {
    const SIZE: u64 = 2 << 30;
    let session = Session::demo();
    for declared in [true, false] {
        session.sim.fault(Fault::next("/api/objects", FaultKind::Huge { bytes: SIZE, declared }));
        let begun = Instant::now();
        let answer = beginning(&session, "/api/objects", 100_000);
        let (head, body) = parts(&answer);
        assert_eq!(head.contains(&format!("content-length: {SIZE}")), declared, "{head}");
        assert_eq!(head.contains("transfer-encoding: chunked"), !declared, "{head}");
        let start = b"{\"total\":0,\"data\":[ ";
        assert!(body.windows(start.len()).take(20).any(|bytes| bytes == start));
        assert!(begun.elapsed() < Duration::from_secs(5), "the rest was waited for");
    }
    assert_eq!(session.get("/api/objects").status, 200);
}

#[test]
fn a_huge_body_that_is_read_to_its_end_is_a_list() {
    let session = Session::demo();
    session.sim.fault(Fault::next("/api/objects", FaultKind::Huge { bytes: 200_000, declared: true }));
    let reply = session.get("/api/objects");
    assert_eq!((reply.body.len(), reply.data()), (200_000, json!([])));
}

#[test]
fn a_dripping_body_is_whole_and_late() {
    let session = Session::demo();
    session.sim.fault(Fault::next("/api/users/3", FaultKind::Drip(Duration::from_millis(3))));
    let begun = Instant::now();
    let reply = session.get("/api/users/3/watchlist");
    assert_eq!(reply.json(), json!({"total": 0, "data": []}));
    assert!(begun.elapsed() >= Duration::from_millis(3) * reply.body.len() as u32);
}

#[test]
fn any_bytes_can_be_passed_off_as_json() {
    let session = Session::demo();
    session.sim.fault(Fault::next("/api/objects", FaultKind::Body(b"\xef\xbb\xbf{\"data\":\xff}".to_vec())));
    let answer = send_raw(&session.sim, "GET", "/api/objects", &[&session.bearer()], "");
    let (head, body) = parts(&answer);
    assert!(head.contains("200 ok") && head.contains("application/json"), "{head}");
    assert_eq!(body, b"\xef\xbb\xbf{\"data\":\xff}");
}

#[test]
fn bodies_are_spoiled_from_outside() {
    const SMALL: &str = "/api/users/3/watchlist";
    let session = Session::demo();
    for kind in [
        json!({"drip": 0}),
        json!({"huge": {"bytes": 1000, "declared": false}}),
        json!({"body": "{\"data\":[\"\\ud800\"]}"}),
        json!({"gzip_bomb": 1000}),
    ] {
        control(&session.sim, &json!({"do": "fault", "path_prefix": SMALL, "kind": kind}));
    }
    let answers: Vec<usize> =
        (0..4).map(|_| send_raw(&session.sim, "GET", SMALL, &[&session.bearer()], "").len()).collect();
    assert!(answers.iter().all(|length| *length > 0));
    assert!(session.get(SMALL).json()["data"].is_array());
}

#[test]
fn every_answer_may_be_late() {
    let session = Session::demo();
    session.sim.turn(|settings| settings.delay = Duration::from_millis(40));
    let begun = Instant::now();
    assert_eq!(session.get("/api/objects").status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(40));
}
