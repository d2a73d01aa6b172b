//! A logged-in session: JSON in and out over kept-alive connections, and one new login when the token is refused.
//!
//! Redirects are not followed, because a password travels in the request's body. Bodies are bounded.

use std::cell::RefCell;
use std::error::Error as _;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Client as Http, RequestBuilder};
use reqwest::header::{AUTHORIZATION, LOCATION};
use reqwest::redirect::Policy;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::login::Login;
use super::page::Envelope;
use super::{Error, lenient};
use crate::config::{Threatq, required};
use crate::exit::Failure;
use crate::secret::Secret;
use crate::{escape, tls};

/// How long the connection may take, and how long a whole answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);
/// The largest body that is read, after decompression.
const BODY_LIMIT: u64 = 32 * 1024 * 1024;
/// How many characters of ThreatQ's own words a message shows.
const WORDS_LIMIT: usize = 512;

/// A session with ThreatQ.
pub struct Client {
    http: Http,
    base: String,
    login: Login,
    token: RefCell<Secret>,
}

impl Client {
    /// Connects and logs in.
    pub fn connect(settings: &Threatq) -> Result<Self, Failure> {
        let address = required(settings.url.as_deref(), "--threatq", "threatq.url")?;
        let base = base_of(address)?;
        let login = Login::from_settings(settings)?;
        let is_open = base.starts_with("http:");
        let config =
            if is_open { tls::trust_nobody()? } else { tls::client_config(settings.ca_file.as_deref())? };
        let http = Http::builder()
            .tls_backend_preconfigured((*config).clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .user_agent(concat!("tq-alerts/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::Settings(chain(&error)))?;
        let token = RefCell::new(login.token(&http, &base)?);
        Ok(Self { http, base, login, token })
    }

    /// `GET`, with the envelope that ThreatQ wraps its answers in.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        route: &str,
        query: &[(&str, &str)],
    ) -> Result<Envelope<T>, Error> {
        self.call(route, |http, url| http.get(url).query(query))
    }

    /// `POST` of a JSON body, likewise.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        route: &str,
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Envelope<T>, Error> {
        self.call(route, |http, url| http.post(url).query(query).json(body))
    }

    fn call<T: DeserializeOwned>(
        &self,
        route: &str,
        request: impl Fn(&Http, String) -> RequestBuilder,
    ) -> Result<Envelope<T>, Error> {
        let mut answer = self.send(route, &request)?;
        if answer.status == 401 {
            // Expired or revoked: one new login, then the same request again.
            let token = self.login.token(&self.http, &self.base)?;
            self.token.replace(token);
            answer = self.send(route, &request)?;
        }
        if !(200..=299).contains(&answer.status) {
            return Err(answer.refusal());
        }
        Envelope::parse(route, &answer.body)
    }

    fn send(&self, route: &str, request: &impl Fn(&Http, String) -> RequestBuilder) -> Result<Answer, Error> {
        tracing::debug!("asking for {route}");
        // A live ThreatQ refused the scheme in lower case.
        let bearer = format!("Bearer {}", self.token.borrow().reveal());
        send(request(&self.http, format!("{}{route}", self.base)).header(AUTHORIZATION, bearer), route)
    }

    /// Where links lead: to the host that is set for it, otherwise to the one that we talk to.
    pub fn link_origin(&self, settings: &Threatq) -> Result<String, Error> {
        let Some(host) = &settings.link_host else {
            return Ok(self.base.clone());
        };
        let address = if host.contains("://") { host.clone() } else { format!("https://{host}") };
        let url = Url::parse(&address).ok().filter(|url| url.path() == "/" && url.query().is_none());
        let origin = url
            .filter(|url| ["https", "http"].contains(&url.scheme()))
            .map(|url| url.origin().ascii_serialization());
        origin.ok_or_else(|| Error::Settings(format!("threatq.link_host {host}: not a host")))
    }
}

/// What came back, whatever it says.
pub(super) struct Answer {
    route: String,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// ThreatQ's words in an answer that is not a success.
    pub(super) fn words(&self) -> String {
        lenient::error_words(&self.body).map_or_else(
            || escape::words(self.body.trim_ascii(), WORDS_LIMIT),
            |words| escape::words(words.as_bytes(), WORDS_LIMIT),
        )
    }

    pub(super) fn refusal(&self) -> Error {
        let Self { route, status, .. } = self;
        match status {
            429 | 500..=599 => {
                Error::Unreachable(format!("{route}: ThreatQ answered {status}: {}", self.words()))
            }
            _ => Error::Refused { route: route.clone(), status: *status, words: self.words() },
        }
    }
}

/// Sends one request and reads the whole answer.
pub(super) fn send(request: RequestBuilder, route: &str) -> Result<Answer, Error> {
    let unreachable = |error: &reqwest::Error| Error::Unreachable(format!("{route}: {}", chain(error)));
    let mut response = request.send().map_err(|error| unreachable(&error.without_url()))?;
    let status = response.status();
    if status.is_redirection() {
        let target =
            response.headers().get(LOCATION).map(|value| escape::words(value.as_bytes(), WORDS_LIMIT));
        let target = target.unwrap_or_else(|| "nowhere".to_owned());
        return Err(Error::Settings(format!(
            "{route}: ThreatQ redirects to {target}; set threatq.url to that address"
        )));
    }
    let mut body = Vec::new();
    (&mut response)
        .take(BODY_LIMIT + 1)
        .read_to_end(&mut body)
        .map_err(|error| Error::Unreachable(format!("{route}: the answer broke off: {error}")))?;
    if body.len() as u64 > BODY_LIMIT {
        return Err(Error::Nonsense(format!("{route}: the answer is larger than {BODY_LIMIT} bytes")));
    }
    Ok(Answer { route: route.to_owned(), status: status.as_u16(), body })
}

/// The scheme, host and port of the address. Plain HTTP is for loopback only.
fn base_of(address: &str) -> Result<String, Error> {
    let refused = |reason: &str| Error::Settings(format!("threatq.url {address}: {reason}"));
    let address = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
    let url = Url::parse(&address).map_err(|error| refused(&error.to_string()))?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(refused("only scheme, host and port belong here"));
    }
    if url.path() != "/" {
        return Err(refused("the path is ours to add"));
    }
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => (),
        "http" if is_loopback(host) => (),
        "http" => {
            return Err(refused("without TLS only a ThreatQ on this machine may be asked; use https://"));
        }
        _ => return Err(refused("must start with https://")),
    }
    Ok(url.origin().ascii_serialization())
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
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
    use super::base_of;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        assert_eq!(base_of("tq.example.com").unwrap(), "https://tq.example.com");
        assert_eq!(base_of("https://tq.example.com:8443/").unwrap(), "https://tq.example.com:8443");
        assert_eq!(base_of("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        assert_eq!(base_of("http://[::1]:8080").unwrap(), "http://[::1]:8080");
        for refused in [
            "http://tq.example.com",
            "ftp://x",
            "https://u:p@x",
            "https://x/api",
            "https://x?y=1",
            "https://",
        ] {
            assert!(base_of(refused).is_err(), "{refused}");
        }
    }
}
