//! Logging in: `POST /api/token` with the password or the client-credentials grant, and the refresh grant after it.
//!
//! The token stays in memory. A 400 and a 401 both mean that the login was refused: ThreatQ answers 400 for bad
//! credentials. The password grant is known in three encodings and with two names for the user; the next one is tried
//! only after an answer which says that the request itself was not understood, so that a refused password is not sent
//! again. What a server says to a login is shown without the secrets that went there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::blocking::{Client as Http, RequestBuilder};
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::{Value, json};

use super::exchange::{self, Answer};
use super::{Error, lenient};
use crate::config::{LoginEncoding, Threatq};
use crate::exit::{Failure, Status};
use crate::http::Hidden;
use crate::secret::{Place, Secret};

/// The forms of the password grant in the order in which they are tried: how it is encoded, and what the user is called.
const FORMS: [(LoginEncoding, &str); 6] = [
    (LoginEncoding::Query, "email"),
    (LoginEncoding::Json, "email"),
    (LoginEncoding::Form, "email"),
    (LoginEncoding::Query, "username"),
    (LoginEncoding::Json, "username"),
    (LoginEncoding::Form, "username"),
];

/// Who logs in, and how.
pub(super) enum Login {
    /// A user, as in ThreatQ's own connectors.
    Password(PasswordLogin),
    /// A private client, which is not a user.
    ClientCredentials { client_id: String, client_secret: Secret },
}

/// A user's login.
pub(super) struct PasswordLogin {
    client_id: String,
    email: String,
    password: Secret,
    /// The one encoding that is set; all may be tried where none is.
    encoding: Option<LoginEncoding>,
    /// The place in [`FORMS`] of the form that was understood, or that is tried first.
    form: AtomicUsize,
}

/// What a login gives.
pub(super) struct Token {
    access: Secret,
    refresh: Option<Secret>,
    /// When to get another one; never, where the server does not say how long this one lives.
    renew_at: Option<Instant>,
    /// What ThreatQ's clock said when it gave it.
    pub(super) given_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    access_token: String,
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "lenient::count")]
    expires_in: Option<u64>,
}

impl Token {
    /// What the Authorization header says. A live ThreatQ refused the scheme in lower case.
    pub(super) fn bearer(&self) -> Secret {
        Secret::new(format!("Bearer {}", self.access.reveal()))
    }

    /// Whether it is about to expire.
    pub(super) fn is_old(&self) -> bool {
        self.renew_at.is_some_and(|at| at <= Instant::now())
    }
}

impl PasswordLogin {
    pub(super) fn new(
        client_id: String,
        email: String,
        password: Secret,
        encoding: Option<LoginEncoding>,
    ) -> Self {
        Self { client_id, email, password, encoding, form: AtomicUsize::new(0) }
    }

    fn request(&self, http: &Http, base: &str, (encoding, name): (LoginEncoding, &str)) -> RequestBuilder {
        let request = http.post(format!("{base}/api/token"));
        let grant = [("grant_type", "password"), ("client_id", &self.client_id)];
        let user = [(name, self.email.as_str()), ("password", self.password.reveal())];
        let all = [grant, user].concat();
        let json = |members: &[(&str, &str)]| {
            Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect())
        };
        match encoding {
            LoginEncoding::Query => request.query(&grant).json(&json(&user)),
            LoginEncoding::Json => request.json(&json(&all)),
            LoginEncoding::Form => request.form(&all),
        }
    }

    /// Tries one form after the other for as long as the answer is that the request was not understood.
    fn answer(&self, http: &Http, base: &str) -> Result<(Instant, Answer), Error> {
        let hidden = Hidden::of([&self.password]);
        let first = self.form.load(Ordering::Relaxed);
        let forms = FORMS.iter().enumerate().skip(first);
        let mut forms =
            forms.filter(|(_, (form, _))| self.encoding.is_none_or(|set| set == *form)).peekable();
        while let Some((place, form)) = forms.next() {
            let asked_at = Instant::now();
            let answer = exchange::ask("/api/token", &hidden, || self.request(http, base, *form))?;
            if forms.peek().is_none() || !is_misunderstanding(&answer) {
                self.form.store(place, Ordering::Relaxed);
                return Ok((asked_at, answer));
            }
            tracing::info!("the login in the form {:?} with {} was not understood", form.0, form.1);
        }
        Err(Error::Settings("no form of login is left to try".to_owned()))
    }
}

/// Whether the server says that it did not understand the request, so that it looked at no password: the type of the
/// body, OAuth's own words for a request that lacks something (RFC 6749, section 5.2), or a field that it misses.
fn is_misunderstanding(answer: &Answer) -> bool {
    match answer.status {
        415 => true,
        400 | 422 => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let code = body.get("error").and_then(Value::as_str).unwrap_or_default();
            ["invalid_request", "unsupported_grant_type"].contains(&code) || misses_a_field(&body)
        }
        _ => false,
    }
}

