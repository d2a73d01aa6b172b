//! The rows of users and of watchlist entries.
//!
//! Follows section 5 of the API reference. Guess: every member of a watchlist entry but `id`.

use serde_json::{Value, json};

use super::columns::date;
use crate::settings::WatchlistRows;
use crate::world::{User, WatchEntry, World};

pub fn user(world: &World, row: &User, with_source: bool, with_groups: bool) -> Value {
    let made = date(row.created_at);
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

pub fn watch_entry(world: &World, entry: &WatchEntry, rows: WatchlistRows) -> Value {
    let object_type = world.object_type_by_id(entry.object_type).map_or("", |t| t.name.as_str());
    let (user, object) = (json!(entry.user_id), json!(entry.object_id));
    let mut shown = match rows {
        WatchlistRows::Flat => json!({"user_id": user, "object_type": object_type, "object_id": object}),
        WatchlistRows::Nested => {
            json!({"user": {"id": user}, "object": {"type": object_type, "id": object}})
        }
        WatchlistRows::NamedIds => json!({"user_id": user, format!("{object_type}_id"): object}),
    };
    let made = date(entry.created_at);
    for (name, value) in [("id", json!(entry.id)), ("created_at", made.clone()), ("updated_at", made)] {
        if let Some(members) = shown.as_object_mut() {
            members.insert(name.into(), value);
        }
    }
    shown
}
