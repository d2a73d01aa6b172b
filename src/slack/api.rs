//! One call of one method, waited for as long as Slack asks and a run can afford.
//!
//! Whatever did not reach Slack, or was answered with "not now", may be asked again. What may have been carried out is not:
//! for a message that is its sender's to decide.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::reply::Reply;
use super::{Error, Refusal, Trouble};
use crate::config::Slack;
use crate::exit::{Failure, Status};
use crate::http::{self, Hidden, Unanswered};
use crate::interrupt;
use crate::record::Outcome;
use crate::secret::{Place, Secret};
use crate::tls;

/// Where Slack's methods are, unless the settings say otherwise.
pub const URL: &str = "https://slack.com/api/";
/// How long a whole answer may take, unless the settings say otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read: a page of a thousand people is some 3 MB.
const BODY_LIMIT: u64 = 16 * 1024 * 1024;
/// The longest pause that is waited for, and how many in a row.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
const PAUSES: usize = 3;
/// A connection that rested for longer may be gone, and what is sent over it then is lost or not.
const REST: Duration = Duration::from_secs(10);

/// What a method is called with.
pub(super) enum Arguments<'a> {
    /// Names and values.
    Form(&'a [(&'a str, &'a str)]),
    /// A JSON object.
    Json(&'a [u8]),
}

/// A workspace's API, as one token sees it.
pub(super) struct Api {
    http: Client,
    base: Url,
    bearer: Secret,
    hidden: Hidden,
    timeout: Duration,
}

impl Api {
    /// Checks the settings and reads the token; asks nobody yet.
    pub(super) fn new(settings: &Slack) -> Result<Self, Failure> {
        let mut base = http::address("slack", settings.url.as_deref().unwrap_or(URL))?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let trust = tls::Trust {
            ca_file: settings.ca_file.as_deref(),
            pin_sha256: None,
            client: None,
            section: "slack",
            takes_pin: false,
        };
        let builder = http::builder(&base, settings.proxy.as_deref(), &trust)?;
        let token = token(settings)?;
        let hidden = Hidden::of([&token]);
        let bearer = Secret::new(format!("Bearer {}", token.reveal()));
        let timeout = settings.timeout.map_or(TIMEOUT, Duration::from_secs);
        Ok(Self { http: http::client(builder.pool_idle_timeout(REST))?, base, bearer, hidden, timeout })
    }

    /// The host, and the port where it is not the usual one.
    pub(super) fn name(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Calls a method, and again when Slack wants to be left alone for a while.
    pub(super) fn call(&self, method: &str, arguments: &Arguments<'_>) -> Result<Reply, Trouble> {
        for _ in 0..PAUSES {
            let reply = self.once(method, arguments)?;
            let Some(pause) = reply.wait() else { return reply.success(&self.hidden) };
            if pause > LONGEST_PAUSE {
                return Err(busy(method, pause));
            }
            tracing::info!("{method}: rate limited; asking again in {} s", pause.as_secs());
            interrupt::sleep_until(Instant::now() + pause);
        }
        let reply = self.once(method, arguments)?;
        match reply.wait() {
            None => reply.success(&self.hidden),
            Some(pause) => Err(busy(method, pause)),
        }
    }

    fn once(&self, method: &str, arguments: &Arguments<'_>) -> Result<Reply, Trouble> {
        if interrupt::raised() {
            return Err(Trouble::Down(Error::Stopped));
        }
        tracing::debug!("asking for {method}");
        let (request, hidden, timeout) =
            (self.request(method, arguments)?, self.hidden.clone(), self.timeout);
        let asked = heeding(move || http::ask(request, timeout, BODY_LIMIT, &hidden));
        let lost =
            |status, words| Trouble::One(Refusal { outcome: Outcome::Unknown, status, code: None, words });
        match asked {
            Some(Ok(answer)) => Reply::read(&answer, &self.hidden),
            Some(Err(Unanswered::Distrusted(reason))) => Err(Trouble::Down(Error::Certificate(reason))),
            Some(Err(Unanswered::Unreachable(reason))) => Err(Trouble::Down(Error::Unreachable(reason))),
            Some(Err(Unanswered::Redirected(target))) => Err(Trouble::Down(Error::Redirected(target))),
            Some(Err(Unanswered::Interrupted(reason))) => Err(lost(Status::TryAgain, reason)),
            Some(Err(Unanswered::TooLarge(limit))) => {
                Err(lost(Status::Protocol, format!("the answer is larger than {limit} bytes")))
            }
            None => Err(lost(Status::TryAgain, "no answer before the program had to end".to_owned())),
        }
    }

    fn request(&self, method: &str, arguments: &Arguments<'_>) -> Result<RequestBuilder, Trouble> {
        let unusable = |error| Trouble::Down(Error::Nonsense(format!("{method}: {error}")));
        let url = self.base.join(method).map_err(unusable)?;
        let request = self.http.post(url).header(AUTHORIZATION, self.bearer.reveal());
        Ok(match arguments {
            Arguments::Form(pairs) => request.form(pairs),
            Arguments::Json(body) => {
                request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_vec())
            }
        })
    }
}

fn token(settings: &Slack) -> Result<Secret, Failure> {
    let place = Place::of("slack.token", settings.token_file.as_deref(), &settings.token_command)?;
    let Some(place) = place else {
        let sentence =
            "no token: set slack.token_file (--token-file) or slack.token_command (--token-command)";
        return Err(Failure::new(Status::Config, sentence));
    };
    let token = place.read()?;
    // What no header can hold would be shown by the error about it.
    if !token.reveal().bytes().all(|byte| byte.is_ascii_graphic()) {
        let sentence = "slack.token is no token: it has a space or another character that none has";
        return Err(Failure::new(Status::Config, sentence));
    }
    Ok(token)
}

fn busy(method: &str, pause: Duration) -> Trouble {
    let words = format!("ratelimited: {method} may be asked again in {} s", pause.as_secs());
    Trouble::Down(Error::Busy(words))
}

/// What work comes to; none where a signal has come and the work did not end in the time that is left then.
fn heeding<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    // Nobody listens any more where it took too long.
    thread::spawn(move || drop(sender.send(work())));
    loop {
        match receiver.recv_timeout(interrupt::LOOK) {
            Ok(done) => return Some(done),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                if interrupt::latest().is_some_and(|latest| latest <= Instant::now()) {
                    return None;
                }
            }
        }
    }
}
