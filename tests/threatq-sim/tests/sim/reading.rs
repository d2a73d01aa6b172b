//! Sections 1, 3 and 4 of the API reference: objects in the SQL shape.

use serde_json::{Value, json};

use crate::wire::Session;

#[test]
fn every_object_type_is_described_and_can_be_listed_and_queried() {
    let session = Session::demo();
    let types = session.get("/api/objects").data();
    let types = types.as_array().unwrap();
    assert_eq!(types.len(), 20);
    for row in types {
        let collection = row["collection"].as_str().unwrap();
        assert_eq!(session.get(&format!("/api/{collection}")).status, 200, "{collection}");
        assert_eq!(session.query(&format!("{collection}/query"), json!({})).status, 200, "{collection}");
    }
    let indicator = types.iter().find(|row| row["name"] == "indicator").unwrap();
    assert!(indicator["types"].as_array().unwrap().contains(&json!({"id": 15, "name": "IP Address"})));
    assert_eq!(indicator["statuses"][3]["name"], "Review");
}

#[test]
fn an_object_has_its_nulls_and_no_relation_that_was_not_asked_for() {
    let session = Session::demo();
    let row = session.get("/api/indicators/8").data();
    assert_eq!(row["value"], "7.8.9.0");
    assert_eq!(row["status_id"], 4);
    assert_eq!(row.as_object().unwrap()["description"], Value::Null);
    for relation in ["status", "type", "score", "tags", "attributes", "comments", "sources", "watchlist"] {
        assert!(row.get(relation).is_none(), "{relation}");
    }
    assert_eq!(session.get("/api/indicators/8/details").data(), row);
}

#[test]
fn with_brings_relations_and_relations_of_relations() {
    let session = Session::demo();
    session.change(|world| world.play("commented"));
    let with = "score,status,type,tags,sources,attributes.sources,comments.sources,adversaries,malware.type";
    let row = session.get(&format!("/api/indicators/8?with={with}")).data();
    assert_eq!(row["status"]["name"], "Review");
    assert_eq!(row["type"]["class"], "network");
    assert_eq!(row["score"]["generated_score"], "5.00");
    assert_eq!(row["score"]["manual_score"], Value::Null);
    assert_eq!(row["sources"][0]["name"], "Example Feed");
    assert_eq!(row["attributes"][0]["value"], "NL");
    assert_eq!(row["attributes"][0]["sources"], json!([]));
    assert_eq!(row["comments"][1]["sources"][0]["name"], "Cy Young");
    assert_eq!(row["adversaries"], json!([]));
    let row = session.get("/api/indicators/5?with=malware,tags,comments").data();
    assert_eq!(row["malware"][0]["value"], "HeronLocker");
    assert_eq!(row["malware"][0]["pivot"]["src_object_id"], 5);
    assert_eq!(row["tags"][0]["name"], "ransomware");
    assert_eq!(row["comments"], json!([]));
}

#[test]
fn milliseconds_show_in_the_sql_shape_and_never_in_the_other() {
    let session = Session::demo();
    session.change(|world| world.set_stamp("indicators", 8, "touched_at", "2022-01-18 15:17:39.815"));
    assert_eq!(session.get("/api/indicators/8").data()["touched_at"], "2022-01-18 15:17:39.815");
    let rows = session.query("indicators/query", json!({"value": "7.8.9.0"})).data();
    assert_eq!(rows[0]["touched_at"], "2022-01-18 15:17:39");
}

#[test]
fn a_list_is_filtered_sorted_and_paged() {
    let session = Session::demo();
    assert_eq!(session.get("/api/indicators?value=7.8.9.0").ids(), [8]);
    assert_eq!(session.get("/api/indicators?value=%25heron%25").ids(), [5, 6]);
    assert_eq!(session.get("/api/indicators?type_id=15&sort=-created_at,id").ids(), [10, 9, 8]);
    let page = session.get("/api/indicators?limit=2&offset=1").json();
    assert_eq!((page["total"].clone(), page["data"][0]["id"].clone()), (json!(7), json!(6)));
    assert_eq!(session.get("/api/indicators?flavour=sweet").status, 400);
    assert_eq!(session.get("/api/indicators?with=no_such_thing").status, 500);
    assert_eq!(session.get("/api/indicators?with=attack_pattern,status&limit=1").status, 200);
}

