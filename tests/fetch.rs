//! The fetchers: what they find, what they remember, and how they fail.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde_json::json;
use threatq_sim::{Fault, FaultKind, Settings, World};

use crate::support::program::{Ended, eventually};
use crate::support::site::Site;

const WATCHLIST: &str = "tq-fetch-watchlist";
const COLLECTION: &str = "tq-fetch-collection";
/// The demo's collection, read whole and not only as far as it was touched.
const ALL_OF_IT: [&str; 4] = ["--collection", "Ransomware IOCs", "--rescan", "0s"];

/// The fetcher's alerts at this moment, against the state as it is.
#[track_caller]
fn alerts(site: &Site, fetcher: &'static str) -> Vec<serde_json::Value> {
    site.program(fetcher).run().succeeds().records_of("alert")
}

/// The demo's world with more indicators in its collection.
fn world_with_tagged(count: usize) -> World {
    let mut world = World::demo();
    for number in 0..count {
        let id =
            world.add_indicator(0, &format!("host{number}.example.net"), "FQDN").expect("a new indicator");
        world.add_tag("indicators", id, "ransomware").expect("it exists");
    }
    world
}

#[test]
fn a_first_run_remembers_and_alerts_nothing() {
    let site = Site::new();
    for fetcher in [WATCHLIST, COLLECTION] {
        let run = site.program(fetcher).run().succeeds();
        assert!(run.records_of("alert").is_empty() && !run.records_of("mark").is_empty(), "{}", run.stdout);
        let last = run.records().pop().expect("a record");
        assert_eq!((&last["record"], &last["base"]), (&json!("checkpoint"), &json!(0)));
    }
    assert!(!site.state().exists(), "a fetcher writes no state");
}

#[test]
fn the_same_change_is_the_same_alert_in_every_run() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    for fetcher in [WATCHLIST, COLLECTION] {
        let ids = || alerts(&site, fetcher).iter().map(|alert| alert["id"].clone()).collect::<Vec<_>>();
        assert!(!ids().is_empty());
        assert_eq!(ids(), ids());
    }
}

#[test]
fn an_update_says_what_changed_from_what_to_what() {
    let site = Site::new();
    site.play("added");
    site.run_both();
    let confidence = {
        let mut world = site.sim.world();
        let row = world.add_attribute("indicators", 8, "Confidence", "Low").expect("indicator 8 exists");
        world.add_comment("indicators", 8, 2, "seen before").expect("indicator 8 exists");
        row
    };
    site.run("tq-fetch-watchlist").succeeds();
    {
        let mut world = site.sim.world();
        world.advance(60);
        world.set_status("indicators", 8, "Active").expect("a status");
        world.set_score("indicators", 8, Some(9)).expect("a score");
        world.set_attribute("indicators", 8, confidence, "High").expect("the attribute exists");
        world.add_attribute("indicators", 8, "Port", "443").expect("indicator 8 exists");
        world.add_tag("indicators", 8, "apt").expect("indicator 8 exists");
        world.add_comment("indicators", 8, 3, "one").expect("indicator 8 exists");
        world.add_comment("indicators", 8, 3, "two").expect("indicator 8 exists");
    }
    let alerts = alerts(&site, WATCHLIST);
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0]["event"], "updated");
    let expected = json!([
        {"field":"status","change":"changed","from":"Review","to":"Active"},
        {"field":"score","change":"changed","from":"5","to":"9"},
        {"field":"attribute","change":"added","count":1,"values":["Port: 443"]},
        {"field":"attribute","change":"changed","from":"Confidence: Low","to":"Confidence: High"},
        {"field":"comment","change":"added","count":2,"by":["Cy Young"]},
        {"field":"tag","change":"added","count":1,"values":["apt"]},
    ]);
    assert_eq!(alerts[0]["changes"], expected);
}

