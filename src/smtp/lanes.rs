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

/// Not told to anybody: the failure itself is.
const OTHER_FAILED: &str = "another session has failed";

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
    /// Mails that came back while another session had the lock.
    back: &'a Mutex<Vec<(M::Mail, Verdict)>>,
    /// How many mails the sessions have in hand.
    busy: &'a AtomicUsize,
}

impl<'m, M: Mails> Share<'_, 'm, M> {
    fn lock(&self) -> MutexGuard<'_, Shared<'m, M>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn back(&self) -> MutexGuard<'_, Vec<(M::Mail, Verdict)>> {
        self.back.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Mails> Shared<'_, M> {
    /// Notes a failure for all, so that no session goes on.
    fn noting<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| {
            self.ended = true;
            let status = self.failure.get_or_insert(failure).status;
            Failure::new(status, OTHER_FAILED)
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
            let waiting = shared.noting(waiting)?;
            shared.ended |= waiting == Waiting::No;
            drop(shared);
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
        shared.noting(mail)
    }

    fn settle(&mut self, mails: Vec<(Self::Mail, Verdict)>) -> Result<(), Failure> {
        self.back().extend(mails);
        let mut shared = self.lock();
        let back = std::mem::take(&mut *self.back());
        if back.is_empty() {
            // Whoever had the lock before us has settled ours too.
            let failed = shared.failure.as_ref().map(|failure| failure.status);
            return failed.map_or(Ok(()), |status| Err(Failure::new(status, OTHER_FAILED)));
        }
        let count = back.len();
        let settled = shared.mails.settle(back);
        self.busy.fetch_sub(count, Ordering::SeqCst);
        shared.noting(settled)
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
    let (shared, back, busy) = (Mutex::new(shared), Mutex::new(Vec::new()), AtomicUsize::new(0));
    let work = |mut lane: Lane| {
        let mut share = Share { shared: &shared, back: &back, busy: &busy };
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
        let without_session = |mail: M::Mail| {
            let verdict = Verdict::without_session(mail.envelope().addresses(), down);
            (mail, verdict)
        };
        mails.settle(stranded.into_iter().map(without_session).collect())?;
    }
    Ok(down.filter(|_| all_down))
}
