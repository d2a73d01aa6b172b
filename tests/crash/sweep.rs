//! The sweep: the real sender under strace, killed, or failed by its disk and its line, at one system call after the
//! other; then clean runs, and a look at what the relay has and what the state holds.
//!
//! A point is one call of one run: the third `pwrite64`, the second `recvfrom`. A process that is killed at the entry of
//! a call has not made it, so the point before the relay's answer is read is among them, and so is the one after.
//! After the broken run there is one more alert, and up to three clean runs follow. Then, for every point:
//!
//! * every alert has reached every recipient (nothing lost), and the third clean run ended with 0 at the latest;
//! * one mail at most for each session is there twice, and its copies are the same to the last byte;
//! * no mail was sent of a source that the state had not taken, and 0 was never said while a mail waited;
//! * nothing waits, and in the folder are the state and its lock.
//!
//! Fails where strace cannot be used.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::world::{ALL, FIRST, Held, SCENARIOS, Scenario, Site};
use crate::support::relay::Received;

/// What is done at a call, or from it on, in strace's words with # for the number, and to which calls.
const FAULTS: [(&str, &[&str]); 4] = [
    (
        "signal=SIGKILL:when=#",
        &["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "sendto", "recvfrom"],
    ),
    ("error=ENOSPC:when=#", &["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink"]),
    (
        "error=EIO:when=#",
        &["read", "write", "pread64", "pwrite64", "fsync", "fdatasync", "unlink", "sendto", "recvfrom"],
    ),
    // The disk is full, and stays so.
    ("error=ENOSPC:when=#+", &["pwrite64", "fsync"]),
];

/// One call of one run, and what is done at it.
struct Point {
    scenario: &'static Scenario,
    call: String,
    number: usize,
    fault: &'static str,
}

/// What came of all points.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) points: usize,
    /// Alerts that a recipient never got.
    pub(crate) lost: usize,
    /// Mails that were there twice.
    pub(crate) doubled: usize,
    /// Copies that were not the same.
    pub(crate) differing: usize,
    /// Points after which anything else was wrong.
    pub(crate) wrong: usize,
}

impl Tally {
    pub(crate) fn is_good(&self) -> bool {
        self.points > 0 && self.lost == 0 && self.differing == 0 && self.wrong == 0
    }
}

/// Which of the points to try: every so manieth, from one on.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub(crate) every: usize,
    pub(crate) from: usize,
}

/// Tries a share of the points, some at a time. `say` is told what went wrong, and how far it came.
pub(crate) fn sweep(share: Share, say: impl Fn(&str) + Sync) -> Tally {
    let points: Vec<Point> = SCENARIOS.iter().flat_map(points).collect();
    say(&format!("{} points in {} scenarios", points.len(), SCENARIOS.len()));
    let chosen: Vec<usize> = (share.from..points.len()).step_by(share.every).collect();
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let work = || {
        while let Some(index) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let point = &points[*index];
            let outcome = point.try_it();
            let mut total = total.lock().expect("nobody panics with it");
            total.points += 1;
            total.lost += outcome.lost;
            total.doubled += outcome.doubled;
            total.differing += outcome.differing;
            total.wrong += usize::from(!outcome.complaints.is_empty());
            for complaint in &outcome.complaints {
                say(&format!("point {index}: {point}: {complaint}"));
            }
            if total.points.is_multiple_of(200) {
                say(&format!("{} points tried, the last of them point {index}", total.points));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) * 2 {
            scope.spawn(work);
        }
    });
    total.into_inner().expect("nobody panics with it")
}

/// Every point of a scenario: its run is watched once to count its calls.
fn points(scenario: &'static Scenario) -> Vec<Point> {
    let site = Site::new(scenario);
    let log = site.folder.path().join("calls");
    let calls = FAULTS.map(|(_, calls)| calls.join(",")).join(",");
    let traced =
        site.run_under(&["-o", log.to_str().expect("text"), "-e", &format!("trace={calls}")], &FIRST);
    assert_eq!(traced.status, if scenario.to.len() > 1 { 75 } else { 0 }, "under strace: {}", traced.stderr);
    let log = fs::read_to_string(log).expect("strace has written its log");
    let count = |call: &&str| {
        let begins = |line: &&str| {
            line.split_whitespace().nth(1).is_some_and(|word| word.starts_with(&format!("{call}(")))
        };
        log.lines().filter(begins).count()
    };
    let of_fault = |(fault, calls): &(&'static str, &[&str])| {
        let fault = *fault;
        let of_call = |call: &&str| {
            let call = (*call).to_owned();
            (1..=count(&&*call)).map(move |number| Point { scenario, call: call.clone(), number, fault })
        };
        calls.iter().flat_map(of_call).collect::<Vec<_>>()
    };
    FAULTS.iter().flat_map(of_fault).collect()
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { scenario, call, number, .. } = self;
        write!(f, "{}, {call} {number}, {}", scenario.name, self.fault.replace('#', &number.to_string()))
    }
}

