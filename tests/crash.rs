//! Killing a stage in the middle and running again: every alert is sent once.

mod full_disk;
mod sweep;
mod world;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use threatq_sim::{Fault, FaultKind};

use crate::support::program::{Ended, eventually, script};
use crate::support::relay::{After, Relay, Script};
use crate::support::site::Site;

const HOURS: Duration = Duration::from_hours(2);

/// A site after its baseline, with three news on the watchlist.
fn site_with_news() -> Site {
    let site = Site::new();
    site.run_both();
    let mut world = site.sim.world();
    for id in [8, 9, 10] {
        world.watch(2, "indicators", id).expect("Ana exists");
    }
    drop(world);
    site
}

/// A site whose mail goes to this relay.
fn site_at(relay: &Relay) -> Site {
    let site =
        site_with_news().smtp(&format!("host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n", relay.port()));
    site.write_config("");
    site
}

/// Everything that a stage wrote before it was killed.
fn killed(mut child: Child) -> String {
    child.kill().expect("it runs");
    let mut written = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut written).expect("records are text");
    child.wait().expect("it was killed");
    written
}

#[test]
fn a_killed_fetcher_leads_to_no_mail_and_the_next_run_sends_all_once() {
    let site = site_with_news();
    site.sim.fault(Fault::next("/api/indicators/9", FaultKind::Slow(HOURS)));
    let mut fetcher = site.program("tq-fetch-watchlist").start();
    let mut first = String::new();
    let mut output = BufReader::new(fetcher.stdout.take().expect("a pipe"));
    output.read_line(&mut first).expect("records are text");
    assert!(first.starts_with("{\"record\":\"alert\""), "it is in the middle: {first}");
    fetcher.kill().expect("it runs");
    let mut written = first;
    output.read_to_string(&mut written).expect("records are text");
    fetcher.wait().expect("it was killed");
    let formatted = site.program("tq-format-email").run_on(written).ends_with(65);
    site.program("tq-send-smtp").run_on(formatted.stdout).ends_with(65);
    assert_eq!(site.mails().len(), 0);

    site.sim.clear_faults();
    site.run_both();
    site.run_both();
    assert_eq!(site.subjects(), ["ThreatQ Watchlist: Indicator Added"; 3]);
}

#[test]
fn a_killed_formatter_leads_to_no_mail_and_the_next_run_sends_all_once() {
    let site = site_with_news();
    let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
    let checkpoint = alerts.lines().last().expect("a checkpoint");
    let mut formatter = site.program("tq-format-email").start();
    let mut input = formatter.stdin.take().expect("a pipe");
    // All but the checkpoint, and more than its buffer holds, so that some of it has left the program.
    let unfinished = alerts.replace(checkpoint, "");
    let padding = format!("{{\"record\":\"padding\",\"v\":1,\"text\":\"{}\"}}\n", "a".repeat(200_000));
    input.write_all(format!("{unfinished}{padding}").as_bytes()).expect("it reads");
    let mut written = vec![0; 10_000];
    formatter.stdout.as_mut().expect("a pipe").read_exact(&mut written).expect("it writes");
    let written = String::from_utf8_lossy(&written).into_owned() + &killed(formatter);
    assert!(written.contains("\"record\":\"email\""), "it was killed in the middle: {written}");
    site.program("tq-send-smtp").run_on(written).ends_with(65);
    assert_eq!(site.mails().len(), 0);

    site.run_both();
    assert_eq!(site.subjects().len(), 3);
}

#[test]
fn a_sender_killed_before_the_checkpoint_leads_to_no_mail_and_the_next_run_sends_all_once() {
    let site = site_with_news();
    let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
    let emails = site.program("tq-format-email").run_on(alerts).succeeds().stdout;
    let checkpoint = emails.lines().last().expect("a checkpoint");
    let mut sender = site.program("tq-send-smtp").start();
    let mut input = sender.stdin.take().expect("a pipe");
    input.write_all(emails.replace(checkpoint, "").as_bytes()).expect("it reads");
    let wal = site.state().with_extension("db-wal");
    eventually("the sender works on the state", || wal.exists());
    killed(sender);
    assert_eq!(site.mails().len(), 0);

    site.run_both();
    assert_eq!(site.subjects().len(), 3);
}

