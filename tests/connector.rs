//! The connector script: the guide's flags, one run at a time, a log, the worst status.

mod bad_input;
mod check;
mod first_run;
mod import;
mod in_threatq;
mod installed;
mod interrupted;
mod secrets;
mod settings;
mod slack;
mod watched;

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::time::Duration;

use threatq_sim::{Fault, FaultKind};

use crate::support::program::{PROGRAMS, Program, eventually, script};
use crate::support::site::Site;

fn connector(site: &Site) -> Program {
    script("tq-conn-email-alerts").arg("-c").arg(site.path()).args(&["-n", "site"])
}

#[test]
fn a_second_run_of_an_instance_ends_with_75_while_the_first_goes_on() {
    let site = Site::new();
    site.sim.fault(Fault::next("/api/objects", FaultKind::Slow(Duration::from_secs(2))));
    let mut first = connector(&site).start();
    drop(first.stdin.take());
    eventually("the first run is at work", || !site.sim.requests().is_empty());
    connector(&site).run().ends_with(75).complains(&["still active"]);
    let mut said = String::new();
    first.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!((first.wait().expect("it ends").code(), said.as_str()), (Some(0), ""));
}

#[test]
fn the_log_has_one_line_an_event_with_its_time_and_program_and_failures_are_said_aloud_too() {
    let site = Site::new();
    let log = site.path().join("site.log");
    connector(&site).arg("-ll").arg(site.path()).arg("-v3").run().succeeds();
    let steps = fs::read_to_string(&log).expect("the log");
    for line in steps.lines() {
        let (time, rest) = line.split_at(20);
        assert!(time.chars().filter(char::is_ascii_digit).count() == 14 && rest.starts_with("tq-"), "{line}");
    }
    assert!(steps.contains("tq-fetch-watchlist: debug: asking for /api/objects"), "{steps}");
    assert!(steps.contains("tq-send-smtp: info: watchlist: taken over"), "{steps}");
    assert!(!steps.contains("watch-and-wait"));

    site.sim.fault(Fault::next("/api/users", FaultKind::Html200));
    let run = connector(&site).arg("-ll").arg(site.path()).run().ends_with(76);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("tq-fetch-watchlist: /api/users: not an answer"), "{}", run.stderr);
    assert!(
        fs::read_to_string(&log).expect("the log").ends_with(&run.stderr),
        "the log goes on where it was"
    );
}

#[test]
fn without_a_log_location_steps_go_to_standard_output() {
    let site = Site::new();
    let run = connector(&site).args(&["--loglocation", "stdout", "--verbosity=2"]).run().succeeds();
    assert!(run.stdout.contains("tq-fetch-collection: info: logged in"), "{}", run.stdout);
}

#[test]
fn one_source_that_fails_does_not_keep_the_other_from_its_mail_and_the_worst_status_is_told() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    site.sim.fault(Fault::next("/api/users", FaultKind::Status(403, String::new())));
    connector(&site).run().ends_with(69);
    assert_eq!(site.subjects(), ["ThreatQ Data Collection Updated: 3 New Items"]);
    connector(&site).run().succeeds();
    assert_eq!(site.mails().len(), 2);
}

#[test]
fn an_instance_that_is_switched_off_does_nothing() {
    let site = Site::new();
    let text = fs::read_to_string(site.config()).expect("the configuration");
    for rest in [text.as_str(), "", "[watchlist]\n"] {
        fs::write(site.config(), format!("enabled = false\n{rest}")).expect("it is ours");
        let run = connector(&site).run().succeeds();
        assert!(run.stdout.contains("site is not enabled; set enabled = true in "), "{}", run.stdout);
        connector(&site).arg("-ll").arg(site.path()).run().succeeds();
        let log = fs::read_to_string(site.path().join("site.log")).expect("the log");
        assert!(log.contains(" tq-conn-email-alerts: info: site is not enabled"), "{log}");
    }
    assert!(site.sim.requests().is_empty());
    fs::write(site.config(), text.replace("[watchlist]", "[watchlist]\nenabled = false"))
        .expect("it is ours");
    connector(&site).run().succeeds();
    assert!(!site.sim.requests().is_empty(), "a source that is switched off is not the instance");
}

#[test]
fn a_configuration_that_cannot_be_used_is_said_once() {
    let site = Site::new();
    site.write_config("timeot = 3\n");
    let run = connector(&site).arg("-ll").arg(site.path()).run().ends_with(78);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `timeout`?"), "{}", run.stderr);
    assert!(fs::read_to_string(site.path().join("site.log")).expect("the log").ends_with(&run.stderr));
}

#[test]
fn a_full_disk_under_the_log_is_74_said_once_and_keeps_no_mail_back() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    symlink("/dev/full", site.path().join("site.log")).expect("a link");
    let run = connector(&site).arg("-ll").arg(site.path()).arg("-v3").run().ends_with(74);
    run.complains(&["the log cannot be written"]);
    assert_eq!(site.mails().len(), 2);
}

