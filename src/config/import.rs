//! The configuration file of the connector that ours replaces, as far as it can be read: where ThreatQ is, and who logs
//! in.
//!
//! Nothing public says what that file is called, or how it is written. That it holds the answers of the first run is
//! documented ("some information from each run of the connector may be put" there, among it "private oauth"); that it is
//! INI, as Python's `ConfigParser` writes it, or JSON, and that its keys are called after the questions, is inferred. So
//! nothing is taken that could mean two things, no secret is taken, and what is not taken is said, without its value. All
//! else that the original knows is set in ThreatQ's own pages, and is not in this file: inferred, too.
//!
//! Fails with 78 where it is no text of either form.

mod ini;

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::{bare_word, refused};
use crate::escape;
use crate::exit::{Failure, Status};

/// No configuration is this long; a larger file is some other file.
const SIZE_LIMIT: u64 = 1024 * 1024;
/// No value that is carried over is this long, in bytes.
const VALUE_LIMIT: usize = 1024;
/// The longest key that is shown, in characters.
const KEY_LIMIT: usize = 64;
/// So much is said of what was not taken, and of the rest only how much it is.
const MOST_REMARKS: usize = 100;

/// The keys that are carried over, each with its names there, in letters and digits alone. A `threatq` or `tq` in front
/// does not count. All inferred.
const NAMES: [(&str, &[&str]); 4] = [
    ("url", &["host", "hostname", "url"]),
    ("client_id", &["clientid", "oauthclientid", "oauthid"]),
    ("email", &["username", "user", "email", "emailaddress"]),
    (STATUS, &["status", "defaultstatus", "indicatorstatus", "defaultindicatorstatus"]),
];
/// No key of ours: a question of the first run whose answer is not used.
const STATUS: &str = "Status";
/// The guide's other parameters, and our keys for them, for somebody who keeps them in the file as well.
const ELSEWHERE: [(&str, &str); 14] = [
    ("hostnameip", "threatq.link_host"),
    ("skiplogin", "smtp.username, which is then left out"),
    ("port", "smtp.port"),
    ("usessl", "smtp.tls"),
    ("recipients", "email.to"),
    ("enablewatchlistnotifications", "watchlist.enabled"),
    ("watchlistusers", "watchlist.users"),
    ("enabledatacollectionnotifications", "collection.enabled"),
    ("datacollectionname", "collection.name"),
    ("savedsearchname", "collection.name"),
    ("datacollectionobjectselection", "collection.objects"),
    ("notificationfrequency", "collection.notify"),
    ("notificationfrequencysavedsearch", "collection.notify"),
    ("smtphost", "smtp.host"),
];

/// A value of the old file.
struct Entry {
    key: String,
    /// Its line; none in JSON.
    line: Option<usize>,
    /// The text, or why it cannot be told.
    value: Result<String, &'static str>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Imported {
    /// The lines of `[threatq]`, to be put into a configuration.
    pub lines: Vec<String>,
    /// What was not carried over, and why.
    pub remarks: Vec<String>,
    /// Whether nothing is missing but the password.
    pub is_whole: bool,
}

/// Reads the file.
pub fn import(path: &Path) -> Result<Imported, Failure> {
    let text = text_of(path)?;
    // A mark that some editors put at the beginning of UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let entries = if text.trim_start().starts_with('{') {
        let value: Value = serde_json::from_str(text).map_err(|error| refused(path, error))?;
        let mut entries = Vec::new();
        flatten("", &value, &mut entries);
        entries
    } else {
        ini::entries(text).map_err(|line| {
            refused(
                path,
                format_args!("line {line}: neither a section nor a key with its value, and no JSON"),
            )
        })?
    };
    let mut imported = sorted_out(&entries);
    let more = imported.remarks.len().saturating_sub(MOST_REMARKS);
    imported.remarks.truncate(MOST_REMARKS);
    if more > 0 {
        imported.remarks.push(format!("and {more} more"));
    }
    Ok(imported)
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let metadata = fs::metadata(path).map_err(|error| refused(path, error))?;
    // A pipe would be waited for.
    if !metadata.is_file() {
        return Err(refused(path, "not a plain file"));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes));
    read.map_err(|error| Failure::from_error(Status::Config, error).about(path.display()))?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(refused(path, "longer than a configuration can be"));
    }
    String::from_utf8(bytes).map_err(|_| refused(path, "not text in UTF-8"))
}