#[test]
fn a_sender_killed_between_two_mails_sends_the_rest_in_the_next_run_and_none_twice() {
    let relay = Relay::start(
        Script::new().after_first(1, |script| script.times(1, |script| script.silent_on("MAIL", HOURS))),
    );
    let site = site_at(&relay);
    let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
    let emails = site.program("tq-format-email").run_on(alerts).succeeds().stdout;
    let mut sender = site.program("tq-send-smtp").start();
    sender.stdin.take().expect("a pipe").write_all(emails.as_bytes()).expect("it reads");
    eventually("the second mail is announced", || {
        relay.transcript().iter().filter(|line| line.starts_with("MAIL")).count() == 2
    });
    // It was announced with the final dot of the first, whose outcome is known when there is a receipt.
    let mut output = BufReader::new(sender.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("\"record\":\"receipt\"") {
        line.clear();
        assert!(output.read_line(&mut line).expect("records are text") > 0, "a receipt comes");
    }
    sender.kill().expect("it runs");
    sender.wait().expect("it was killed");
    assert_eq!(relay.messages().len(), 1);

    site.program("tq-send-smtp").run_on("").succeeds();
    site.run("tq-fetch-watchlist").succeeds();
    let bodies: Vec<Vec<u8>> = relay.messages().into_iter().map(|message| message.body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies[0] != bodies[1] && bodies[1] != bodies[2] && bodies[0] != bodies[2]);
}

#[test]
fn a_sender_killed_after_the_final_dot_sends_that_mail_again_with_the_same_bytes() {
    let relay = Relay::start(Script::new().times(1, |script| script.after_data(After::Silence(HOURS))));
    let site = site_at(&relay);
    let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
    let emails = site.program("tq-format-email").run_on(alerts).succeeds().stdout;
    let mut sender = site.program("tq-send-smtp").start();
    sender.stdin.take().expect("a pipe").write_all(emails.as_bytes()).expect("it reads");
    eventually("the relay has the first mail", || relay.messages().len() == 1);
    killed(sender);

    let run = site.program("tq-send-smtp").run_on("").succeeds();
    assert_eq!(run.records_of("receipt")[0]["attempt"], 2);
    site.program("tq-send-smtp").run_on("").succeeds();
    let bodies: Vec<Vec<u8>> = relay.messages().into_iter().map(|message| message.body).collect();
    assert_eq!(bodies.len(), 4, "three mails, and one of them twice");
    assert_eq!(bodies[0], bodies[1]);
}

#[test]
fn a_relay_that_is_down_is_75_and_the_next_run_loses_nothing() {
    let site = site_with_news().smtp("host = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n");
    let connector = || script("tq-conn-email-alerts").arg("-c").arg(site.path()).args(&["-n", "site"]);
    let run = connector().run().ends_with(75);
    assert!(run.stderr.contains("relay 127.0.0.1:1: 127.0.0.1:1: Connection refused"), "{}", run.stderr);
    let relay = Relay::start(Script::new());
    let site = site.smtp(&format!("host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n", relay.port()));
    script("tq-conn-email-alerts").arg("-c").arg(site.path()).args(&["-n", "site"]).run().succeeds();
    assert_eq!(relay.messages().len(), 3);
}

#[test]
fn a_threatq_that_is_down_is_75_and_the_next_run_loses_nothing() {
    let site = site_with_news();
    let down = FaultKind::Status(500, "maintenance".to_owned());
    site.sim.fault(Fault { times: 2, ..Fault::next("/api/objects", down) });
    let run =
        script("tq-conn-email-alerts").arg("-c").arg(site.path()).args(&["-n", "site"]).run().ends_with(75);
    assert!(run.stderr.contains("ThreatQ answered 500: maintenance"), "{}", run.stderr);
    assert_eq!(site.mails().len(), 0);
    script("tq-conn-email-alerts").arg("-c").arg(site.path()).args(&["-n", "site"]).run().succeeds();
    assert_eq!(site.mails().len(), 3);
}

#[test]
fn killing_the_whole_pipe_at_any_moment_loses_nothing() {
    for delay in [5, 10, 20, 30, 40, 60, 80] {
        let site = site_with_news();
        let mut stages: Vec<Child> = Vec::new();
        for name in ["tq-fetch-watchlist", "tq-format-email", "tq-send-smtp"] {
            let input = stages.last_mut().and_then(|stage| stage.stdout.take());
            let mut command = site.program(name).into_command();
            command
                .stdin(input.map_or(Stdio::null(), Stdio::from))
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            stages.push(command.spawn().expect("it starts"));
        }
        // Not to wait for something: the moment itself is what is tried.
        std::thread::sleep(Duration::from_millis(delay));
        for stage in &mut stages {
            // One that has ended already cannot be killed any more.
            let _ = stage.kill();
            stage.wait().expect("it ends");
        }
        site.run_both();
        site.run_both();
        assert_eq!(site.subjects(), ["ThreatQ Watchlist: Indicator Added"; 3], "killed after {delay} ms");
    }
}

/// The connector's stages, one of which is not there.
#[test]
fn a_stage_that_is_missing_is_78_and_nothing_is_lost() {
    let site = site_with_news();
    let broken = tempfile::tempdir().expect("a folder");
    for name in ["tq-fetch-watchlist", "tq-fetch-collection", "tq-send-smtp"] {
        let program = crate::support::program::folder().join(name);
        std::os::unix::fs::symlink(program, broken.path().join(name)).expect("a link");
    }
    let run = script("tq-conn-email-alerts")
        .env("PATH", &format!("{}:/usr/bin:/bin", broken.path().display()))
        .arg("-c")
        .arg(site.path())
        .args(&["-n", "site"])
        .run();
    let run: Ended = run.ends_with(78);
    assert!(run.stderr.contains("tq-format-email"), "{}", run.stderr);
    assert_eq!(site.mails().len(), 0);
    site.run_both();
    assert_eq!(site.mails().len(), 3);
}

/// A share of what `scripts/crash-sweep` tries.
#[test]
fn a_sender_that_is_killed_or_failed_at_any_call_loses_nothing_and_doubles_one_mail_at_most() {
    let said = Mutex::new(Vec::new());
    let say = |line: &str| said.lock().expect("nobody panics with it").push(line.to_owned());
    let tally = sweep::sweep(sweep::Share { every: 17, from: 0 }, say);
    assert!(tally.is_good(), "{tally:?} {said:#?}");
}
