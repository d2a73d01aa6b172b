//! Section 5 of the API reference, and the guess that lists a watchlist.

use serde_json::{Value, json};
use threatq_sim::{Settings, WatchlistRoute, WatchlistRows};

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

const LISTS: [&str; 3] = ["/api/users/2/watchlist", "/api/watchlist", "/api/watchlists"];

fn routed(watchlist_route: WatchlistRoute, watchlist_rows: WatchlistRows) -> Session {
    let session = Session::with(Settings { watchlist_route, watchlist_rows, ..Settings::default() });
    session.change(|world| world.watch(3, "indicators", 8));
    session
}

#[test]
fn only_the_route_that_was_chosen_lists_watchlists() {
    for (route, found) in [
        (WatchlistRoute::OfUser, [200, 404, 404]),
        (WatchlistRoute::Watchlist, [404, 200, 404]),
        (WatchlistRoute::Watchlists, [404, 404, 200]),
        (WatchlistRoute::Nowhere, [404, 404, 404]),
    ] {
        let session = routed(route, WatchlistRows::Flat);
        assert_eq!(LISTS.map(|path| session.get(path).status), found, "{route:?}");
        let watched = session.get("/api/adversaries/3?with=watchlist").data();
        assert_eq!(watched["watchlist"].as_array().map(Vec::len), Some(1), "{route:?}");
    }
}

#[test]
fn a_list_of_all_users_says_whose_each_row_is() {
    let session = routed(WatchlistRoute::Watchlist, WatchlistRows::Flat);
    let rows = session.get("/api/watchlist").data();
    let owners =
        |rows: &Value| rows.as_array().unwrap().iter().map(|row| row["user_id"].clone()).collect::<Vec<_>>();
    assert_eq!(owners(&rows), [2, 3]);
    session.sim.turn(|settings| settings.watchlist_of_others = false);
    assert_eq!(owners(&session.get("/api/watchlist").data()), [2]);
}

#[test]
fn the_rows_of_a_watchlist_may_nest_or_name_the_object_type_in_a_member() {
    let session = routed(WatchlistRoute::Watchlists, WatchlistRows::Nested);
    let row = session.get("/api/watchlists").data()[1].clone();
    assert_eq!(row["user"], json!({"id": 3}));
    assert_eq!(row["object"], json!({"type": "indicator", "id": 8}));
    assert!(row["id"].is_u64() && row.get("user_id").is_none() && row.get("object_id").is_none());
    session.sim.turn(|settings| settings.watchlist_rows = WatchlistRows::NamedIds);
    let rows = session.get("/api/watchlists").data();
    assert_eq!((&rows[0]["adversary_id"], &rows[1]["indicator_id"]), (&json!(3), &json!(8)));
    assert!(rows[1].get("object_id").is_none() && rows[1].get("adversary_id").is_none());
}

#[test]
fn a_watchlist_comes_in_pages_when_they_are_asked_for() {
    let session = Session::demo();
    session.change(|world| world.watch(2, "indicators", 8));
    let page = session.get("/api/users/2/watchlist?limit=1&offset=1").json();
    assert_eq!((&page["total"], &page["data"][0]["object_id"]), (&json!(2), &json!(8)));
}
