//! Lists that only their owner sees: logins of the watching users, and objects that are asked one by one.

use serde_json::json;
use threatq_sim::{Fault, FaultKind, Settings, WatchlistRoute, WatchlistRows, World};

use super::{ANAS, WATCHLIST, remembered, site};
use crate::support::program::Ended;
use crate::support::site::{Site, secret_file};

const BOTH: [&str; 2] = ["--users", "Ana Ortiz,Cy Young"];
const CYS: &str = "watchlist/3/indicator/9";
const WALK: [&str; 2] = ["--route", "walk:All of it"];

/// The same, where nobody sees what others watch.
fn closed(route: WatchlistRoute) -> Site {
    let site = site(route, WatchlistRows::Flat);
    site.sim.turn(|settings| settings.watchlist_of_others = false);
    site
}

/// Gives Cy a login, with this password.
fn give_login(site: &Site, password: &str) {
    secret_file(site.path(), "cy", password);
    site.write_config("[[watchlist.login]]\nuser = \"cy young\"\npassword_file = \"cy\"\n");
}

#[test]
fn a_list_that_only_its_owner_sees_is_read_with_the_owners_login() {
    for (route, preset) in [
        (WatchlistRoute::OfUser, "user"),
        (WatchlistRoute::Watchlist, "watchlist"),
        (WatchlistRoute::Watchlists, "watchlists"),
    ] {
        let site = closed(route);
        give_login(&site, "look-and-tell");
        let keys = remembered(&site, &[&["--route", preset], &BOTH[..]].concat());
        assert_eq!(keys, [ANAS[0], ANAS[1], CYS], "{preset}");
        let logins: Vec<String> = site
            .sim
            .requests()
            .iter()
            .filter(|one| one.path == "/api/token")
            .map(|one| one.body.clone())
            .collect();
        assert!(logins.len() == 2 && logins[1].contains("cy@example.com"), "{logins:?}");
    }
}

#[test]
fn a_list_that_may_be_the_logins_own_is_not_taken_for_somebody_elses() {
    let site = closed(WatchlistRoute::Watchlist);
    let run = site.program(WATCHLIST).args(&BOTH).args(&["--route", "watchlist"]).run().ends_with(78);
    assert!(
        run.complains(&["what the login ana@example.com watches", "[[watchlist.login]]"])
            .records_of("checkpoint")
            .is_empty()
    );
    // An empty list says as little.
    site.sim.world().unwatch(2, "indicators", 8).expect("Ana watches it");
    site.sim.world().unwatch(2, "adversaries", 3).expect("Ana watches it");
    site.program(WATCHLIST).args(&BOTH).args(&["--route", "watchlist"]).run().ends_with(78);
    assert!(remembered(&site, &["--route", "watchlist"]).is_empty(), "Ana's own is empty");
    // A list that shows what others watch is of all, and Ana watches nothing.
    site.sim.turn(|settings| settings.watchlist_of_others = true);
    assert_eq!(remembered(&site, &[&["--route", "watchlist"], &BOTH[..]].concat()), [CYS]);
}

#[test]
fn a_list_that_names_the_user_and_holds_only_what_others_watch_is_not_taken_for_an_empty_one() {
    let site = site(WatchlistRoute::OfUser, WatchlistRows::Flat);
    site.run(WATCHLIST).succeeds();
    let row =
        |user: u64, id: u64| json!({"id": id, "user_id": user, "object_type": "indicator", "object_id": id});
    let body = json!({"total": 2, "data": [row(3, 5), row(4, 6)]}).to_string().into_bytes();
    site.sim.fault(Fault::next("/api/users/2/watchlist", FaultKind::Body(body)));
    let run = site.program(WATCHLIST).arg("--removed").run().ends_with(78);
    let run = run.complains(&["/api/users/2/watchlist says what others watch", "[[watchlist.login]]"]);
    assert!(run.records_of("checkpoint").is_empty());
}

