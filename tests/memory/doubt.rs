//! Answers that are not believed at once, and those that say nothing of what they leave out.

use serde_json::{Map, Value, json};
use threatq_sim::{Fault, FaultKind, Settings, World};

use super::{ALL, COLLECTION, WATCHLIST, news, run, the_collection, told};
use crate::support::program::program;
use crate::support::site::Site;

/// A site whose collection has this many items more, all of them on Ana's watchlist, and their numbers.
fn large_site(count: usize) -> (Site, Vec<u64>) {
    let mut world = World::demo();
    let mut ids = Vec::new();
    for number in 0..count {
        let id = world.add_indicator(0, &format!("host{number}.example.net"), "FQDN").expect("new");
        world.add_tag("indicators", id, "ransomware").expect("it exists");
        world.watch(2, "indicators", id).expect("Ana exists");
        ids.push(id);
    }
    (Site::with(world, Settings::default()), ids)
}

fn members(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

#[test]
fn an_answer_without_most_of_what_is_remembered_is_believed_when_it_comes_twice() {
    let (site, ids) = large_site(20);
    let all = the_collection(&ALL);
    for (fetcher, flags, path, row) in [
        (
            COLLECTION,
            all.as_slice(),
            "/api/indicators/query",
            json!({"id": ids[0], "value": "host0.example.net"}),
        ),
        (
            WATCHLIST,
            &[],
            "/api/users/2/watchlist",
            json!({"id": 1, "user_id": 2, "object_type": "indicator", "object_id": ids[0]}),
        ),
    ] {
        for rows in [json!([]), json!([row])] {
            run(&site, fetcher, flags).succeeds();
            let total = rows.as_array().expect("a list").len();
            let body = FaultKind::Body(json!({"total": total, "data": rows}).to_string().into_bytes());
            site.sim.fault(Fault::next(path, body.clone()));
            run(&site, fetcher, flags).ends_with(75).complains(&["it is believed if", "says so again"]);
            assert!(told(&run(&site, fetcher, flags).succeeds()).is_empty(), "{fetcher}: it was wrong");

            site.sim.fault(Fault { times: 2, ..Fault::next(path, body) });
            run(&site, fetcher, flags).ends_with(75);
            run(&site, fetcher, flags).succeeds();
            let back = told(&run(&site, fetcher, flags).succeeds()).len();
            assert!(back >= 19, "{fetcher}: it was so, and is no more: {back}");
        }
    }
}

#[test]
fn a_collection_whose_new_query_finds_nothing_has_lost_nothing() {
    let (site, _) = large_site(20);
    let flags = the_collection(&["--removed"]);
    run(&site, COLLECTION, &flags).succeeds();
    let nothing = json!({"criteria":{},"filters":{"+and":[{"value":"nothing.example"}]}});
    site.sim.world().set_saved_search_query("Ransomware IOCs", nothing).expect("it exists");
    let changed = run(&site, COLLECTION, &flags).ends_with(0);
    assert!(told(&changed).is_empty());
    changed.complains(&["its query changed"]);
    assert!(told(&run(&site, COLLECTION, &flags).succeeds()).is_empty());
}

#[test]
fn what_a_row_without_a_number_is_about_has_not_left() {
    let site = Site::new();
    site.play("added");
    let flags = the_collection(&["--removed", "--rescan", "0s"]);
    run(&site, COLLECTION, &flags).succeeds();
    site.sim.world().spoil_row("indicators", 8, members(&json!({"id": "8x"})), &[]).expect("it exists");
    assert!(told(&run(&site, COLLECTION, &flags).ends_with(1)).is_empty());
    site.sim.world().spoil_row("indicators", 8, Map::new(), &[]).expect("it exists");
    assert!(told(&run(&site, COLLECTION, &flags).succeeds()).is_empty());
}

#[test]
fn what_could_not_be_read_at_the_first_look_is_no_news_when_it_can_be() {
    let site = Site::new();
    for id in [8, 9] {
        site.sim.world().watch(2, "indicators", id).expect("Ana exists");
    }
    site.sim.fault(Fault::next("/api/indicators/8", FaultKind::Status(404, String::new())));
    run(&site, WATCHLIST, &[]).ends_with(1);
    assert!(told(&run(&site, WATCHLIST, &[]).succeeds()).is_empty());
    site.sim.world().advance(60);
    site.sim.world().set_status("indicators", 8, "Expired").expect("a status");
    assert_eq!(told(&run(&site, WATCHLIST, &[]).succeeds()), news("updated", &[8]));
}

#[test]
fn an_item_of_which_threatq_no_longer_says_when_it_was_touched_was_not_touched() {
    let site = Site::new();
    let any = the_collection(&["--notify", "any", "--rescan", "0s"]);
    run(&site, COLLECTION, &any).succeeds();
    site.sim.world().spoil_row("indicators", 5, Map::new(), &["touched_at"]).expect("it exists");
    for _ in 0..2 {
        assert!(told(&run(&site, COLLECTION, &any).succeeds()).is_empty());
    }
}

#[test]
fn what_changes_again_within_a_second_while_the_list_is_read_is_told_by_the_next_run() {
    let site = Site::new();
    for id in [8, 9] {
        site.sim.world().watch(2, "indicators", id).expect("Ana exists");
    }
    run(&site, WATCHLIST, &[]).succeeds();
    {
        let mut world = site.sim.world();
        world.advance(3600);
        for id in [8, 9] {
            world.set_status("indicators", id, "Expired").expect("a status");
        }
    }
    site.sim.after("/api/indicators/8", 1, 1, |world| {
        world.advance_millis(100);
        world.set_score("indicators", 8, Some(9))?;
        world.advance(1);
        world.set_score("indicators", 9, Some(9))
    });
    let found = run(&site, WATCHLIST, &["--concurrency", "1"]).succeeds();
    assert_eq!(told(&found), news("updated", &[8, 9]));
    assert_eq!(told(&run(&site, WATCHLIST, &[]).succeeds()), news("updated", &[8]));
}

#[test]
fn marks_that_are_large_share_no_record_that_nobody_can_read() {
    let (site, ids) = large_site(101);
    let rows: Vec<Value> =
        (1..=340).map(|id| json!({"id": id, "name": "Note", "value": "x".repeat(520)})).collect();
    for id in ids {
        let rows = members(&json!({"attributes": rows}));
        site.sim.world().spoil_row("indicators", id, rows, &[]).expect("it exists");
    }
    let found = site.program(WATCHLIST).run().succeeds();
    assert!(found.stdout.len() > 16 * 1024 * 1024);
    program("tq-format-email").arg("--config").arg(site.config()).run_on(found.stdout).succeeds();
}

#[test]
fn a_run_that_goes_by_a_time_leaves_no_marks_even_with_its_alerts() {
    let site = Site::new();
    site.play("added");
    let found = site.program(WATCHLIST).args(&["--since", "2021-10-01"]).run().succeeds();
    let alerts = found.records_of("alert");
    assert!(!alerts.is_empty() && alerts.iter().all(|alert| alert.get("marks").is_none()), "{alerts:?}");
}

#[test]
fn a_limit_does_not_hide_what_could_not_be_read() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    site.sim.world().spoil_row("indicators", 8, members(&json!({"value": 7})), &[]).expect("it exists");
    let found = site.program(COLLECTION).args(&["--limit", "1"]).run().ends_with(1);
    assert_eq!(told(&found), news("added", &[9]));
}
