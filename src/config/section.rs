//! The sections of the configuration: every field is a key of the file and a flag of the programs that use it.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::threatq::concurrency;
use super::{Rate, Span};
use crate::terminal::Color;

/// What every program understands. No section of the file: the place of the file itself is among it.
#[derive(Args, Debug)]
#[command(next_display_order = 100)]
pub struct Common {
    /// Read settings from this TOML file; flags beat it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say more on standard error: 1 failures and warnings, 2 steps, 3 everything
    #[arg(short, long, value_name = "1|2|3", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub verbosity: u8,
    /// Use colour on a terminal
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Show all settings and where each comes from: a flag, the environment, the file or the default
    #[arg(long)]
    pub print_config: bool,
}

/// `[[collection]]`: one data collection to look at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Whether to look at it; absent means yes.
    pub enabled: Option<bool>,
    /// Its name in ThreatQ.
    pub name: String,
    /// Only objects of these types; empty means those that the collection selects.
    #[serde(default)]
    pub objects: Vec<String>,
    /// What is reported; absent means new items only.
    pub notify: Option<Notify>,
    /// How often all of it is read, and not only what was touched; absent means once a day.
    pub rescan: Option<Span>,
    /// Whether what left is reported, too; absent means no.
    pub removed: Option<bool>,
}

/// What of a collection is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// New items
    #[default]
    New,
    /// New items, and items that were touched
    Any,
}

/// How the line to the relay is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte (port 465)
    #[default]
    Implicit,
    /// After STARTTLS, which the relay must offer (port 587)
    Starttls,
    /// Not at all; never with a login except on loopback (port 25)
    None,
}

/// `[smtp]`: how the mail leaves.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// Relay to send through
    #[arg(long, value_name = "H")]
    pub host: Option<String>,
    /// Its port, if not the usual one for --tls
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// How the line is protected; implicit unless said otherwise
    #[arg(long, value_name = "HOW", value_enum)]
    pub tls: Option<Tls>,
    /// Log in as this user; no login otherwise
    #[arg(long, value_name = "U")]
    pub username: Option<String>,
    /// File that holds the password, mode 0600
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Program that prints that password, with its arguments; no shell
    #[arg(long, value_name = "CMD", value_delimiter = ' ')]
    pub password_command: Vec<String>,
    /// File that holds an OAuth 2.0 token to log in with, mode 0600
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Program that prints such a token, with its arguments; no shell
    #[arg(long, value_name = "CMD", value_delimiter = ' ')]
    pub token_command: Vec<String>,
    /// Trust the certificate authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Certificate to show the relay, a PEM file with its chain
    #[arg(long, value_name = "FILE")]
    pub client_cert_file: Option<PathBuf>,
    /// File that holds that certificate's key, mode 0600
    #[arg(long, value_name = "FILE")]
    pub client_key_file: Option<PathBuf>,
    /// Trust the relay whose key has this SHA-256, whoever vouches for it, and no other
    #[arg(long, value_name = "P")]
    pub pin_sha256: Option<String>,
    /// Wait this long for each answer, instead of as long as RFC 5321 asks
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    #[serde(deserialize_with = "seconds")]
    pub timeout: Option<u64>,
    /// Wait this long for the answer to the final dot, whatever --timeout says
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    #[serde(deserialize_with = "seconds")]
    pub final_timeout: Option<u64>,
    /// Send over as many sessions at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    #[serde(deserialize_with = "concurrency")]
    pub connections: Option<u8>,
    /// Begin no more mails than that: 30/min, 2/s, 500/h
    #[arg(long, value_name = "RATE")]
    pub rate: Option<Rate>,
    /// Deliver into this Maildir instead of a relay
    #[arg(long, value_name = "DIR")]
    pub maildir: Option<PathBuf>,
}

impl Smtp {
    /// These settings, and the other ones where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let password = super::secret_of(
            (self.password_file, self.password_command),
            (other.password_file, other.password_command),
        );
        let token =
            super::secret_of((self.token_file, self.token_command), (other.token_file, other.token_command));
        Self {
            host: self.host.or(other.host),
            port: self.port.or(other.port),
            tls: self.tls.or(other.tls),
            username: self.username.or(other.username),
            password_file: password.0,
            password_command: password.1,
            token_file: token.0,
            token_command: token.1,
            ca_file: self.ca_file.or(other.ca_file),
            client_cert_file: self.client_cert_file.or(other.client_cert_file),
            client_key_file: self.client_key_file.or(other.client_key_file),
            pin_sha256: self.pin_sha256.or(other.pin_sha256),
            timeout: self.timeout.or(other.timeout),
            final_timeout: self.final_timeout.or(other.final_timeout),
            connections: self.connections.or(other.connections),
            rate: self.rate.or(other.rate),
            maildir: self.maildir.or(other.maildir),
        }
    }
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = u64::deserialize(deserializer)?;
    if (1..=3600).contains(&number) {
        Ok(Some(number))
    } else {
        Err(D::Error::custom("not between 1 and 3600"))
    }
}

/// `[state]`: what is remembered between runs.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// The state that is remembered between runs
    #[arg(long = "state", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// With so many mails waiting, no source that brings more is taken; absent means 10,000.
    #[arg(skip)]
    pub most_waiting: Option<NonZeroU32>,
    /// A mail that is only ever refused for now is given up after this; absent means 5 days.
    #[arg(skip)]
    pub keep_trying: Option<Span>,
    /// What everybody has is forgotten after this; absent means 30 days.
    #[arg(skip)]
    pub keep_delivered: Option<Span>,
}

/// `[monitoring]`: how others learn that runs go well.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Monitoring {
    /// At the end of a run write metrics into this file, for Prometheus
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// A file that holds the address to call after a run that ended with 0, mode 0600.
    #[arg(skip)]
    pub heartbeat_file: Option<PathBuf>,
    /// A program that prints that address, with its arguments; no shell.
    #[arg(skip)]
    pub heartbeat_command: Vec<String>,
}

impl Monitoring {
    /// These settings, and the other ones where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let heartbeat = super::secret_of(
            (self.heartbeat_file, self.heartbeat_command),
            (other.heartbeat_file, other.heartbeat_command),
        );
        Self {
            metrics: self.metrics.or(other.metrics),
            heartbeat_file: heartbeat.0,
            heartbeat_command: heartbeat.1,
        }
    }
}
