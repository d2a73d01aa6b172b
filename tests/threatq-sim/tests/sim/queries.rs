//! Section 7 of the API reference: the Threat Library and its saved searches.

use serde_json::{Value, json};
use threatq_sim::Settings;

use crate::wire::{Session, client_token, log_in};

const RANSOMWARE: &str = "Ransomware IOCs";

#[test]
fn rows_of_a_query_have_no_nulls_and_plain_scores_and_tags() {
    let session = Session::demo();
    let row = &session.query("indicators/query", json!({"value": "files.heron.example"})).data()[0];
    assert!(row.as_object().unwrap().values().all(|value| !value.is_null()));
    assert_eq!(row["score"], 9);
    assert_eq!(row["tags"], json!(["ransomware"]));
    assert_eq!(row["type"], json!({"id": 11, "name": "FQDN", "class": "network"}));
    assert_eq!(row["status"]["name"], "Active");
    assert_eq!(row["sources"][0]["source_type"], "connectors");
    assert_eq!(row["sources"][0]["tlp_name"], "green");
}

#[test]
fn fields_narrow_the_row_and_flatten_type_and_status() {
    let session = Session::demo();
    let ask = |fields: Value| {
        let body = json!({"filters": {"value": "7.8.9.0"}, "fields": fields});
        session.post("/api/indicators/query", &body).data()[0].clone()
    };
    let row = ask(json!(["id", "type", "status", "score", "description"]));
    assert_eq!(row, json!({"id": 8, "type": "IP Address", "status": "Review", "score": 5}));
    let row = ask(json!(["*", "attributes.name"]));
    assert_eq!(row["value"], "7.8.9.0");
    assert_eq!(row["attributes"], json!([{"name": "Country"}]));
    assert!(row.get("sources").is_none());
}

#[test]
fn criteria_and_filters_take_operators_and_nest() {
    let session = Session::demo();
    let ids = |filters: Value| session.query("indicators/query", filters).ids();
    assert_eq!(ids(json!({"+and": [{"status_name": "Active"}, {"type_name": "IP Address"}]})), [9, 10]);
    assert_eq!(
        ids(json!({"+or": [{"value": {"is": "1.2.3.4"}}, {"value": {"+contains": "HERON"}}]})),
        [5, 6, 9]
    );
    assert_eq!(ids(json!({"score": {"+gte": 6, "+lt": 9}})), [6, 9, 10]);
    assert_eq!(ids(json!({"status_name": ["Review", "Indirect"]})), [8, 11]);
    assert_eq!(ids(json!({"mentions": "nl"})), [8]);
    let nested =
        json!({"+and": [{"+or": [{"tags": "ransomware"}, {"id": 8}]}, {"+and": [{"type": "FQDN"}]}]});
    assert_eq!(ids(nested), [5]);
    assert_eq!(ids(json!([])).len(), 7);
    for bad in [
        json!({"flavour": "x"}),
        json!({"value": {"+near": "x"}}),
        json!({"touched_at": {"+gt": "soon"}}),
        json!(7),
    ] {
        assert_eq!(session.query("indicators/query", bad.clone()).status, 400, "{bad}");
    }
}

#[test]
fn a_since_filter_is_exclusive_to_the_second_and_now_includes_this_tick() {
    let session = Session::demo();
    session.change(|world| world.play("added"));
    let ids =
        |window: Value| session.query("indicators/query", json!({"+and": [{"touched_at": window}]})).ids();
    assert_eq!(ids(json!({"+gt": "2021-10-28 20:32:56", "+lt": "NOW"})), [8, 9, 10]);
    assert_eq!(ids(json!({"+gt": "2021-10-28 20:32:57", "+lt": "NOW"})), [0; 0]);
    assert_eq!(ids(json!({"+gte": "2021-10-28 20:32:57", "+lte": "2021-10-28 20:32:57"})), [8, 9, 10]);
    assert_eq!(ids(json!({"+gt": "-1 hour"})), [8, 9, 10]);
}

