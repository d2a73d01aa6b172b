//! Several sessions side by side, fed from one place: `connections`.
//!
//! The first session is opened alone, so that a login that is refused is refused once. A session that cannot be opened
//! while others can is done without: relays limit how many they take. Only when none is left is the relay down.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Error;
use super::lane::Lane;
use super::mails::{Mail, Mails, Waiting};
use super::outcome::Verdict;
use super::pace::Pace;
use super::relay::Settings;
use crate::exit::Failure;

/// How long a session without a mail waits before it looks again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// What the sessions share.
struct Shared<'m, M: Mails> {
    mails: &'m mut M,
    /// Mails that a session had in hand, unsent, when it went down.
    stranded: VecDeque<M::Mail>,
    /// Whether no more will come, or something failed.
    ended: bool,
    failure: Option<Failure>,
}

/// The mails as one of the sessions sees them.
struct Share<'a, 'm, M: Mails> {
    shared: &'a Mutex<Shared<'m, M>>,
    /// How many mails the sessions have in hand.
    busy: &'a AtomicUsize,
}

impl<'m, M: Mails> Share<'_, 'm, M> {
    fn lock(&self) -> MutexGuard<'_, Shared<'m, M>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a failure for all, so that no session goes on.
    fn noting<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| {
            let told = Failure::new(failure.status, "another session has failed");
            let mut shared = self.lock();
            shared.ended = true;
            shared.failure.get_or_insert(failure);
            told
        })
    }
}

impl<M: Mails> Mails for Share<'_, '_, M> {
    type Mail = M::Mail;

    fn waiting(&mut self, may_take: bool) -> Result<Waiting, Failure> {
        loop {
            let mut shared = self.lock();
            if !shared.stranded.is_empty() {
                return Ok(Waiting::Yes);
            }
            if shared.ended {
                return Ok(Waiting::No);
            }
            // Whoever waits for input keeps the others from saying what became of theirs; so only when all are idle.
            let alone = self.busy.load(Ordering::SeqCst) == 0;
            let waiting = shared.mails.waiting(may_take && alone);
            shared.ended |= matches!(waiting, Ok(Waiting::No) | Err(_));
            drop(shared);
            let waiting = self.noting(waiting)?;
            if waiting != Waiting::NotYet || !may_take {
                return Ok(waiting);
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    fn next(&mut self) -> Result<Option<Self::Mail>, Failure> {
        let mut shared = self.lock();
        let mail = match shared.stranded.pop_front() {
            Some(mail) => Ok(Some(mail)),
            None if shared.ended => Ok(None),
            None => match shared.mails.waiting(false) {
                Ok(Waiting::Yes) => shared.mails.next(),
                Ok(_) => Ok(None),
                Err(failure) => Err(failure),
            },
        };
        // While nobody else looks: else two could wait for input at once.
        let taken = usize::from(matches!(mail, Ok(Some(_))));
        self.busy.fetch_add(taken, Ordering::SeqCst);
        drop(shared);
        self.noting(mail)
    }

    fn settle(&mut self, mail: Self::Mail, verdict: Verdict) -> Result<(), Failure> {
        let mut shared = self.lock();
        let settled = shared.mails.settle(mail, verdict);
        self.busy.fetch_sub(1, Ordering::SeqCst);
        drop(shared);
        self.noting(settled)
    }

    fn meanwhile(&mut self) {
        self.lock().mails.meanwhile();
    }
}

/// Sends all mails over as many sessions. Returns why the relay is down, when it is.
pub(super) fn run<M: Mails>(
    settings: &Arc<Settings>,
    pace: &Arc<Pace>,
    connections: usize,
    mails: &mut M,
) -> Result<Option<Error>, Failure> {
    if mails.waiting(true)? != Waiting::Yes {
        return Ok(None);
    }
    let lane = || Lane::new(Arc::clone(settings), Arc::clone(pace));
    let mut first = lane();
    first.open();
    if first.down().is_some() {
        return Ok(first.take_down());
    }
    let shared = Shared { mails, stranded: VecDeque::new(), ended: false, failure: None };
    let (shared, busy) = (Mutex::new(shared), AtomicUsize::new(0));
    let work = |mut lane: Lane| {
        let mut share = Share { shared: &shared, busy: &busy };
        let strand = |share: &mut Share<'_, '_, M>, mail, _: &Error| {
            share.lock().stranded.push_back(mail);
            share.busy.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        };
        // A failure was noted where it happened.
        let _ = lane.run(&mut share, strand);
        lane.quit();
        lane.take_down()
    };
    let downs: Vec<Option<Error>> = thread::scope(|scope| {
        let others: Vec<_> = (1..connections).map(|_| scope.spawn(|| work(lane()))).collect();
        let first = work(first);
        let others = others.into_iter().map(|other| other.join().unwrap_or(None));
        std::iter::once(first).chain(others).collect()
    });
    let Shared { mails, stranded, failure, .. } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = failure {
        return Err(failure);
    }
    let all_down = downs.iter().all(Option::is_some);
    let down = downs.into_iter().flatten().next();
    if let Some(down) = &down {
        for mail in stranded {
            let verdict = Verdict::without_session(mail.envelope().addresses(), down);
            mails.settle(mail, verdict)?;
        }
    }
    Ok(down.filter(|_| all_down))
}
