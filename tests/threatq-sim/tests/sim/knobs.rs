//! Where ThreatQ's behaviour varies or is not known: section 11 of the API reference.

use serde_json::{Value, json};
use threatq_sim::{AuditLog, Settings, Star};

use crate::wire::{Session, control, send};

fn row(session: &Session, body: Value) -> Value {
    session.post("/api/indicators/query", &body).data()[0].clone()
}

fn eight() -> Value {
    json!({"id": 8})
}

#[test]
fn attributes_and_sources_may_come_on_request_only() {
    let session = Session::with(Settings { lists_on_request: true, ..Settings::default() });
    session.change(|world| world.add_tag("indicators", 8, "seen"));
    let plain = row(&session, json!({"filters": eight()}));
    assert!(plain.get("attributes").is_none() && plain.get("sources").is_none());
    assert_eq!((&plain["type"]["name"], &plain["tags"]), (&json!("IP Address"), &json!(["seen"])));
    let asked = row(&session, json!({"filters": eight(), "fields": ["*", "attributes.name", "sources"]}));
    assert_eq!(asked["attributes"], json!([{"name": "Country"}]));
    assert_eq!((&asked["sources"][0]["name"], &asked["value"]), (&json!("Example Feed"), &json!("7.8.9.0")));
}

#[test]
fn an_older_server_may_not_know_the_star() {
    let session = Session::with(Settings { star: Star::Ignored, ..Settings::default() });
    let body = json!({"filters": eight(), "fields": ["*", "attributes.name"]});
    assert_eq!(row(&session, body.clone()), json!({"attributes": [{"name": "Country"}]}));
    session.sim.turn(|settings| settings.star = Star::Refused);
    assert_eq!(session.post("/api/indicators/query", &body).status, 400);
    assert_eq!(session.query("indicators/query", json!({})).status, 200);
}

#[test]
fn dates_of_a_query_may_have_milliseconds() {
    let session = Session::with(Settings { solr_millis: true, ..Settings::default() });
    let row = row(&session, json!({"filters": eight()}));
    assert_eq!(row["touched_at"], "2021-10-25 10:00:09.000");
    assert_eq!(row["attributes"][0]["created_at"].as_str().map(str::len), Some(23));
}

#[test]
fn naive_dates_may_be_those_of_another_zone() {
    let session = Session::with(Settings { zone_hours: -5, ..Settings::default() });
    let touched = |path: &str| session.get(path).data()["touched_at"].clone();
    assert_eq!(touched("/api/indicators/8"), "2021-10-25 05:00:09");
    session.change(|world| world.play("commented"));
    assert_eq!(touched("/api/indicators/8"), "2021-10-28 15:00:00.818");
    let found = session
        .query("indicators/query", json!({"touched_at": {"+gte": "2021-10-28 15:00:00", "+lt": "NOW"}}));
    assert_eq!((found.ids(), &found.data()[0]["touched_at"]), (vec![8], &json!("2021-10-28 15:00:00")));
    let later = session.query("indicators/query", json!({"touched_at": {"+gte": "2021-10-28 20:00:00"}}));
    assert_eq!(later.ids(), [0; 0]);
    let query = json!({"criteria": {}, "filters": {"touched_at": {"+gt": "2021-01-01 00:00:00"}}});
    session.change(|world| world.set_saved_search_query("Ransomware IOCs", query.clone()));
    assert_eq!(
        session.get("/api/search/query").data()[0]["json"]["api_query"],
        query,
        "kept as it was saved"
    );
}

#[test]
fn ids_may_be_strings() {
    let session = Session::with(Settings { ids_as_strings: true, ..Settings::default() });
    let one = session.get("/api/indicators/8?with=attributes,type").data();
    assert_eq!((&one["id"], &one["type_id"], &one["type"]["id"]), (&json!("8"), &json!("15"), &json!("15")));
    assert!(one["attributes"][0]["indicator_id"].is_string());
    assert_eq!(row(&session, json!({"filters": eight()}))["id"], "8");
    let list = session.get("/api/users/2/watchlist").json();
    assert_eq!((&list["total"], &list["data"][0]["object_id"]), (&json!(1), &json!("3")));
    assert!(session.get("/api/objects").data()[0]["id"].is_string());
}

#[test]
fn scores_may_be_strings() {
    let session = Session::with(Settings { scores_as_strings: true, ..Settings::default() });
    session.change(|world| world.set_score("indicators", 8, Some(7)));
    assert_eq!(row(&session, json!({"filters": eight()}))["score"], "7");
    let score = session.get("/api/indicators/8?with=score").data()["score"].clone();
    assert_eq!((&score["manual_score"], &score["generated_score"]), (&json!("7"), &json!("5.00")));
    assert!(score["indicator_id"].is_u64());
}

