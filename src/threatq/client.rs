//! A logged-in session: JSON in and out over kept-alive connections, from several threads if need be, and one new
//! login when the token is refused. A session whose login was refused asks for nothing more: the password is not sent
//! again, because accounts get locked for that.
//!
//! Redirects are not followed, because a password travels in the request's body.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use reqwest::Url;
use reqwest::blocking::{Client as Http, RequestBuilder};
use reqwest::header::AUTHORIZATION;
use serde::de::DeserializeOwned;

use super::Error;
use super::exchange::{self, Answer};
use super::login::{Login, PasswordLogin, Token};
use super::page::Envelope;
use super::{User, lenient};
use crate::config::{self, Threatq, required};
use crate::exit::Failure;
use crate::http::{self, Hidden};
use crate::secret::{self, Secret};
use crate::tls;
use crate::zone::Zone;

/// How many requests are under way at once, unless the settings say otherwise.
const REQUESTS_AT_ONCE: usize = 4;

/// A session with ThreatQ.
pub struct Client {
    http: Http,
    base: String,
    login: Login,
    /// Or why there is none any more.
    token: Mutex<Result<Token, Error>>,
    /// What further logins share with this one.
    settings: Threatq,
}

impl Client {
    /// Connects and logs in.
    pub fn connect(settings: &Threatq) -> Result<Self, Failure> {
        let address = required(settings.url.as_deref(), "--threatq", "threatq.url")?;
        let url = http::address("threatq", address)?;
        let base = base_of(&url)?;
        let zone = Zone::named(settings.timezone.as_deref());
        lenient::set_zone(zone.map_err(|reason| Error::Settings(format!("threatq.timezone: {reason}")))?);
        let login = Login::from_settings(settings)?;
        let trust = tls::Trust {
            ca_file: settings.ca_file.as_deref(),
            pin_sha256: settings.pin_sha256.as_deref(),
            client: None,
            section: "threatq",
            takes_pin: true,
        };
        let http = http::client(http::builder(&url, settings.proxy.as_deref(), &trust)?)?;
        let token = Mutex::new(Ok(login.token(&http, &base)?));
        Ok(Self { http, base, login, token, settings: settings.clone() })
    }

    /// A session with the same ThreatQ that is another user's.
    pub(super) fn logged_in_as(&self, login: &config::Login, user: &User) -> Result<Self, Failure> {
        let about = |failure: Failure| failure.about(format!("the [[watchlist.login]] of {}", login.user));
        let client_id =
            login.client_id.clone().or_else(|| self.settings.client_id.clone()).unwrap_or_default();
        let no_email =
            || Error::Settings("ThreatQ lists no e-mail address of the user; set email".to_owned());
        let email = login.email.clone().or_else(|| user.email.clone()).ok_or_else(no_email);
        let email = email.map_err(|error| about(error.into()))?;
        let password = secret::read(&login.password_file).map_err(about)?;
        let login = PasswordLogin::new(client_id, email, password, self.settings.login_encoding);
        let login = Login::Password(login);
        let token = login.token(&self.http, &self.base).map_err(|error| about(error.into()))?;
        Ok(Self {
            http: self.http.clone(),
            base: self.base.clone(),
            login,
            token: Mutex::new(Ok(token)),
            settings: self.settings.clone(),
        })
    }

    /// What ThreatQ's clock said at the login, where it said anything.
    pub fn logged_in_at(&self) -> Option<DateTime<Utc>> {
        self.token().as_ref().ok()?.given_at
    }

    /// How many requests may be under way at once.
    pub fn at_once(&self) -> usize {
        self.settings.concurrency.map_or(REQUESTS_AT_ONCE, usize::from)
    }

    /// `GET`, with the envelope that ThreatQ wraps its answers in.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        route: &str,
        query: &[(&str, &str)],
    ) -> Result<Envelope<T>, Error> {
        let answer = self.success(route, |http, url| http.get(url).query(query))?;
        Envelope::parse(route, &answer)
    }

    /// The answer, which is a success by its status.
    pub(super) fn success(
        &self,
        route: &str,
        request: impl Fn(&Http, String) -> RequestBuilder,
    ) -> Result<Answer, Error> {
        let mut bearer = self.bearer()?;
        let mut answer = self.ask(route, &request, &bearer)?;
        if answer.status == 401 {
            // Expired before its time, or revoked: one new login, then the same request again.
            bearer = self.bearer_after(&bearer)?;
            answer = self.ask(route, &request, &bearer)?;
        }
        if !(200..=299).contains(&answer.status) {
            return Err(answer.refusal());
        }
        Ok(answer)
    }

    /// What the Authorization header says now. A token that is about to expire is renewed first.
    fn bearer(&self) -> Result<Secret, Error> {
        self.replace(Token::is_old, |old| self.login.renewed(&self.http, &self.base, old))
    }

    /// What it says after this one was refused. Of several requests that were refused together, one logs in.
    fn bearer_after(&self, refused: &Secret) -> Result<Secret, Error> {
        let is_refused = |token: &Token| token.bearer().reveal() == refused.reveal();
        self.replace(is_refused, |_| self.login.token(&self.http, &self.base))
    }

    /// What it says once a token that has to be replaced is.
    fn replace(
        &self,
        has_to_be: impl Fn(&Token) -> bool,
        by: impl Fn(&Token) -> Result<Token, Error>,
    ) -> Result<Secret, Error> {
        let mut held = self.token();
        let old = held.as_ref().map_err(Error::clone)?;
        if has_to_be(old) {
            match by(old) {
                Ok(token) => *held = Ok(token),
                Err(error) => match error.of_login() {
                    error @ Error::LoginRefused(_) => *held = Err(error),
                    error => return Err(error),
                },
            }
        }
        held.as_ref().map(Token::bearer).map_err(Error::clone)
    }

    fn token(&self) -> MutexGuard<'_, Result<Token, Error>> {
        // A token is replaced whole, so that a panic elsewhere cannot have left half of one.
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(
        &self,
        route: &str,
        request: &impl Fn(&Http, String) -> RequestBuilder,
        bearer: &Secret,
    ) -> Result<Answer, Error> {
        tracing::debug!("asking for {route}");
        exchange::ask(route, &Hidden::of([bearer]), || {
            request(&self.http, format!("{}{route}", self.base)).header(AUTHORIZATION, bearer.reveal())
        })
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

/// The scheme, host and port of the address.
fn base_of(url: &Url) -> Result<String, Error> {
    if url.path() != "/" {
        return Err(Error::Settings(format!("threatq.url {url}: the path is ours to add")));
    }
    Ok(url.origin().ascii_serialization())
}
