//! How much of what a fetch finds is reported: windows, rescans, and the flags for one run.

use serde_json::{Value, json};
use threatq_sim::{Fault, FaultKind, World};

use crate::support::site::Site;

const WATCHLIST: &str = "tq-fetch-watchlist";
const COLLECTION: &str = "tq-fetch-collection";
const THE_COLLECTION: [&str; 2] = ["--collection", "Ransomware IOCs"];

/// This part of each query that was sent.
fn asked_for(site: &Site, part: &str) -> Vec<Value> {
    let requests = site.sim.requests();
    let queries = requests.iter().filter(|request| request.path == "/api/indicators/query");
    queries.map(|query| serde_json::from_str::<Value>(&query.body).expect("JSON")[part].clone()).collect()
}

/// Runs the whole pipe for the collection with these flags for the fetcher.
#[track_caller]
fn run(site: &Site, flags: &[&str]) -> Vec<Value> {
    let fetched = site.program(COLLECTION).args(&THE_COLLECTION).args(flags).run().succeeds();
    let alerts = fetched.records_of("alert");
    let emails = site.program("tq-format-email").run_on(fetched.stdout).succeeds();
    site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
    alerts
}

#[test]
fn an_unchanged_collection_costs_one_query_for_what_was_touched_and_keeps_its_own_filters() {
    let site = Site::new();
    run(&site, &[]);
    site.sim.clear_requests();
    assert!(run(&site, &[]).is_empty());
    let filters = asked_for(&site, "filters");
    assert_eq!(filters.len(), 1);
    let parts = filters[0]["+and"].as_array().expect("its own and the window");
    // The newest change in it is of 08:05:17; the window reaches back a quarter of an hour.
    assert_eq!(parts.last(), Some(&json!({"touched_at": {"+gte": "2021-10-22 07:50:17"}})));
}

#[test]
fn a_look_that_reports_nothing_asks_for_ids_and_times_alone_and_one_that_may_for_what_is_shown() {
    for (flags, is_brief) in [
        (&[][..], true),
        (&["--baseline"], true),
        (&["--backfill", "1h"], false),
        (&["--since", "1h"], false),
        // More than the time is remembered.
        (&["--notify", "any"], false),
        (&["--removed"], false),
    ] {
        let site = Site::new();
        site.program(COLLECTION).args(&THE_COLLECTION).args(flags).run().succeeds();
        let fields = asked_for(&site, "fields");
        assert_eq!(fields.len(), 1, "{flags:?}");
        assert_eq!(fields[0] == json!(["id", "touched_at"]), is_brief, "{flags:?}: {}", fields[0]);
        assert!(is_brief || fields[0].to_string().contains("\"status\""), "{flags:?}");
    }
}

#[test]
fn a_rescan_finds_what_came_without_being_touched() {
    let site = Site::new();
    run(&site, &[]);
    {
        let mut world = site.sim.world();
        world.add_tag("indicators", 8, "ransomware").expect("indicator 8 exists");
        world.set_stamp("indicators", 8, "touched_at", "2021-01-01 00:00:00").expect("it has the stamp");
    }
    assert!(run(&site, &[]).is_empty(), "a window cannot see it");
    let alerts = run(&site, &["--rescan", "0s"]);
    assert_eq!(alerts.len(), 1);
    assert_eq!((&alerts[0]["event"], &alerts[0]["object"]["id"]), (&json!("added"), &json!(8)));
    assert!(run(&site, &["--rescan", "0s"]).is_empty());
}