#[test]
fn a_row_may_lack_members_or_have_wrong_ones_in_both_shapes() {
    let session = Session::demo();
    let at = json!({"do": "spoil_row", "collection": "indicators", "id": 8});
    let mut wrong = at.clone();
    wrong["members"] = json!({"touched_at": null, "id": "8"});
    wrong["without"] = json!(["value"]);
    control(&session.sim, &wrong);
    for row in [session.get("/api/indicators/8").data(), row(&session, json!({"filters": eight()}))] {
        assert_eq!(
            (row.get("value"), &row["id"], row.get("touched_at")),
            (None, &json!("8"), Some(&Value::Null))
        );
    }
    let others = session.query("indicators/query?sort=id", json!({}));
    assert_eq!(others.ids(), [5, 6, 7, 9, 10, 11], "8 is no number");
    control(&session.sim, &at);
    assert_eq!(row(&session, json!({"filters": eight()}))["value"], "7.8.9.0");
}

#[test]
fn a_server_may_give_shorter_pages_than_it_is_asked_for() {
    let session = Session::with(Settings { page_limit: Some(3), ..Settings::default() });
    let page = session.query("indicators/query?limit=1000&offset=3", json!({}));
    assert_eq!((page.ids(), page.json()["limit"].clone()), (vec![8, 9, 10], json!(3)));
    assert_eq!(page.json()["total"], 7);
    assert_eq!(session.get("/api/indicators?limit=5").ids(), [5, 6, 7]);
    session.sim.turn(|settings| settings.page_limit = Some(1));
    assert_eq!(session.get("/api/users").ids(), [2]);
    assert_eq!(session.get("/api/users?offset=1").ids(), [3]);
}

#[test]
fn every_page_may_be_the_first_one() {
    let session = Session::with(Settings { first_page_always: true, ..Settings::default() });
    let page = session.query("indicators/query?limit=2&offset=4&sort=id", json!({}));
    assert_eq!(
        (page.ids(), page.json()["offset"].clone(), page.json()["total"].clone()),
        (vec![5, 6], json!(4), json!(7))
    );
    assert_eq!(session.get("/api/indicators?limit=2&offset=2").ids(), [5, 6]);
    session.change(|world| world.play("added"));
    let hash = session.sim.world().search("Ransomware IOCs").unwrap().hash.clone();
    let by_mark = |mark: &str| {
        let mark = mark.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        session.get(&format!("/api/indicators/query/hash/{hash}?limit=2&sort=id&cursorMark={mark}"))
    };
    let first = by_mark("*");
    let mark = first.json()["nextCursorMark"].as_str().unwrap().to_owned();
    let second = by_mark(&mark);
    assert_eq!((first.ids(), second.ids()), (vec![5, 6], vec![5, 6]));
    assert_ne!(second.json()["nextCursorMark"], json!(mark), "the marks go on");
}

#[test]
fn the_audit_log_is_missing_or_forbidden() {
    let session = Session::demo();
    let paths = ["/api/indicators/8/audit-log", "/api/indicators/8/audit", "/api/audit-log?limit=1"];
    assert_eq!(paths.map(|path| session.get(path).status), [404; 3]);
    session.sim.turn(|settings| settings.audit_log = AuditLog::Forbidden);
    assert_eq!(paths.map(|path| session.get(path).status), [403; 3]);
}

#[test]
fn knobs_are_turned_from_outside_and_a_wrong_one_turns_nothing() {
    let session = Session::demo();
    control(
        &session.sim,
        &json!({"do": "turn", "knobs": {
        "watchlist_route": "watchlists", "watchlist_rows": "nested", "expires_in": {"says": 0}, "star": "ignored",
        "audit_log": "forbidden", "page_limit": 2, "delay": 1}}),
    );
    assert_eq!(session.get("/api/watchlists").data()[0]["object"]["type"], "adversary");
    assert_eq!(session.get("/api/indicators").ids(), [5, 6]);
    for wrong in [json!({"page_limit": 1, "flavour": true}), json!({"star": 1}), json!({"port": 80})] {
        let reply =
            send(&session.sim, "POST", "/control", &[], &json!({"do": "turn", "knobs": wrong}).to_string());
        assert_eq!(reply.status, 400, "{}", reply.body);
    }
    assert_eq!(session.get("/api/indicators").ids(), [5, 6]);
    control(&session.sim, &json!({"do": "turn", "knobs": {"page_limit": null}}));
    assert_eq!(session.get("/api/indicators").ids().len(), 7);
}
