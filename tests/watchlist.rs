//! Watchlists: the routes by which a ThreatQ may list them, the probe, and what is told of an object's surroundings.

mod objects;
mod own;

use serde_json::{Value, json};
use threatq_sim::{Settings, WatchlistRoute, WatchlistRows, World};

use crate::support::site::Site;

const WATCHLIST: &str = "tq-fetch-watchlist";

/// A ThreatQ with this route, where Ana watches an adversary and indicator 8, and Cy indicator 9.
fn site(route: WatchlistRoute, rows: WatchlistRows) -> Site {
    let settings = Settings {
        watchlist_route: route,
        watchlist_rows: rows,
        watchlist_of_others: true,
        ..Settings::default()
    };
    let site = Site::with(World::demo(), settings);
    {
        let mut world = site.sim.world();
        world.watch(2, "indicators", 8).expect("Ana exists");
        world.watch(3, "indicators", 9).expect("Cy exists");
    }
    site
}

/// The keys of the objects that this run remembers.
#[track_caller]
fn remembered(site: &Site, arguments: &[&str]) -> Vec<String> {
    let run = site.program(WATCHLIST).args(arguments).run().succeeds();
    let marks = run.records_of("mark");
    let entries = marks.iter().flat_map(|mark| mark["marks"].as_array().expect("a list").clone());
    let keys = entries.map(|entry: Value| entry["key"].as_str().expect("a key").to_owned());
    let mut keys: Vec<String> = keys.filter(|key| key.matches('/').count() == 3).collect();
    keys.sort();
    keys
}

const ANAS: [&str; 2] = ["watchlist/2/adversary/3", "watchlist/2/indicator/8"];

#[test]
fn each_preset_fits_the_route_it_is_for_whatever_the_form_of_the_rows() {
    for (route, preset) in [
        (WatchlistRoute::OfUser, "user"),
        (WatchlistRoute::Watchlist, "watchlist"),
        (WatchlistRoute::Watchlists, "watchlists"),
    ] {
        for rows in [WatchlistRows::Flat, WatchlistRows::Nested, WatchlistRows::NamedIds] {
            let site = site(route, rows);
            assert_eq!(remembered(&site, &["--route", preset]), ANAS, "{preset}, {rows:?}");
            let both = remembered(&site, &["--route", preset, "--users", "Ana Ortiz,Cy Young"]);
            assert_eq!(both, [ANAS[0], ANAS[1], "watchlist/3/indicator/9"], "{preset}, {rows:?}");
        }
    }
}

#[test]
fn a_route_and_pointers_of_ones_own_are_used_as_they_are_set() {
    let site = site(WatchlistRoute::Watchlists, WatchlistRows::Nested);
    let config = std::fs::read_to_string(site.config()).expect("the configuration");
    let own = "[watchlist]\nroute = \"/api/watchlists\"\ntype_pointer = \"/object/type\"\nid_pointer = \"/object/id\"\nowner_pointer = \"/user/id\"\n";
    std::fs::write(site.config(), config.replace("[watchlist]\n", own)).expect("it is ours");
    assert_eq!(remembered(&site, &[]), ANAS);
    std::fs::write(site.config(), config.replace("[watchlist]\n", &own.replace("/object/id", "/nowhere")))
        .expect("ours");
    site.program(WATCHLIST).run().ends_with(76).complains(&["no row makes sense", "try --probe"]);
}

#[test]
fn a_data_collection_can_stand_in_for_the_list() {
    let site = site(WatchlistRoute::Nowhere, WatchlistRows::Flat);
    let keys = ["watchlist/2/indicator/5", "watchlist/2/indicator/6"];
    assert_eq!(remembered(&site, &["--route", "collection:Ransomware IOCs"]), keys);
    site.program(WATCHLIST)
        .args(&["--route", "collection:Ransom"])
        .run()
        .ends_with(78)
        .complains(&["did you mean"]);
}

