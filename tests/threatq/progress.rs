//! Progress: what a person sees of a long fetch, and nobody else.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, json};
use threatq_sim::{Fault, FaultKind, Settings, World};

use super::{COLLECTION, WATCHLIST};
use crate::support::program::Ended;
use crate::support::site::Site;

/// Runs a fetcher with standard error on a terminal, and standard output there too or in a file; what the terminal got.
fn on_a_terminal(site: &Site, name: &'static str, file: Option<&str>) -> Ended {
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().expect("UTF-8"));
    // One request at a time, so that it is certain which page is the slow one.
    let command = site.program(name).args(&["--concurrency", "1"]).into_command();
    let words = [command.get_program()].into_iter().chain(command.get_args()).map(quoted);
    let redirection = file.map(|file| format!(" > '{}'", site.path().join(file).display()));
    let line = words.collect::<Vec<_>>().join(" ") + redirection.as_deref().unwrap_or_default();
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").env("NO_COLOR", "1");
    Ended::new(name, &terminal.stdin(std::process::Stdio::null()).output().expect("script is installed"))
}

/// A collection of three pages, the second of which takes its time.
fn slow_site() -> Site {
    let mut world = World::demo();
    for number in 0..1200 {
        let name = format!("host{number}.example.net");
        let id = world.add_indicator(0, &name, "FQDN").expect("a new indicator");
        world.add_tag("indicators", id, "ransomware").expect("it exists");
    }
    let site = Site::with(world, Settings::default());
    slow_down(&site, "/api/indicators/query");
    site
}

fn slow_down(site: &Site, route: &str) {
    let slow = FaultKind::Slow(Duration::from_millis(1500));
    site.sim.fault(Fault { skip: 1, ..Fault::next(route, slow) });
}

/// What the line is taken away with.
const ERASE: &str = "\r\u{1b}[K";

#[test]
fn a_long_fetch_shows_its_progress_on_a_terminal_and_takes_it_away() {
    let site = slow_site();
    let run = on_a_terminal(&site, COLLECTION, Some("out")).ends_with(0);
    let line = format!("{ERASE}tq-fetch-collection: 999 of 1202 objects, ");
    assert!(run.stdout.starts_with(&line) && run.stdout.ends_with(&format!(" left{ERASE}")), "{run:?}");
    let records = fs::read_to_string(site.path().join("out")).expect("the records");
    assert!(records.lines().all(|line| line.starts_with('{')), "{records}");
    slow_down(&site, "/api/indicators/query");
    assert_eq!(site.program(COLLECTION).run().succeeds().stdout.lines().count(), records.lines().count());
}

#[test]
fn whatever_else_is_said_on_the_terminal_has_its_line_for_itself() {
    let site = slow_site();
    {
        let mut world = site.sim.world();
        let last = world.add_indicator(0, "last.example.net", "FQDN").expect("a new indicator");
        world.add_tag("indicators", last, "ransomware").expect("it exists");
        let nonsense = Map::from_iter([("id".to_owned(), json!([]))]);
        world.spoil_row("indicators", last, nonsense, &[]).expect("it exists");
    }
    let run = on_a_terminal(&site, COLLECTION, Some("out")).ends_with(1);
    let complaint = format!(" left{ERASE}tq-fetch-collection: collection/Ransomware IOCs: indicator object ");
    assert!(run.stdout.contains(&complaint), "{run:?}");
    slow_down(&site, "/api/indicators/query");
    let run = on_a_terminal(&site, COLLECTION, None).ends_with(1);
    assert!(run.stdout.contains(&format!(" left{ERASE}")), "{run:?}");
    let broken = run.stdout.split(ERASE).filter(|part| part.contains("/s, "));
    assert!(broken.clone().count() > 0 && broken.clone().all(|part| !part.contains('\n')), "{run:?}");
}

#[test]
fn objects_that_are_read_one_by_one_show_progress_as_well() {
    let site = Site::new();
    for id in [5, 6, 8, 9] {
        site.sim.world().watch(2, "indicators", id).expect("Ana exists");
    }
    slow_down(&site, "/api/indicators/");
    let run = on_a_terminal(&site, WATCHLIST, Some("out")).ends_with(0);
    assert!(run.stdout.contains("tq-fetch-watchlist: ") && run.stdout.contains(" of 5 objects, "), "{run:?}");
}
