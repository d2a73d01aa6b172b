//! Reading what ThreatQ sends in more than one way: numbers as strings, dates in several forms, names as text or row.

mod date;
mod list;

pub(super) use date::{set_zone, window_from};
pub(super) use list::each_row;

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::part::Part;

/// The longest body in which words of an error are looked for.
const ERROR_LIMIT: usize = 256 * 1024;

/// A value that says one thing, itself or in a row. What else it holds is passed over, since a body may be all of it.
enum Plain<'de> {
    Null,
    Number(i64),
    Fraction(f64),
    Text(Cow<'de, str>),
    Row(Members),
    Other,
}

/// What rows are read for that stand where others have a word or a number.
#[derive(Deserialize)]
struct Members {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "integer")]
    id: Option<i64>,
    #[serde(default, deserialize_with = "integer")]
    manual_score: Option<i64>,
    #[serde(default, deserialize_with = "integer")]
    generated_score: Option<i64>,
}

impl<'de> Deserialize<'de> for Plain<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Plain<'de>, E> {
        Ok(Plain::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Plain<'de>, E> {
        Ok(Plain::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Plain<'de>, E> {
        Ok(Plain::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Plain<'de>, E> {
        Ok(i64::try_from(number).map_or(Plain::Other, Plain::Number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Plain<'de>, E> {
        Ok(Plain::Fraction(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Plain<'de>, E> {
        Ok(Plain::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Plain<'de>, E> {
        Ok(Plain::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Plain<'de>, A::Error> {
        while rows.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Plain::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Plain<'de>, A::Error> {
        Members::deserialize(MapAccessDeserializer::new(members)).map(Plain::Row)
    }
}

impl Plain<'_> {
    /// The number, which may be written as a string.
    fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Fraction(number) => whole(*number),
            Self::Text(text) => text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(whole)),
            Self::Null | Self::Row(_) | Self::Other => None,
        }
    }

    fn count(&self) -> Option<u64> {
        self.number().and_then(|number| u64::try_from(number).ok())
    }

    /// As a complaint shows it.
    fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Fraction(number) => number.to_string(),
            Self::Text(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
            Self::Row(_) | Self::Other => "what stands there".to_owned(),
        }
    }
}

/// A name, as text or as a row that has one. Some rows have a number only, and a column may be one.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Name(String),
    Numbered(i64),
}

impl Named {
    pub(super) fn into_name(self) -> String {
        match self {
            Self::Name(name) => name,
            Self::Numbered(number) => number.to_string(),
        }
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Plain::deserialize(deserializer)? {
            Plain::Text(name) => Ok(Self::Name(name.into_owned())),
            Plain::Row(Members { name: Some(name), .. }) => Ok(Self::Name(name)),
            Plain::Number(number) | Plain::Row(Members { id: Some(number), .. }) => {
                Ok(Self::Numbered(number))
            }
            other => Err(Error::custom(format_args!("{} is neither a name nor has one", other.shown()))),
        }
    }
}

/// Rows without those that are null. A list with one that makes no sense was not delivered: without it, others would
/// seem to have come or gone.
pub(super) fn rows<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let rows: Part<Vec<Option<T>>> = Part::deserialize(deserializer)?;
    Ok(match rows {
        Part::Full(rows) => Some(rows.into_iter().flatten().collect()),
        Part::Absent | Part::Empty => None,
    })
}

/// A number, which may be written as a string.
pub(super) fn number(value: &Value) -> Option<i64> {
    Plain::deserialize(value).ok()?.number()
}

fn whole(number: f64) -> Option<i64> {
    // Scores are written as "7.00"; anything that large is no score.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be small")]
    (number.abs() < 1e9).then(|| number.round() as i64)
}

/// An id: a whole number above zero.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Plain::deserialize(deserializer)?;
    let id = value.count().filter(|id| *id > 0);
    id.ok_or_else(|| Error::custom(format_args!("{} is not an id", value.shown())))
}

/// A number, where there is one.
pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Plain::deserialize(deserializer)?.number())
}

/// A count, where there is one.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Plain::deserialize(deserializer)?.count())
}

/// A text, where there is one.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Plain::deserialize(deserializer)? {
        Plain::Text(text) => Ok(Some(text.into_owned())),
        _ => Ok(None),
    }
}

/// A score is a number in one shape, and in the other a row where the one set by hand beats the computed one.
pub(super) fn score<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Part<i64>, D::Error> {
    Ok(Part::from(match Plain::deserialize(deserializer)? {
        Plain::Row(Members { manual_score, generated_score, .. }) => manual_score.or(generated_score),
        other => other.number(),
    }))
}

/// Any value; a list or a row as its text, which takes no more room than it took in the body.
pub(super) fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    if raw.starts_with(['[', '{']) {
        return Ok(Some(Value::String(raw.to_owned())));
    }
    serde_json::from_str(raw).map_err(Error::custom)
}

/// Whether there is more than null or an empty list or row.
pub(super) fn is_filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    let inside = raw.strip_prefix(['[', '{']).and_then(|raw| raw.strip_suffix([']', '}']));
    Ok(raw != "null" && inside.is_none_or(|inside| !inside.trim_ascii().is_empty()))
}

/// A date without a zone, which is UTC, or with one. Null, empty and unreadable are all unknown.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    match Plain::deserialize(deserializer)? {
        Plain::Text(text) => Ok(date::parse(&text)),
        _ => Ok(None),
    }
}

/// The same for a date of which it matters whether it was delivered. An unreadable one counts as not delivered.
pub(super) fn dated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Part<DateTime<Utc>>, D::Error> {
    Ok(match Plain::deserialize(deserializer)? {
        Plain::Null => Part::Empty,
        Plain::Text(text) if text.trim().is_empty() => Part::Empty,
        Plain::Text(text) => date::parse(&text).map_or(Part::Absent, Part::Full),
        _ => Part::Absent,
    })
}

/// The words in an error's body, in any of the forms that ThreatQ is known to use.
pub(super) fn error_words(body: &[u8]) -> Option<String> {
    if body.len() > ERROR_LIMIT {
        return None;
    }
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

    use super::{error_words, number};

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
