//! Section 5 of the API reference, and the guess that lists a watchlist.

use serde_json::{Value, json};
use threatq_sim::Settings;

use crate::wire::{Session, log_in};

#[test]
fn a_watchlist_names_its_objects_by_code_name_and_id() {
    let session = Session::demo();
    let list = session.get("/api/users/2/watchlist").json();
    assert_eq!(list["total"], 1);
    let row = &list["data"][0];
    assert_eq!(
        (&row["user_id"], &row["object_type"], &row["object_id"]),
        (&json!(2), &json!("adversary"), &json!(3))
    );
    assert!(row["id"].is_u64() && row["created_at"].is_string());
    assert_eq!(session.get("/api/users/3/watchlist").ids(), [0; 0]);
    assert_eq!(session.get("/api/users/99/watchlist").status, 404);
}

#[test]
fn an_object_is_watched_and_unwatched_by_the_entry_that_was_given() {
    let session = Session::demo();
    let entry = session.ask("POST", "/api/indicators/8/watchlist", "");
    assert_eq!(entry.status, 201);
    let id = entry.data()["id"].clone();
    assert_eq!(session.ask("POST", "/api/indicators/8/watchlist", "").data()["id"], id);
    assert_eq!(session.get("/api/indicators/8?with=watchlist").data()["watchlist"][0]["id"], id);
    assert_eq!(session.ask("DELETE", &format!("/api/indicators/9/watchlist/{id}"), "").status, 404);
    let gone = session.ask("DELETE", &format!("/api/indicators/8/watchlist/{id}"), "");
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(session.get("/api/indicators/8?with=watchlist").data()["watchlist"], json!([]));
}

#[test]
fn with_watchlist_shows_the_entries_of_the_caller_alone() {
    let mut session = Session::demo();
    let watched =
        |session: &Session| session.get("/api/adversaries/3?with=watchlist").data()["watchlist"].clone();
    assert_eq!(watched(&session).as_array().map(Vec::len), Some(1));
    session.token = log_in(&session.sim, "cy@example.com", "look-and-tell");
    assert_eq!(watched(&session), json!([]));
}

#[test]
fn the_watchlist_of_another_user_can_be_closed() {
    let session = Session::with(Settings { watchlist_of_others: false, ..Settings::default() });
    assert_eq!(session.get("/api/users/2/watchlist").status, 200);
    assert_eq!(session.get("/api/users/3/watchlist").status, 403);
}

#[test]
fn an_entry_outlives_its_object() {
    let session = Session::demo();
    session.change(|world| world.remove_object("adversaries", 3));
    assert_eq!(session.get("/api/users/2/watchlist").data()[0]["object_id"], 3);
    assert_eq!(session.get("/api/adversaries/3").status, 404);
    assert_eq!(session.get("/api/malware/4?with=adversaries").data()["adversaries"], json!([]));
    session.change(|world| world.unwatch(2, "adversaries", 3));
    assert_eq!(session.get("/api/users/2/watchlist").data(), Value::Array(Vec::new()));
}
