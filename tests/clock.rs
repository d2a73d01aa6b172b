//! Whose clock counts: ThreatQ's, whatever the host's says, and only as far as it has come.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::program::Ended;
use crate::support::site::Site;

const WATCHLIST: &str = "tq-fetch-watchlist";
const COLLECTION: &str = "tq-fetch-collection";

/// A fetcher on a host whose clock is wrong by so much.
#[track_caller]
fn by_a_clock_that_is_off(site: &Site, fetcher: &'static str, by: &str) -> Ended {
    let program = site.program(fetcher).into_command();
    let mut command = Command::new("faketime");
    command.args(["-f", by]).arg(program.get_program()).args(program.get_args());
    Ended::new(fetcher, &command.output().expect("faketime is installed")).ends_with(0)
}

/// What an alert says apart from our own time.
fn alerts(run: &Ended) -> Vec<Value> {
    let mut alerts = run.records_of("alert");
    for alert in &mut alerts {
        alert.as_object_mut().expect("a record").remove("found_at");
    }
    alerts
}

fn deliver(site: &Site, records: String) {
    let emails = site.program("tq-format-email").run_on(records).succeeds();
    site.program("tq-send-smtp").run_on(emails.stdout).succeeds();
}

/// Case 119.
#[test]
fn a_host_whose_clock_is_wrong_finds_the_same() {
    for by in ["-1d", "+1y"] {
        let site = Site::new();
        for fetcher in [WATCHLIST, COLLECTION] {
            deliver(&site, by_a_clock_that_is_off(&site, fetcher, by).stdout);
        }
        site.play("added");
        for (fetcher, count) in [(WATCHLIST, 1), (COLLECTION, 3)] {
            let right = site.program(fetcher).run().succeeds();
            let wrong = by_a_clock_that_is_off(&site, fetcher, by);
            assert_eq!(alerts(&right).len(), count, "{fetcher} {by}");
            assert_eq!(alerts(&right), alerts(&wrong), "{fetcher} {by}");
            let cursor = |run: &Ended| run.records_of("checkpoint")[0]["cursor"].clone();
            assert_eq!(cursor(&right), cursor(&wrong), "{fetcher} {by}");
        }
    }
}

/// Case 120: ThreatQ's clock went back behind what was seen before.
#[test]
fn a_cursor_that_lies_in_the_future_is_said_and_everything_is_read() {
    let site = Site::new();
    let baseline = site.program(COLLECTION).run().succeeds().stdout;
    let seen = "\"since\":\"2021-10-22T08:05:17Z\"";
    assert!(baseline.contains(seen), "{baseline}");
    deliver(&site, baseline.replace(seen, "\"since\":\"2099-01-01T00:00:00Z\""));
    site.play("added");
    let run = site.program(COLLECTION).run().ends_with(0).complains(&["ThreatQ's clock is not there yet"]);
    assert_eq!(run.records_of("alert").len(), 3);
    let checkpoint = &run.records_of("checkpoint")[0];
    assert_eq!(checkpoint["cursor"], json!({"since": "2021-10-28T20:32:57Z"}), "and goes on from the truth");
}

/// Case 121.
#[test]
fn an_object_that_is_dated_in_the_future_is_told_once_and_hides_nothing() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    {
        let mut world = site.sim.world();
        world.set_stamp("indicators", 8, "touched_at", "2099-01-01 00:00:00").expect("it has the stamp");
    }
    for (fetcher, count) in [(WATCHLIST, 1), (COLLECTION, 3)] {
        let run = site.program(fetcher).run().succeeds();
        assert_eq!(alerts(&run).len(), count, "{fetcher}");
        assert_eq!(run.records_of("alert")[0]["changed_at"], "2099-01-01T00:00:00Z");
        assert!(!run.records_of("checkpoint")[0]["cursor"].to_string().contains("2099"), "{fetcher}");
        deliver(&site, run.stdout);
        assert!(alerts(&site.program(fetcher).run().succeeds()).is_empty(), "{fetcher}");
    }
    {
        let mut world = site.sim.world();
        world.advance(60);
        let id = world.add_indicator(0, "late.example.net", "FQDN").expect("a new indicator");
        world.add_tag("indicators", id, "ransomware").expect("it exists");
    }
    assert_eq!(alerts(&site.program(COLLECTION).run().succeeds()).len(), 1);
}

/// Case 118: the index shows it late, with the very second at which the last run ended.
#[test]
fn what_comes_late_with_the_second_of_the_cursor_is_told_once() {
    let site = Site::new();
    site.run_both();
    {
        let mut world = site.sim.world();
        let id = world.add_indicator(0, "late.example.net", "FQDN").expect("a new indicator");
        world.add_tag("indicators", id, "ransomware").expect("it exists");
        world.set_stamp("indicators", id, "touched_at", "2021-10-22 08:05:17").expect("it has the stamp");
    }
    let run = site.program(COLLECTION).run().succeeds();
    assert_eq!(alerts(&run).len(), 1);
    deliver(&site, run.stdout);
    assert!(alerts(&site.program(COLLECTION).run().succeeds()).is_empty());
}
