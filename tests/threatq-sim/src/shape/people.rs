//! The rows of users and of watchlist entries.
//!
//! Follows section 5 of the API reference. Guess: every member of a watchlist entry but `id`.

use serde_json::{Value, json};

use super::columns::{Dates, date};
use crate::world::{User, WatchEntry, World};

pub fn user(world: &World, row: &User, with_source: bool, with_groups: bool) -> Value {
    let made = date(Some(row.created_at), Dates::Millis);
    let mut shown = json!({
        "id": row.id,
        "email": row.email,
        "display_name": row.display_name,
        "title": "",
        "type": "user",
        "status": "enabled",
        "group_id": 3,
        "created_at": made,
        "updated_at": made,
    });
    if let (Some(members), true) = (shown.as_object_mut(), with_source) {
        let source = world.source(row.source_id).map(|source| {
            json!({"id": source.id, "type": source.kind.word(), "reference_id": row.id, "name": source.name})
        });
        members.insert("source".into(), json!(source));
    }
    if let (Some(members), true) = (shown.as_object_mut(), with_groups) {
        members.insert("groups".into(), json!([{"id": 3, "name": "Primary Contributor"}]));
    }
    shown
}

pub fn watch_entry(world: &World, entry: &WatchEntry) -> Value {
    let made = date(Some(entry.created_at), Dates::Millis);
    json!({
        "id": entry.id,
        "user_id": entry.user_id,
        "object_type": world.object_type_by_id(entry.object_type).map(|t| t.name.as_str()),
        "object_id": entry.object_id,
        "created_at": made,
        "updated_at": made,
    })
}
