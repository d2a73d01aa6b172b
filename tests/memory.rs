//! What is remembered between runs: of whom, of which collection, and when it is let go.

mod doubt;

use serde_json::{Value, json};
use threatq_sim::{Fault, FaultKind};

use crate::support::program::Ended;
use crate::support::site::Site;

const WATCHLIST: &str = "tq-fetch-watchlist";
const COLLECTION: &str = "tq-fetch-collection";
/// All of a collection, whenever it was last read.
const ALL: [&str; 2] = ["--rescan", "0s"];

/// Runs the whole pipe with these flags for the fetcher; the fetcher's end.
fn run(site: &Site, fetcher: &'static str, flags: &[&str]) -> Ended {
    let found = site.program(fetcher).args(flags).run();
    let emails = site.program("tq-format-email").run_on(&*found.stdout).succeeds();
    site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
    found
}

/// The events and numbers of the objects in the alerts.
fn told(run: &Ended) -> Vec<(String, u64)> {
    let alerts = run.records_of("alert");
    let one = |alert: &Value| {
        let event = alert["event"].as_str().expect("a word").to_owned();
        (event, alert["object"]["id"].as_u64().expect("a number"))
    };
    alerts.iter().map(one).collect()
}

fn news(event: &str, ids: &[u64]) -> Vec<(String, u64)> {
    ids.iter().map(|id| (event.to_owned(), *id)).collect()
}

fn the_collection<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    ["--collection", "Ransomware IOCs"].iter().chain(flags).copied().collect()
}

#[test]
fn what_left_is_told_where_it_is_asked_for_with_what_was_last_known_of_it() {
    let site = Site::new();
    site.play("added");
    let removed = the_collection(&["--removed", "--rescan", "0s"]);
    run(&site, COLLECTION, &removed).succeeds();
    run(&site, WATCHLIST, &["--removed"]).succeeds();
    {
        let mut world = site.sim.world();
        world.advance(60);
        world.remove_tag("indicators", 8, "ransomware").expect("it is tagged");
        world.unwatch(2, "indicators", 8).expect("Ana watches it");
    }
    for (fetcher, flags) in [(COLLECTION, removed.as_slice()), (WATCHLIST, &["--removed"])] {
        let fetched = run(&site, fetcher, flags).succeeds();
        assert_eq!(told(&fetched), news("removed", &[8]), "{fetcher}");
        let alert = &fetched.records_of("alert")[0];
        assert_eq!(alert["object"]["value"], "7.8.9.0");
        assert_eq!(alert["object"]["link"], "https://threatq.hostname.com/indicators/8/details");
        assert_eq!(alert["marks"].as_array().expect("a list").len(), 1);
        assert!(alert["marks"][0].get("mark").is_none(), "the key is forgotten: {alert}");
        assert!(told(&run(&site, fetcher, flags).succeeds()).is_empty(), "and told once");
    }
    assert!(site.subjects().contains(&"ThreatQ Watchlist: Indicator Removed".to_owned()));
}

#[test]
fn what_leaves_the_lists_of_several_is_one_alert_that_names_them() {
    let site = Site::new();
    for user in [2, 3] {
        site.sim.world().watch(user, "indicators", 8).expect("a user");
    }
    let flags = ["--users", "Ana Ortiz,Cy Young", "--removed"];
    run(&site, WATCHLIST, &flags).succeeds();
    for user in [2, 3] {
        site.sim.world().unwatch(user, "indicators", 8).expect("it is watched");
    }
    let fetched = run(&site, WATCHLIST, &flags).succeeds();
    assert_eq!(told(&fetched), news("removed", &[8]));
    assert_eq!(fetched.records_of("alert")[0]["watchers"].as_array().expect("a list").len(), 2);
}

#[test]
fn how_far_a_watchlist_was_read_is_remembered_for_each_user() {
    let site = Site::new();
    {
        let mut world = site.sim.world();
        world.watch(2, "indicators", 8).expect("Ana exists");
        world.watch(3, "indicators", 9).expect("Cy exists");
    }
    run(&site, WATCHLIST, &["--users", "Ana Ortiz,Cy Young"]).succeeds();
    {
        let mut world = site.sim.world();
        world.advance(3600);
        world.set_status("indicators", 9, "Expired").expect("a status");
        world.advance(36_000);
        world.set_status("indicators", 8, "Active").expect("a status");
    }
    assert_eq!(told(&run(&site, WATCHLIST, &["--users", "Ana Ortiz"]).succeeds()), news("updated", &[8]));
    assert_eq!(
        told(&run(&site, WATCHLIST, &["--users", "Cy Young"]).succeeds()),
        news("updated", &[9]),
        "Ana's newest change is no reason to look at Cy's list from there on"
    );
}

#[test]
fn a_user_is_known_by_the_number_whatever_the_address() {
    let site = Site::new();
    run(&site, WATCHLIST, &["--users", "cy@example.com"]).succeeds();
    {
        let mut world = site.sim.world();
        world.set_email(3, "cy.young@example.com").expect("Cy exists");
        world.watch(3, "indicators", 8).expect("Cy exists");
    }
    let fetched = run(&site, WATCHLIST, &["--users", "Cy Young"]).succeeds();
    assert_eq!(told(&fetched), news("added", &[8]));
}

