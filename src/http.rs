//! HTTP as the edges speak it: one client, and one request with its whole answer.
//!
//! Plain HTTP is for this machine only, certificates are always checked, redirects are not followed, a proxy is asked
//! where one is set and never because of the environment, an answer has a deadline and a bound, and no message shows a
//! secret that was sent back. What an answer means is the edge's to judge, and whether to ask again.

mod hidden;

pub use hidden::Hidden;

use std::error::Error;
use std::fmt::Display;
use std::io::{Read, Write};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::blocking::{Client, ClientBuilder, RequestBuilder, Response};
use reqwest::header::{HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Proxy, Url};

use crate::exit::{Failure, Status};
use crate::{escape, tls};

/// How long the connection may take. Each request has its own deadline for the answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// What some servers put before JSON, though none should (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// How many characters of a peer's own words a message shows.
pub const WORDS_LIMIT: usize = 512;

/// What came back, whatever it says.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The peer's certificate is not trusted.
    Distrusted(String),
    /// There is no connection: the peer has heard nothing.
    Unreachable(String),
    /// The peer may have heard the request, and went silent or broke off.
    Interrupted(String),
    /// The answer is larger than so many bytes.
    TooLarge(u64),
    /// It is elsewhere, without the query: that may be the request's, with a secret in it.
    Redirected(String),
}

impl Answer {
    /// What the server's clock said (RFC 9110, section 6.6.1).
    pub fn date(&self) -> Option<DateTime<Utc>> {
        self.headers.get(reqwest::header::DATE).and_then(date)
    }

    /// How long the server asks us to wait: in seconds, or until a date (RFC 9110, section 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?;
        if let Some(seconds) = value.to_str().ok().and_then(|text| text.trim().parse().ok()) {
            return Some(Duration::from_secs(seconds));
        }
        Some((date(value)? - Utc::now()).to_std().unwrap_or_default())
    }
}

fn date(value: &HeaderValue) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(value.to_str().ok()?.trim()).ok().map(|date| date.to_utc())
}

/// The address that a section's `url` is. Plain HTTP is for loopback only.
pub fn address(section: &str, address: &str) -> Result<Url, Failure> {
    // Shown without what may stand before an @: it could be a password.
    let shown = address.rsplit_once('@').map_or(address, |(_, host)| host);
    let refused = |reason: &dyn Display| {
        Err(Failure::new(Status::Config, format_args!("{section}.url {shown}: {reason}")))
    };
    let address = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
    let url = match Url::parse(&address) {
        Ok(url) => url,
        Err(error) => return refused(&error),
    };
    let has_login = !url.username().is_empty() || url.password().is_some();
    if has_login || url.query().is_some() || url.fragment().is_some() {
        return refused(&"no user, password, query or fragment belongs here");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if tls::is_loopback(url.host_str().unwrap_or_default()) => Ok(url),
        "http" => refused(&"without TLS only this machine may be asked; use https://"),
        _ => refused(&"must start with https://"),
    }
}

/// A client for this address, to be refined.
///
/// Fails with 78 when there is nobody to check the peer with, or the proxy is none.
pub fn builder(url: &Url, proxy: Option<&str>, trust: &tls::Trust<'_>) -> Result<ClientBuilder, Failure> {
    let config = if url.scheme() == "http" { tls::trust_nobody()? } else { tls::client_config(trust)? };
    let builder = match proxy {
        Some(address) => Client::builder().proxy(proxy_at(trust.section, address)?),
        // Not the environment's, which is somebody else's setting.
        None => Client::builder().no_proxy(),
    };
    Ok(builder
        .tls_backend_preconfigured((*config).clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .tcp_nodelay(true)
        .user_agent(concat!("tq-alerts/", env!("CARGO_PKG_VERSION"))))
}

/// The client.
pub fn client(builder: ClientBuilder) -> Result<Client, Failure> {
    builder.build().map_err(|error| Failure::new(Status::Config, chain(&error)))
}

/// The proxy at an address, which must be plain to see: a password does not belong where others read it.
fn proxy_at(section: &str, address: &str) -> Result<Proxy, Failure> {
    let refused = || {
        let sentence = format!("{section}.proxy: not http://HOST:PORT or https://HOST:PORT");
        Failure::new(Status::Config, sentence)
    };
    let url = Url::parse(address).map_err(|_| refused())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.has_host();
    if !is_plain || !["http", "https"].contains(&url.scheme()) {
        return Err(refused());
    }
    Proxy::all(url).map_err(|_| refused())
}

/// Sends one request, and reads the whole answer within this time and up to so many bytes after decompression.
pub fn ask(
    request: RequestBuilder,
    timeout: Duration,
    limit: u64,
    hidden: &Hidden,
) -> Result<Answer, Unanswered> {
    // Set for each request: a deadline of the client's begins anew with every piece of a body, so that one that drips
    // would never end.
    let mut response =
        request.timeout(timeout).send().map_err(|error| unsent(hidden, &error.without_url()))?;
    if response.status().is_redirection() {
        return Err(redirected(&response, hidden));
    }
    let length = response.content_length().unwrap_or_default().min(limit);
    let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    (&mut response).take(limit + 1).read_to_end(&mut body).map_err(|error| {
        let reason = hidden.words(error.to_string().as_bytes(), WORDS_LIMIT);
        Unanswered::Interrupted(format!("the answer broke off: {reason}"))
    })?;
    if body.len() as u64 > limit {
        return Err(Unanswered::TooLarge(limit));
    }
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(Answer { status: response.status().as_u16(), headers: std::mem::take(response.headers_mut()), body })
}

/// What a request came to that got no answer.
fn unsent(hidden: &Hidden, error: &reqwest::Error) -> Unanswered {
    if let Some(reason) = tls::distrust(error) {
        return Unanswered::Distrusted(reason);
    }
    let reason = hidden.words(chain(error).as_bytes(), WORDS_LIMIT);
    if error.is_connect() { Unanswered::Unreachable(reason) } else { Unanswered::Interrupted(reason) }
}

fn redirected(response: &Response, hidden: &Hidden) -> Unanswered {
    let address = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
    let address = address.and_then(|target| target.split(|byte| b"?#".contains(byte)).next());
    let target = address.map(|target| hidden.words(target, WORDS_LIMIT));
    Unanswered::Redirected(target.unwrap_or_else(|| "nowhere".to_owned()))
}

/// The error with its causes, which reqwest keeps to itself.
fn chain(error: &reqwest::Error) -> String {
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

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (text, url) in [
            ("tq.example.com", "https://tq.example.com/"),
            ("https://tq.example.com:8443/", "https://tq.example.com:8443/"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://[::1]:8080", "http://[::1]:8080/"),
            ("https://slack.com/api/", "https://slack.com/api/"),
        ] {
            assert_eq!(address("x", text).unwrap().as_str(), url);
        }
        for refused in ["http://tq.example.com", "ftp://x", "https://u:p@x", "https://x?y=1", "https://"] {
            let failure = address("x", refused).expect_err(refused).to_string();
            assert!(failure.starts_with("x.url ") && !failure.contains("u:p"), "{failure}");
        }
    }
}