#[test]
fn an_object_that_two_people_watch_is_one_alert_that_names_both() {
    let site = Site::new();
    let both = ["--users", "ana@example.com,CY YOUNG"];
    {
        let mut world = site.sim.world();
        world.watch(2, "indicators", 8).expect("Ana exists");
        world.watch(3, "indicators", 8).expect("Cy exists");
    }
    let run = |site: &Site| site.program(WATCHLIST).args(&both).run().succeeds();
    let baseline = site.program("tq-format-email").run_on(run(&site).stdout).succeeds();
    site.program("tq-send-smtp").run_on(baseline.stdout).succeeds();
    site.sim.world().set_status("indicators", 8, "Active").expect("a status");
    site.sim.clear_requests();
    let alerts = run(&site).records_of("alert");
    assert_eq!(alerts.len(), 1);
    let watchers =
        json!([{"name":"Ana Ortiz","email":"ana@example.com"},{"name":"Cy Young","email":"cy@example.com"}]);
    assert_eq!(alerts[0]["watchers"], watchers);
    let reads = site.sim.requests().iter().filter(|request| request.path == "/api/indicators/8").count();
    assert_eq!(reads, 1, "an object is read once, however many watch it");
}

#[test]
fn what_leaves_is_forgotten_and_is_new_when_it_comes_back() {
    let site = Site::new();
    let config = std::fs::read_to_string(site.config()).expect("the configuration");
    let config = config.replace("name = \"Ransomware IOCs\"", "name = \"Ransomware IOCs\"\nrescan = \"0s\"");
    std::fs::write(site.config(), config).expect("it is ours");
    site.play("added");
    site.run_both();
    {
        let mut world = site.sim.world();
        world.unwatch(2, "indicators", 8).expect("Ana watches it");
        world.remove_tag("indicators", 8, "ransomware").expect("it is tagged");
    }
    site.run_both();
    {
        let mut world = site.sim.world();
        world.watch(2, "indicators", 8).expect("Ana exists");
        world.add_tag("indicators", 8, "ransomware").expect("indicator 8 exists");
    }
    for fetcher in [WATCHLIST, COLLECTION] {
        let alerts = alerts(&site, fetcher);
        assert_eq!(alerts.len(), 1, "{fetcher}");
        assert_eq!((&alerts[0]["event"], &alerts[0]["object"]["id"]), (&json!("added"), &json!(8)));
    }
}

#[test]
fn an_item_of_a_collection_says_where_it_is_from_and_how_far_it_may_be_passed_on() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    {
        let mut world = site.sim.world();
        world.add_source("indicators", 8, "Example CERT", Some("red")).expect("indicator 8 exists");
        world.set_description("indicators", 8, Some("<p>Seen.</p>")).expect("indicator 8 exists");
    }
    let object = &alerts(&site, COLLECTION)[0]["object"];
    assert_eq!((&object["id"], &object["tlp"]), (&json!(8), &json!("red")));
    assert_eq!(object["sources"], json!(["Example Feed", "Example CERT"]));
    assert_eq!(object["description"], "<p>Seen.</p>");
}

#[test]
fn a_collection_whose_query_changed_gets_a_new_baseline_and_says_so() {
    let site = Site::new();
    site.run_both();
    let query = json!({"criteria":{},"filters":{"+and":[{"status_name":"Review"}]}});
    site.sim.world().set_saved_search_query("Ransomware IOCs", query).expect("the search exists");
    let run = site.program(COLLECTION).run().ends_with(0).complains(&["its query changed"]);
    assert!(run.records_of("alert").is_empty());
}

#[test]
fn a_collection_of_many_pages_is_read_whole_and_each_new_item_is_one_alert() {
    let site = Site::with(world_with_tagged(1200), Settings::default());
    site.run("tq-fetch-collection").succeeds();
    site.sim.clear_requests();
    site.play("added");
    let run = site.program(COLLECTION).args(&ALL_OF_IT).run().succeeds();
    assert_eq!(run.records_of("alert").len(), 3);
    let pages = site.sim.requests().iter().filter(|request| request.path == "/api/indicators/query").count();
    assert_eq!(pages, 3);
}