#[test]
fn any_reports_what_was_touched_too_and_the_subject_counts_both() {
    let site = Site::new();
    let any = ["--notify", "any"];
    run(&site, &any);
    site.play("added");
    {
        let mut world = site.sim.world();
        world.set_status("indicators", 5, "Expired").expect("a status");
        world.add_comment("indicators", 6, 3, "seen again").expect("indicator 6 exists");
    }
    let alerts = run(&site, &any);
    let updated: Vec<&Value> = alerts.iter().filter(|alert| alert["event"] == "updated").collect();
    assert_eq!((alerts.len(), updated.len()), (5, 2));
    assert_eq!(updated[0]["changes"][0]["to"], "Expired");
    assert_eq!(site.subjects(), ["ThreatQ Data Collection Updated: 3 New Items, 2 Updated Items"]);
    assert!(run(&site, &any).is_empty(), "the overlap of the windows doubles nothing");

    site.sim.world().advance(60);
    site.sim.world().set_status("indicators", 5, "Active").expect("a status");
    assert!(run(&site, &["--notify", "new"]).is_empty());
}

#[test]
fn a_baseline_remembers_everything_and_reports_nothing() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    for fetcher in [WATCHLIST, COLLECTION] {
        let fetched = site.program(fetcher).arg("--baseline").run().succeeds();
        assert!(fetched.records_of("alert").is_empty());
        let emails = site.program("tq-format-email").run_on(fetched.stdout).succeeds();
        site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
        assert!(site.program(fetcher).run().succeeds().records_of("alert").is_empty());
    }
}

#[test]
fn a_backfill_reports_at_the_first_look_what_happened_since() {
    let site = Site::new();
    site.play("added");
    for (fetcher, count) in [(WATCHLIST, 1), (COLLECTION, 3)] {
        let fetched = site.program(fetcher).args(&["--backfill", "2021-10-28 20:00:00"]).run().succeeds();
        assert_eq!(fetched.records_of("alert").len(), count, "{fetcher}");
        assert_eq!(fetched.records_of("checkpoint")[0]["alerts"], count, "{fetcher}");
    }
}

#[test]
fn since_and_dry_run_and_limit_report_and_let_nothing_move() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    for (flags, count) in [
        (["--dry-run", "-v1"], 3),
        (["--since", "2021-10-28T20:30:00Z"], 3),
        (["--since", "2021-10-01"], 5),
        (["--since", "24h"], 0),
        (["--limit", "2"], 2),
    ] {
        let fetched = site.program(COLLECTION).args(&flags).run().succeeds();
        assert_eq!(fetched.records_of("alert").len(), count, "{flags:?}");
        assert!(fetched.records_of("mark").is_empty(), "{flags:?}");
        // A pipe without a state needs the end of the source, or no digest would be made.
        let closed = usize::from(flags[0] == "--since");
        assert_eq!(fetched.records_of("checkpoint").len(), closed, "{flags:?}");
    }
    assert_eq!(site.program(COLLECTION).run().succeeds().records_of("alert").len(), 3);
}

#[test]
fn flags_that_contradict_each_other_or_make_no_sense_are_64() {
    let site = Site::new();
    for (flags, words) in [
        (["--since=24h", "--baseline"], "cannot be used with"),
        (["--baseline", "--backfill=24h"], "cannot be used with"),
        (["--since=yesterday", "-v1"], "'yesterday' is neither a time"),
        (["--limit=0", "-v1"], "0 is not in 1.."),
    ] {
        site.program(WATCHLIST).args(&flags).run().ends_with(64).complains(&[words]);
    }
    site.program(COLLECTION)
        .args(&THE_COLLECTION)
        .arg("--rescan=soon")
        .run()
        .ends_with(64)
        .complains(&["'soon'"]);
}

/// How often each route was asked for, by what it starts with.
fn asked(site: &Site, start: &str) -> usize {
    site.sim.requests().iter().filter(|request| request.path.starts_with(start)).count()
}

/// A site whose Ana watches this many indicators besides what she watches in the demo.
fn site_with_watched(count: u64) -> Site {
    let site = Site::new();
    {
        let mut world = site.sim.world();
        for number in 0..count {
            let id = world
                .add_indicator(0, &format!("host{number}.example.net"), "FQDN")
                .expect("a new indicator");
            world.watch(2, "indicators", id).expect("Ana exists");
            world.advance(1);
        }
        world.advance(3600);
    }
    site.run(WATCHLIST).succeeds();
    site.sim.clear_requests();
    site
}