/// What came of one point.
#[derive(Default)]
struct Outcome {
    lost: usize,
    doubled: usize,
    differing: usize,
    complaints: Vec<String>,
}

impl Outcome {
    fn complain_if(&mut self, is_wrong: bool, complaint: impl FnOnce() -> String) {
        if is_wrong {
            self.complaints.push(complaint());
        }
    }
}

impl Point {
    fn try_it(&self) -> Outcome {
        let mut outcome = Outcome::default();
        let site = Site::new(self.scenario);
        let Self { call, number, fault, .. } = self;
        let fault = fault.replace('#', &number.to_string());
        let (watched, injected) = (format!("trace={call}"), format!("inject={call}:{fault}"));
        let broken = site.run_under(&["-o", "/dev/null", "-e", &watched, "-e", &injected], &FIRST);
        let held = Held::read(&site.state());
        let early = site.relay.messages().iter().any(|mail| alerts(mail).any(|alert| !held.has(alert)));
        outcome.complain_if(early, || "a mail was sent of a source that was not taken".to_owned());
        let is_done = held.waiting == 0 && FIRST.iter().all(|alert| held.has(alert));
        outcome.complain_if(broken.status == 0 && !is_done, || "0 was said, and not all was done".to_owned());

        // One more than needed, so that a mail that is sent again and again shows.
        let clean: Vec<i32> = (0..3).map(|_| site.run(&ALL).status).collect();
        outcome.complain_if(clean.last() != Some(&0), || format!("the clean runs ended with {clean:?}"));
        let held = Held::read(&site.state());
        outcome.complain_if(held.waiting > 0, || format!("still waiting: {held:?}"));
        let files = site.files();
        outcome.complain_if(files != ["state.db", "state.db.lock"], || format!("in the folder: {files:?}"));
        self.compare(&site.relay.messages(), &mut outcome);
        outcome
    }

    /// What the relay has, against what there was to send.
    fn compare(&self, mails: &[Received], outcome: &mut Outcome) {
        let mut copies: BTreeMap<(&str, &str), Vec<&[u8]>> = BTreeMap::new();
        for mail in mails {
            for alert in alerts(mail) {
                for address in &mail.recipients {
                    copies.entry((alert, address)).or_default().push(&mail.body);
                }
            }
        }
        let wanted =
            ALL.iter().flat_map(|alert| self.scenario.to.iter().map(move |address| (*alert, *address)));
        for missing in wanted.filter(|wanted| !copies.contains_key(wanted)) {
            outcome.lost += 1;
            outcome.complaints.push(format!("lost: {missing:?}"));
        }
        let mut doubled: Vec<&[u8]> = Vec::new();
        for (key, bodies) in copies.iter().filter(|(_, bodies)| bodies.len() > 1) {
            if bodies.iter().any(|body| *body != bodies[0]) {
                outcome.differing += 1;
                outcome.complaints.push(format!("the copies differ: {key:?}"));
            }
            outcome.complain_if(bodies.len() > 2, || format!("{} copies: {key:?}", bodies.len()));
            doubled.extend(bodies.first());
        }
        doubled.sort_unstable();
        doubled.dedup();
        outcome.doubled = doubled.len();
        let is_wrong = doubled.len() > self.scenario.connections;
        outcome.complain_if(is_wrong, || format!("{} mails are there twice", doubled.len()));
    }
}

fn alerts(mail: &Received) -> impl Iterator<Item = &'static str> {
    let body = String::from_utf8_lossy(&mail.body).into_owned();
    ALL.into_iter().filter(move |alert| body.contains(&format!("<{alert}>")))
}