#[test]
fn pages_by_offset_hold_every_row_once() {
    let session = Session::demo();
    let mut seen = Vec::new();
    for offset in [0, 3, 6, 9] {
        let reply = session.query(&format!("indicators/query?limit=3&offset={offset}&sort=id"), json!({}));
        let page = reply.json();
        assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(7), &json!(3), &json!(offset)));
        seen.extend(reply.ids());
    }
    assert_eq!(seen, [5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(session.query("indicators/query?sort=updated_at&limit=2", json!({})).ids(), [5, 6]);
    assert_eq!(session.query("indicators/query?sort=-score&limit=2", json!({})).ids(), [5, 6]);
    assert_eq!(session.query("indicators/query?sort=flavour", json!({})).status, 400);
}

#[test]
fn pages_by_mark_hold_every_row_once_and_continue_in_a_later_run() {
    let session = Session::demo();
    session.change(|world| world.play("added"));
    let hash = session.sim.world().search(RANSOMWARE).unwrap().hash.clone();
    let mut mark = "*".to_owned();
    let mut page = |session: &Session| {
        let encoded = mark.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let path = format!("/api/indicators/query/hash/{hash}?limit=2&sort=touched_at&cursorMark={encoded}");
        let reply = session.get(&path);
        let next = reply.json()["nextCursorMark"].as_str().unwrap().to_owned();
        let ended = next == mark;
        mark = next;
        (reply.ids(), ended)
    };
    let pages: Vec<_> = std::iter::from_fn(|| Some(page(&session)).filter(|(_, ended)| !ended)).collect();
    assert_eq!(pages, [(vec![5, 6], false), (vec![8, 9], false), (vec![10], false)]);
    session.change(|world| {
        world.advance(60);
        world.add_tag("indicators", 6, "again")
    });
    assert_eq!(page(&session).0, [6]);
    let path = format!("/api/indicators/query/hash/{hash}?cursorMark=nonsense");
    assert_eq!(session.get(&path).status, 400);
}

#[test]
fn null_rows_are_counted_and_no_real_row_is_lost_among_them() {
    let session = Session::with(Settings { null_rows: true, ..Settings::default() });
    let mut rows = Vec::new();
    loop {
        let page =
            session.query(&format!("indicators/query?limit=4&offset={}", rows.len()), json!({})).json();
        let data = page["data"].as_array().unwrap().clone();
        rows.extend(data.clone());
        if data.is_empty() {
            assert_eq!(page["total"], json!(rows.len()));
            break;
        }
    }
    assert!(rows.contains(&Value::Null));
    let ids: Vec<_> = rows.iter().filter_map(|row| row["id"].as_u64()).collect();
    assert_eq!(ids, [5, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn a_total_can_be_kept_back() {
    let session = Session::with(Settings { omit_total: true, ..Settings::default() });
    for path in
        ["/api/indicators", "/api/objects", "/api/users", "/api/indicators/8/tags", "/api/users/2/watchlist"]
    {
        assert!(session.get(path).json().get("total").is_none(), "{path}");
    }
    assert!(session.query("indicators/query", json!({})).json().get("total").is_none());
}

#[test]
fn a_saved_search_is_seen_by_its_owner_and_when_shared_by_all() {
    let mut session = Session::demo();
    session.change(|world| {
        let query = json!({"criteria": {}, "filters": {}});
        world.add_saved_search(2, "Mine", &["events"], query, false)
    });
    let names = |session: &Session| {
        let rows = session.get("/api/search/query").data();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let hash = session.sim.world().search("Mine").unwrap().hash.clone();
    assert_eq!(names(&session), [RANSOMWARE, "Mine"]);
    assert_eq!(session.get(&format!("/api/search/query/{hash}?fields=name")).data(), json!({"name": "Mine"}));
    for token in [log_in(&session.sim, "cy@example.com", "look-and-tell"), client_token(&session.sim)] {
        session.token = token;
        assert_eq!(names(&session), [RANSOMWARE]);
        assert_eq!(session.get(&format!("/api/search/query/{hash}")).status, 404);
        assert_eq!(session.get(&format!("/api/events/query/hash/{hash}")).status, 404);
    }
}

#[test]
fn the_json_of_a_saved_search_has_both_queries_and_may_be_a_string() {
    let json = Session::demo().get("/api/search/query").data()[0]["json"].clone();
    assert_eq!(json["api_query"]["filters"], json["ui_query"]["filters"]);
    assert_eq!(json["ui_query"]["objects"]["selected"], json!(["indicators"]));
    let session = Session::with(Settings { json_as_string: true, ..Settings::default() });
    let text = session.get("/api/search/query").data()[0]["json"].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json);
}

#[test]
fn a_posted_search_runs_by_its_hash_and_is_listed_only_with_a_name() {
    let session = Session::demo();
    let json = json!({"api_query": {"criteria": {}, "filters": {"type_name": "MD5"}}});
    let unsaved = session.post("/api/search/query", &json!({"name": null, "json": json}));
    let hash = unsaved.data()["hash"].as_str().unwrap().to_owned();
    assert_eq!((unsaved.status, hash.len()), (201, 32));
    assert_eq!(session.get(&format!("/api/indicators/query/hash/{hash}")).ids(), [11]);
    assert_eq!(session.get("/api/search/query").data().as_array().unwrap().len(), 1);
    session.post("/api/search/query", &json!({"name": "Hashes", "json": json.to_string()}));
    assert_eq!(session.get("/api/search/query").data()[1]["name"], "Hashes");
    assert_eq!(session.post("/api/search/query", &json!({"name": "Nothing"})).status, 400);
}

#[test]
fn a_changed_query_keeps_its_hash() {
    let session = Session::demo();
    let before = session.get("/api/search/query").data()[0].clone();
    let query = json!({"criteria": {}, "filters": {"tags": "phishing"}});
    session.change(|world| world.set_saved_search_query(RANSOMWARE, query.clone()));
    let after = session.get("/api/search/query").data()[0].clone();
    assert_eq!(after["hash"], before["hash"]);
    assert_eq!(after["json"]["api_query"], query);
}