#[test]
fn the_parts_of_an_object_are_lists_of_their_own() {
    let session = Session::demo();
    session.change(|world| world.play("commented"));
    let comments = session.get("/api/indicators/8/comments?with=sources&sort=-created_at&limit=1").json();
    assert_eq!(comments["total"], 2);
    assert_eq!(comments["data"].as_array().unwrap().len(), 1);
    assert_eq!(comments["data"][0]["sources"][0]["type"], "users");
    assert_eq!(comments["data"][0]["created_at"], "2021-10-28 20:00:00.818");
    let attributes = session.get("/api/indicators/8/attributes?with=attribute").data();
    assert_eq!(attributes[0]["attribute"]["name"], "Country");
    assert_eq!(session.get("/api/indicators/5/tags").data()[0]["name"], "ransomware");
    assert_eq!(session.get("/api/indicators/8/sources").data()[0]["tlp_id"], 3);
    assert_eq!(session.get("/api/malware/4/adversaries").ids(), [3]);
    assert_eq!(session.get("/api/indicators/8/wishes").status, 404);
}

#[test]
fn types_and_statuses_have_routes_of_their_own() {
    let session = Session::demo();
    assert_eq!(session.get("/api/indicator/types/15").data()["name"], "IP Address");
    assert_eq!(session.get("/api/indicator/types?name=FQDN").ids(), [11]);
    assert_eq!(session.get("/api/indicator/statuses").data()[4]["name"], "Whitelisted");
    assert_eq!(session.get("/api/event/types").json()["total"], 14);
    assert_eq!(session.get("/api/attachments/types").status, 200);
    assert_eq!(session.get("/api/indicators/types").status, 404);
}

#[test]
fn users_are_listed_and_the_caller_knows_its_own_source() {
    let session = Session::demo();
    assert_eq!(session.get("/api/users").ids(), [2, 3]);
    assert_eq!(session.get("/api/users?limit=1&offset=1&with=source").ids(), [3]);
    let current = session.get("/api/users/current").data();
    assert_eq!(current["email"], "ana@example.com");
    assert!(current["source"]["id"].is_u64());
}

#[test]
fn unknown_things_are_404_with_an_error_in_json() {
    let session = Session::demo();
    for path in
        ["/", "/api/indicators/99", "/api/indicators/x", "/api/indicator", "/api/wishes", "/api/a/b/c/d/e"]
    {
        let reply = session.get(path);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.json()["errors"][0].is_string(), "{path}");
    }
    assert_eq!(session.ask("DELETE", "/api/indicators/8", "").status, 404);
}

#[test]
fn a_change_moves_the_stamps_it_should() {
    let session = Session::demo();
    session.change(|world| {
        world.set_clock("2022-01-01 00:00:00")?;
        world.set_status("indicators", 8, "Active")?;
        world.add_tag("indicators", 9, "apt")?;
        world.set_score("indicators", 10, Some(9))?;
        world.set_status("indicators", 11, "Indirect")
    });
    let stamps = |id: u64| {
        let row = session.get(&format!("/api/indicators/{id}")).data();
        let moved = |column: &str| row[column] == "2022-01-01 00:00:00";
        (moved("updated_at"), moved("touched_at"))
    };
    assert_eq!(stamps(8), (true, true), "an own column");
    assert_eq!(stamps(9), (false, true), "a relation");
    assert_eq!(stamps(10), (false, true), "the score");
    assert_eq!(stamps(11), (false, false), "nothing really changed");
}
