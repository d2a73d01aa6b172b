//! An integration as ThreatQ's own pages show it: its switch, and the fields of its configuration tab.
//!
//! `GET /api/connectors?name=NAME`, and that a row has `name`, `is_active` and `custom_fields`, are known from shipped
//! code. What is in `custom_fields` is not public. Guessed, and all accepted: an object of field and value; of field and
//! an object that has `value`; a list of objects that have `name`, `key` or `label`, and `value`; each also as a string
//! that holds such JSON.
//!
//! ThreatQ's own settings for mail, `GET /api/configuration/smtp`, have the names `smtp.host`, `smtp.port` and `smtp.ssl`
//! (`ssl` or `tls`), which is known; that they are fields in the same forms is guessed.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::page::Envelope;
use super::{Client, Error};
use crate::candidates;

/// The members of a field's object that may say its name, and what it is set to. Guessed.
const NAMES: [&str; 3] = ["name", "key", "label"];
const VALUE: &str = "value";

/// An integration.
#[derive(Debug)]
pub struct Integration {
    /// Whether it is switched on, where it says so.
    pub is_active: Option<bool>,
    /// Its fields and what they are set to; a list is joined by commas.
    pub fields: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Row {
    name: Option<String>,
    is_active: Option<Value>,
    custom_fields: Option<Value>,
}

impl Integration {
    /// Asks for the one of this name, whatever the case.
    pub fn read(client: &Client, name: &str) -> Result<Self, Error> {
        let query = [("name", name), ("limit", "1000")];
        let rows: Envelope<Vec<Row>> = client.get("/api/connectors", &query)?;
        // A server may not heed the name.
        let is_called =
            |row: &&Row| row.name.as_ref().is_some_and(|own| own.to_lowercase() == name.to_lowercase());
        match rows.data.iter().filter(is_called).collect::<Vec<_>>().as_slice() {
            [row] => Ok(Self {
                is_active: row.is_active.as_ref().and_then(truth),
                fields: row.custom_fields.as_ref().map(fields).unwrap_or_default(),
            }),
            [] => {
                let known = rows.data.iter().filter_map(|row| row.name.as_deref());
                let hint = candidates::sentence(name, known);
                Err(Error::Name(format!("no integration '{name}' in ThreatQ; {hint}")))
            }
            _ => Err(Error::Name(format!("several integrations in ThreatQ are called '{name}'"))),
        }
    }
}

/// The relay that ThreatQ itself sends mail through.
#[derive(Debug, Default)]
pub struct OwnRelay {
    /// Its host.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<String>,
    /// `ssl` or `tls`.
    pub ssl: Option<String>,
}

impl OwnRelay {
    /// Asks for it, which may take an administrator's role.
    pub fn read(client: &Client) -> Result<Self, Error> {
        let settings: Envelope<Value> = client.get("/api/configuration/smtp", &[])?;
        let fields = fields(settings.data.get("smtp").unwrap_or(&settings.data));
        let field = |name: &str| {
            let is_called = |own: &str| own.strip_prefix("smtp.").unwrap_or(own) == name;
            let (_, value) = fields.iter().find(|(own, _)| is_called(own))?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        Ok(Self { host: field("host"), port: field("port"), ssl: field("ssl") })
    }
}

/// Whether a switch is on, in the forms that ThreatQ is known to write one.
fn truth(value: &Value) -> Option<bool> {
    let word = plain(value)?.to_lowercase();
    match word.as_str() {
        "true" | "1" | "y" | "yes" | "on" => Some(true),
        "false" | "0" | "n" | "no" | "off" | "" => Some(false),
        _ => None,
    }
}

fn fields(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(inside @ (Value::Object(_) | Value::Array(_))) => fields(&inside),
            _ => Vec::new(),
        },
        Value::Object(members) => {
            members.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect()
        }
        Value::Array(rows) => rows.iter().filter_map(|row| named(row.as_object()?)).collect(),
        _ => Vec::new(),
    }
}

fn named(row: &Map<String, Value>) -> Option<(String, String)> {
    let name = NAMES.iter().find_map(|name| row.get(*name)?.as_str())?;
    Some((name.to_owned(), plain(row.get(VALUE)?)?))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(items) => {
            let items: Option<Vec<String>> =
                items.iter().map(|item| plain(item).filter(|_| !item.is_array())).collect();
            Some(items?.join(","))
        }
        Value::Object(members) => members.get(VALUE).filter(|value| !value.is_object()).and_then(plain),
    }
}
