//! Logging in: `POST /api/token` with the password or the client-credentials grant.
//!
//! The token stays in memory. A 400 and a 401 both mean that the login was refused: ThreatQ answers 400 for bad
//! credentials.

use reqwest::blocking::{Client as Http, RequestBuilder};
use serde::Deserialize;
use serde_json::json;

use super::Error;
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

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    access_token: String,
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

    /// Logs in and returns the access token.
    pub(super) fn token(&self, http: &Http, base: &str) -> Result<Secret, Error> {
        let answer = super::client::send(self.request(http, base), "/api/token")?;
        match answer.status {
            200..=299 => (),
            400 | 401 => {
                return Err(Error::LoginRefused(format!("{base} refused the login: {}", answer.words())));
            }
            _ => return Err(answer.refusal()),
        }
        let Token { access_token } = serde_json::from_slice(&answer.body).map_err(|_| {
            Error::Nonsense(format!("{base}/api/token did not answer with a token: is this ThreatQ?"))
        })?;
        if access_token.is_empty() || !access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::LoginRefused(format!("{base} answered the login without a token")));
        }
        tracing::info!("logged in to {base}");
        Ok(Secret::new(access_token))
    }
}