#[test]
fn a_list_that_threatq_fails_at_blocks_no_other_and_its_news_are_told_later() {
    let site = site(WatchlistRoute::OfUser, WatchlistRows::Flat);
    let failure = || FaultKind::Status(500, "deadlock".to_owned());
    let run_both = || {
        let run = site.program(WATCHLIST).args(&BOTH).run();
        let emails = site.program("tq-format-email").run_on(&*run.stdout).succeeds();
        site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
        run
    };
    let told = |run: &Ended| -> Vec<Option<u64>> {
        run.records_of("alert").iter().map(|alert| alert["object"]["id"].as_u64()).collect()
    };
    // At the first look nothing is known of the list, and in the next run it is the first look again.
    site.sim.fault(Fault::next("/api/users/3/watchlist", failure()));
    run_both().ends_with(75).complains(&["the watchlist of Cy Young: ", "answered 500: deadlock"]);
    assert!(told(&run_both().succeeds()).is_empty());
    for id in [8, 9] {
        site.sim.world().advance(3600);
        site.sim.world().set_status("indicators", id, "Indirect").expect("a status");
    }
    site.sim.fault(Fault::next("/api/users/3/watchlist", failure()));
    assert_eq!(told(&run_both().ends_with(75)), [Some(8)]);
    assert_eq!(told(&run_both().succeeds()), [Some(9)]);
    for user in [2, 3] {
        site.sim.fault(Fault::next(&format!("/api/users/{user}/watchlist"), failure()));
    }
    let run = site.program(WATCHLIST).args(&BOTH).run().ends_with(75);
    assert!(run.records_of("checkpoint").is_empty(), "none of the lists was read");
}

