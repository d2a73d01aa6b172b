//! `[email]` and `[[route]]`: who gets which mail, and what it may say.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// `[email]`: who writes to whom, and how much.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Email {
    /// Whether the connector sends mails; absent means yes.
    #[arg(skip)]
    pub enabled: Option<bool>,
    /// Author of the mails: an address, with or without a name before it
    #[arg(long, value_name = "ADDR")]
    pub from: Option<String>,
    /// Recipients, separated by commas; with routes, of what no route takes
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub to: Vec<String>,
    /// Take templates from this folder, file by file, before the built-in ones
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// Which values are made unclickable; auto unless said otherwise
    #[arg(long, value_name = "WHAT", value_enum)]
    pub defang: Option<Defang>,
    /// Show times in this zone, such as Europe/Berlin; UTC unless said otherwise
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// List at most so many items in the body of a digest; 50 unless said otherwise
    #[arg(long, value_name = "N")]
    pub max_items: Option<u32>,
    /// Send at most so many mails about single objects in a run, and one digest of the rest; 50 unless said otherwise
    #[arg(long, value_name = "N")]
    pub max_mails: Option<u32>,
    /// Make no mail larger than this; 10000000 unless said otherwise
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(i64::from(Email::SMALLEST)..))]
    #[serde(deserialize_with = "size")]
    pub max_size: Option<u32>,
    /// Whether mails about the same thing form a thread; absent means yes.
    #[arg(skip)]
    pub threads: Option<bool>,
    /// How recipients share a mail.
    #[arg(skip)]
    pub mode: Option<Mode>,
    /// How much of an item is told.
    #[arg(skip)]
    pub details: Option<Details>,
    /// Items of these TLPs are counted and linked only.
    #[arg(skip)]
    pub hide_tlp: Option<Vec<Tlp>>,
    /// Items of these TLPs are not mailed.
    #[arg(skip)]
    pub refuse_tlp: Option<Vec<Tlp>>,
}

impl Email {
    /// Below this a mail has no room for its texts.
    pub const SMALLEST: u32 = 20_000;

    /// These settings, and the other ones where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            enabled: self.enabled.or(other.enabled),
            from: self.from.or(other.from),
            to: if self.to.is_empty() { other.to } else { self.to },
            templates: self.templates.or(other.templates),
            defang: self.defang.or(other.defang),
            timezone: self.timezone.or(other.timezone),
            max_items: self.max_items.or(other.max_items),
            max_mails: self.max_mails.or(other.max_mails),
            max_size: self.max_size.or(other.max_size),
            threads: self.threads.or(other.threads),
            mode: self.mode.or(other.mode),
            details: self.details.or(other.details),
            hide_tlp: self.hide_tlp.or(other.hide_tlp),
            refuse_tlp: self.refuse_tlp.or(other.refuse_tlp),
        }
    }
}

/// `[[route]]`: which alerts go to whom. What is left out of the second half is as `[email]` has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Route {
    /// Only what one of these watches, by name or address.
    pub watchers: Vec<String>,
    /// Only what is in one of these collections, by name or hash.
    pub collections: Vec<String>,
    /// Only objects of these types or subtypes.
    pub types: Vec<String>,
    /// Only objects with one of these statuses.
    pub statuses: Vec<String>,
    /// Only objects with at least this score.
    pub min_score: Option<i64>,
    /// Only objects with at most this score.
    pub max_score: Option<i64>,
    /// Only objects of these TLPs.
    pub tlp: Vec<Tlp>,
    /// Only objects with one of these tags.
    pub tags: Vec<String>,
    /// Recipients.
    pub to: Vec<String>,
    /// Recipients of copies.
    pub cc: Vec<String>,
    /// Recipients that the mail does not name.
    pub bcc: Vec<String>,
    /// Whether each watcher gets a mail of their own.
    pub to_watchers: bool,
    /// How recipients share a mail.
    pub mode: Option<Mode>,
    /// Folder below that of the templates which is looked into first.
    pub template: Option<String>,
    /// Which values are made unclickable.
    pub defang: Option<Defang>,
    /// How much of an item is told.
    pub details: Option<Details>,
    /// Items of these TLPs are counted and linked only.
    pub hide_tlp: Option<Vec<Tlp>>,
    /// Items of these TLPs are not mailed on this route.
    pub refuse_tlp: Option<Vec<Tlp>>,
}

/// Which values are made unclickable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Defang {
    /// What mail programs make links of: URLs, domains, addresses, network paths
    #[default]
    Auto,
    /// IP addresses as well
    All,
    /// Nothing
    Never,
}

/// How recipients share a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One mail that names them all.
    #[default]
    Shared,
    /// A mail for each.
    Individual,
    /// One mail that names nobody.
    Bcc,
}

/// How much of an item is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Details {
    /// Everything.
    #[default]
    Full,
    /// That it is there, and its link.
    Hide,
}

/// A level of the Traffic Light Protocol, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is the protocol's own word")]
pub enum Tlp {
    Red,
    #[serde(rename = "amber+strict")]
    AmberStrict,
    Amber,
    Green,
    #[serde(alias = "clear")]
    White,
    /// The object has none.
    None,
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = u32::deserialize(deserializer)?;
    if number >= Email::SMALLEST {
        Ok(Some(number))
    } else {
        Err(D::Error::custom(format_args!("less than {}", Email::SMALLEST)))
    }
}
