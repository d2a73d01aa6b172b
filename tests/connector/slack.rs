//! The connector with `[slack]`: beside mails and in their place, with a Slack that fails and a run that is killed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use slack_sim::{Fault, FaultKind, Posted, Sim, Workspace};

use super::connector;
use crate::support::program::{Ended, eventually};
use crate::support::site::{Site, secret_file};

/// A site after its baseline, with messages for a channel and a person.
fn site(more: &str) -> (Site, Sim) {
    let (site, slack) = (Site::new(), Sim::start(Workspace::demo()));
    secret_file(site.path(), "slack-token", Workspace::TOKEN);
    let url = slack.url();
    site.write_config(&format!(
        "[slack]\nenabled = true\nurl = \"{url}\"\ntoken_file = \"slack-token\"\nchannels = [\"#tq-alerts\"]\n\
         users = [\"zach\"]\n{more}"
    ));
    connector(&site).run().succeeds();
    assert!(slack.posted().is_empty(), "what is there at first is no news");
    (site, slack)
}

/// Asserts that two alerts are in a mail each, and in a message each to both; of these the one in hand may be there twice,
/// under the same id.
#[track_caller]
fn assert_each_is_there(site: &Site, slack: &Sim) {
    let posted = slack.posted();
    let id = |one: &Posted| one.message["metadata"]["event_payload"]["id"].to_string();
    let ids: BTreeSet<String> = posted.iter().map(id).collect();
    assert_eq!((ids.len(), site.mails().len()), (4, 2));
    assert!(posted.len() <= 5, "{posted:?}");
}

/// The same without mails.
fn without_mails(site: &Site) {
    let text = fs::read_to_string(site.config()).expect("the configuration");
    fs::write(site.config(), text.replace("[email]\n", "[email]\nenabled = false\n")).expect("it is ours");
}

fn posted(slack: &Sim) -> (usize, usize) {
    let workspace = slack.workspace();
    (workspace.texts("tq-alerts").len(), workspace.texts("zach").len())
}

fn run(site: &Site) -> Ended {
    connector(site).run()
}

/// A run that is killed, with everything it has started, once this is so.
fn killed_when(site: &Site, what: &str, so: impl Fn() -> bool) {
    let mut command = connector(site).into_command();
    let mut run = command.process_group(0).stdin(Stdio::null()).spawn().expect("bash starts");
    eventually(what, so);
    let killed = Command::new("kill").args(["-s", "KILL", "--", &format!("-{}", run.id())]).status();
    assert!(killed.expect("kill starts").success());
    run.wait().expect("it was killed");
}

#[test]
fn messages_and_mails_are_made_of_one_fetch_and_each_alert_is_once_in_each_place() {
    let (site, slack) = site("");
    site.play("added");
    site.play("commented");
    run(&site).succeeds();
    assert_eq!((posted(&slack), site.mails().len()), ((2, 2), 2));
    run(&site).succeeds();
    assert_eq!((posted(&slack), site.mails().len()), ((2, 2), 2));
}

#[test]
fn a_slack_that_fails_delays_no_mail_and_has_its_messages_later() {
    let (site, slack) = site("");
    slack.fault(Fault::next("chat.postMessage", FaultKind::Error("invalid_auth".to_owned())).times(9));
    site.play("added");
    let said = run(&site).ends_with(77).stderr;
    assert!(
        said.lines().count() == 1 && said.contains(" tq-send-slack: ") && said.contains("invalid_auth"),
        "{said}"
    );
    let mailed = site.mails().len();
    assert_eq!((posted(&slack), mailed), ((0, 0), 2));
    site.play("commented");
    run(&site).ends_with(77);
    assert_eq!((posted(&slack), site.mails().len()), ((0, 0), mailed + 1));
    slack.clear_faults();
    run(&site).succeeds();
    assert_eq!(posted(&slack), (mailed + 1, mailed + 1));
}

#[test]
fn a_run_that_is_killed_half_way_through_its_messages_is_ended_by_the_next_one() {
    let (site, slack) = site("");
    site.play("added");
    site.play("commented");
    slack.fault(Fault::next("chat.postMessage", FaultKind::Slow(5_000)).after(2));
    killed_when(&site, "half of the messages are posted", || slack.posted().len() >= 2);
    assert_eq!(site.mails().len(), 2, "mails do not wait for Slack");
    slack.clear_faults();
    run(&site).succeeds();
    assert_each_is_there(&site, &slack);
}

#[test]
fn a_slack_that_goes_away_half_way_gets_the_rest_when_it_is_back() {
    let (site, slack) = site("");
    site.play("added");
    site.play("commented");
    slack.fault(Fault::next("chat.postMessage", FaultKind::Slow(500)).times(4));
    let run = connector(&site).into_command().stdin(Stdio::null()).spawn().expect("bash starts");
    eventually("a message is posted", || !slack.posted().is_empty());
    let (workspace, old) = (slack.workspace().clone(), slack.url());
    drop(slack);
    let status = run.wait_with_output().expect("it ends").status;
    assert_eq!((status.code(), site.mails().len()), (Some(75), 2));
    let slack = Sim::start(workspace);
    let text = fs::read_to_string(site.config()).expect("the configuration");
    fs::write(site.config(), text.replace(&old, &slack.url())).expect("it is ours");
    self::run(&site).succeeds();
    assert_each_is_there(&site, &slack);
}

#[test]
fn slack_takes_the_place_of_mails() {
    let (site, slack) = site("");
    without_mails(&site);
    site.play("added");
    run(&site).succeeds();
    assert_eq!((posted(&slack), site.mails().len()), ((2, 2), 0));
    run(&site).succeeds();
    assert_eq!(posted(&slack), (2, 2));
    let status = connector(&site).arg("--status").run().succeeds();
    assert_eq!(status.records()[0]["last_run"]["status"], 0);
}

#[test]
fn each_part_is_checked_and_each_outbox_is_told_of() {
    let (site, slack) = site("");
    let checked = connector(&site).arg("--check").run().succeeds();
    for part in ["ok  channels and people", "ok  Slack:", "ok  relay"] {
        assert!(checked.stdout.contains(part), "{}", checked.stdout);
    }
    assert!(slack.posted().is_empty());
    let status = connector(&site).arg("--status").run().succeeds();
    assert_eq!(status.records().len(), 2);
    secret_file(site.path(), "slack-token", "xoxb-another");
    connector(&site).arg("--check").run().ends_with(77);
    without_mails(&site);
    let checked = connector(&site).arg("--check").run().ends_with(77);
    assert!(!checked.stdout.contains("relay"), "{}", checked.stdout);
}

#[test]
fn an_instance_that_tells_nobody_ends_with_78() {
    let site = Site::new();
    without_mails(&site);
    run(&site).ends_with(78).complains(&["nobody is told"]);
    let checked = connector(&site).arg("--check").run().ends_with(78);
    assert!(checked.stdout.contains("no  senders: nobody is told"), "{}", checked.stdout);
}
