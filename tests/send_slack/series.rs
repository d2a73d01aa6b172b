//! Two senders in series behind one fetch of a simulated ThreatQ: messages before mails, each alert once in each place,
//! wherever the run dies between them.

use serde_json::{Value, json};
use tq_alerts::state::Taken;

use super::{CHANNEL, Sender, lines, message, text};
use crate::support::program::Ended;
use crate::support::site::Site;

/// The records with a message about each alert that the outbox does not have, as a formatter makes them.
fn with_messages(sender: &Sender, stream: &str) -> String {
    let taken = Taken::open(&sender.state()).expect("it can be read, or is not there yet");
    let mut written: Vec<Value> = Vec::new();
    let mut messages = 0;
    for line in stream.lines() {
        let mut record: Value = serde_json::from_str(line).expect("a record");
        if record["record"] == "alert" {
            let id = text(&record["id"]).to_owned();
            if !taken.holds(&id).expect("it can be read") {
                let mut made = message(CHANNEL, &[&id]);
                (made["source"], made["text"]) =
                    (record["source"].clone(), record["object"]["value"].clone());
                written.push(made);
                messages += 1;
            }
        } else if record["record"] == "checkpoint" {
            record["messages"] = json!(messages);
            messages = 0;
        }
        written.push(record);
    }
    lines(&written)
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
    let mut posted = sender.posted();
    posted.dedup();
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
    std::io::Write::write_all(&mut input, with_messages(&sender, &alerts).as_bytes()).expect("it reads");
    let queue = || sender.program().arg("--status").run().succeeds().records()[0]["queue"].as_u64();
    crate::support::program::eventually("the source is taken over", || queue() == Some(2));
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
