//! One request and its whole answer, asked again where that may help.
//!
//! A ThreatQ that is busy or restarting (429, 502, 503, 504), that does not answer in time, or whose answer breaks off is
//! asked again a few times, with growing pauses and as `Retry-After` says. Nothing that is asked for here changes
//! anything there, so asking twice does no harm. Other answers are the caller's to judge.

use std::error::Error as _;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};

use super::hidden::Hidden;
use super::{Error, lenient};
use crate::{escape, tls};

/// The pauses before the second, third and fourth time of asking; each is stretched by up to half at random, so that
/// many clients do not come back together.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];
/// The longest pause that a server may ask for. For a longer one the next run is the right time.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long a whole answer may take. Set for each request: a deadline of the client's begins anew with every piece of a
/// body, so that one that drips would never end.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);
/// The largest body that is read, after decompression.
const BODY_LIMIT: u64 = 32 * 1024 * 1024;
/// What some servers put before JSON, though none should (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// How many characters of ThreatQ's own words a message shows.
const WORDS_LIMIT: usize = 512;

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

/// Sends one request and reads the whole answer.
fn once(request: RequestBuilder, route: &str, hidden: &Hidden) -> Result<Answer, Error> {
    let mut response = request
        .timeout(ANSWER_TIMEOUT)
        .send()
        .map_err(|error| unsent(route, hidden, &error.without_url()))?;
    if response.status().is_redirection() {
        return Err(redirected(&response, route, hidden));
    }
    let length = response.content_length().unwrap_or_default().min(BODY_LIMIT);
    let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    (&mut response).take(BODY_LIMIT + 1).read_to_end(&mut body).map_err(|error| {
        let reason = hidden.words(error.to_string().as_bytes(), WORDS_LIMIT);
        Error::Interrupted(format!("{route}: the answer broke off: {reason}"))
    })?;
    if body.len() as u64 > BODY_LIMIT {
        return Err(Error::Nonsense(format!("{route}: the answer is larger than {BODY_LIMIT} bytes")));
    }
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    let (status, headers) = (response.status().as_u16(), response.headers());
    let (date, retry_after) = (headers.get(DATE).and_then(http_date), retry_after(headers));
    Ok(Answer { route: route.to_owned(), status, body, date, retry_after, hidden: hidden.clone() })
}

/// What a request came to that got no answer. A server that is not there now is left to the next run.
fn unsent(route: &str, hidden: &Hidden, error: &reqwest::Error) -> Error {
    if let Some(reason) = tls::distrust(error) {
        return Error::Settings(format!("{route}: ThreatQ's certificate is not trusted: {reason}"));
    }
    let reason = format!("{route}: {}", hidden.words(chain(error).as_bytes(), WORDS_LIMIT));
    if error.is_connect() { Error::Unreachable(reason) } else { Error::Interrupted(reason) }
}

/// Where a redirect leads, without the query: it may be that of the request, with a token in it.
fn redirected(response: &Response, route: &str, hidden: &Hidden) -> Error {
    let address = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
    let address = address.and_then(|target| target.split(|byte| b"?#".contains(byte)).next());
    let target = address.map(|target| hidden.words(target, WORDS_LIMIT));
    let target = target.unwrap_or_else(|| "nowhere".to_owned());
    Error::Settings(format!("{route}: ThreatQ redirects to {target}; set threatq.url to that address"))
}

/// How long the server asks us to wait: in seconds, or until a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?;
    if let Some(seconds) = value.to_str().ok().and_then(|text| text.trim().parse().ok()) {
        return Some(Duration::from_secs(seconds));
    }
    Some((http_date(value)? - Utc::now()).to_std().unwrap_or_default())
}

fn http_date(value: &HeaderValue) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(value.to_str().ok()?.trim()).ok().map(|date| date.to_utc())
}

/// The error with its causes, which reqwest keeps to itself.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = write!(words, "{error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(words, ": {inner}");
        cause = inner.source();
    }
    escape::words(&words, WORDS_LIMIT)
}