/// The numbers of the indicators that Ana watches.
fn watched_in(world: &World) -> Vec<u64> {
    let type_id = world.object_type("indicators").expect("a core type").id;
    world.watchlist(2).filter(|entry| entry.object_type == type_id).map(|entry| entry.object_id).collect()
}

fn watched(site: &Site) -> Vec<u64> {
    watched_in(&site.sim.world())
}

#[test]
fn an_unchanged_watchlist_costs_one_query_a_type_and_no_request_per_object() {
    let site = site_with_watched(500);
    site.run(WATCHLIST).succeeds();
    // All 500 are in the window, which is a full page: one look behind it.
    let lists = asked(&site, "/api/indicators/query");
    assert_eq!((lists, asked(&site, "/api/adversaries/query")), (2, 1));
    // The newest one may have changed again within the second in which it was touched.
    assert_eq!(asked(&site, "/api/indicators/") - lists, 1);
    assert!(site.sim.requests().len() <= 8, "{:?}", site.sim.requests());
}

#[test]
fn a_watchlist_is_read_as_far_as_it_changed() {
    let site = site_with_watched(500);
    let changed: Vec<u64> = watched(&site).into_iter().skip(10).take(200).collect();
    for id in &changed {
        site.sim.world().set_score("indicators", *id, Some(9)).expect("a score");
    }
    let alerts = site.program(WATCHLIST).run().succeeds().records_of("alert");
    let found: Vec<u64> =
        alerts.iter().map(|alert| alert["object"]["id"].as_u64().expect("a number")).collect();
    assert_eq!(found, changed, "in the order of their numbers, whichever answer came first");
    // And the newest one of the run before, which may have changed again within its second.
    assert_eq!(asked(&site, "/api/indicators/") - asked(&site, "/api/indicators/query"), 201);
}

#[test]
fn a_window_larger_than_the_list_is_not_read() {
    let site = site_with_watched(1);
    {
        let mut world = site.sim.world();
        for number in 0..1500 {
            world.add_indicator(0, &format!("other{number}.example.net"), "FQDN").expect("a new indicator");
        }
    }
    site.program(WATCHLIST).run().succeeds();
    assert_eq!(asked(&site, "/api/indicators/query"), 1, "the first page told how many there are");
    assert_eq!(asked(&site, "/api/indicators/") - 1, 1);
}

#[test]
fn several_requests_are_under_way_at_once_and_no_more_than_allowed() {
    let site = site_with_watched(40);
    for id in watched(&site) {
        site.sim.world().set_score("indicators", id, Some(9)).expect("a score");
    }
    for at_once in ["1", "8"] {
        let run = site.program(WATCHLIST).args(&["--concurrency", at_once]).run().succeeds();
        assert_eq!(run.records_of("alert").len(), 40);
    }
    site.program(WATCHLIST).args(&["--concurrency", "0"]).run().ends_with(64);
}

#[test]
fn a_change_of_an_object_that_could_not_be_read_is_found_by_a_later_run_however_late() {
    let site = site_with_watched(5);
    let id = watched(&site)[2];
    site.sim.world().set_score("indicators", id, Some(9)).expect("a score");
    {
        let mut world = site.sim.world();
        world.advance(7200);
        let other = watched_in(&world)[4];
        world.set_score("indicators", other, Some(8)).expect("a score");
    }
    let gone = FaultKind::Status(404, String::new());
    site.sim.fault(Fault::next(&format!("/api/indicators/{id}"), gone));
    let fetched = site.program(WATCHLIST).run().ends_with(1).complains(&["cannot be read"]);
    let emails = site.program("tq-format-email").run_on(fetched.stdout).succeeds();
    site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
    assert_eq!(site.mails().len(), 1);
    site.run(WATCHLIST).succeeds();
    assert_eq!(site.mails().len(), 2);
    site.run(WATCHLIST).succeeds();
    assert_eq!(site.mails().len(), 2);
}
