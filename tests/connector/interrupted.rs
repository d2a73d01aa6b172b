//! Runs that are cut short, or begin without what they need: said in a line, with the right status, and ended.

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use threatq_sim::{Fault, FaultKind};

use super::connector;
use crate::support::program::{Ended, eventually, folder, scripts};
use crate::support::site::Site;

/// A run that waits for ThreatQ; all of its programs are there.
fn waiting(site: &Site) -> Child {
    site.sim.fault(Fault::next("/api/users", FaultKind::Slow(Duration::from_secs(2))));
    let mut run = connector(site).arg("-ll").arg(site.path()).start();
    drop(run.stdin.take());
    eventually("the fetcher asks for users", || {
        site.sim.requests().iter().any(|request| format!("{request:?}").contains("/api/users"))
    });
    run
}

fn end(run: Child) -> Ended {
    Ended::new("tq-conn-email-alerts", &run.wait_with_output().expect("it can be waited for"))
}

fn signal(name: &str, process: &str) {
    let killed = Command::new("kill").args(["-s", name, process]).status().expect("kill starts");
    assert!(killed.success(), "{name} {process}");
}

#[test]
fn a_stage_that_is_killed_is_said_in_one_line_and_in_the_log() {
    for stage in ["tq-fetch-watchlist", "tq-format-email", "tq-send-smtp"] {
        let site = Site::new();
        let run = waiting(&site);
        // The kernel keeps fifteen letters of a name.
        let name = &stage[..stage.len().min(15)];
        let mut found = Command::new("pgrep");
        found.args(["--exact", name, "--parent", &run.id().to_string()]);
        let found = String::from_utf8(found.output().expect("pgrep starts").stdout).expect("a number");
        signal("KILL", found.trim());
        let run = end(run).ends_with(75);
        let words =
            format!(" {stage}: killed by signal 9; nothing is lost, the next run goes on from there\n");
        assert!(run.stderr.lines().count() == 1 && run.stderr.ends_with(&words), "{}", run.stderr);
        let log = fs::read_to_string(site.path().join("site.log")).expect("the log");
        assert!(log.ends_with(&words), "{log}");
        connector(&site).run().succeeds();
    }
}

#[test]
fn a_signal_ends_the_run_behind_the_pipe_that_is_under_way_and_the_state_knows_of_it() {
    for name in ["HUP", "TERM"] {
        let site = Site::new();
        let run = waiting(&site);
        signal(name, &run.id().to_string());
        end(run).ends_with(75);
        let status = connector(&site).arg("--status").run().succeeds().records().remove(0);
        assert_eq!(status["last_run"]["status"], 75, "{status}");
        let sources = status["sources"].as_array().expect("a list");
        assert_eq!(sources.iter().map(|one| &one["name"]).collect::<Vec<_>>(), ["watchlist"]);
        connector(&site).run().succeeds();
    }
}

#[test]
fn standard_streams_that_are_closed_are_no_places_for_the_log() {
    let site = Site::new();
    for closed in ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        for more in ["", "-v2", "-v3 -ll ."] {
            let mut shell = Command::new("timeout");
            let line = format!("exec \"$0\" -c . -n site {more} {closed}");
            shell.args(["60", "bash", "-c", &line]).arg(scripts().join("tq-conn-email-alerts"));
            shell.current_dir(site.path()).env("PATH", format!("{}:/usr/bin:/bin", folder().display()));
            let run = Ended::new("tq-conn-email-alerts", &shell.output().expect("a shell starts"));
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{more} {closed}");
        }
    }
}

#[test]
fn a_named_pipe_is_no_log() {
    let site = Site::new();
    let made = Command::new("mkfifo").arg(site.path().join("site.log")).status().expect("mkfifo starts");
    assert!(made.success());
    let run = connector(&site).arg("-ll").arg(site.path()).run().ends_with(73);
    run.complains(&["site.log is a named pipe"]);
}

#[test]
fn without_the_programs_the_script_says_which_is_missing() {
    let site = Site::new();
    let bin = tempfile::tempdir().expect("a folder");
    let text = fs::read_to_string(scripts().join("tq-conn-email-alerts")).expect("the script");
    // As on a machine where nothing is installed elsewhere.
    let alone = bin.path().join("connector");
    fs::write(&alone, text.replace(":/usr/local/bin:", ":")).expect("a file can be written");
    for task in ["", "--check", "--status", "--import"] {
        let mut shell = Command::new("bash");
        shell.env_clear().env("PATH", "/usr/bin:/bin").arg(&alone).args(task.split_terminator(' '));
        if task == "--import" {
            shell.arg("/nowhere");
        }
        shell.arg("-c").arg(site.path()).args(["-n", "site"]);
        let run = Ended::new("tq-conn-email-alerts", &shell.output().expect("bash starts")).ends_with(78);
        run.complains(&["tq-fetch-watchlist is not installed"]);
    }
}

#[test]
fn an_instance_that_is_enabled_and_watches_nothing_says_so_and_a_check_as_well() {
    let site = Site::new();
    let text = fs::read_to_string(site.config()).expect("the configuration");
    let off = |text: &str, section: &str| text.replace(section, &format!("{section}\nenabled = false"));
    let rows = [
        (text.clone(), 0),
        (off(&text, "[watchlist]"), 0),
        (off(&text, "[[collection]]"), 0),
        (off(&off(&text, "[watchlist]"), "[[collection]]"), 78),
        (format!("enabled = false\n{}", off(&off(&text, "[watchlist]"), "[[collection]]")), 0),
    ];
    for (text, status) in rows {
        fs::write(site.config(), &text).expect("it is ours");
        let run = connector(&site).run().ends_with(status);
        let check = connector(&site).arg("--check").run().ends_with(status);
        for said in [run.stderr, check.stdout] {
            assert_eq!(
                said.contains("nothing is watched: set enabled = true in "),
                status != 0,
                "{text}{said}"
            );
        }
    }
}
