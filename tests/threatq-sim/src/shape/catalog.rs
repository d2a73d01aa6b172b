//! The rows of object types, types, statuses and saved searches.
//!
//! Follows sections 3.1, 3.4 and 7.1 of the API reference. Guesses: all members of a saved search but `name`, `hash` and
//! `json`; the stamps of types and statuses.

use serde_json::{Map, Value, json};

use super::columns::date;
use crate::world::{Family, ObjectType, SavedSearch, StatusRow, TypeRow};

/// When an appliance was installed.
const INSTALLED: &str = "2020-01-01 00:00:00";

/// A row of `GET /api/objects`; an object type without types or statuses lacks the member.
pub fn object_type(row: &ObjectType) -> Value {
    let mut shown = Map::new();
    shown.insert("id".into(), json!(row.id));
    shown.insert("name".into(), json!(row.name));
    shown.insert("display_name".into(), json!(row.display_name));
    shown.insert("display_name_plural".into(), json!(row.display_name_plural));
    shown.insert("collection".into(), json!(row.collection));
    if !row.types.is_empty() {
        let types = row.types.iter().map(|row| json!({"id": row.id, "name": row.name}));
        shown.insert("types".into(), types.collect());
    }
    if !row.statuses.is_empty() {
        let status =
            |row: &StatusRow| json!({"id": row.id, "name": row.name, "description": row.description});
        shown.insert("statuses".into(), row.statuses.iter().map(status).collect());
    }
    Value::Object(shown)
}

pub fn type_row(object_type: &ObjectType, row: &TypeRow) -> Value {
    let (id, name) = (row.id, &row.name);
    match object_type.family {
        Family::Indicator => json!({"id": id, "name": name, "class": row.class, "score": null,
            "wildcard_matching": "Y", "created_at": INSTALLED, "updated_at": INSTALLED}),
        Family::Attachment => json!({"id": id, "name": name, "is_parsable": "N", "parser_class": null,
            "created_at": INSTALLED, "updated_at": INSTALLED}),
        _ => json!({"id": id, "name": name, "user_editable": "N",
            "created_at": INSTALLED, "updated_at": INSTALLED}),
    }
}

pub fn status_row(row: &StatusRow) -> Value {
    json!({"id": row.id, "name": row.name, "description": row.description, "user_editable": "N",
        "visible": "Y", "include_in_export": "Y", "protected": "N",
        "created_at": INSTALLED, "updated_at": INSTALLED})
}

/// `as_string`: the `json` member is a string that holds JSON, which section 7.1 saw too.
pub fn saved_search(row: &SavedSearch, as_string: bool) -> Map<String, Value> {
    let mut shown = Map::new();
    let json = if as_string { Value::String(row.json.to_string()) } else { row.json.clone() };
    shown.insert("id".into(), json!(row.id));
    shown.insert("name".into(), json!(row.name));
    shown.insert("hash".into(), json!(row.hash));
    shown.insert("json".into(), json);
    shown.insert("user_id".into(), json!(row.owner));
    shown.insert("created_at".into(), date(row.created_at));
    shown.insert("updated_at".into(), date(row.updated_at));
    shown
}
