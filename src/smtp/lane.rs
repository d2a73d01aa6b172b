//! One session at a time with the relay, opened anew where that helps, and mail after mail over it.
//!
//! A relay that could not be reached, or that let one fresh session after the other break, or that keeps asking for
//! less, is not asked again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Error;
use super::mails::{Mail, Mails, Waiting};
use super::outcome::Verdict;
use super::pace::Pace;
use super::relay::Settings;
use super::session::Session;
use crate::exit::Failure;
use crate::interrupt;

/// How many sessions may break at their first mail, one after the other, before the relay counts as down. It may be the
/// mail that breaks them, and that must not keep back the others.
const MOST_BROKEN: u32 = 3;
/// How many times in a row the relay may ask for less before it counts as down.
const MOST_THROTTLED: u32 = 3;
/// The pause after the first time; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// A session and what was seen of the relay over it.
pub(super) struct Lane {
    settings: Arc<Settings>,
    pace: Arc<Pace>,
    session: Option<Session>,
    down: Option<Error>,
    broken_in_a_row: u32,
    throttled_in_a_row: u32,
    /// Whether a mail may be announced with the one before it. Not to a relay that once left in between: what it says
    /// last is lost when it closes a line with words of ours unread.
    announces_ahead: bool,
    resumes: Option<Instant>,
}

impl Lane {
    pub(super) fn new(settings: Arc<Settings>, pace: Arc<Pace>) -> Self {
        Self {
            settings,
            pace,
            session: None,
            down: None,
            broken_in_a_row: 0,
            throttled_in_a_row: 0,
            announces_ahead: true,
            resumes: None,
        }
    }

    /// Sends mails until there is none, or the relay is down. A mail in hand then comes back through `strand`.
    pub(super) fn run<M: Mails>(
        &mut self,
        mails: &mut M,
        mut strand: impl FnMut(&mut M, M::Mail, &Error) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut ahead: Option<M::Mail> = None;
        loop {
            if ahead.is_none() && mails.waiting(true)? != Waiting::Yes {
                return Ok(());
            }
            self.pause();
            self.open();
            if let Some(down) = &self.down {
                return ahead.map_or(Ok(()), |mail| strand(mails, mail, down));
            }
            let mail = match ahead.take() {
                Some(mail) => mail,
                None => match mails.next()? {
                    Some(mail) => mail,
                    // Another session was faster.
                    None => continue,
                },
            };
            let looks_ahead = self.announces_ahead && !self.pace.is_set() && !interrupt::raised();
            if looks_ahead && mails.waiting(false)? == Waiting::Yes {
                ahead = mails.next()?;
            }
            let verdict = self.deliver(&mail, ahead.as_ref(), &mut || mails.meanwhile());
            mails.settle(vec![(mail, verdict)])?;
        }
    }

    /// Waits until the pace and the relay allow the next mail.
    pub(super) fn pause(&mut self) {
        if let Some(then) = self.resumes.take() {
            interrupt::sleep_until(then);
        }
        if self.down.is_none() {
            self.pace.wait();
        }
    }

    /// Opens a session where there is none.
    pub(super) fn open(&mut self) {
        if interrupt::raised() && self.down.is_none() {
            self.down = Some(Error::Stopped);
            if let Some(session) = self.session.take() {
                session.quit();
            }
        }
        if self.session.is_some() || self.down.is_some() {
            return;
        }
        let name = self.settings.name();
        match Session::open(&self.settings, &mut |step| tracing::info!("{name}: {step}")) {
            Ok(session) => {
                tracing::info!("{name}: ready");
                self.session = Some(session);
            }
            Err(error) => self.down = Some(error),
        }
    }

    pub(super) fn down(&self) -> Option<&Error> {
        self.down.as_ref()
    }

    /// Sends one mail to all its recipients and says what became of it.
    pub(super) fn deliver<M: Mail>(
        &mut self,
        mail: &M,
        next: Option<&M>,
        meanwhile: &mut dyn FnMut(),
    ) -> Verdict {
        loop {
            self.open();
            if let Some(down) = &self.down {
                return Verdict::without_session(mail.envelope().addresses(), down);
            }
            let Some(mut session) = self.session.take() else { continue };
            let verdict = session.send(mail, next, meanwhile);
            self.announces_ahead &= !(session.lost && session.announced);
            if session.died_idle(&verdict) {
                tracing::info!("{}: the session had ended; opening another", self.settings.name());
                self.announces_ahead = false;
                continue;
            }
            self.watch(&session, &verdict);
            if !session.lost {
                self.session = Some(session);
            }
            let name = self.settings.name();
            let complaints = verdict.complaints.iter().map(|complaint| format!("relay {name}: {complaint}"));
            return Verdict { complaints: complaints.collect(), ..verdict };
        }
    }

    /// Draws conclusions for the mails that follow.
    fn watch(&mut self, session: &Session, verdict: &Verdict) {
        if session.mails > 0 {
            self.broken_in_a_row = 0;
        } else if session.lost {
            self.broken_in_a_row += 1;
        }
        if session.lost && self.broken_in_a_row >= MOST_BROKEN {
            let sentence = format!("{MOST_BROKEN} sessions in a row broke at their first mail");
            self.down = Some(Error::Unreachable(sentence));
        }
        let Some(words) = verdict.throttled() else {
            self.throttled_in_a_row = 0;
            return;
        };
        self.throttled_in_a_row += 1;
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.throttled_in_a_row - 1);
        if self.throttled_in_a_row >= MOST_THROTTLED {
            let hint = "set smtp.rate to what it allows, or smtp.connections to 1";
            let sentence =
                format!("the relay asked for less {MOST_THROTTLED} times in a row: {words}; {hint}");
            self.down = Some(Error::Unreachable(sentence));
        } else {
            tracing::info!("{}: asks for less; waiting {} s", self.settings.name(), pause.as_secs());
            self.resumes = Some(Instant::now() + pause);
        }
    }

    /// Says goodbye.
    pub(super) fn quit(&mut self) {
        if let Some(session) = self.session.take() {
            session.quit();
        }
    }

    /// Why there is no session any more.
    pub(super) fn take_down(&mut self) -> Option<Error> {
        self.down.take()
    }
}
