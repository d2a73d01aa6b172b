//! Waits: as long as Slack asks for, no longer than a run can afford, and a signal ends them.

use std::io::Write;
use std::process::{Child, Command};

use slack_sim::{Fault, FaultKind};

use super::{POST, Site, is, messages, outcomes};
use crate::support::program::{Ended, eventually};

/// An answer that nobody waits for to the end.
const HOURS: u64 = 2 * 60 * 60 * 1000;

#[test]
fn a_rate_limit_is_waited_for_and_the_message_is_posted_once() {
    let site = Site::new();
    site.slack.fault(Fault::next(POST, FaultKind::RateLimited(1)).times(2));
    is(&site.post(&["#soc"]).succeeds(), "accepted", "");
    assert_eq!((site.slack.calls().len(), site.slack.posted().len()), (3, 1));
}

#[test]
fn a_rate_limit_that_does_not_end_or_is_too_long_defers_all_that_wait() {
    for (seconds, times, calls) in [(0, 9, 4), (61, 1, 1)] {
        let site = Site::new();
        site.slack.fault(Fault::next(POST, FaultKind::RateLimited(seconds)).times(times));
        let ended = site.post(&["#soc", "#tq-alerts"]).ends_with(75).complains(&["ratelimited"]);
        assert!(outcomes(&ended).iter().all(|(outcome, _)| outcome == "deferred"), "{}", ended.stdout);
        assert_eq!((site.slack.calls().len(), site.slack.posted().len()), (calls, 0));
    }
}

#[test]
fn a_slack_that_twice_does_not_say_what_became_of_a_message_gets_no_third_one() {
    let site = Site::new();
    site.slack.fault(Fault::next(POST, FaultKind::Cut).times(9).done());
    let ended = site.post(&["#soc", "#soc", "#soc"]).ends_with(75);
    let outcomes: Vec<String> = outcomes(&ended).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(
        (outcomes, site.slack.posted().len()),
        (["unknown", "unknown", "deferred"].map(str::to_owned).to_vec(), 2)
    );
}

#[test]
fn an_answer_that_does_not_come_in_time_is_unknown_however_it_stays_away() {
    for kind in [FaultKind::Slow(HOURS), FaultKind::Drip(HOURS)] {
        let site = Site::new();
        site.slack.fault(Fault::next(POST, kind).done());
        let ended = site.program().args(&["--timeout", "1"]).run_on(messages(&["#soc"]));
        is(&ended.ends_with(75), "unknown", "");
        assert_eq!(site.slack.posted().len(), 1);
    }
}

/// Starts it with these messages, and says that it ends once the fault has struck.
fn stopped(site: &Site, fault: Fault, to: &[&str]) -> Ended {
    site.slack.fault(fault);
    let mut child: Child = site.program().args(&["--timeout", "3600"]).start();
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(messages(to).as_bytes()).expect("it reads");
    eventually("Slack is asked", || !site.slack.calls().is_empty());
    let killed = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(killed.expect("there is kill").success());
    drop(input);
    Ended::new("tq-send-slack", &child.wait_with_output().expect("it ends"))
}

#[test]
fn a_signal_ends_the_wait_for_a_rate_limit_and_nothing_is_posted() {
    let site = Site::new();
    let ended = stopped(&site, Fault::next(POST, FaultKind::RateLimited(59)).times(9), &["#soc"]);
    is(&ended.ends_with(75), "deferred", "stopped by a signal");
    assert!(site.slack.posted().is_empty());
}

#[test]
fn a_signal_leaves_the_message_in_hand_its_answer_and_begins_no_other() {
    let site = Site::new();
    let ended = stopped(&site, Fault::next(POST, FaultKind::Slow(1500)), &["#soc"]);
    is(&ended.ends_with(75), "accepted", "");
    assert_eq!(site.slack.posted().len(), 1);
}
