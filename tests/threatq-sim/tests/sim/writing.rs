//! Section 4.3 of the API reference: the changes that integrations make.

use serde_json::json;

use crate::wire::{Session, client_token};

#[test]
fn a_comment_is_made_in_the_name_of_the_caller() {
    let session = Session::demo();
    let made = session.post("/api/indicators/9/comments", &json!({"value": "Seen."}));
    assert_eq!(made.status, 201);
    assert_eq!(made.data()["sources"][0]["name"], "Ana Ortiz");
    assert_eq!(session.get("/api/indicators/9/comments").data()[0]["value"], "Seen.");
    assert_eq!(session.get("/api/indicators/9").data()["touched_at"], "2021-10-28 20:00:00");
}

#[test]
fn attributes_and_tags_are_made_singly_or_in_lists() {
    let session = Session::demo();
    let made = session.post("/api/indicators/9/attributes", &json!({"name": "Port", "value": "443"}));
    assert_eq!(made.data()[0]["value"], "443");
    let two = json!([{"name": "Port", "value": "80"}, {"name": "Country", "value": "NL"}]);
    assert_eq!(session.post("/api/indicators/9/attributes", &two).data().as_array().unwrap().len(), 2);
    let rows = session.get("/api/indicators/9/attributes?with=sources").data();
    assert_eq!(rows[0]["attribute_id"], rows[1]["attribute_id"]);
    assert_eq!(rows[2]["sources"][0]["type"], "users");
    assert_eq!(session.post("/api/indicators/9/tags", &json!({"name": "apt"})).data()[0]["name"], "apt");
}

#[test]
fn status_and_score_are_put_where_the_reference_says() {
    let session = Session::demo();
    let put = |path: &str, body: &str| session.ask("PUT", path, body);
    assert_eq!(
        put("/api/indicators/8?with=status", r#"{"status_id": 1}"#).data()["status"]["name"],
        "Active"
    );
    assert_eq!(put("/api/indicators/8", r#"{"status_id": 77}"#).status, 400);
    assert_eq!(put("/api/indicator/8/scores", r#"{"manual_score": "7"}"#).data()["manual_score"], 7);
    assert_eq!(session.query("indicators/query", json!({"score": 7})).ids(), [8]);
    assert_eq!(put("/api/indicator/8/scores", r#"{"manual_score": null}"#).data()["generated_score"], "5.00");
    assert_eq!(put("/api/indicator/8/scores", r#"{"manual_score": 11}"#).status, 400);
}

#[test]
fn a_body_that_lacks_something_is_a_400_that_names_it() {
    let mut session = Session::demo();
    for (path, field) in [("comments", "value"), ("attributes", "name"), ("tags", "name")] {
        let reply = session.post(&format!("/api/indicators/8/{path}"), &json!({"other": 1}));
        assert_eq!(reply.status, 400, "{path}");
        assert!(reply.data()["errors"][field][0].is_string(), "{path}");
    }
    assert_eq!(session.ask("POST", "/api/indicators/8/comments", "{torn").status, 400);
    assert_eq!(session.post("/api/indicators/99/comments", &json!({"value": "x"})).status, 404);
    session.token = client_token(&session.sim);
    assert_eq!(session.post("/api/indicators/8/comments", &json!({"value": "x"})).status, 403);
}