#[test]
fn a_route_that_is_not_there_or_no_route_at_all_says_what_to_do() {
    let site = site(WatchlistRoute::Nowhere, WatchlistRows::Flat);
    site.program(WATCHLIST).run().ends_with(69).complains(&["refused with 404", "try --probe"]);
    let run = site.program(WATCHLIST).args(&["--route", "mine"]).run();
    run.ends_with(78)
        .complains(&["'mine' is none of user, watchlist, watchlists, collection:NAME, walk:NAME"]);
}

#[test]
fn the_probe_says_what_each_candidate_answered_and_what_to_set_and_changes_nothing() {
    for (route, fits) in [
        (WatchlistRoute::OfUser, "user"),
        (WatchlistRoute::Watchlist, "watchlist"),
        (WatchlistRoute::Watchlists, "watchlists"),
    ] {
        let site = site(route, WatchlistRows::Flat);
        let run = site.program(WATCHLIST).arg("--probe").run().succeeds();
        let answer = "2 watched: adversary 3, indicator 8";
        assert!(run.stdout.contains(answer) && run.stdout.contains("refused with 404"), "{}", run.stdout);
        let advice = format!("It fits. Put this under [watchlist]:\n    route = \"{fits}\"\n");
        assert_eq!(run.stdout.matches("It fits").count(), 1, "{}", run.stdout);
        assert!(run.stdout.contains(&advice), "{}", run.stdout);
        let reads = |method: &str, path: &str| method == "GET" || path == "/api/token";
        assert!(site.sim.requests().iter().all(|request| reads(&request.method, &request.path)));
        assert!(!site.state().exists());
    }
    let site = site(WatchlistRoute::Nowhere, WatchlistRows::Flat);
    let run = site.program(WATCHLIST).arg("--probe").run().ends_with(69);
    assert!(run.stdout.contains("None fits. A data collection can stand in"), "{}", run.stdout);
    assert_eq!(json!(run.stderr), json!(""));
}

/// The one alert about an object of this type.
#[track_caller]
fn alert_about(site: &Site, type_name: &str) -> Value {
    let alerts = site.program(WATCHLIST).run().succeeds().records_of("alert");
    let mut about = alerts.into_iter().filter(|alert| alert["object"]["type"] == type_name);
    let first = about.next().expect("an alert");
    assert!(about.next().is_none());
    first
}

#[test]
fn relationships_attachments_tlp_and_who_commented_are_told() {
    let site = Site::new();
    site.play("added");
    site.run_both();
    let file = {
        let mut world = site.sim.world();
        world.advance(60);
        world.add_source("indicators", 8, "Example CERT", Some("red")).expect("indicator 8 exists");
        world.relate("indicators", 8, "adversaries", 3).expect("both exist");
        let file = world.add_object("attachments", 0, "report.pdf").expect("a new file");
        world.relate("indicators", 8, "attachments", file).expect("both exist");
        world.add_comment("indicators", 8, 3, "seen").expect("indicator 8 exists");
        file
    };
    let alert = alert_about(&site, "indicator");
    let expected = json!([
        {"field":"tlp","change":"changed","from":"green","to":"red"},
        {"field":"comment","change":"added","count":1,"by":["Cy Young"]},
        {"field":"source","change":"added","count":1,"values":["Example CERT"]},
        {"field":"relationship","change":"added","object_type":"adversary","count":1,"values":["Adversary: Copper Heron"]},
        {"field":"attachment","change":"added","count":1,"values":["report.pdf"]},
    ]);
    assert_eq!(alert["changes"], expected);
    assert_eq!(alert["object"]["tlp"], "red");
    site.run(WATCHLIST).succeeds();

    let mut world = site.sim.world();
    world.advance(60);
    world.unrelate("indicators", 8, "attachments", file).expect("they are related");
    drop(world);
    let alert = alert_about(&site, "indicator");
    let expected = json!([{"field":"attachment","change":"removed","count":1,"values":["report.pdf"]}]);
    assert_eq!(alert["changes"], expected);
}
