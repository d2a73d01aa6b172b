//! One request and its whole answer, asked again where that may help.
//!
//! A ThreatQ that is busy or restarting (429, 502, 503, 504), that does not answer in time, or whose answer breaks off is
//! asked again a few times, with growing pauses and as `Retry-After` says. Nothing that is asked for here changes
//! anything there, so asking twice does no harm. Other answers are the caller's to judge.

use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::blocking::RequestBuilder;

use super::{Error, lenient};
use crate::http::{self, Hidden, Unanswered, WORDS_LIMIT};

/// The pauses before the second, third and fourth time of asking; each is stretched by up to half at random, so that
/// many clients do not come back together.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];
/// The longest pause that a server may ask for. For a longer one the next run is the right time.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long a whole answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);
/// The largest body that is read, after decompression.
const BODY_LIMIT: u64 = 32 * 1024 * 1024;

/// What came back, whatever it says.
pub(super) struct Answer {
    route: String,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// What the server's clock said (RFC 9110, section 6.6.1).
    pub(super) date: Option<DateTime<Utc>>,
    retry_after: Option<Duration>,
    hidden: Hidden,
}

impl Answer {
    fn is_busy(&self) -> bool {
        matches!(self.status, 429 | 502..=504)
    }

    /// ThreatQ's words about what went wrong, where the answer has some in a form that is known.
    pub(super) fn error_words(&self) -> Option<String> {
        let words = lenient::error_words(&self.body)?;
        Some(self.hidden.words(words.as_bytes(), WORDS_LIMIT))
    }

    /// ThreatQ's words in an answer that is not a success.
    pub(super) fn words(&self) -> String {
        self.error_words().unwrap_or_else(|| self.hidden.words(self.body.trim_ascii(), WORDS_LIMIT))
    }

    pub(super) fn refusal(&self) -> Error {
        let (route, status, words) = (self.route.clone(), self.status, self.words());
        match status {
            // A gateway's word for silence.
            504 => Error::Interrupted(format!("{route}: ThreatQ answered 504: {words}")),
            429 | 502 | 503 => Error::Unreachable(format!("{route}: ThreatQ answered {status}: {words}")),
            500..=599 => Error::Failed { route, status, words },
            _ => Error::Refused { route, status, words },
        }
    }
}

/// Asks until there is an answer, or no more sense in asking. What the request hides, no message shows.
pub(super) fn ask(
    route: &str,
    hidden: &Hidden,
    request: impl Fn() -> RequestBuilder,
) -> Result<Answer, Error> {
    for pause in PAUSES {
        let (reason, wanted) = match once(request(), route, hidden) {
            Ok(answer) if answer.is_busy() => (format!("{route}: {}", answer.status), answer.retry_after),
            Err(Error::Interrupted(reason)) => (reason, None),
            other => return other,
        };
        let pause = wanted.unwrap_or_else(|| pause.mul_f64(1.0 + fastrand::f64() / 2.0));
        if pause > LONGEST_PAUSE {
            return Err(Error::Unreachable(format!(
                "{reason}; ThreatQ asks to come back in {} s",
                pause.as_secs()
            )));
        }
        tracing::info!("{reason}; asking again in {:.1} s", pause.as_secs_f64());
        thread::sleep(pause);
    }
    once(request(), route, hidden)
}

/// Sends one request and reads the whole answer. A server that is not there now is left to the next run.
fn once(request: RequestBuilder, route: &str, hidden: &Hidden) -> Result<Answer, Error> {
    let answer = http::ask(request, ANSWER_TIMEOUT, BODY_LIMIT, hidden).map_err(|reason| match reason {
        Unanswered::Distrusted(reason) => {
            Error::Settings(format!("{route}: ThreatQ's certificate is not trusted: {reason}"))
        }
        Unanswered::Unreachable(reason) => Error::Unreachable(format!("{route}: {reason}")),
        Unanswered::Interrupted(reason) => Error::Interrupted(format!("{route}: {reason}")),
        Unanswered::TooLarge(limit) => {
            Error::Nonsense(format!("{route}: the answer is larger than {limit} bytes"))
        }
        Unanswered::Redirected(target) => Error::Settings(format!(
            "{route}: ThreatQ redirects to {target}; set threatq.url to that address"
        )),
    })?;
    let (date, retry_after) = (answer.date(), answer.retry_after());
    let (status, body) = (answer.status, answer.body);
    Ok(Answer { route: route.to_owned(), status, body, date, retry_after, hidden: hidden.clone() })
}
