//! Tables of relays: what each row plays, what must come of it, and that all rows are tried before a test ends.

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use super::{BOTH, OPS, SOC, Sender, complaints, email, receipts};
use crate::support::program::Ended;
use crate::support::relay::{Received, Relay, Script};

/// How many rows are tried at a time.
const AT_A_TIME: usize = 8;

/// What one recipient must be told.
#[derive(Clone)]
pub(super) struct Fate {
    pub(super) outcome: &'static str,
    pub(super) code: Option<u16>,
    pub(super) words: &'static str,
}

/// A fate in the relay's words; an enhanced code in front of them must be found.
pub(super) const fn told(outcome: &'static str, code: u16, words: &'static str) -> Fate {
    Fate { outcome, code: Some(code), words }
}

/// A fate in our own words, where the relay had none.
pub(super) const fn untold(outcome: &'static str, words: &'static str) -> Fate {
    Fate { outcome, code: None, words }
}

/// One relay, and what must come of one mail to [`SOC`], or to [`SOC`] and [`OPS`].
#[derive(Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) script: Script,
    pub(super) settings: Vec<(&'static str, String)>,
    pub(super) status: i32,
    pub(super) fates: Vec<Fate>,
}

pub(super) fn row(name: impl Into<String>, script: Script, status: i32, fates: impl Into<Vec<Fate>>) -> Row {
    Row { name: name.into(), script, settings: Vec::new(), status, fates: fates.into() }
}

impl Row {
    pub(super) fn set(mut self, flag: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((flag, value.into()));
        self
    }

    fn recipients(&self, fits: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let pairs = [SOC, OPS].into_iter().zip(&self.fates);
        pairs.filter(|(_, fate)| fits(fate.outcome)).map(|(address, _)| address).collect()
    }

    fn play(&self, sender: Sender) {
        let relay = Relay::start(self.script.clone());
        let sender = self.settings.iter().fold(sender, |sender, (flag, value)| sender.set(flag, value));
        let mail = email("e1", &self.recipients(|_| true));
        let ended = sender.send(&relay, &[mail]).ends_with(self.status);
        self.check(&ended);
        let first = sorted(relay.messages());
        let accepted = self.recipients(|outcome| outcome == "accepted");
        if !accepted.is_empty() {
            assert_eq!(first.iter().map(|mail| &mail.recipients).collect::<Vec<_>>(), [&accepted]);
            assert!(String::from_utf8_lossy(&first[0].body).contains("\r\n\r\nThe text of e1.\r\n"));
        } else if self.fates.iter().all(|fate| fate.outcome != "unknown") {
            assert_eq!(first, []);
        }
        if sender.has_state {
            self.check_the_next_run(&sender.with_usual_settings(), &first);
        }
    }

    fn check(&self, ended: &Ended) {
        let receipts = receipts(ended);
        let [receipt] = receipts.as_slice() else { panic!("one mail, one receipt: {receipts:?}") };
        let first = self.fates[0].outcome;
        let same = self.fates.iter().all(|fate| fate.outcome == first);
        assert_eq!(receipt.outcome, if same { first } else { "partial" });
        assert_eq!((receipt.email.as_str(), receipt.attempt), ("e1", 1));
        assert_eq!(receipt.recipients.len(), self.fates.len());
        for (address, fate) in [SOC, OPS].into_iter().zip(&self.fates) {
            let found = receipt.recipients.iter().find(|one| one.address == address);
            let one = found.unwrap_or_else(|| panic!("{address} is not in {receipt:?}"));
            let enhanced = fate.words.split(' ').next().filter(|word| word.matches('.').count() == 2);
            assert_eq!((one.outcome.as_str(), one.code), (fate.outcome, fate.code), "{one:?}");
            assert_eq!(one.enhanced.as_deref(), enhanced, "{one:?}");
            assert!(one.reply.as_deref().unwrap_or_default().contains(fate.words), "{one:?}");
        }
        if self.status == 0 {
            assert_eq!(ended.stderr, "");
        } else {
            // One line for the mail, or one for each recipient that does not have it.
            let most = self.recipients(|outcome| outcome != "accepted").len();
            assert!((1..=most).contains(&complaints(ended)), "{}", ended.stderr);
        }
    }

    /// To a good relay: with the same bytes to those who wait, and with nothing to the others.
    fn check_the_next_run(&self, sender: &Sender, first: &[Received]) {
        let relay = Relay::start(Script::new());
        let next = sender.resume(&relay).succeeds();
        let waiting = self.recipients(|outcome| outcome != "accepted" && outcome != "rejected");
        let mails = sorted(relay.messages());
        if waiting.is_empty() {
            assert_eq!((mails.len(), next.stdout.as_str()), (0, ""));
            return;
        }
        assert_eq!(mails.iter().map(|mail| &mail.recipients).collect::<Vec<_>>(), [&waiting]);
        for copy in first {
            assert_eq!(copy.body, mails[0].body, "a copy has the same bytes");
        }
        assert_eq!(receipts(&next).iter().map(|one| one.outcome.as_str()).collect::<Vec<_>>(), ["accepted"]);
    }
}

/// The mails with [`SOC`] first: the order of recipients is nobody's promise.
fn sorted(mut mails: Vec<Received>) -> Vec<Received> {
    for mail in &mut mails {
        mail.recipients.sort_by_key(|address| address != SOC);
    }
    mails
}

/// Plays each row without a state and with one.
pub(super) fn play(rows: &[Row]) {
    with_both(rows, |row| row.name.clone(), Row::play);
}

/// Tries every row without a state and with one.
pub(super) fn with_both<T: Sync>(rows: &[T], name: impl Fn(&T) -> String, test: impl Fn(&T, Sender) + Sync) {
    let rows: Vec<_> = rows.iter().flat_map(|row| BOTH.map(|sender| (row, sender))).collect();
    let name = |(row, sender): &(&T, fn() -> Sender)| {
        let state = if sender().has_state { "with a state" } else { "without a state" };
        format!("{}, {state}", name(row))
    };
    each(&rows, name, |(row, sender)| test(row, sender()));
}

/// Tries every row, some at a time; those that fail say so under their name, and all are named at the end.
pub(super) fn each<T: Sync>(rows: &[T], name: impl Fn(&T) -> String, test: impl Fn(&T) + Sync) {
    let test = &test;
    let mut failed = Vec::new();
    for some in rows.chunks(AT_A_TIME) {
        thread::scope(|scope| {
            let start = |row| {
                let work = move || panic::catch_unwind(AssertUnwindSafe(|| test(row))).is_ok();
                let thread = thread::Builder::new().name(name(row)).spawn_scoped(scope, work);
                (name(row), thread.expect("a thread can be started"))
            };
            let begun: Vec<_> = some.iter().map(start).collect();
            for (name, thread) in begun {
                if !thread.join().unwrap_or(false) {
                    failed.push(name);
                }
            }
        });
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}