#[test]
fn the_probe_tries_a_preset_with_the_places_that_are_configured_for_it() {
    let site = site(WatchlistRoute::Nowhere, WatchlistRows::Flat);
    let config = std::fs::read_to_string(site.config()).expect("the configuration");
    let places = "[watchlist]\nroute = \"watchlist\"\ntype_pointer = \"/what\"\nid_pointer = \"/which\"\n";
    std::fs::write(site.config(), config.replace("[watchlist]\n", places)).expect("it is ours");
    let rows = json!({"total": 1, "data": [{"what": "indicator", "which": 8, "user_id": 2}]});
    let rows = FaultKind::Body(rows.to_string().into_bytes());
    site.sim.fault(Fault { times: 100, ..Fault::next("/api/watchlist", rows) });
    let run = site.program(WATCHLIST).arg("--probe").run().succeeds();
    assert!(run.stdout.contains("GET /api/watchlist: 1 watched: indicator 8"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("route \"watchlist\"").count(), 1, "{}", run.stdout);
}

#[test]
fn a_row_that_is_null_makes_nothing_gone() {
    let site = site(WatchlistRoute::OfUser, WatchlistRows::Flat);
    site.run(WATCHLIST).succeeds();
    let row = json!({"id": 1, "user_id": 2, "object_type": "indicator", "object_id": 8});
    let body = json!({"total": 2, "data": [row, null]}).to_string().into_bytes();
    site.sim.fault(Fault::next("/api/users/2/watchlist", FaultKind::Body(body)));
    let run = site.program(WATCHLIST).arg("--removed").run().ends_with(1);
    let run = run.complains(&["a row of the watchlist of Ana Ortiz: it names no object: null"]);
    assert!(run.records_of("alert").is_empty() && !run.stdout.contains("adversary"), "{}", run.stdout);
}

#[test]
fn a_login_of_a_user_that_is_refused_says_whose_it_is() {
    let site = closed(WatchlistRoute::OfUser);
    give_login(&site, "not-the-password");
    let run = site.program(WATCHLIST).args(&BOTH).run().ends_with(77);
    assert!(
        !run.complains(&["[[watchlist.login]] of cy young", "refused the login"]).stderr.contains("not-the")
    );
    std::fs::set_permissions(site.path().join("cy"), std::os::unix::fs::PermissionsExt::from_mode(0o640))
        .expect("ours");
    site.program(WATCHLIST).args(&BOTH).run().ends_with(78).complains(&["cy young", "chmod 600"]);
}

#[test]
fn parameters_that_are_set_go_with_the_route() {
    let site = site(WatchlistRoute::OfUser, WatchlistRows::Flat);
    let config = std::fs::read_to_string(site.config()).expect("the configuration");
    std::fs::write(
        site.config(),
        config.replace("[watchlist]\n", "[watchlist]\nquery = \"limit=10&with=object\"\n"),
    )
    .expect("it is ours");
    assert_eq!(remembered(&site, &[]), ANAS);
    let requests = site.sim.requests();
    let list =
        requests.iter().find(|request| request.path == "/api/users/2/watchlist").expect("it was asked");
    assert_eq!(list.query, "limit=10&with=object");
}

/// A ThreatQ that lists no watchlist, and has a collection of all indicators and adversaries.
fn listless() -> Site {
    let site = closed(WatchlistRoute::Nowhere);
    let everything = json!({"criteria": {}, "filters": {}});
    site.sim
        .world()
        .add_saved_search(2, "All of it", &["indicators", "adversaries"], everything, true)
        .expect("Ana exists");
    site
}

#[test]
fn objects_of_a_collection_can_be_asked_one_by_one_whether_they_are_watched() {
    let site = listless();
    assert_eq!(remembered(&site, &WALK), ANAS);
    let run = site.program(WATCHLIST).args(&BOTH).args(&WALK).run().ends_with(78);
    run.complains(&["what the login ana@example.com watches", "[[watchlist.login]]"]);
    give_login(&site, "look-and-tell");
    assert_eq!(remembered(&site, &[BOTH, WALK].concat()), [ANAS[0], ANAS[1], CYS]);
    let run = site.program(WATCHLIST).args(&["--route", "walk:All"]).run().ends_with(78);
    run.complains(&["did you mean 'All of it'?"]);
}

#[test]
fn an_object_that_goes_while_all_are_asked_is_not_watched_and_one_that_makes_no_sense_is_named() {
    let site = listless();
    site.sim.fault(Fault::next("/api/indicators/5", FaultKind::Status(404, String::new())));
    assert_eq!(remembered(&site, &WALK), ANAS);
    site.sim.fault(Fault::next("/api/indicators/5", FaultKind::Html200));
    let run = site.program(WATCHLIST).args(&WALK).run().ends_with(1);
    assert_eq!(
        run.complains(&["a row of the watchlist of Ana Ortiz", "/api/indicators/5"])
            .records_of("checkpoint")
            .len(),
        1
    );
    site.sim.fault(Fault::next("/api/indicators/5", FaultKind::Body(br#"{"data":{"id":5}}"#.to_vec())));
    site.program(WATCHLIST).args(&WALK).run().ends_with(1).complains(&["does not say who watches it"]);
    site.sim.fault(Fault {
        times: 100,
        ..Fault::next("/api/indicators/5", FaultKind::Status(503, String::new()))
    });
    site.program(WATCHLIST).args(&WALK).run().ends_with(75);
}

#[test]
fn the_probe_says_which_routes_want_a_login_of_the_user_and_asks_an_object_as_well() {
    for (route, preset) in [
        (WatchlistRoute::OfUser, "user"),
        (WatchlistRoute::Watchlist, "watchlist"),
        (WatchlistRoute::Watchlists, "watchlists"),
    ] {
        let site = closed(route);
        let run = site.program(WATCHLIST).args(&BOTH).arg("--probe").run().ends_with(69);
        let advice = format!(
            "It may fit with logins of their own. Put this under [watchlist]:\n    route = \"{preset}\"\n    [[watchlist.login]]\n    user = \"Cy Young\"\n"
        );
        assert!(run.stdout.contains(&advice), "{}", run.stdout);
        assert!(
            run.stdout.contains("GET /api/adversaries/3?with=watchlist: watched, as the list says; it fits"),
            "{}",
            run.stdout
        );
        give_login(&site, "look-and-tell");
        site.sim.clear_requests();
        let run = site.program(WATCHLIST).args(&BOTH).arg("--probe").run().succeeds();
        assert_eq!(run.stdout.matches("It fits.").count(), 1, "{}", run.stdout);
        assert!(run.stdout.contains("GET /api/indicators/9?with=watchlist: watched"), "{}", run.stdout);
        let logins = site.sim.requests().iter().filter(|one| one.path == "/api/token").count();
        assert_eq!(logins, 2, "one for each user, however many routes are tried");
    }
    let site = listless();
    let run = site.program(WATCHLIST).arg("--probe").run().ends_with(69);
    assert!(run.stdout.contains("try --route walk:NAME --probe"), "{}", run.stdout);
    let run = site.program(WATCHLIST).args(&WALK).arg("--probe").run().succeeds();
    assert!(
        run.stdout.contains("It fits. Put this under [watchlist]:\n    route = \"walk:All of it\"\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_private_client_has_no_list_of_its_own() {
    let site = Site::with(
        World::demo(),
        Settings {
            watchlist_route: WatchlistRoute::Watchlist,
            watchlist_of_others: false,
            ..Settings::default()
        },
    );
    let secret = secret_file(site.path(), "secret", "demo-private-secret");
    let client = |site: &Site| {
        site.program(WATCHLIST)
            .args(&["--route", "watchlist", "--client-id", "demo-private"])
            .arg("--client-secret-file")
            .arg(&secret)
    };
    client(&site).run().ends_with(78).complains(&["what this login watches"]);
    site.sim.turn(|settings| settings.watchlist_of_others = true);
    client(&site).run().succeeds();
}
