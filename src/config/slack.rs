//! `[slack]`: who gets which message, and how it leaves. Its keys are flags of two programs, a half each.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::section::seconds;
use super::{Defang, Details, Tlp};

/// `[slack]`, as the file has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slack {
    /// Whether the connector posts messages; absent means no.
    pub enabled: Option<bool>,
    /// Channels, by name or id.
    pub channels: Vec<String>,
    /// People, by name, address or id.
    pub users: Vec<String>,
    /// Which values are made unclickable.
    pub defang: Option<Defang>,
    /// Zone in which times are shown.
    pub timezone: Option<String>,
    /// How many items a digest lists.
    pub max_items: Option<u32>,
    /// How many messages about single objects a run makes.
    pub max_messages: Option<u32>,
    /// How much of an item is told.
    pub details: Option<Details>,
    /// Items of these TLPs are counted and linked only.
    pub hide_tlp: Option<Vec<Tlp>>,
    /// No messages are made of items of these TLPs.
    pub refuse_tlp: Option<Vec<Tlp>>,
    /// Where the methods of Slack's Web API are.
    pub url: Option<String>,
    /// File that holds the token.
    pub token_file: Option<PathBuf>,
    /// Program that prints it, with its arguments; no shell.
    pub token_command: Vec<String>,
    /// HTTP proxy to ask through.
    pub proxy: Option<String>,
    /// Certificate authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Seconds to wait for each answer.
    #[serde(deserialize_with = "seconds")]
    pub timeout: Option<u64>,
    /// The outbox of the messages.
    pub state: Option<PathBuf>,
}

/// The flags of `tq-format-slack`.
#[derive(Args, Clone, Debug, Default)]
pub struct SlackMessages {
    /// Post to these channels, separated by commas, by name or id
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// Write to these people, separated by commas, by name, e-mail address or id
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub users: Vec<String>,
    /// Which values are made unclickable; auto unless said otherwise
    #[arg(long, value_name = "WHAT", value_enum)]
    pub defang: Option<Defang>,
    /// Show times in this zone, such as Europe/Berlin; UTC unless said otherwise
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// List at most so many items in a digest; 20 unless said otherwise
    #[arg(long, value_name = "N")]
    pub max_items: Option<u32>,
    /// Make at most so many messages about single objects in a run, and one digest of the rest; 20 unless said otherwise
    #[arg(long, value_name = "N")]
    pub max_messages: Option<u32>,
    /// Make no messages of alerts that this outbox has taken already; it is only read
    #[arg(long = "taken", value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// The flags of `tq-send-slack`.
#[derive(Args, Clone, Debug, Default)]
pub struct SlackApi {
    /// Where Slack's methods are; <https://slack.com/api/> unless said otherwise
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// File that holds the app's token, mode 0600
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Program that prints that token, with its arguments; no shell
    #[arg(long, value_name = "CMD", value_delimiter = ' ')]
    pub token_command: Vec<String>,
    /// Ask Slack through this HTTP proxy
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Trust the certificate authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Wait this long for each answer; 30 unless said otherwise
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
    /// The outbox, and what is remembered of it between runs
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

impl Slack {
    /// These settings, but for what the formatter's flags say.
    #[must_use]
    pub fn with_messages(self, flags: SlackMessages) -> Self {
        Self {
            channels: if flags.channels.is_empty() { self.channels } else { flags.channels },
            users: if flags.users.is_empty() { self.users } else { flags.users },
            defang: flags.defang.or(self.defang),
            timezone: flags.timezone.or(self.timezone),
            max_items: flags.max_items.or(self.max_items),
            max_messages: flags.max_messages.or(self.max_messages),
            state: flags.state.or(self.state),
            ..self
        }
    }

    /// These settings, but for what the sender's flags say.
    #[must_use]
    pub fn with_api(self, flags: SlackApi) -> Self {
        let token =
            super::secret_of((flags.token_file, flags.token_command), (self.token_file, self.token_command));
        Self {
            url: flags.url.or(self.url),
            token_file: token.0,
            token_command: token.1,
            proxy: flags.proxy.or(self.proxy),
            ca_file: flags.ca_file.or(self.ca_file),
            timeout: flags.timeout.or(self.timeout),
            state: flags.state.or(self.state),
            ..self
        }
    }
}