#[test]
fn an_object_that_is_gone_is_named_and_blocks_no_other() {
    let site = Site::new();
    site.run_both();
    {
        let mut world = site.sim.world();
        for id in [8, 9] {
            world.watch(2, "indicators", id).expect("Ana exists");
        }
        world.remove_object("indicators", 8).expect("indicator 8 exists");
    }
    let run = site.program(WATCHLIST).run().ends_with(1).complains(&["indicator 8 cannot be read"]);
    assert_eq!(run.records_of("alert").len(), 1);
    assert_eq!(run.records_of("checkpoint").len(), 1);
}

#[test]
fn one_collection_that_cannot_be_fetched_does_not_keep_back_the_others() {
    let site = Site::new();
    let run =
        site.program(COLLECTION).args(&["--collection", "Nowhere", "--collection", "Ransomware IOCs"]).run();
    let run = run.ends_with(78).complains(&["collection Nowhere: no data collection 'Nowhere'"]);
    assert_eq!(run.records_of("checkpoint").len(), 1);
}

#[test]
fn a_collection_that_changes_while_it_is_read_is_read_again_and_nothing_is_missed() {
    let site = Site::with(world_with_tagged(1200), Settings::default());
    site.run("tq-fetch-collection").succeeds();
    site.play("added");
    site.sim.clear_requests();
    let second_page =
        Fault { skip: 1, ..Fault::next("/api/indicators/query", FaultKind::Slow(Duration::from_secs(1))) };
    site.sim.fault(second_page);
    let fetcher = site.program(COLLECTION).args(&ALL_OF_IT).start();
    let pages = || {
        let requests = site.sim.requests();
        requests.iter().filter(|request| request.path.starts_with("/api/indicators/query")).count()
    };
    eventually("the second page is asked for", || pages() >= 2);
    // An object of the first page leaves: what comes after it moves up, and one row would never be seen.
    site.sim.world().remove_tag("indicators", 5, "ransomware").expect("it is tagged");
    let output = fetcher.wait_with_output().expect("it ends");
    let run = Ended::new(COLLECTION, &output).succeeds();
    assert_eq!(run.records_of("alert").len(), 3);
    assert_eq!(pages(), 7, "a pass of three pages, and one by cursor, which an empty page ends");
}

#[test]
fn a_reader_that_goes_away_ends_a_fetcher_quietly() {
    let site = Site::with(world_with_tagged(3000), Settings::default());
    let mut child = site.program(COLLECTION).start();
    drop(child.stdin.take());
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    assert!(first.starts_with("{\"record\":\"mark\""), "{first}");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn a_collection_with_a_slash_in_its_name_is_not_taken_for_part_of_another() {
    let site = Site::new();
    let query = json!({"criteria":{},"filters":{"+and":[{"status_name":"Review"}]}});
    for name in ["Malware", "Malware/indicator"] {
        let mut world = site.sim.world();
        world.add_saved_search(2, name, &["indicators"], query.clone(), true).expect("Ana exists");
    }
    let both = ["--collection", "Malware", "--collection", "Malware/indicator"];
    for _ in 0..2 {
        let fetched = site.program(COLLECTION).args(&both).run().succeeds();
        let marks: usize = fetched.records_of("mark").len();
        let emails = site.program("tq-format-email").run_on(fetched.stdout).succeeds();
        site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
        assert!(marks == 2 || marks == 0, "the second run finds everything remembered");
    }
    assert!(site.program(COLLECTION).args(&both).run().succeeds().records_of("mark").is_empty());
}

#[test]
fn what_happens_again_without_a_trace_in_the_object_is_mailed_again() {
    let site = Site::new();
    site.run_both();
    for count in 1..=3 {
        site.sim.world().watch(2, "indicators", 8).expect("Ana exists");
        site.run("tq-fetch-watchlist").succeeds();
        assert_eq!(site.mails().len(), count, "watching moves no time of the object itself");
        site.sim.world().unwatch(2, "indicators", 8).expect("Ana watches it");
        site.run("tq-fetch-watchlist").succeeds();
    }
}
