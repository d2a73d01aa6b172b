//! The formatter: what the mails say, who gets them, and that nothing in them can hurt.

mod digests;
mod html;
pub(crate) mod naughty;
mod routes;
pub(crate) mod safety;
mod templates;
mod threads;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tq_alerts::record::digest;

use crate::support::program::{Program, program};

/// Where the alerts below link to.
pub(crate) const ORIGIN: &str = "https://threatq.example.com";

/// An alert of the watchlist, with everything that one can tell, and these members in place of its own.
pub(crate) fn alert(number: u64, with: &Value) -> Value {
    let mut alert = json!({
        "record": "alert", "v": 1, "id": digest([number.to_string().as_str()]), "source": "watchlist", "event": "updated",
        "found_at": "2026-11-21T20:57:12Z", "changed_at": "2021-10-28T20:32:57.818Z",
        "watchers": [{"name": "Ana Ortiz", "email": "ana@example.com"}],
        "object": {
            "type": "indicator", "type_name": "Indicator", "type_plural": "Indicators", "id": number,
            "value": format!("10.0.{}.{}", number / 256, number % 256), "subtype": "IP Address", "status": "Active",
            "score": 7, "tlp": "green", "sources": ["Feed X"], "tags": ["apt"], "description": "<p>Seen.</p>",
            "link": format!("{ORIGIN}/indicators/{number}/details"),
        },
        "changes": [
            {"field": "comment", "change": "added", "count": 2, "by": ["Cy Young"]},
            {"field": "status", "change": "changed", "from": "Review", "to": "Active"},
        ],
    });
    merge(&mut alert, with);
    alert
}

/// The same in a data collection.
pub(crate) fn item(number: u64, with: &Value) -> Value {
    let mut item = alert(
        number,
        &json!({"source": "collection/IOCs", "event": "added", "collection": {"name": "IOCs"}}),
    );
    let members = item.as_object_mut().expect("a record");
    members.remove("watchers");
    members.remove("changes");
    merge(&mut item, with);
    item
}

fn merge(value: &mut Value, with: &Value) {
    for (name, new) in with.as_object().into_iter().flatten() {
        match (value.get_mut(name), new) {
            (Some(old @ Value::Object(_)), Value::Object(_)) => merge(old, new),
            _ => value[name] = new.clone(),
        }
    }
}

/// The alerts of one source with their checkpoint.
pub(crate) fn stream(alerts: &[Value]) -> String {
    let mut ids: Vec<&str> = alerts.iter().map(|alert| alert["id"].as_str().expect("an id")).collect();
    ids.sort_unstable();
    let source = alerts.first().map_or("watchlist", |alert| alert["source"].as_str().expect("a source"));
    let checkpoint = json!({
        "record": "checkpoint", "v": 1, "source": source, "base": 0, "cursor": {}, "alerts": ids.len(),
        "digest": digest(ids.iter().copied()),
    });
    alerts.iter().chain([&checkpoint]).fold(String::new(), |stream, record| format!("{stream}{record}\n"))
}

fn formatter() -> Program {
    program("tq-format-email").args(&["--from", "tq@example.com", "--to", "soc@example.com"])
}

/// The formatter with this configuration below `[email]`.
fn configured(folder: &Path, lines: &str) -> Program {
    let path = folder.join("tq.toml");
    let config = format!("[email]\nfrom = \"tq@example.com\"\nto = [\"soc@example.com\"]\n{lines}");
    fs::write(&path, config).expect("a file can be written");
    program("tq-format-email").arg("--config").arg(path)
}

/// The alerts that a mail names.
pub(crate) fn alerts_of(email: &Value) -> BTreeSet<String> {
    let ids = email["alerts"].as_array().expect("a list");
    ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect()
}

/// The final bytes of mails in the folder of a preview, in order.
fn previewed(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).expect("there is a preview");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "eml"));
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a mail")).collect()
}
