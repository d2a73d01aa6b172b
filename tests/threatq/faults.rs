//! Answers that go wrong in the middle of a fetch: what is asked again, what is not followed, and what is let pass.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};
use threatq_sim::{Fault, FaultKind, RetryAfter, Settings, Sim, Target, World};

use super::{COLLECTION, WATCHLIST};
use crate::support::program::Ended;
use crate::support::site::Site;

const QUERY: &str = "/api/indicators/query";
/// A collection of five pages, every object of which is told.
const EVERYTHING: [&str; 4] = ["--collection", "Everything", "--backfill", "2000-01-01"];

fn site_of_five_pages() -> Site {
    Site::with(World::generated(2300), Settings::default())
}

/// Lets two pages pass, then spoils this many.
fn from_page_three(kind: FaultKind, times: usize) -> Fault {
    Fault { skip: 2, times, ..Fault::next(QUERY, kind) }
}

/// How often a route was asked.
fn asked(site: &Site, path: &str) -> usize {
    site.sim.requests().iter().filter(|request| request.path == path).count()
}

/// Asserts that each of the 2300 objects was told once, and nothing else.
#[track_caller]
fn tells_each_once(run: &Ended) {
    let alerts = run.records_of("alert");
    let ids: BTreeSet<u64> = alerts.iter().filter_map(|alert| alert["object"]["id"].as_u64()).collect();
    assert_eq!((alerts.len(), ids.len()), (2300, 2300));
    assert_eq!((ids.first(), ids.last()), (Some(&1), Some(&2300)));
}

/// Case 104.
#[test]
fn a_token_that_is_refused_on_page_three_leaves_no_gap_and_repeats_nothing() {
    let site = site_of_five_pages();
    site.sim.fault(from_page_three(FaultKind::Revoke, 1));
    let run = site.program(COLLECTION).args(&EVERYTHING).run().succeeds();
    tells_each_once(&run);
    assert_eq!(asked(&site, "/api/token"), 2, "however many requests were refused together");
}

/// Case 105.
#[test]
fn a_refresh_that_is_refused_leads_to_one_new_login_and_a_login_that_is_refused_then_to_77() {
    for (times, status) in [(1, 0), (2, 77)] {
        let settings = Settings { token_lifetime: Duration::from_secs(2), ..Settings::default() };
        let site = Site::with(World::demo(), settings);
        // When this answer comes, nine tenths of the token's life are over.
        site.sim.fault(Fault::next("/api/search/query", FaultKind::Slow(Duration::from_millis(1900))));
        let spent = r#"{"error":"invalid_grant","error_description":"The refresh token is spent."}"#;
        let refused = FaultKind::Status(400, spent.to_owned());
        site.sim.fault(Fault { skip: 1, times, ..Fault::next("/api/token", refused) });
        let run = site.program(COLLECTION).run().ends_with(status);
        let requests = site.sim.requests();
        let grants = requests.iter().filter(|one| one.path == "/api/token");
        let grants: Vec<&str> = grants.map(|one| one.query.split('&').next().unwrap_or_default()).collect();
        assert_eq!(grants, ["grant_type=password", "grant_type=refresh_token", "grant_type=password"]);
        assert_eq!(run.records_of("checkpoint").len(), usize::from(status == 0));
    }
}

/// Case 106.
#[test]
fn a_pause_that_is_asked_for_is_kept_and_one_that_is_too_long_is_left_to_the_next_run() {
    for (wanted, status, times) in [
        (RetryAfter::Seconds(1), 0, 6),
        (RetryAfter::Date(1), 0, 6),
        (RetryAfter::Date(-3600), 0, 6),
        (RetryAfter::Text("soon".to_owned()), 0, 6),
        (RetryAfter::Text("-1".to_owned()), 0, 6),
        (RetryAfter::Seconds(86_400), 75, 5),
        (RetryAfter::Date(86_400), 75, 5),
        (RetryAfter::Seconds(u64::MAX), 75, 5),
    ] {
        let site = site_of_five_pages();
        site.sim.fault(from_page_three(FaultKind::Busy(429, wanted.clone()), 1));
        let run = site.program(COLLECTION).args(&EVERYTHING).run().ends_with(status);
        assert!(asked(&site, QUERY) <= times, "{wanted:?}");
        if status == 0 {
            tells_each_once(&run);
        } else {
            assert!(run.complains(&["429", "asks to come back in"]).records_of("checkpoint").is_empty());
        }
    }
}

/// Case 107; a ThreatQ that is down is 75, because a later run may succeed.
#[test]
fn a_page_that_fails_is_asked_for_again_a_few_times_and_then_there_is_no_checkpoint() {
    for (kind, times, status) in [
        (FaultKind::Status(502, "<h1>gone</h1>".to_owned()), 1, 0),
        (FaultKind::Torn, 1, 0),
        (FaultKind::TornChunk, 1, 0),
        (FaultKind::Status(500, "<h1>oops</h1>".to_owned()), 1, 75),
        (FaultKind::Status(503, "<h1>down</h1>".to_owned()), 100, 75),
        (FaultKind::Html200, 1, 76),
    ] {
        let site = site_of_five_pages();
        site.sim.fault(from_page_three(kind.clone(), times));
        let run = site.program(COLLECTION).args(&EVERYTHING).run().ends_with(status);
        assert_eq!(run.records_of("checkpoint").len(), usize::from(status == 0), "{kind:?}");
        if status == 0 {
            tells_each_once(&run.succeeds());
        } else {
            run.complains(&["collection Everything: ", QUERY]);
        }
    }
}

