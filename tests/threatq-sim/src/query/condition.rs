//! The conditions of criteria and filters: fields, operators, `+and` and `+or`.
//!
//! Follows section 7.4 of the API reference for the operators and fields seen there. Guesses: the field names for tags,
//! sources, attributes and descriptions; that a list of values means any of them; that equality minds case while
//! `+contains` and `mentions` do not; that `value`, `name` and `title` all mean the object's name.

use serde_json::Value;

use super::dates::{self, Clock};
use crate::stamp::Stamp;
use crate::world::{Object, ObjectType, World};

/// How deep `+and` and `+or` may nest; a guard of the simulator's stack, not of ThreatQ.
const DEPTH: usize = 32;

pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Field(Field, Compare),
}

/// What a condition is asked about besides the object.
pub struct Subject<'a> {
    pub world: &'a World,
    pub object_type: &'a ObjectType,
}

#[derive(Clone, Copy)]
pub enum Field {
    Id,
    Name,
    Type,
    Status,
    Score,
    Tag,
    Source,
    Attribute,
    Description,
    Mentions,
    Date(DateColumn),
}

#[derive(Clone, Copy)]
pub enum DateColumn {
    Created,
    Updated,
    Touched,
    Published,
    Happened,
}

pub enum Compare {
    Is(String),
    Contains(String),
    Number(Bound, f64),
    Instant(Bound, Stamp),
}

#[derive(Clone, Copy)]
pub enum Bound {
    Equal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Condition {
    /// Reads criteria or filters: an object whose members must all hold. `null`, `{}` and `[]` (PHP's empty object)
    /// match everything.
    pub fn parse(value: &Value, clock: Clock) -> Result<Condition, String> {
        parse(value, clock, 0)
    }

    pub fn holds(&self, object: &Object, subject: &Subject) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(object, subject)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(object, subject)),
            Condition::Field(field, compare) => field.any(object, subject, |found| compare.holds(found)),
        }
    }
}

fn parse(value: &Value, clock: Clock, depth: usize) -> Result<Condition, String> {
    if depth > DEPTH {
        return Err("nested too deep".into());
    }
    match value {
        Value::Null => Ok(Condition::All(Vec::new())),
        Value::Array(parts) => list(parts, clock, depth).map(Condition::All),
        Value::Object(members) => {
            let parts = members.iter().map(|(key, value)| match (key.as_str(), value) {
                ("+and", Value::Array(parts)) => list(parts, clock, depth).map(Condition::All),
                ("+or", Value::Array(parts)) if parts.is_empty() => Ok(Condition::All(Vec::new())),
                ("+or", Value::Array(parts)) => list(parts, clock, depth).map(Condition::Any),
                (key, value) => member(key, value, clock),
            });
            parts.collect::<Result<_, _>>().map(Condition::All)
        }
        other => Err(format!("not a condition: {other}")),
    }
}

fn list(parts: &[Value], clock: Clock, depth: usize) -> Result<Vec<Condition>, String> {
    parts.iter().map(|part| parse(part, clock, depth + 1)).collect()
}

/// `"field": value`, `"field": [values]` or `"field": {operator: value, …}`.
fn member(key: &str, value: &Value, clock: Clock) -> Result<Condition, String> {
    let field = field(key).ok_or_else(|| format!("no field or operator {key:?}"))?;
    let one = |operator: &str, value: &Value| {
        compare(field, operator, value, clock)
            .map(|compare| Condition::Field(field, compare))
            .map_err(|complaint| format!("{key}: {complaint}"))
    };
    match value {
        Value::Object(operators) => {
            let parts = operators.iter().map(|(operator, value)| one(operator, value));
            parts.collect::<Result<_, _>>().map(Condition::All)
        }
        Value::Array(values) => {
            let parts = values.iter().map(|value| one("is", value));
            parts.collect::<Result<_, _>>().map(Condition::Any)
        }
        value => one("is", value),
    }
}

fn field(key: &str) -> Option<Field> {
    Some(match key {
        "id" => Field::Id,
        "value" | "name" | "title" => Field::Name,
        "type" | "type_name" | "types" => Field::Type,
        "status" | "status_name" | "statuses" => Field::Status,
        "score" => Field::Score,
        "tag" | "tags" | "tag_name" => Field::Tag,
        "source" | "sources" | "source_name" => Field::Source,
        "attribute" | "attributes" | "attribute_value" => Field::Attribute,
        "description" => Field::Description,
        "mentions" => Field::Mentions,
        "created_at" => Field::Date(DateColumn::Created),
        "updated_at" => Field::Date(DateColumn::Updated),
        "touched_at" => Field::Date(DateColumn::Touched),
        "published_at" => Field::Date(DateColumn::Published),
        "happened_at" => Field::Date(DateColumn::Happened),
        _ => return None,
    })
}

