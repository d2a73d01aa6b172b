//! Several sessions side by side, fed from one place: `connections`.
//!
//! The first session is opened alone, so that a login that is refused is refused once. A session that cannot be opened
//! while others can is done without: relays limit how many they take. Only when none is left is the relay down.
//!
//! Settling may take as long as a disk does. Mails that come back meanwhile are settled together, by whoever comes first
//! afterwards, and as many new ones are laid ready then, so that the others go on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use super::Error;
use super::lane::Lane;
use super::mails::{Mail, Mails, Waiting};
use super::outcome::Verdict;
use super::pace::Pace;
use super::relay::Settings;
use crate::exit::Failure;
use crate::interrupt;

/// How long a session without a mail waits before it looks again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// What one session at a time uses.
struct Shared<'m, M: Mails> {
    mails: &'m mut M,
    /// Whether no more will come, or something failed.
    ended: bool,
}

/// What sessions take and leave without waiting for one another.
struct Tray<T> {
    /// Mails that are out and unsent: laid ready, or left by a session that went down.
    ready: VecDeque<T>,
    /// Mails that are not settled yet.
    back: Vec<(T, Verdict)>,
    /// How many mails have come back so far.
    came_back: usize,
    /// How many of them are settled.
    settled: usize,
    /// Whether a session is settling some now.
    settling: bool,
    failure: Option<Failure>,
}

/// The mails as one of the sessions sees them.
struct Share<'a, 'm, M: Mails> {
    shared: &'a Mutex<Shared<'m, M>>,
    /// Held for a moment only. Whoever takes both takes this one second.
    tray: &'a Mutex<Tray<M::Mail>>,
    /// Told when mails are settled.
    settled: &'a Condvar,
    /// How many mails the sessions have in hand.
    busy: &'a AtomicUsize,
}

impl<T> Tray<T> {
    /// Takes mails back; how many have come back then.
    fn lay_back(&mut self, mails: Vec<(T, Verdict)>) -> usize {
        self.came_back += mails.len();
        self.back.extend(mails);
        self.came_back
    }
}

/// What the sessions are told that did not fail themselves. Nobody else is: the failure is.
fn another_failed(failure: &Failure) -> Failure {
    Failure::new(failure.status, "another session has failed")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'m, M: Mails> Share<'_, 'm, M> {
    /// Notes a failure for all, so that no session goes on.
    fn noting<T>(&self, shared: &mut Shared<'m, M>, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| {
            let told = another_failed(&failure);
            shared.ended = true;
            let mut tray = lock(self.tray);
            tray.ready.clear();
            tray.failure.get_or_insert(failure);
            told
        })
    }

    fn is_ready(&self) -> bool {
        !lock(self.tray).ready.is_empty()
    }

    fn take_ready(&self) -> Option<M::Mail> {
        let mail = lock(self.tray).ready.pop_front()?;
        self.busy.fetch_add(1, Ordering::SeqCst);
        Some(mail)
    }

    fn lay_ready(&self, shared: &mut Shared<'m, M>, count: usize) -> Result<(), Failure> {
        for _ in 0..count {
            if interrupt::raised() || shared.ended || shared.mails.waiting(false)? != Waiting::Yes {
                break;
            }
            let mail = shared.mails.next()?;
            lock(self.tray).ready.extend(mail);
        }
        Ok(())
    }
}

impl<M: Mails> Mails for Share<'_, '_, M> {
    type Mail = M::Mail;

    fn waiting(&mut self, may_take: bool) -> Result<Waiting, Failure> {
        loop {
            if self.is_ready() {
                return Ok(Waiting::Yes);
            }
            let mut shared = match self.shared.try_lock() {
                Err(TryLockError::WouldBlock) if !may_take => return Ok(Waiting::NotYet),
                Err(TryLockError::WouldBlock) => lock(self.shared),
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Ok(shared) => shared,
            };
            // Some may have been laid ready by whoever had the lock.
            if self.is_ready() {
                return Ok(Waiting::Yes);
            }
            if shared.ended {
                return Ok(Waiting::No);
            }
            // Whoever waits for input keeps the others from saying what became of theirs; so only when all are idle.
            let alone = self.busy.load(Ordering::SeqCst) == 0;
            let waiting = shared.mails.waiting(may_take && alone);
            let waiting = self.noting(&mut shared, waiting)?;
            shared.ended |= waiting == Waiting::No;
            drop(shared);
            if waiting != Waiting::NotYet || !may_take {
                return Ok(waiting);
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    fn next(&mut self) -> Result<Option<Self::Mail>, Failure> {
        if let Some(mail) = self.take_ready() {
            return Ok(Some(mail));
        }
        // Taken while nobody else looks: else two could wait for input at once.
        let mut shared = lock(self.shared);
        let laid = self.lay_ready(&mut shared, 1);
        self.noting(&mut shared, laid)?;
        Ok(self.take_ready())
    }

    fn settle(&mut self, mails: Vec<(Self::Mail, Verdict)>) -> Result<(), Failure> {
        let mut tray = lock(self.tray);
        let ours = tray.lay_back(mails);
        while tray.settling && tray.settled < ours {
            tray = self.settled.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
        if tray.settled >= ours {
            // Another session has settled ours with its own.
            return tray.failure.as_ref().map_or(Ok(()), |failure| Err(another_failed(failure)));
        }
        tray.settling = true;
        let back = std::mem::take(&mut tray.back);
        drop(tray);
        let count = back.len();
        let mut shared = lock(self.shared);
        let settled = shared.mails.settle(back).and_then(|()| self.lay_ready(&mut shared, count));
        self.busy.fetch_sub(count, Ordering::SeqCst);
        let settled = self.noting(&mut shared, settled);
        drop(shared);
        let mut tray = lock(self.tray);
        tray.settled += count;
        tray.settling = false;
        self.settled.notify_all();
        settled
    }

    fn meanwhile(&mut self) {
        if let Ok(mut shared) = self.shared.try_lock() {
            shared.mails.meanwhile();
        }
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
    let shared = Mutex::new(Shared { mails, ended: false });
    let (ready, back) = (VecDeque::new(), Vec::new());
    let tray = Mutex::new(Tray { ready, back, came_back: 0, settled: 0, settling: false, failure: None });
    let settled = Condvar::new();
    let busy = AtomicUsize::new(0);
    let work = |mut lane: Lane| {
        let mut share = Share { shared: &shared, tray: &tray, settled: &settled, busy: &busy };
        let strand = |share: &mut Share<'_, '_, M>, mail, _: &Error| {
            lock(share.tray).ready.push_back(mail);
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
    let Shared { mails, .. } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Tray { ready, failure, .. } = tray.into_inner().unwrap_or_else(PoisonError::into_inner);
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
        mails.settle(ready.into_iter().map(without_session).collect())?;
    }
    Ok(down.filter(|_| all_down))
}
