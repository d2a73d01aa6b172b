//! The columns of an object that hold one value, for both shapes.
//!
//! Follows section 4.1 of the API reference, whose list of a task's columns has no `touched_at`. Guesses: the columns of
//! signatures and investigations, and the values of columns that the world does not keep.

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

/// With or without the milliseconds of section 1.5.
#[derive(Clone, Copy, PartialEq)]
pub enum Dates {
    Millis,
    Seconds,
}

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

/// The value of one column; `null` when there is none.
pub fn value(object_type: &ObjectType, object: &Object, column: &str, dates: Dates) -> Value {
    match column {
        "id" => json!(object.id),
        "type_id" => json!(object.type_id),
        "status_id" => json!(object.status_id),
        // A signature's value is the text of its rule, which the world does not keep.
        "value" if object_type.family == Family::Signature => json!(format!("rule {} {{}}", object.id)),
        "value" | "title" | "name" => json!(object.name),
        "class" => json!(object_type.type_row(object.type_id).and_then(|row| row.class)),
        "hash" => json!(hex_digest(&format!("{:?}:{}", object.type_id, object.name))),
        "description" => json!(object.description),
        "expires_needs_calc" => json!("N"),
        "priority" => json!("Low"),
        "file_size" | "content_type_id" => json!(1),
        "malware_locked" => json!(0),
        "object_id" => json!(object_type.id),
        "object_code" => json!(object_type.name),
        "object_name" => json!(object_type.display_name),
        "object_name_plural" => json!(object_type.display_name_plural),
        "created_at" => date(Some(object.created_at), dates),
        "updated_at" => date(Some(object.updated_at), dates),
        "touched_at" => date(Some(object.touched_at), dates),
        "published_at" => date(object.published_at, dates),
        "happened_at" => date(object.happened_at, dates),
        "expires_at" => date(object.expires_at, dates),
        _ => Value::Null,
    }
}

pub fn date(stamp: Option<Stamp>, dates: Dates) -> Value {
    match (stamp, dates) {
        (None, _) => Value::Null,
        (Some(stamp), Dates::Millis) => Value::String(stamp.to_string()),
        (Some(stamp), Dates::Seconds) => Value::String(stamp.whole_seconds().to_string()),
    }
}
