//! Two senders in series behind one fetch of a simulated ThreatQ: messages before mails, each alert once in each place,
//! wherever the run dies between them.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};

use super::{CHANNEL, Sender, alert, checkpoint, lines};
use crate::support::program::{Ended, eventually, program};
use crate::support::site::Site;

/// The records with messages about those alerts that the outbox does not have.
fn with_messages(sender: &Sender, stream: &str) -> String {
    let formatter =
        program("tq-format-slack").args(&["--channels", CHANNEL, "--link-host", "threatq.hostname.com"]);
    formatter.arg("--taken").arg(sender.state()).run_on(stream).succeeds().stdout
}

/// A site after its baseline, and a workspace.
fn site() -> (Site, Sender) {
    let site = Site::new();
    site.run_both();
    (site, Sender::new())
}

fn watch(site: &Site, ids: &[u64]) {
    let mut world = site.sim.world();
    for id in ids {
        world.watch(2, "indicators", *id).expect("Ana exists");
    }
}

/// One run as far as the first sender.
fn taken_over(site: &Site, sender: &Sender) -> String {
    let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
    sender.program().arg("--take-over").run_on(with_messages(sender, &alerts)).succeeds().stdout
}

/// The rest of it.
fn mailed(site: &Site, stream: String) -> Ended {
    let emails = site.program("tq-format-email").run_on(stream).succeeds().stdout;
    site.program("tq-send-smtp").run_on(emails)
}

#[test]
fn each_alert_is_once_in_slack_and_once_in_the_mail() {
    let (site, sender) = site();
    watch(&site, &[8, 9]);
    mailed(&site, taken_over(&site, &sender)).succeeds();
    sender.deliver().succeeds();
    watch(&site, &[10]);
    mailed(&site, taken_over(&site, &sender)).succeeds();
    sender.deliver().succeeds();
    mailed(&site, taken_over(&site, &sender)).succeeds();
    assert_eq!(sender.deliver().succeeds().stdout, "");
    assert_eq!((sender.posted().len(), site.mails().len()), (3, 3));
}

#[test]
fn a_run_that_dies_between_the_senders_is_found_again_and_doubled_nowhere_also_beside_news() {
    let (site, sender) = site();
    watch(&site, &[8, 9]);
    // Dies behind the first sender: its checkpoint never comes to the second.
    let stream = taken_over(&site, &sender);
    let cut: String = stream
        .lines()
        .filter(|line| !line.contains("\"checkpoint\""))
        .flat_map(|line| [line, "\n"])
        .collect();
    let formatted = site.program("tq-format-email").run_on(cut).ends_with(65);
    site.program("tq-send-smtp").run_on(formatted.stdout).ends_with(65);
    sender.deliver().succeeds();
    assert_eq!((sender.posted().len(), site.mails().len()), (2, 0));
    // And again, without news.
    taken_over(&site, &sender);
    watch(&site, &[10]);
    mailed(&site, taken_over(&site, &sender)).succeeds();
    sender.deliver().succeeds();
    assert_eq!((sender.posted().len(), site.mails().len()), (3, 3));
    let posted: BTreeSet<String> = sender.posted().into_iter().collect();
    assert_eq!(posted.len(), 3, "three objects");
}

#[test]
fn a_slack_that_is_down_delays_no_mail_and_has_everything_when_it_is_back() {
    let (site, sender) = site();
    for id in [8, 9, 10] {
        watch(&site, &[id]);
        mailed(&site, taken_over(&site, &sender)).succeeds();
        sender.away().run().ends_with(75);
    }
    assert_eq!((sender.posted().len(), site.mails().len()), (0, 3));
    sender.queue(&["retry", "all"]).succeeds();
    sender.deliver().succeeds();
    assert_eq!(sender.posted().len(), 3);
}

#[test]
fn a_first_sender_that_is_killed_leaves_the_mail_to_the_next_run_and_that_run_doubles_nothing() {
    let (site, sender) = site();
    watch(&site, &[8, 9]);
    let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
    let mut taking = sender.program().arg("--take-over").start();
    let mut input = taking.stdin.take().expect("a pipe");
    input.write_all(with_messages(&sender, &alerts).as_bytes()).expect("it reads");
    let queue = || sender.program().arg("--status").run().succeeds().records()[0]["queue"].as_u64();
    eventually("the source is taken over", || queue() == Some(2));
    taking.kill().expect("it waits for the end of its input");
    let passed = taking.wait_with_output().expect("it was killed").stdout;
    site.program("tq-format-email").run_on(passed).succeeds();
    mailed(&site, taken_over(&site, &sender)).succeeds();
    sender.deliver().succeeds();
    assert_eq!((sender.posted().len(), site.mails().len()), (2, 2));
}

#[test]
fn as_the_last_sender_it_moves_what_the_fetchers_remember() {
    let (site, sender) = site();
    watch(&site, &[8, 9]);
    let run = || {
        let alerts = site.program("tq-fetch-watchlist").run().succeeds().stdout;
        sender.bare().arg("--state").arg(site.state()).run_on(with_messages(&sender, &alerts)).succeeds()
    };
    run();
    run();
    watch(&site, &[10]);
    run();
    assert_eq!((sender.posted().len(), site.mails().len()), (3, 0));
}

#[test]
fn a_digest_is_made_of_what_the_first_sender_does_not_have() {
    const COLLECTION: &str = "collection/IOCs";
    let sender = Sender::new();
    let found = |ids: &[&str]| {
        let mut records: Vec<Value> = ids.iter().map(|id| alert(id)).collect();
        records.push(checkpoint(4, &records));
        for (number, record) in records.iter_mut().enumerate() {
            record["source"] = json!(COLLECTION);
            if record["record"] == "alert" {
                record["collection"] = json!({"name": "IOCs"});
                record["object"]["value"] = json!(format!("10.0.0.{number}"));
            } else {
                record.as_object_mut().expect("an object").remove("messages");
            }
        }
        let stream = with_messages(&sender, &lines(&records));
        sender.program().arg("--take-over").run_on(stream).succeeds().records_of("checkpoint").len()
    };
    assert_eq!(found(&["a", "b"]), 1);
    // The mail died: the last sender has nothing of it, and the next fetch finds more.
    assert_eq!(found(&["a", "b", "c"]), 1);
    assert_eq!(found(&["a", "b", "c"]), 1);
    sender.deliver().succeeds();
    let posted: Vec<String> =
        sender.slack.posted().iter().map(|posted| posted.message["blocks"].to_string()).collect();
    assert_eq!(posted.len(), 2);
    let told =
        |number: usize| posted.iter().filter(|text| text.contains(&format!("10.0.0.{number}"))).count();
    assert_eq!([told(0), told(1), told(2)], [1, 1, 1]);
}
