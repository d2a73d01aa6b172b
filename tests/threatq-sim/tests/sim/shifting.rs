//! Rows that come, go and move while a client pages.

use serde_json::json;

use crate::wire::{Session, control, send};

const QUERY: &str = "/api/indicators/query";

fn page(session: &Session, offset: usize) -> (Vec<u64>, u64) {
    let page = session.query(&format!("indicators/query?limit=3&offset={offset}&sort=id"), json!({}));
    (page.ids(), page.json()["total"].as_u64().unwrap())
}

#[test]
fn a_row_that_goes_after_the_first_page_makes_a_client_miss_another() {
    let session = Session::demo();
    session.sim.after(QUERY, 1, 1, |world| world.remove_object("indicators", 5));
    session.get("/api/indicators/9");
    assert_eq!(page(&session, 0), (vec![5, 6, 7], 7));
    assert_eq!(page(&session, 3), (vec![9, 10, 11], 6), "8 was not shown");
    assert_eq!(page(&session, 0), (vec![6, 7, 8], 6));
}

#[test]
fn rows_that_come_on_every_second_page_never_let_the_total_rest() {
    let session = Session::demo();
    session.sim.after(QUERY, 2, 2, |world| world.add_indicator(0, "late.example", "FQDN"));
    let totals: Vec<u64> = (0..6).map(|_| page(&session, 0).1).collect();
    assert_eq!(totals, [7, 7, 8, 8, 9, 9]);
}

#[test]
fn a_touch_between_pages_moves_a_row_to_the_end() {
    let session = Session::demo();
    session.sim.after(QUERY, 1, 1, |world| {
        world.advance(1);
        world.add_tag("indicators", 5, "late")
    });
    let page = |offset: usize| {
        session.query(&format!("indicators/query?limit=4&offset={offset}&sort=touched_at"), json!({})).ids()
    };
    assert_eq!((page(0), page(4)), (vec![7, 5, 6, 8], vec![10, 11, 5]));
}

#[test]
fn changes_that_wait_for_requests_are_ordered_and_dropped_from_outside() {
    let session = Session::demo();
    let remove = |id: u64| json!({"do": "remove_object", "collection": "indicators", "id": id});
    let after = |requests: u64, commands: serde_json::Value| json!({"do": "after", "path_prefix": QUERY, "requests": requests, "commands": commands});
    control(&session.sim, &after(2, json!([remove(5), remove(6)])));
    let totals: Vec<u64> = (0..3).map(|_| page(&session, 0).1).collect();
    assert_eq!(totals, [7, 7, 5]);
    control(&session.sim, &after(1, json!([remove(7)])));
    control(&session.sim, &json!({"do": "clear_after"}));
    assert_eq!((page(&session, 0).1, page(&session, 0).1), (5, 5));
}

#[test]
fn a_change_that_cannot_be_done_is_not_passed_over() {
    let session = Session::demo();
    let after = |command: serde_json::Value| {
        let command = json!({"do": "after", "path_prefix": QUERY, "requests": 1, "commands": [command]});
        send(&session.sim, "POST", "/control", &[], &command.to_string()).status
    };
    assert_eq!(after(json!({"do": "sing"})), 400);
    assert_eq!(after(json!({"do": "remove_object", "collection": "indicators", "id": 99})), 200);
    let reply = session.query("indicators/query", json!({}));
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("99"), "{}", reply.body);
    assert_eq!(page(&session, 0).1, 7);
}
