//! The liberties that servers take with numbers and dates, taken with a whole answer at once.
//!
//! Follows sections 1.5 and 1.6 of the API reference. Members are known by their names; the query inside a saved search
//! is left as it was saved.

use serde_json::Value;

use crate::settings::Settings;
use crate::stamp::Stamp;

/// What an answer's body is with these settings; a body that is no JSON stays as it is.
pub fn restyled(body: Vec<u8>, settings: &Settings) -> Vec<u8> {
    if !(settings.ids_as_strings || settings.scores_as_strings || settings.zone_hours != 0) {
        return body;
    }
    match serde_json::from_slice(&body) {
        Ok(mut value) => {
            restyle(&mut value, settings);
            serde_json::to_vec(&value).unwrap_or(body)
        }
        Err(_) => body,
    }
}

fn restyle(value: &mut Value, settings: &Settings) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(|row| restyle(row, settings)),
        Value::Object(members) => {
            for (name, value) in members.iter_mut().filter(|(name, _)| *name != "json") {
                member(name, value, settings);
            }
        }
        _ => {}
    }
}

fn member(name: &str, value: &mut Value, settings: &Settings) {
    let is_id = name == "id" || name.ends_with("_id");
    let is_score = name == "score" || name == "manual_score";
    match value {
        Value::Number(number) => {
            if (is_id && settings.ids_as_strings) || (is_score && settings.scores_as_strings) {
                *value = Value::String(number.to_string());
            }
        }
        Value::String(text) if name.ends_with("_at") => {
            if let Some(stamp) = Stamp::parse(text) {
                let ahead = i64::from(settings.zone_hours) * 3_600_000;
                let mut moved = Vec::new();
                stamp.plus_millis(ahead).write(&mut moved, text.contains('.'));
                *text = String::from_utf8_lossy(&moved).into_owned();
            }
        }
        other => restyle(other, settings),
    }
}
