//! The connector's --check: a line for each part, nothing sent, nothing remembered.

use std::fs;
use std::os::unix::fs::symlink;

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
fn what_the_end_of_a_run_needs_is_tried_as_well() {
    let rows = [
        ("[monitoring]\nmetrics = \"site.prom\"\n", 0, "ok  relay: metrics: can be written\n"),
        ("[monitoring]\nmetrics = \"nowhere/site.prom\"\n", 73, "nowhere/site.prom: "),
        ("[monitoring]\nheartbeat_file = \"password\"\n", 78, "not an address"),
        (
            "[monitoring]\nheartbeat_file = \"address\"\n",
            0,
            "ok  relay: heartbeat: its address can be read\n",
        ),
        ("[monitoring]\nheartbeat_file = \"none\"\n", 78, "write the secret into it and chmod 600 it"),
        ("[monitoring]\nheartbeat_command = [\"false\"]\n", 75, "a secret from false: exit status: 1"),
    ];
    for (lines, status, words) in rows {
        let site = Site::new();
        secret_file(site.path(), "address", "http://127.0.0.1:1/secret-token");
        site.write_config(lines);
        let run = connector(&site).arg("--check").run().ends_with(status);
        assert!(run.stdout.contains(words) && !run.stdout.contains("secret-token"), "{}", run.stdout);
        let is_left = |name: &&str| site.path().join(name).exists();
        assert_eq!(["site.prom", "site.prom.new"].iter().find(|name| is_left(name)), None);
        connector(&site).run().ends_with(status);
    }
}

#[test]
fn a_state_behind_a_link_that_leads_nowhere_is_73_in_a_run_and_in_a_check() {
    let site = Site::new();
    fs::remove_dir(site.path().join("site")).expect("it is empty");
    symlink("/nowhere/state", site.path().join("site")).expect("a link can be made");
    let words = "site leads to a folder that is not there";
    connector(&site).run().ends_with(73).complains(&[words]);
    let run = connector(&site).arg("--check").run().ends_with(73);
    assert!(run.stdout.contains(&format!("\nno  state: {}", site.path().display())), "{}", run.stdout);
    assert!(run.stdout.contains(words), "{}", run.stdout);
}

#[test]
fn a_configuration_that_cannot_be_read_ends_the_check_in_one_line() {
    let site = Site::new();
    site.write_config("timeot = 3\n");
    let run = connector(&site).arg("--check").run().ends_with(78);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert!(run.stdout.starts_with("no  configuration: ") && run.stdout.contains("line 16, column 1"));
}