fn flatten(path: &str, value: &Value, entries: &mut Vec<Entry>) {
    let mut add = |value| entries.push(Entry { key: path.to_owned(), line: None, value });
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{name}"), value, entries);
            }
        }
        Value::String(text) => add(Ok(text.clone())),
        Value::Number(number) => add(Ok(number.to_string())),
        Value::Bool(truth) => add(Ok(truth.to_string())),
        Value::Null => add(Err("is empty")),
        Value::Array(_) => add(Err("is a list")),
    }
}

fn sorted_out(entries: &[Entry]) -> Imported {
    let mut imported = Imported { is_whole: true, ..Imported::default() };
    for (name, _) in NAMES {
        let meant: Vec<&Entry> = entries.iter().filter(|entry| entry.means() == Some(name)).collect();
        match meant.as_slice() {
            [] if name == STATUS => {}
            [] => imported.miss(format_args!("threatq.{name} is not in it")),
            [first, rest @ ..] => match usable(first) {
                Err(reason) => imported.miss(format_args!("{first} {reason}; set threatq.{name}")),
                Ok(value) if rest.iter().any(|other| other.value.as_ref() != Ok(value)) => {
                    let all: Vec<String> = meant.iter().map(ToString::to_string).collect();
                    let all = all.join(" and ");
                    imported.miss(format_args!("{all} differ, and may all mean threatq.{name}; set it"));
                }
                Ok(value) if name == STATUS => imported.lines.push(format!("# {STATUS}: {value}")),
                Ok(value) => {
                    let value = toml::Value::String(value.clone());
                    imported.lines.push(format!("{name} = {value}"));
                }
            },
        }
    }
    let others = entries.iter().filter(|entry| entry.means().is_none());
    imported.remarks.extend(others.map(|entry| format!("{entry} is not carried over: {}", entry.why_not())));
    imported
}

/// A value that can mean one thing only.
fn usable(entry: &Entry) -> Result<&String, &'static str> {
    let value = entry.value.as_ref().map_err(|reason| *reason)?;
    if value.trim().is_empty() {
        return Err("is empty");
    }
    if value.len() > VALUE_LIMIT {
        return Err("is too long");
    }
    if escape::visible(value) != value.as_str() {
        return Err("has a character that does not show itself");
    }
    Ok(value)
}

impl Imported {
    fn miss(&mut self, remark: impl fmt::Display) {
        self.is_whole = false;
        self.remarks.push(remark.to_string());
    }
}

impl Entry {
    /// The last part of its key, in letters and digits alone and without ThreatQ's name in front.
    fn word(&self) -> String {
        let last = self.key.rsplit('.').next().unwrap_or_default();
        let word = bare_word(last);
        let bare = ["threatq", "tq"].iter().find_map(|name| word.strip_prefix(name));
        bare.filter(|bare| !bare.is_empty()).unwrap_or(&word).to_owned()
    }

    fn means(&self) -> Option<&'static str> {
        let word = self.word();
        NAMES.iter().find(|(_, names)| names.contains(&word.as_str())).map(|(name, _)| *name)
    }

    fn why_not(&self) -> String {
        let word = self.word();
        let is_secret =
            ["pass", "secret", "token", "oauth", "key"].iter().any(|secret| word.contains(secret));
        match ELSEWHERE.iter().find(|(name, _)| *name == word) {
            Some((_, key)) => format!("set {key}"),
            None if is_secret => "no secret is taken from a file of a form that is not known".to_owned(),
            None => "not known".to_owned(),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = escape::cut(&self.key, KEY_LIMIT);
        match self.line {
            Some(line) => write!(f, "line {line}: {key}"),
            None => f.write_str(&key),
        }
    }
}
