//! The columns of an object that hold one value, for both shapes.
//!
//! Follows section 4.1 of the API reference, whose list of a task's columns has no `touched_at`. Guesses: the columns of
//! signatures and investigations, and the values of columns that the world does not keep.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::stamp::Stamp;
use crate::world::{Family, Object, ObjectType, hex_digest};

const INDICATOR: &[&str] = &[
    "id",
    "type_id",
    "status_id",
    "class",
    "hash",
    "value",
    "description",
    "last_detected_at",
    "expires_at",
    "expired_at",
    "expires_needs_calc",
    "expires_calculated_at",
    "published_at",
    "created_at",
    "updated_at",
    "touched_at",
];
const ADVERSARY: &[&str] = &["id", "name", "created_at", "updated_at", "touched_at"];
const EVENT: &[&str] = &[
    "id",
    "hash",
    "title",
    "type_id",
    "happened_at",
    "description",
    "created_at",
    "updated_at",
    "touched_at",
];
const ATTACHMENT: &[&str] = &[
    "id",
    "name",
    "title",
    "type_id",
    "hash",
    "description",
    "file_size",
    "content_type_id",
    "malware_locked",
    "created_at",
    "updated_at",
    "touched_at",
];
const SIGNATURE: &[&str] = &[
    "id",
    "name",
    "value",
    "type_id",
    "status_id",
    "hash",
    "description",
    "created_at",
    "updated_at",
    "touched_at",
];
const TASK: &[&str] = &[
    "id",
    "name",
    "description",
    "status_id",
    "priority",
    "due_at",
    "assigned_at",
    "completed_at",
    "creator_source_id",
    "assignee_source_id",
    "created_at",
    "updated_at",
];
const INVESTIGATION: &[&str] = &["id", "name", "description", "created_at", "updated_at", "touched_at"];
const CUSTOM: &[&str] = &[
    "id",
    "value",
    "description",
    "type_id",
    "status_id",
    "object_id",
    "object_code",
    "object_name",
    "object_name_plural",
    "published_at",
    "created_at",
    "updated_at",
    "touched_at",
];

pub fn of(object_type: &ObjectType) -> &'static [&'static str] {
    match object_type.family {
        Family::Indicator => INDICATOR,
        Family::Adversary => ADVERSARY,
        Family::Event => EVENT,
        Family::Attachment => ATTACHMENT,
        Family::Signature => SIGNATURE,
        Family::Task => TASK,
        Family::Investigation => INVESTIGATION,
        Family::Custom => CUSTOM,
    }
}

/// The value of one column.
pub enum Cell<'o> {
    Null,
    Id(u64),
    Number(i64),
    Text(Cow<'o, str>),
    Date(Stamp),
}

impl<'o> Cell<'o> {
    fn id(id: Option<u64>) -> Cell<'o> {
        id.map_or(Cell::Null, Cell::Id)
    }

    fn text(text: Option<&'o str>) -> Cell<'o> {
        text.map_or(Cell::Null, |text| Cell::Text(Cow::Borrowed(text)))
    }

    fn date(stamp: Option<Stamp>) -> Cell<'o> {
        stamp.map_or(Cell::Null, Cell::Date)
    }
}

pub fn cell<'o>(object_type: &'o ObjectType, object: &'o Object, column: &str) -> Cell<'o> {
    match column {
        "id" => Cell::Id(object.id),
        "type_id" => Cell::id(object.type_id),
        "status_id" => Cell::id(object.status_id),
        // A signature's value is the text of its rule, which the world does not keep.
        "value" if object_type.family == Family::Signature => {
            Cell::Text(Cow::Owned(format!("rule {} {{}}", object.id)))
        }
        "value" | "title" | "name" => Cell::text(Some(&object.name)),
        "class" => Cell::text(object_type.type_row(object.type_id).and_then(|row| row.class)),
        "hash" => Cell::Text(Cow::Owned(hex_digest(&format!("{:?}:{}", object.type_id, object.name)))),
        "description" => Cell::text(object.description.as_deref()),
        "expires_needs_calc" => Cell::text(Some("N")),
        "priority" => Cell::text(Some("Low")),
        "file_size" | "content_type_id" => Cell::Number(1),
        "malware_locked" => Cell::Number(0),
        "object_id" => Cell::Id(u64::from(object_type.id)),
        "object_code" => Cell::text(Some(&object_type.name)),
        "object_name" => Cell::text(Some(&object_type.display_name)),
        "object_name_plural" => Cell::text(Some(&object_type.display_name_plural)),
        "created_at" => Cell::Date(object.created_at),
        "updated_at" => Cell::Date(object.updated_at),
        "touched_at" => Cell::Date(object.touched_at),
        "published_at" => Cell::date(object.published_at),
        "happened_at" => Cell::date(object.happened_at),
        "expires_at" => Cell::date(object.expires_at),
        _ => Cell::Null,
    }
}

/// The same as the SQL shape has it; `null` when there is none.
pub fn value(object_type: &ObjectType, object: &Object, column: &str) -> Value {
    match cell(object_type, object, column) {
        Cell::Null => Value::Null,
        Cell::Id(id) => json!(id),
        Cell::Number(number) => json!(number),
        Cell::Text(text) => json!(text),
        Cell::Date(stamp) => date(stamp),
    }
}

/// With the milliseconds of section 1.5, when there are any.
pub fn date(stamp: Stamp) -> Value {
    Value::String(stamp.to_string())
}
