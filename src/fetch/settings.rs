//! What people set in ThreatQ's own pages for an integration, as settings of ours, for the connector.
//!
//! The names of the fields are not public: those of the guide's table are taken for them (guessed), and a mapping in the
//! configuration may say others. A field that is empty, or that fits none of our keys, sets nothing. No secret is taken.

use std::io::Write;

use crate::config::{Threatq, bare_word};
use crate::escape;
use crate::exit::{Failure, Status};
use crate::ndjson::Writer;
use crate::threatq::{Client, Integration, OwnRelay};

/// How a field's value becomes a setting.
#[derive(Clone, Copy)]
enum Form {
    /// As it is.
    Text,
    /// A switch: true or false.
    Switch,
    /// A switch: TLS from the first byte, or none.
    Ssl,
    /// One of the guide's two sentences about new and updated items.
    Frequency,
}

/// Our keys that a field may set, with the guide's name for each in lower-case letters and digits.
const KEYS: [Key; 12] = [
    ("threatq.link_host", "threatqhostnameip", Form::Text),
    ("email.from", "email", Form::Text),
    ("email.to", "recipients", Form::Text),
    ("smtp.username", "username", Form::Text),
    ("smtp.port", "port", Form::Text),
    ("smtp.tls", "usessl", Form::Ssl),
    ("watchlist.enabled", "enablewatchlistnotifications", Form::Switch),
    ("watchlist.users", "watchlistusers", Form::Text),
    ("collection.enabled", "enabledatacollectionnotifications", Form::Switch),
    ("collection.name", "datacollectionname", Form::Text),
    ("collection.objects", "datacollectionobjectselection", Form::Text),
    ("collection.notify", "notificationfrequencysavedsearch", Form::Frequency),
];
/// The longest value that is taken, in bytes.
const LIMIT: usize = 8192;

/// Prints a line for each setting, its key and its value, and says at verbosity 2 what becomes of each field.
/// `wants_relay`: whether the configuration names none.
pub fn settings<W: Write>(
    threatq: &Threatq,
    wants_relay: bool,
    output: &mut Writer<W>,
) -> Result<Status, Failure> {
    let mapping = mapping(&threatq.settings_map)?;
    let client = Client::connect(threatq)?;
    if let Some(name) = &threatq.settings_from {
        let integration = Integration::read(&client, name)?;
        if let Some(is_active) = integration.is_active {
            output.say(&format!("enabled {is_active}"))?;
        }
        for (field, value) in &integration.fields {
            let own = mapping.iter().find(|(name, _)| *name == bare_word(field)).map(|(_, known)| *known);
            let known = own.or_else(|| KEYS.iter().find(|(_, guide, _)| *guide == bare_word(field)));
            let Some((key, _, form)) = known else {
                tracing::info!("ThreatQ's field '{field}' sets nothing here");
                continue;
            };
            if let Some(value) = form.setting(value.trim()) {
                tracing::info!("ThreatQ's field '{field}' sets {key}");
                output.say(&format!("{key} {value}"))?;
            } else {
                tracing::info!("ThreatQ's field '{field}' is empty or no value for {key}");
            }
        }
    }
    if threatq.relay == Some(true) && wants_relay {
        own_relay(&client, output)?;
    }
    output.flush()?;
    Ok(Status::Done)
}

/// The relay of ThreatQ's own mails, whole or not at all.
fn own_relay<W: Write>(client: &Client, output: &mut Writer<W>) -> Result<(), Failure> {
    let relay = OwnRelay::read(client)?;
    let host = relay.host.and_then(|host| Form::Text.setting(&host));
    let tls = match relay.ssl.as_deref() {
        Some("ssl") => Some("implicit"),
        Some("tls") => Some("starttls"),
        // An explicit word is needed for less.
        _ => None,
    };
    let (Some(host), Some(tls)) = (host, tls) else {
        let sentence = "ThreatQ's own settings for mail name no relay with TLS; set smtp.host and smtp.tls";
        return Err(Failure::new(Status::Config, sentence));
    };
    tracing::info!("ThreatQ's field 'smtp.host' sets smtp.host");
    output.say(&format!("smtp.host {host}"))?;
    output.say(&format!("smtp.tls {tls}"))?;
    match relay.port.and_then(|port| Form::Text.setting(&port)) {
        Some(port) => Ok(output.say(&format!("smtp.port {port}"))?),
        None => Ok(()),
    }
}

type Key = (&'static str, &'static str, Form);

/// The fields of other names, and the keys that they set.
fn mapping(entries: &[String]) -> Result<Vec<(String, &'static Key)>, Failure> {
    let each = |entry: &String| {
        let (field, key) = entry.rsplit_once('=').unwrap_or_default();
        let known = KEYS.iter().find(|(known, ..)| *known == key.trim());
        known.filter(|_| !field.trim().is_empty()).map(|known| (bare_word(field), known)).ok_or_else(|| {
            let keys = KEYS.map(|(key, ..)| key).join(", ");
            let sentence =
                format!("threatq.settings_map: '{entry}' is not FIELD=KEY, where KEY is one of {keys}");
            Failure::new(Status::Config, sentence)
        })
    };
    entries.iter().map(each).collect()
}

impl Form {
    fn setting(self, value: &str) -> Option<String> {
        // One line each, and nothing that does not show itself.
        if value.is_empty() || value.len() > LIMIT || escape::visible(value) != value {
            return None;
        }
        let lower = value.to_lowercase();
        let is_on = match lower.as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        };
        match self {
            Self::Text => Some(value.to_owned()),
            Self::Switch => is_on.map(|is_on| is_on.to_string()),
            Self::Ssl => is_on.map(|is_on| if is_on { "implicit" } else { "none" }.to_owned()),
            Self::Frequency if lower == "any" || lower.contains("updated") => Some("any".to_owned()),
            Self::Frequency => lower.contains("new").then(|| "new".to_owned()),
        }
    }
}
