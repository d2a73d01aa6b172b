//! Worlds whose objects are made when they are asked for.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use threatq_sim::{Settings, World};

use crate::wire::{Session, control, reply, request};

const MILLION: u64 = 1_000_000;

fn session(count: u64) -> Session {
    Session::serving(World::generated(count), Settings::default())
}

fn page(session: &Session, address: &str, filters: Value) -> (Vec<u64>, u64) {
    let body = json!({"filters": filters, "fields": ["id"]});
    let page = session.post(&format!("/api/indicators/query?{address}"), &body);
    (page.ids(), page.json()["total"].as_u64().unwrap())
}

#[test]
fn the_two_collections_hold_everything_and_a_tenth() {
    let session = session(10_000);
    let searches = session.get("/api/search/query").data();
    for (place, (name, total)) in [("Everything", 10_000), ("Tenth", 1_000)].into_iter().enumerate() {
        assert_eq!(searches[place]["name"], name);
        let hash = searches[place]["hash"].as_str().unwrap();
        let page = session.get(&format!("/api/indicators/query/hash/{hash}?limit=2&offset=1"));
        assert_eq!(page.json()["total"], total);
        let step = 10_000 / total;
        assert_eq!(page.ids(), [2 * step, 3 * step]);
    }
}

#[test]
fn a_generated_object_has_both_shapes_and_the_same_values_each_time() {
    let session = session(1_000);
    let row = |fields: Value| {
        session.post("/api/indicators/query", &json!({"filters": {"id": 730}, "fields": fields})).data()[0]
            .clone()
    };
    let outline = row(json!(["id", "value", "type", "status", "score", "touched_at"]));
    let lists = row(json!(["id", "tags", "attributes", "sources.name"]));
    assert_eq!(lists["tags"], json!(["generated", "tenth"]));
    assert_eq!(
        (&lists["attributes"][0]["indicator_id"], &lists["sources"][0]["name"]),
        (&json!(730), &json!("Example Feed"))
    );
    let one = session.get("/api/indicators/730?with=tags,type,status,attributes").data();
    assert_eq!((&one["value"], &one["type"]["name"]), (&outline["value"], &outline["type"]));
    assert_eq!(one["attributes"][1]["value"], lists["attributes"][1]["value"]);
    assert!(one["touched_at"].as_str().unwrap().starts_with(outline["touched_at"].as_str().unwrap()));
    assert_eq!(session.get("/api/indicators/1001").status, 404);
}

#[test]
fn a_page_of_a_million_costs_a_page() {
    let session = session(MILLION);
    let begun = Instant::now();
    for offset in (0..MILLION).step_by(50_000) {
        let (ids, total) =
            page(&session, &format!("limit=500&sort=id&offset={offset}"), json!({"tags": "generated"}));
        assert_eq!((ids.len(), ids[0], ids[499], total), (500, offset + 1, offset + 500, MILLION));
    }
    let (ids, total) = page(&session, "limit=3&sort=id&offset=50000", json!({"tags": "tenth"}));
    assert_eq!((ids, total), (vec![500_010, 500_020, 500_030], MILLION / 10));
    assert_eq!(session.get("/api/indicators?limit=1&offset=999999").ids(), [MILLION]);
    assert_eq!(session.get("/api/indicators").ids().len(), 500, "never all by mistake");
    assert!(begun.elapsed() < Duration::from_secs(20), "rows were looked at one by one");
}

#[test]
fn a_window_over_a_million_finds_what_was_touched() {
    let session = session(MILLION);
    session.change(|world| {
        for id in [7, 500_000, 999_999] {
            world.advance(60);
            world.add_tag("indicators", id, "seen")?;
        }
        world.remove_object("indicators", 8)
    });
    let since = |stamp: &str| json!({"+and": [{"+and": [{"tags": "generated"}]}, {"touched_at": {"+gt": stamp, "+lt": "NOW"}}]});
    assert_eq!(page(&session, "sort=id", since("2021-10-28 20:00:00")), (vec![7, 500_000, 999_999], 3));
    assert_eq!(
        page(&session, "sort=touched_at&limit=2&offset=1", since("2021-10-28 20:00:00")).0,
        [500_000, 999_999]
    );
    let (ids, total) = page(&session, "sort=id&limit=3", since("2021-10-28 19:00:00"));
    assert_eq!(ids[..2], [7, 500_000]);
    assert!((50..70).contains(&total) && ids[2] > 999_900, "{ids:?} of {total}");
    assert_eq!(page(&session, "limit=1", json!({"tags": "generated"})).1, MILLION - 1);
}

#[test]
fn marks_lead_through_a_generated_world_and_its_changes() {
    let session = session(5_000);
    session.change(|world| world.add_tag("indicators", 2_500, "seen"));
    let hash = session.sim.world().search("Everything").unwrap().hash.clone();
    let (mut mark, mut seen) = ("*".to_owned(), Vec::new());
    loop {
        let encoded = mark.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let path = format!(
            "/api/indicators/query/hash/{hash}?limit=700&sort=touched_at,id&fields=id&cursorMark={encoded}"
        );
        let page = session.get(&path);
        seen.extend(page.ids());
        let next = page.json()["nextCursorMark"].as_str().unwrap().to_owned();
        if next == mark {
            break;
        }
        mark = next;
    }
    assert_eq!((seen.len(), seen.last()), (5_000, Some(&2_500)));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5_000);
}

#[test]
fn a_watchlist_is_spread_over_the_library() {
    let session = session(10_000);
    control(&session.sim, &json!({"do": "watch_generated", "user": "ana@example.com", "count": 500}));
    let list = session.get("/api/users/2/watchlist").json();
    assert_eq!((&list["total"], &list["data"][1]["object_id"]), (&json!(500), &json!(21)));
}

#[test]
fn the_program_serves_a_generated_world_with_knobs_turned() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_threatq-sim"))
        .args(["--objects", "1000", "--watched", "10", "--delay", "1", "--exit-with-parent"])
        .args(["--knobs", r#"{"watchlist_route":"watchlist","omit_total":true}"#])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let url = BufReader::new(program.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let ask = |method: &str, path: &str, headers: &[&str], body: &str| {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(request(method, path, headers, body).as_bytes()).unwrap();
        reply(&std::io::read_to_string(stream).unwrap())
    };
    let login = r#"{"grant_type":"password","client_id":"demo-client","email":"ana@example.com","password":"watch-and-wait"}"#;
    let token = ask("POST", "/api/token", &[], login).json()["access_token"].as_str().unwrap().to_owned();
    let list = ask("GET", "/api/watchlist", &[&format!("authorization: Bearer {token}")], "").json();
    assert_eq!((list["data"].as_array().unwrap().len(), list.get("total")), (10, None));
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    let wrong = Command::new(env!("CARGO_BIN_EXE_threatq-sim"))
        .args(["--knobs", "{\"flavour\":1}"])
        .output()
        .unwrap();
    assert!(!wrong.status.success() && String::from_utf8(wrong.stderr).unwrap().contains("flavour"));
}
