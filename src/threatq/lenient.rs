//! Reading what ThreatQ sends in more than one way: numbers as strings, dates in several forms, names as text or row.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::part::Part;

/// A name, as text or as a row that has one.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Named {
    Text(String),
    Row { name: String },
}

impl Named {
    pub(super) fn into_name(self) -> String {
        match self {
            Self::Text(name) | Self::Row { name } => name,
        }
    }
}

/// A number, which may be written as a string.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(whole)),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    // Scores are written as "7.00"; anything that large is no score.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be small")]
    (number.abs() < 1e9).then(|| number.round() as i64)
}

/// An id: a whole number above zero.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    number(&value)
        .and_then(|number| u64::try_from(number).ok())
        .filter(|id| *id > 0)
        .ok_or_else(|| serde::de::Error::custom(format_args!("{value} is not an id")))
}

/// A count, where there is one.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(number(&value).and_then(|number| u64::try_from(number).ok()))
}

/// A date without a zone, which is UTC, or with one. Null, empty and unreadable are all unknown.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(parse_date))
}

/// The same for a date of which it matters whether it was delivered. An unreadable one counts as not delivered.
pub(super) fn dated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Part<DateTime<Utc>>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = value.as_str().unwrap_or_default();
    if value.is_null() || (value.is_string() && text.trim().is_empty()) {
        return Ok(Part::Empty);
    }
    Ok(parse_date(text).map_or(Part::Absent, Part::Full))
}

pub(super) fn parse_date(text: &str) -> Option<DateTime<Utc>> {
    // Outside of these years it is no date, and there is no reckoning with it.
    any_date(text.trim()).filter(|date| (1970..=9999).contains(&date.year()))
}

fn any_date(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(zoned) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Some(zoned.to_utc());
    }
    for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"] {
        if let Ok(naive) = NaiveDateTime::parse_from_str(text, form) {
            return Some(naive.and_utc());
        }
    }
    let midnight = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?;
    Some(midnight.and_utc())
}

/// The words in an error's body, in any of the forms that ThreatQ is known to use.
pub(super) fn error_words(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let places = ["/data/errors", "/errors", "/data/0/error", "/error_description", "/message", "/error"];
    let mut words = Vec::new();
    collect(places.iter().find_map(|place| value.pointer(place))?, &mut words);
    Some(words.join("; "))
}

fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) => words.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, words)),
        Value::Object(members) => members.values().for_each(|value| collect(value, words)),
        Value::Number(number) => words.push(number.to_string()),
        Value::Bool(_) | Value::Null => (),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{error_words, number, parse_date};

    #[test]
    fn dates_come_in_many_forms_and_all_are_utc() {
        let expected = "2021-10-28T20:32:57+00:00";
        for text in [
            "2021-10-28 20:32:57",
            "2021-10-28T20:32:57",
            "2021-10-28T20:32:57Z",
            "2021-10-28 20:32:57Z",
            "2021-10-28T22:32:57+02:00",
        ] {
            assert_eq!(parse_date(text).unwrap().to_rfc3339(), expected, "{text}");
        }
        assert_eq!(
            parse_date("2021-10-28 20:32:57.815").unwrap().to_rfc3339(),
            "2021-10-28T20:32:57.815+00:00"
        );
        assert_eq!(parse_date("2021-10-28").unwrap().to_rfc3339(), "2021-10-28T00:00:00+00:00");
        assert!(parse_date("").is_none() && parse_date("soon").is_none());
        assert!(
            parse_date("-262143-01-01 00:00:00").is_none() && parse_date("+12021-10-28 00:00:00").is_none()
        );
    }

    #[test]
    fn numbers_may_be_strings() {
        for value in [json!(7), json!("7"), json!("7.00"), json!(7.0)] {
            assert_eq!(number(&value), Some(7), "{value}");
        }
        assert_eq!(number(&json!(null)), None);
        assert_eq!(number(&json!("1e999")), None);
    }

    #[test]
    fn every_known_error_form_gives_its_words() {
        for (body, words) in [
            (r#"{"data":{"errors":{"name":["taken","short"]}}}"#, "taken; short"),
            (r#"{"errors":["First",["Second 1","Second 2"]]}"#, "First; Second 1; Second 2"),
            (r#"{"data":[{"error":"gone"}]}"#, "gone"),
            (r#"{"name":"X","message":"no such route"}"#, "no such route"),
        ] {
            assert_eq!(error_words(body.as_bytes()).as_deref(), Some(words));
        }
        assert_eq!(error_words(b"<html>"), None);
    }
}
