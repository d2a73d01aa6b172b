//! What people set in ThreatQ's own pages for an integration, as settings of ours, for the connector.
//!
//! The names of the fields are not public: those of the guide's table are taken for them (guessed), and a mapping in the
//! configuration may say others. A field that is empty, or that fits none of our keys, sets nothing. No secret is taken.

use std::io::Write;

use crate::config::Threatq;
use crate::escape;
use crate::exit::{Failure, Status};
use crate::ndjson::Writer;
use crate::threatq::{Client, Integration};

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
const KEYS: [(&str, &str, Form); 12] = [
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

/// Prints a line for each setting, its key and its value, and says of each field at verbosity 2 what becomes of it.
pub fn settings<W: Write>(threatq: &Threatq, output: &mut Writer<W>) -> Result<Status, Failure> {
    let refused = |sentence: String| Failure::new(Status::Config, sentence);
    let name = threatq.settings_from.as_deref();
    let name = name.ok_or_else(|| refused("threatq.settings_from is not set".to_owned()))?;
    let mut mapping = Vec::new();
    for entry in &threatq.settings_map {
        let (field, key) = entry.rsplit_once('=').unwrap_or_default();
        let known = KEYS.iter().find(|(known, ..)| *known == key.trim()).filter(|_| !field.trim().is_empty());
        let known = known.ok_or_else(|| {
            let keys: Vec<&str> = KEYS.iter().map(|(key, ..)| *key).collect();
            refused(format!(
                "threatq.settings_map: '{entry}' is not FIELD=KEY, where KEY is one of {}",
                keys.join(", ")
            ))
        })?;
        mapping.push((word(field), known));
    }
    let integration = Integration::read(&Client::connect(threatq)?, name)?;
    if let Some(is_active) = integration.is_active {
        output.say(&format!("enabled {is_active}"))?;
    }
    for (field, value) in &integration.fields {
        let own = mapping.iter().find(|(name, _)| *name == word(field)).map(|(_, known)| *known);
        let Some((key, _, form)) = own.or_else(|| KEYS.iter().find(|(_, guide, _)| *guide == word(field)))
        else {
            tracing::info!("ThreatQ's field '{field}' sets nothing here");
            continue;
        };
        match form.setting(value.trim()) {
            Some(value) => {
                tracing::info!("ThreatQ's field '{field}' sets {key}");
                output.say(&format!("{key} {value}"))?;
            }
            None => tracing::info!("ThreatQ's field '{field}' is empty or no value for {key}"),
        }
    }
    output.flush()?;
    Ok(Status::Done)
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

fn word(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
