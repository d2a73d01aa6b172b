//! Logging in: `POST /api/token` with the password or the client-credentials grant, and the refresh grant after it.
//!
//! The token stays in memory. A 400 and a 401 both mean that the login was refused: ThreatQ answers 400 for bad
//! credentials.

use std::time::{Duration, Instant};

use reqwest::blocking::{Client as Http, RequestBuilder};
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::json;

use super::{Error, exchange, lenient};
use crate::config::Threatq;
use crate::exit::{Failure, Status};
use crate::secret::{self, Secret};

/// Who logs in, and how.
pub(super) enum Login {
    /// A user, as in ThreatQ's own connectors.
    Password { client_id: String, email: String, password: Secret },
    /// A private client, which is not a user.
    ClientCredentials { client_id: String, client_secret: Secret },
}

/// What a login gives.
pub(super) struct Token {
    access: Secret,
    refresh: Option<Secret>,
    /// When to get another one; never, where the server does not say how long this one lives.
    renew_at: Option<Instant>,
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

impl Login {
    /// The grant that the settings ask for: a client secret where one is named, a user's password otherwise.
    pub(super) fn from_settings(settings: &Threatq) -> Result<Self, Failure> {
        let set =
            |value: &Option<String>, flag: &str, key: &str| crate::config::required(value.clone(), flag, key);
        let client_id = set(&settings.client_id, "--client-id", "threatq.client_id")?;
        if let Some(path) = &settings.client_secret_file {
            return Ok(Self::ClientCredentials { client_id, client_secret: secret::read(path)? });
        }
        let email = set(&settings.email, "--email", "threatq.email")?;
        let Some(path) = &settings.password_file else {
            let sentence = "no login: set threatq.password_file (--password-file) or threatq.client_secret_file (--client-secret-file)";
            return Err(Failure::new(Status::Config, sentence));
        };
        Ok(Self::Password { client_id, email, password: secret::read(path)? })
    }

    /// The words of a refusal, without the secret that they may repeat.
    fn without_secret(&self, error: Error) -> Error {
        let (Self::Password { password: secret, .. } | Self::ClientCredentials { client_secret: secret, .. }) =
            self;
        match error {
            Error::LoginRefused(words) => Error::LoginRefused(words.replace(secret.reveal(), "***")),
            other => other,
        }
    }

    fn request(&self, http: &Http, base: &str) -> RequestBuilder {
        let request = http.post(format!("{base}/api/token"));
        match self {
            Self::Password { client_id, email, password } => request
                .query(&[("grant_type", "password"), ("client_id", client_id)])
                .json(&json!({"email": email, "password": password.reveal()})),
            Self::ClientCredentials { client_id, client_secret } => request
                .query(&[("grant_type", "client_credentials")])
                .basic_auth(client_id, Some(client_secret.reveal())),
        }
    }

    /// Logs in.
    pub(super) fn token(&self, http: &Http, base: &str) -> Result<Token, Error> {
        let token = granted(base, || self.request(http, base)).map_err(|error| self.without_secret(error))?;
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
                Self::Password { .. } => request.header(AUTHORIZATION, old.bearer().reveal()),
                Self::ClientCredentials { client_id, client_secret } => {
                    request.basic_auth(client_id, Some(client_secret.reveal()))
                }
            }
        };
        match granted(base, request) {
            Err(Error::LoginRefused(_)) => self.token(http, base),
            other => other,
        }
    }
}

/// Asks for a token and reads it.
fn granted(base: &str, request: impl Fn() -> RequestBuilder) -> Result<Token, Error> {
    let asked_at = Instant::now();
    let answer = exchange::ask("/api/token", request)?;
    match answer.status {
        200..=299 => (),
        400 | 401 => {
            return Err(Error::LoginRefused(format!("{base} refused the login: {}", answer.words())));
        }
        _ => return Err(answer.refusal()),
    }
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
    })
}