#[test]
fn a_collection_that_is_configured_by_its_hash_may_be_renamed_and_may_have_a_namesake() {
    let site = Site::new();
    let hash = {
        let mut world = site.sim.world();
        let query = json!({"criteria":{},"filters":{"+and":[{"status_name":"Review"}]}});
        world.add_saved_search(2, "Ransomware IOCs", &["indicators"], query, true).expect("Ana exists")
    };
    let by_hash = ["--collection", hash.as_str()];
    run(&site, COLLECTION, &by_hash).succeeds();
    site.sim.world().rename_saved_search(&hash, "Ransomware, renamed").expect("it exists");
    site.sim.world().advance(60);
    site.sim.world().set_status("indicators", 5, "Review").expect("a status");
    let fetched = run(&site, COLLECTION, &by_hash).succeeds();
    assert_eq!(told(&fetched), news("added", &[5]));
    assert_eq!(fetched.records_of("alert")[0]["collection"]["name"], "Ransomware, renamed");
    let twice = ["--collection", hash.as_str(), "--collection", "Ransomware, renamed"];
    site.program(COLLECTION).args(&twice).run().ends_with(78).complains(&["configured twice"]);
}

#[test]
fn another_object_type_has_a_baseline_of_its_own_and_the_others_go_on() {
    let site = Site::new();
    let query = json!({"criteria":{"+or":[{"tag":"heron"}]},"filters":{}});
    {
        let mut world = site.sim.world();
        world.add_saved_search(2, "Herons", &["indicators"], query, true).expect("Ana exists");
        world.add_tag("indicators", 5, "heron").expect("it exists");
        world.add_tag("adversaries", 3, "heron").expect("it exists");
        world.advance(3600);
    }
    let herons = |objects: &'static str| ["--collection", "Herons", "--objects", objects];
    run(&site, COLLECTION, &herons("indicators")).succeeds();
    site.sim.world().add_tag("indicators", 6, "heron").expect("it exists");
    let fetched = run(&site, COLLECTION, &herons("adversaries,indicators")).ends_with(0);
    assert_eq!(told(&fetched), news("added", &[6]), "and not the adversary");
    fetched.complains(&["Adversaries are looked at for the first time"]);
    let fetched = run(&site, COLLECTION, &herons("indicators,adversaries")).succeeds();
    assert!(told(&fetched).is_empty(), "their order is nothing");
    run(&site, COLLECTION, &herons("adversaries")).succeeds();
    let fetched = run(&site, COLLECTION, &herons("adversaries,indicators")).ends_with(0);
    assert!(told(&fetched).is_empty(), "what was not looked at any more is new to us");
}

#[test]
fn what_changed_while_nobody_wanted_to_know_is_not_told_later() {
    let site = Site::new();
    let (any, new) = (the_collection(&["--notify", "any"]), the_collection(&["--notify", "new"]));
    run(&site, COLLECTION, &any).succeeds();
    site.sim.world().advance(60);
    site.sim.world().set_status("indicators", 5, "Expired").expect("a status");
    assert!(told(&run(&site, COLLECTION, &new).succeeds()).is_empty());
    assert!(told(&run(&site, COLLECTION, &any).succeeds()).is_empty());
    site.sim.world().advance(60);
    site.sim.world().set_status("indicators", 5, "Active").expect("a status");
    assert_eq!(told(&run(&site, COLLECTION, &any).succeeds()), news("updated", &[5]));
}

#[test]
fn a_search_index_that_begins_to_show_fractions_of_a_second_touches_nothing() {
    let site = Site::new();
    let any = the_collection(&["--notify", "any", "--rescan", "0s"]);
    run(&site, COLLECTION, &any).succeeds();
    site.sim.turn(|settings| settings.solr_millis = true);
    assert!(told(&run(&site, COLLECTION, &any).succeeds()).is_empty());
}

#[test]
fn an_object_that_threatq_fails_at_does_not_keep_back_the_others() {
    let site = Site::new();
    run(&site, WATCHLIST, &[]).succeeds();
    {
        let mut world = site.sim.world();
        for id in [8, 9] {
            world.watch(2, "indicators", id).expect("Ana exists");
        }
    }
    let broken = FaultKind::Status(500, "maintenance".to_owned());
    site.sim.fault(Fault { times: 2, ..Fault::next("/api/indicators/8", broken) });
    let fetched = run(&site, WATCHLIST, &[]).ends_with(75);
    assert_eq!(told(&fetched), news("added", &[9]));
    assert!(
        fetched
            .stderr
            .contains("indicator 8 cannot be read: /api/indicators/8: ThreatQ answered 500: maintenance"),
        "{fetched:?}"
    );
    assert_eq!(told(&run(&site, WATCHLIST, &[]).succeeds()), news("added", &[8]));
}

#[test]
fn relations_that_were_not_delivered_are_not_relations_that_were_removed() {
    let site = Site::new();
    {
        let mut world = site.sim.world();
        world.watch(2, "indicators", 8).expect("Ana exists");
        world.relate("indicators", 8, "adversaries", 3).expect("both exist");
    }
    run(&site, WATCHLIST, &[]).succeeds();
    for (members, without) in
        [(json!({"adversaries": null}), [].as_slice()), (json!({}), ["adversaries"].as_slice())]
    {
        let members = members.as_object().expect("an object").clone();
        let mut world = site.sim.world();
        world.advance(60);
        world.set_stamp("indicators", 8, "touched_at", "2021-10-29 00:00:00").expect("a stamp");
        world.spoil_row("indicators", 8, members, without).expect("indicator 8 exists");
        drop(world);
        assert!(told(&run(&site, WATCHLIST, &[]).succeeds()).is_empty());
    }
}
