//! A ThreatQ whose appliance is not set to UTC: what its dates mean, and what is asked of it.

use serde_json::json;
use threatq_sim::{Settings, World};

use super::{COLLECTION, WATCHLIST};
use crate::support::program::Program;
use crate::support::site::Site;

/// The zone of the simulator, five hours behind UTC, by the name that POSIX gave it.
const ZONE: [&str; 2] = ["--threatq-timezone", "Etc/GMT+5"];

fn fetch(site: &Site, name: &'static str) -> Program {
    site.program(name).args(&ZONE)
}

#[test]
fn dates_without_a_zone_are_in_the_one_that_is_set_and_windows_are_asked_for_in_it() {
    let site = Site::with(World::demo(), Settings { zone_hours: -5, ..Settings::default() });
    site.play("added");
    let config = std::fs::read_to_string(site.config()).expect("the configuration");
    let config = config.replace("[threatq]\n", "[threatq]\ntimezone = \"Etc/GMT+5\"\n");
    std::fs::write(site.config(), config).expect("it is ours");
    site.run_both();
    site.sim.clear_requests();
    site.sim.world().advance(60);
    site.sim.world().set_status("indicators", 8, "Active").expect("a status");
    let alerts = site.program(WATCHLIST).run().succeeds().records_of("alert");
    assert_eq!(alerts.len(), 1);
    let changed_at = alerts[0]["changed_at"].as_str().expect("a time");
    assert!(changed_at.starts_with("2021-10-28T20:3"), "{changed_at}");
    let requests = site.sim.requests();
    let window = requests.iter().find(|one| one.path == "/api/indicators/query").expect("a window");
    assert!(window.body.contains(r#""+gte":"2021-10-28 15:"#), "{}", window.body);
    // So has the collection's window the object that was touched.
    assert_eq!(site.program(COLLECTION).run().succeeds().records_of("mark").len(), 1);
}

#[test]
fn a_date_that_says_its_zone_is_not_moved_and_a_zone_that_is_none_is_78() {
    let site = Site::new();
    site.run(COLLECTION).succeeds();
    site.play("added");
    let zoned = json!({"touched_at": "2021-10-28T22:32:57+02:00"});
    let zoned = zoned.as_object().cloned().unwrap_or_default();
    site.sim.world().spoil_row("indicators", 8, zoned, &[]).expect("it exists");
    let alerts = fetch(&site, COLLECTION).run().succeeds().records_of("alert");
    let changed_at = |id: u64| {
        let alert = alerts.iter().find(|alert| alert["object"]["id"] == id).expect("it is told");
        alert["changed_at"].clone()
    };
    assert_eq!(
        (changed_at(8), changed_at(9)),
        (json!("2021-10-28T20:32:57Z"), json!("2021-10-29T01:32:57Z"))
    );
    let run = site.program(COLLECTION).args(&["--threatq-timezone", "Berlin"]).run();
    run.ends_with(78).complains(&["threatq.timezone: 'Berlin' is not a time zone"]);
}