fn compare(field: Field, operator: &str, value: &Value, clock: Clock) -> Result<Compare, String> {
    let bound = match operator {
        "is" | "+is" => Bound::Equal,
        "+gt" => Bound::Above,
        "+gte" => Bound::AtLeast,
        "+lt" => Bound::Below,
        "+lte" => Bound::AtMost,
        "+contains" => return Ok(Compare::Contains(text(value)?.to_lowercase())),
        other => return Err(format!("no operator {other:?}")),
    };
    match field {
        Field::Date(_) => {
            let text = text(value)?;
            let instant = dates::instant(&text, clock).ok_or_else(|| format!("no date: {text:?}"))?;
            Ok(Compare::Instant(bound, instant))
        }
        Field::Id | Field::Score => {
            let number = text(value)?;
            let number = number.parse().map_err(|_| format!("no number: {number:?}"))?;
            Ok(Compare::Number(bound, number))
        }
        Field::Mentions => Ok(Compare::Contains(text(value)?.to_lowercase())),
        _ if matches!(bound, Bound::Equal) => Ok(Compare::Is(text(value)?)),
        _ => Err(format!("{operator} wants a date or a number field")),
    }
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(format!("not a value: {other}")),
    }
}

/// A value of an object's field.
pub enum Given<'a> {
    Text(&'a str),
    Number(f64),
    Instant(Stamp),
}

impl Field {
    /// Whether any of the field's values passes.
    pub fn any(self, object: &Object, subject: &Subject, pass: impl Fn(Given) -> bool) -> bool {
        let named = |text: &str| pass(Given::Text(text));
        let object_type = subject.object_type;
        match self {
            Field::Id => pass(Given::Number(object.id as f64)),
            Field::Name => named(&object.name),
            Field::Type => object_type.type_row(object.type_id).is_some_and(|row| named(&row.name)),
            Field::Status => object_type.status_row(object.status_id).is_some_and(|row| named(&row.name)),
            Field::Score => pass(Given::Number(object.score.effective() as f64)),
            Field::Tag => object.tags.iter().any(|tag| named(&tag.name)),
            Field::Source => {
                let mut sources =
                    object.sources.iter().filter_map(|link| subject.world.source(link.source_id));
                sources.any(|source| named(&source.name))
            }
            Field::Attribute => object.attributes.iter().any(|row| named(&row.value)),
            Field::Description => object.description.as_deref().is_some_and(named),
            Field::Mentions => {
                let texts = [Some(object.name.as_str()), object.description.as_deref()];
                texts.into_iter().flatten().any(named)
                    || object.tags.iter().any(|tag| named(&tag.name))
                    || object.attributes.iter().any(|row| named(&row.value))
                    || object.comments.iter().any(|row| named(&row.value))
            }
            Field::Date(column) => {
                column.of(object).is_some_and(|stamp| pass(Given::Instant(stamp.whole_seconds())))
            }
        }
    }
}

impl DateColumn {
    fn of(self, object: &Object) -> Option<Stamp> {
        match self {
            DateColumn::Created => Some(object.created_at),
            DateColumn::Updated => Some(object.updated_at),
            DateColumn::Touched => Some(object.touched_at),
            DateColumn::Published => object.published_at,
            DateColumn::Happened => object.happened_at,
        }
    }
}

impl Compare {
    pub fn holds(&self, given: Given) -> bool {
        match (self, given) {
            (Compare::Is(wanted), Given::Text(text)) => wanted == text,
            (Compare::Contains(part), Given::Text(text)) => text.to_lowercase().contains(part),
            (Compare::Number(bound, wanted), Given::Number(number)) => bound.holds(&number, wanted),
            (Compare::Instant(bound, wanted), Given::Instant(stamp)) => bound.holds(&stamp, wanted),
            _ => false,
        }
    }
}

impl Bound {
    fn holds<T: PartialOrd>(self, given: &T, wanted: &T) -> bool {
        match self {
            Bound::Equal => given == wanted,
            Bound::Above => given > wanted,
            Bound::AtLeast => given >= wanted,
            Bound::Below => given < wanted,
            Bound::AtMost => given <= wanted,
        }
    }
}