/// Case 108.
#[test]
fn a_success_that_carries_errors_is_none_wherever_it_comes() {
    for (fetcher, route) in [
        (COLLECTION, "/api/objects"),
        (COLLECTION, "/api/search/query"),
        (COLLECTION, QUERY),
        (WATCHLIST, "/api/users"),
        (WATCHLIST, "/api/users/2/watchlist"),
    ] {
        let site = Site::new();
        site.sim.fault(Fault::next(route, FaultKind::ErrorsIn200));
        let run = site.program(fetcher).run().ends_with(69).complains(&[route, "refused with 200"]);
        assert!(run.records_of("checkpoint").is_empty(), "{route}");
    }
}

/// Case 111.
#[test]
fn a_redirect_is_not_followed_and_its_target_is_named() {
    let elsewhere = Sim::start(World::demo());
    for status in [301, 302, 307, 308] {
        for route in ["/api/token", "/api/objects", QUERY] {
            for (target, named) in [
                (Target::Host(elsewhere.url()), elsewhere.url()),
                (Target::Http, "http://".to_owned()),
                (Target::Itself, route.to_owned()),
            ] {
                let site = Site::new();
                site.sim
                    .fault(Fault { times: 100, ..Fault::next(route, FaultKind::Redirect(status, target)) });
                let run = site.program(COLLECTION).run().ends_with(78);
                assert!(run.complains(&["redirects to", &named]).records_of("checkpoint").is_empty());
                assert_eq!(asked(&site, route), 1, "{status} {route}");
            }
        }
    }
    assert!(elsewhere.requests().is_empty(), "neither password nor token goes there");
}

/// Case 115.
#[test]
fn rows_of_unusual_forms_are_told_and_one_that_cannot_be_read_is_named() {
    let site = Site::with(World::demo(), Settings { ids_as_strings: true, ..Settings::default() });
    let spoil = |id: u64, members: Value, without: &[&str]| {
        let members: Map<String, Value> = members.as_object().cloned().unwrap_or_default();
        site.sim.world().spoil_row("indicators", id, members, without).expect("it exists");
    };
    let asset = {
        let mut world = site.sim.world();
        world.add_object_type("asset", "Asset", "Assets").expect("a new type");
        world.set_saved_search_objects("Ransomware IOCs", &["indicators", "asset"]).expect("it exists");
        world.add_object("asset", 0, "Mail server").expect("a new object")
    };
    site.run(COLLECTION).succeeds();
    site.play("added");
    site.sim.world().add_tag("asset", asset, "ransomware").expect("it exists");
    spoil(8, json!({"touched_at": null}), &["value"]);
    spoil(9, json!({"value": 5}), &[]);
    let told = |run: &Ended| {
        let alerts = run.records_of("alert");
        let values = alerts.iter().map(|alert| alert["object"]["value"].as_str().expect("text").to_owned());
        values.collect::<BTreeSet<String>>()
    };
    let run = site.program(COLLECTION).run().ends_with(1);
    let run = run.complains(&["indicator object 9 cannot be read"]);
    let right = told(&run);
    assert!(
        right.len() == 3 && right.contains("(indicator 8)") && right.contains("Mail server"),
        "{right:?}"
    );
    assert_eq!(run.records_of("checkpoint").len(), 1);
    spoil(9, json!({}), &[]);
    assert_eq!(told(&site.program(COLLECTION).run().succeeds()).len(), 4);
}

/// Case 117.
#[test]
fn a_collection_that_was_renamed_or_removed_or_a_user_who_is_unknown_keeps_back_no_other_source() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    site.sim.world().rename_saved_search("Ransomware IOCs", "Ransomware, all").expect("it exists");
    let run = site.program(COLLECTION).run().ends_with(78);
    run.complains(&["no data collection 'Ransomware IOCs'", "did you mean 'Ransomware, all'?"]);
    assert_eq!(site.program(WATCHLIST).run().succeeds().records_of("alert").len(), 1);
    site.sim.world().remove_saved_search("Ransomware, all").expect("it exists");
    let run = site.program(COLLECTION).run().ends_with(78);
    run.complains(&["no data collection 'Ransomware IOCs'", "there are none", "shared with the login"]);
    let site = Site::new();
    let run = site.program(WATCHLIST).args(&["--users", "Ana Ortiz,Dee Ember"]).run().ends_with(78);
    assert!(run.complains(&["no ThreatQ user 'Dee Ember'"]).records_of("checkpoint").is_empty());
    assert_eq!(site.program(COLLECTION).run().succeeds().records_of("checkpoint").len(), 1);
}
