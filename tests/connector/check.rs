//! The connector's --check: a line for each part, nothing sent, nothing remembered.

use std::fs;

use super::connector;
use crate::support::site::{Site, secret_file};

#[test]
fn a_site_that_works_is_ok_in_every_line_and_is_left_as_it_was() {
    let site = Site::new();
    let run = connector(&site).arg("--check").run().succeeds();
    assert_eq!(run.stdout.lines().count(), 6, "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.starts_with("ok  ")), "{}", run.stdout);
    assert!(site.sim.requests().iter().any(|request| format!("{request:?}").contains("/api/users")));
    assert!(site.mails().is_empty() && !site.state().exists());
    assert!(!site.path().join("site/lock").exists(), "a check keeps no run out");
}

#[test]
fn each_part_that_does_not_work_has_its_line_and_the_worst_status_is_told() {
    let site = Site::new();
    secret_file(site.path(), "password", "something else");
    let run = connector(&site).arg("--check").run().ends_with(77);
    let refused = |line: &&str| line.starts_with("no  ThreatQ: login") && line.contains("refused");
    assert_eq!(run.stdout.lines().filter(refused).count(), 2, "{}", run.stdout);
    assert!(run.stdout.contains("\nok  relay: "), "{}", run.stdout);
    assert_eq!(run.stderr, "");

    let site = Site::new().smtp("host = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n");
    let run = connector(&site).arg("--check").run().ends_with(75);
    assert!(run.stdout.contains("\nno  relay: "), "{}", run.stdout);
    assert!(run.stdout.contains("\nok  ThreatQ: login and data collections\n"), "{}", run.stdout);
}

#[test]
fn what_is_not_enabled_is_not_tried_and_says_so() {
    let site = Site::new();
    let text = fs::read_to_string(site.config()).expect("the configuration");
    fs::write(site.config(), format!("enabled = false\n{text}")).expect("it is ours");
    let run = connector(&site).arg("--check").run().succeeds();
    assert_eq!(run.stdout.matches(": not enabled\n").count(), 2, "{}", run.stdout);
    assert!(site.sim.requests().is_empty());
}

#[test]
fn a_configuration_that_cannot_be_read_ends_the_check_in_one_line() {
    let site = Site::new();
    site.write_config("timeot = 3\n");
    let run = connector(&site).arg("--check").run().ends_with(78);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert!(run.stdout.starts_with("no  configuration: ") && run.stdout.contains("line 16, column 1"));
}
