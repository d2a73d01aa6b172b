//! The sections about ThreatQ: where it is, how to log in, and how to learn what users watch.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// How the password grant travels. Shipped integrations use all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoginEncoding {
    /// Grant and client ID in the address, user and password as JSON
    Query,
    /// All of it as JSON
    Json,
    /// All of it as a form
    Form,
}

/// `[threatq]`: where ThreatQ is and how to log in.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Threatq {
    /// Address of ThreatQ, https or, on loopback only, http
    #[arg(long = "threatq", value_name = "URL")]
    pub url: Option<String>,
    /// Client ID: My Account, API Credentials in ThreatQ
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Log in as this user
    #[arg(long, value_name = "ADDR")]
    pub email: Option<String>,
    /// File that holds the user's password, mode 0600
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Program that prints that password, with its arguments; no shell
    #[arg(long, value_name = "CMD", value_delimiter = ' ')]
    pub password_command: Vec<String>,
    /// File that holds a client secret, mode 0600; then no user is needed
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// Program that prints such a secret, with its arguments; no shell
    #[arg(long, value_name = "CMD", value_delimiter = ' ')]
    pub client_secret_command: Vec<String>,
    /// How the password travels; what ThreatQ understands unless said otherwise
    #[arg(long, value_name = "HOW", value_enum)]
    pub login_encoding: Option<LoginEncoding>,
    /// Trust the certificate authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Trust the ThreatQ whose key has this SHA-256, whoever vouches for it, and no other
    #[arg(long, value_name = "P")]
    pub pin_sha256: Option<String>,
    /// Host that links in mails lead to, if not that of the address
    #[arg(long, value_name = "HOST")]
    pub link_host: Option<String>,
    /// Ask ThreatQ through this HTTP proxy; the environment's is not used
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Zone of dates that do not say theirs; UTC unless said otherwise
    #[arg(long = "threatq-timezone", value_name = "ZONE")]
    pub timezone: Option<String>,
    /// How many requests may be under way at once; 4 unless said otherwise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    #[serde(deserialize_with = "concurrency")]
    pub concurrency: Option<u8>,
    /// An integration in ThreatQ's own pages whose settings go before those of the file.
    #[arg(skip)]
    pub settings_from: Option<String>,
    /// Which of its fields is which key of ours, each as `FIELD=KEY`.
    #[arg(skip)]
    pub settings_map: Vec<String>,
    /// Whether to send through the relay of ThreatQ's own mails where the file names none; absent means no.
    #[arg(skip)]
    pub relay: Option<bool>,
}

pub(super) fn concurrency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let number = u8::deserialize(deserializer)?;
    if (1..=32).contains(&number) { Ok(Some(number)) } else { Err(D::Error::custom("not between 1 and 32")) }
}

impl Threatq {
    /// These settings, and the other ones where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let password = super::secret_of(
            (self.password_file, self.password_command),
            (other.password_file, other.password_command),
        );
        let client_secret = super::secret_of(
            (self.client_secret_file, self.client_secret_command),
            (other.client_secret_file, other.client_secret_command),
        );
        Self {
            url: self.url.or(other.url),
            client_id: self.client_id.or(other.client_id),
            email: self.email.or(other.email),
            password_file: password.0,
            password_command: password.1,
            client_secret_file: client_secret.0,
            client_secret_command: client_secret.1,
            login_encoding: self.login_encoding.or(other.login_encoding),
            ca_file: self.ca_file.or(other.ca_file),
            pin_sha256: self.pin_sha256.or(other.pin_sha256),
            link_host: self.link_host.or(other.link_host),
            proxy: self.proxy.or(other.proxy),
            timezone: self.timezone.or(other.timezone),
            concurrency: self.concurrency.or(other.concurrency),
            settings_from: self.settings_from.or(other.settings_from),
            settings_map: if self.settings_map.is_empty() { other.settings_map } else { self.settings_map },
            relay: self.relay.or(other.relay),
        }
    }
}

/// `[watchlist]`: whose watchlists to look at.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watchlist {
    /// Whether to look at watchlists at all; absent means yes.
    #[arg(skip)]
    pub enabled: Option<bool>,
    /// Users by display name or e-mail, separated by commas
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub users: Vec<String>,
    /// How ThreatQ lists what a user watches: user, watchlist, watchlists, a path, collection:NAME or walk:NAME
    #[arg(long, value_name = "PRESET")]
    pub route: Option<String>,
    /// Report also what left a watchlist
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub removed: Option<bool>,
    /// Parameters that are added to the route: `limit=1000&with=object`.
    #[arg(skip)]
    pub query: Option<String>,
    /// Where a row says its object's type, as a JSON pointer; absent means the likely places.
    #[arg(skip)]
    pub type_pointer: Option<String>,
    /// Where it says the object's number.
    #[arg(skip)]
    pub id_pointer: Option<String>,
    /// Where it says whose row it is, by the user's number.
    #[arg(skip)]
    pub owner_pointer: Option<String>,
    /// Logins of users whose lists only they can see.
    #[arg(skip)]
    pub login: Vec<Login>,
}

/// `[[watchlist.login]]`: the login with which one user's watchlist is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Whose watchlist: display name or e-mail.
    pub user: String,
    /// That user's client ID, which is each user's own; absent means that of `[threatq]`.
    pub client_id: Option<String>,
    /// The address to log in with; absent means the one that ThreatQ lists for the user.
    pub email: Option<String>,
    /// File that holds that user's password.
    pub password_file: PathBuf,
}

impl Watchlist {
    /// These settings, and the other ones where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            enabled: self.enabled.or(other.enabled),
            users: if self.users.is_empty() { other.users } else { self.users },
            route: self.route.or(other.route),
            removed: self.removed.or(other.removed),
            query: self.query.or(other.query),
            type_pointer: self.type_pointer.or(other.type_pointer),
            id_pointer: self.id_pointer.or(other.id_pointer),
            owner_pointer: self.owner_pointer.or(other.owner_pointer),
            login: if self.login.is_empty() { other.login } else { self.login },
        }
    }
}
