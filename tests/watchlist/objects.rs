//! Watched objects that ThreatQ does not give, or not whole: none of them blocks another, and none is passed over.

use serde_json::{Value, json};
use threatq_sim::{Fault, FaultKind};

use super::WATCHLIST;
use crate::support::program::Ended;
use crate::support::site::Site;

const EIGHT: &str = "/api/indicators/8";

/// A site whose Ana watches indicators 8, 9 and 10 as well, all of them remembered.
fn site() -> Site {
    let site = Site::new();
    {
        let mut world = site.sim.world();
        for id in [8, 9, 10] {
            world.watch(2, "indicators", id).expect("Ana exists");
        }
    }
    site.run(WATCHLIST).succeeds();
    site.sim.world().advance(3600);
    site
}

/// What a run that is taken over tells: ids and changes.
#[track_caller]
fn told(site: &Site, run: &Ended) -> Vec<(u64, Value)> {
    let emails = site.program("tq-format-email").run_on(&*run.stdout).succeeds();
    site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
    let alerts = run.records_of("alert");
    let about = |alert: &Value| (alert["object"]["id"].as_u64().expect("an id"), alert["changes"].clone());
    alerts.iter().map(about).collect()
}

/// From now on, so often, an object fails so.
fn fail(site: &Site, path: &str, times: usize, kind: FaultKind) {
    site.sim.fault(Fault { times, ..Fault::next(path, kind) });
}

#[test]
fn a_threatq_that_cannot_be_asked_for_related_objects_is_read_without_them() {
    for (status, failing) in [(400, &[8][..]), (422, &[8]), (500, &[8, 9])] {
        let site = site();
        for id in [8, 9, 10] {
            site.sim.world().set_status("indicators", id, "Indirect").expect("a status");
        }
        for id in failing {
            fail(&site, &format!("/api/indicators/{id}"), 1, FaultKind::Status(status, String::new()));
        }
        let run = site.program(WATCHLIST).args(&["--concurrency", "1"]).run().ends_with(0);
        assert!(run.stderr.contains("only without related objects"), "{}", run.stderr);
        let expected = |id: u64| {
            let from = run.records_of("alert").iter().find(|one| one["object"]["id"] == id).expect("told")["changes"][0]["from"].clone();
            (id, json!([{"field":"status","change":"changed","from":from,"to":"Indirect"}]))
        };
        assert_eq!(told(&site, &run), [expected(8), expected(9), expected(10)], "{status}");
        let requests = site.sim.requests();
        let last = requests.iter().rfind(|one| one.path == "/api/indicators/10").expect("it was read");
        assert!(!last.query.contains("adversaries"), "{}", last.query);
    }
}

#[test]
fn one_failure_of_an_object_costs_no_change_of_its_relations_and_of_no_others() {
    let site = site();
    {
        let mut world = site.sim.world();
        for id in [8, 9] {
            world.relate("indicators", id, "adversaries", 3).expect("both exist");
        }
    }
    fail(&site, EIGHT, 1, FaultKind::Status(500, "deadlock".to_owned()));
    let run = site.program(WATCHLIST).args(&["--concurrency", "1"]).run().ends_with(0);
    assert!(run.stderr.contains("deadlock"), "{}", run.stderr);
    let ids = |told: Vec<(u64, Value)>| told.into_iter().map(|(id, _)| id).collect::<Vec<u64>>();
    assert!(ids(told(&site, &run)).contains(&9));
    // Later changes move the window on, and the object is read all the same.
    site.sim.world().advance(3600);
    site.sim.world().set_status("indicators", 10, "Indirect").expect("a status");
    let run = site.program(WATCHLIST).run().succeeds();
    assert_eq!(ids(told(&site, &run)), [8, 10]);
    let run = site.program(WATCHLIST).run().succeeds();
    assert!(told(&site, &run).is_empty());
}

#[test]
fn an_object_that_threatq_does_not_give_blocks_no_other_and_is_told_when_it_does() {
    for (kind, exit, words) in [
        (FaultKind::ErrorsIn200, 1, "refused with 200"),
        (FaultKind::Status(400, r#"{"errors":["bad"]}"#.to_owned()), 1, "refused with 400: bad"),
        (FaultKind::Status(422, "odd".to_owned()), 1, "refused with 422: odd"),
        (FaultKind::Status(504, "gateway".to_owned()), 75, "ThreatQ answered 504: gateway"),
        (FaultKind::Torn, 75, "the answer broke off"),
    ] {
        let site = site();
        for id in [8, 9] {
            site.sim.world().set_status("indicators", id, "Indirect").expect("a status");
        }
        // Asked for with its relations and without, four times each where that may help.
        let times = if exit == 75 { 8 } else { 2 };
        fail(&site, EIGHT, times, kind);
        let run =
            site.program(WATCHLIST).run().ends_with(exit).complains(&["indicator 8 cannot be read", words]);
        assert_eq!(run.records_of("checkpoint").len(), 1);
        assert!(told(&site, &run).iter().any(|(id, _)| *id == 9), "{words}");
        site.sim.world().advance(3600);
        site.sim.world().set_status("indicators", 10, "Indirect").expect("a status");
        let run = site.program(WATCHLIST).run().succeeds();
        assert!(told(&site, &run).iter().any(|(id, _)| *id == 8), "{words}");
    }
}

#[test]
fn a_threatq_that_gives_no_object_at_all_is_given_up() {
    let site = site();
    for id in [8, 9, 10] {
        site.sim.world().set_status("indicators", id, "Indirect").expect("a status");
    }
    fail(&site, "/api/indicators/", 1000, FaultKind::Status(504, String::new()));
    // The same for all of them, which are asked for at once.
    let run = site.program(WATCHLIST).run().ends_with(75);
    assert!(run.records_of("checkpoint").is_empty(), "{}", run.stderr);
}

#[test]
fn a_row_that_cannot_be_read_among_what_was_touched_keeps_no_change_from_being_seen() {
    let spoilt = |members: &str| serde_json::from_str(members).expect("members");
    for (members, without) in [("{}", &["id"][..]), (r#"{"id":"5x"}"#, &[]), (r#"{"id":null}"#, &[])] {
        let site = site();
        {
            let mut world = site.sim.world();
            // Among so many that one list costs less than each of them.
            for number in 0..30 {
                let id =
                    world.add_indicator(0, &format!("host{number}.example.net"), "FQDN").expect("a new one");
                world.watch(2, "indicators", id).expect("Ana exists");
            }
        }
        site.run(WATCHLIST).succeeds();
        {
            let mut world = site.sim.world();
            world.advance(3600);
            for id in [5, 9] {
                world.set_status("indicators", id, "Expired").expect("a status");
            }
            world.spoil_row("indicators", 5, spoilt(members), without).expect("it exists");
        }
        site.sim.clear_requests();
        let run = site.program(WATCHLIST).run().succeeds();
        assert_eq!(told(&site, &run).first().map(|(id, _)| *id), Some(9), "{members}");
        let requests = site.sim.requests();
        let asked = |path: &str| requests.iter().any(|one| one.path == path);
        assert!(asked("/api/indicators/query") && !asked("/api/indicators/10"), "only what was touched");
    }
}