/// Whether errors that are given field by field all say of fields of ours that they are required.
fn misses_a_field(body: &Value) -> bool {
    let fields = ["/data/errors", "/errors"].iter().find_map(|place| body.pointer(place)?.as_object());
    let is_required = |(field, words): (&String, &Value)| {
        let ours = ["grant_type", "client_id", "email", "username", "password"].contains(&field.as_str());
        ours && words.to_string().contains("required")
    };
    fields.is_some_and(|fields| !fields.is_empty() && fields.iter().all(is_required))
}

impl Login {
    /// The grant that the settings ask for: a client secret where one is named, a user's password otherwise.
    pub(super) fn from_settings(settings: &Threatq) -> Result<Self, Failure> {
        let set =
            |value: &Option<String>, flag: &str, key: &str| crate::config::required(value.clone(), flag, key);
        let client_id = set(&settings.client_id, "--client-id", "threatq.client_id")?;
        let (file, command) = (settings.client_secret_file.as_deref(), &settings.client_secret_command);
        if let Some(place) = Place::of("threatq.client_secret", file, command)? {
            return Ok(Self::ClientCredentials { client_id, client_secret: place.read()? });
        }
        let email = set(&settings.email, "--email", "threatq.email")?;
        let (file, command) = (settings.password_file.as_deref(), &settings.password_command);
        let Some(place) = Place::of("threatq.password", file, command)? else {
            let sentence = "no login: set threatq.password_file (--password-file) or threatq.client_secret_file (--client-secret-file)";
            return Err(Failure::new(Status::Config, sentence));
        };
        let password = place.read()?;
        Ok(Self::Password(PasswordLogin::new(client_id, email, password, settings.login_encoding)))
    }

    fn answer(&self, http: &Http, base: &str) -> Result<(Instant, Answer), Error> {
        match self {
            Self::Password(login) => login.answer(http, base),
            Self::ClientCredentials { client_id, client_secret } => {
                asked(&Hidden::of([client_secret]), || {
                    http.post(format!("{base}/api/token"))
                        .query(&[("grant_type", "client_credentials")])
                        .basic_auth(client_id, Some(client_secret.reveal()))
                })
            }
        }
    }

    /// Logs in.
    pub(super) fn token(&self, http: &Http, base: &str) -> Result<Token, Error> {
        let (asked_at, answer) = self.answer(http, base)?;
        let token = granted(base, asked_at, &answer)?;
        tracing::info!("logged in to {base}");
        Ok(token)
    }

    /// A new token for one that is about to expire: by the refresh grant where there is one to use, otherwise, or when
    /// that is refused, by a new login.
    pub(super) fn renewed(&self, http: &Http, base: &str, old: &Token) -> Result<Token, Error> {
        let Some(refresh) = &old.refresh else { return self.token(http, base) };
        let request = || {
            let query = [("grant_type", "refresh_token"), ("refresh_token", refresh.reveal())];
            let request = http.post(format!("{base}/api/token")).query(&query);
            match self {
                Self::Password(_) => request.header(AUTHORIZATION, old.bearer().reveal()),
                Self::ClientCredentials { client_id, client_secret } => {
                    request.basic_auth(client_id, Some(client_secret.reveal()))
                }
            }
        };
        let client_secret = match self {
            Self::Password(_) => None,
            Self::ClientCredentials { client_secret, .. } => Some(client_secret),
        };
        let hidden = Hidden::of([refresh, &old.access].into_iter().chain(client_secret));
        match asked(&hidden, request).and_then(|(asked_at, answer)| granted(base, asked_at, &answer)) {
            Err(Error::LoginRefused(_)) => self.token(http, base),
            other => other,
        }
    }
}

/// Asks for a token; the answer, and when it was asked for.
fn asked(hidden: &Hidden, request: impl Fn() -> RequestBuilder) -> Result<(Instant, Answer), Error> {
    let asked_at = Instant::now();
    Ok((asked_at, exchange::ask("/api/token", hidden, request)?))
}

/// The token in an answer.
fn granted(base: &str, asked_at: Instant, answer: &Answer) -> Result<Token, Error> {
    match answer.status {
        200..=299 => (),
        400 | 401 | 422 => {
            return Err(Error::LoginRefused(format!("{base} refused the login: {}", answer.words())));
        }
        _ => return Err(answer.refusal()),
    }
    let given_at = answer.date;
    let answer: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| {
        Error::Nonsense(format!("{base}/api/token did not answer with a token: is this ThreatQ?"))
    })?;
    if answer.access_token.is_empty() || !answer.access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::LoginRefused(format!("{base} answered the login without a token")));
    }
    // Nine tenths of its life; "0" is said by servers whose tokens live on.
    let lifetime = answer
        .expires_in
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Duration::from_secs(seconds).mul_f64(0.9));
    Ok(Token {
        access: Secret::new(answer.access_token),
        refresh: answer.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
        renew_at: lifetime.and_then(|lifetime| asked_at.checked_add(lifetime)),
        given_at,
    })
}