#[test]
fn a_reader_of_the_steps_that_went_away_keeps_no_mail_and_no_complaint_back() {
    let site = Site::new();
    site.run_both();
    site.play("added");
    site.sim.fault(Fault::next("/api/users", FaultKind::Html200));
    let mut run = connector(&site).arg("-v2").start();
    drop((run.stdin.take(), run.stdout.take()));
    let mut said = String::new();
    run.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(run.wait().expect("it ends").code(), Some(74), "{said}");
    assert!(said.contains("the log cannot be written"), "{said}");
    assert!(said.contains("tq-fetch-watchlist: /api/users: not an answer"), "{said}");
    assert_eq!(site.subjects(), ["ThreatQ Data Collection Updated: 3 New Items"]);
}

#[test]
fn wrong_arguments_and_missing_files_are_one_line_and_the_right_status() {
    let site = Site::new();
    let folder = site.path().display().to_string();
    let rows: [(&[&str], i32, &str); 13] = [
        (&["-v4"], 64, "unknown argument '-v4'"),
        (&["-v", "4"], 64, "verbosity is 1, 2 or 3"),
        (&["--nonsense"], 64, "unknown argument"),
        (&["-c"], 64, "-c needs a value"),
        (&["-n", "../evil"], 64, "a name is made of"),
        (&["-n", ".."], 64, "a name is made of"),
        (&["-n", "two\nlines"], 64, "not 'two?lines'"),
        (&["-c", &folder, "-n", "site", "-ll", "/no\nwhere"], 73, "/no?where/site.log"),
        (&["--check", "--import", "/nowhere"], 64, "--check and --import exclude each other"),
        (&["--status", "--check"], 64, "--status and --check exclude each other"),
        (&["-c", &folder, "-n", "unknown"], 78, "unknown.toml cannot be read"),
        (&["-c", &folder, "-n", "site", "-ll", "/nowhere"], 73, "cannot write the log"),
        (&["-c", "/proc/nowhere"], 78, "no configuration"),
    ];
    for (arguments, status, words) in rows {
        script("tq-conn-email-alerts").args(arguments).run().ends_with(status).complains(&[words]);
    }
    let help = script("tq-conn-email-alerts").arg("--help").run().succeeds();
    for flag in ["-h,", "-ll,", "-c,", "-v,", "-n,"] {
        assert!(help.stdout.contains(flag), "{flag}");
    }
}

#[test]
fn an_unknown_or_wrong_key_is_78_with_its_line() {
    let site = Site::new();
    for (line, words) in [
        ("timeot = 3\n", ["line 16, column 1", "unknown field `timeot`; did you mean `timeout`?"]),
        ("xyzzy = 3\n", ["line 16, column 1", "unknown field `xyzzy`, expected one of `host`"]),
        ("tls = \"starttsl\"\n", ["line 16, column 7", "did you mean `starttls`?"]),
        ("timeout = \"soon\"\n", ["line 16, column 11", "invalid type"]),
        ("[nonsense]\n", ["line 16, column 2", "unknown field `nonsense`"]),
    ] {
        site.write_config(line);
        site.program("tq-send-smtp").run().ends_with(78).complains(&words);
    }
}

#[test]
fn it_works_in_crons_empty_environment() {
    let site = Site::new();
    let installed = tempfile::tempdir().expect("a folder");
    for name in PROGRAMS {
        fs::copy(crate::support::program::folder().join(name), installed.path().join(name))
            .expect("a program");
    }
    let connector = installed.path().join("tq-conn-email-alerts");
    fs::copy(crate::support::program::scripts().join("tq-conn-email-alerts"), &connector)
        .expect("the script");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let link = elsewhere.path().join("mail-alerts");
    symlink(&connector, &link).expect("a link");
    for path in [&connector, &link] {
        let mut command = std::process::Command::new(path);
        command.env_clear().current_dir("/").arg("-c").arg(site.path()).args(["-n", "site"]);
        let output = command.output().expect("it starts");
        assert_eq!(
            (output.status.code(), output.stdout.len(), output.stderr.len()),
            (Some(0), 0, 0),
            "{output:?}"
        );
    }
}

#[test]
fn words_of_a_peer_cannot_pass_for_a_step_of_the_work() {
    let site = Site::new();
    let words = r#"{"errors":["policy: info: blocked"]}"#.to_owned();
    site.sim.fault(Fault::next("/api/users", FaultKind::Status(403, words)));
    let run = connector(&site).arg("-ll").arg(site.path()).run().ends_with(69);
    assert!(run.stderr.contains("policy: info: blocked"), "{}", run.stderr);
}
