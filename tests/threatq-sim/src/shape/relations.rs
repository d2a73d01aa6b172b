//! The rows that hang on an object, in the SQL shape.
//!
//! Follows section 4.1 of the API reference, and section 5 for watchlist entries, where all but `id` is a guess.

use serde_json::{Map, Value, json};

use super::columns::date;
use super::{View, With, people};
use crate::world::{Attribute, Comment, Link, Object, ObjectType, SourceLink, World};

pub fn score(object: &Object) -> Value {
    json!({
        "indicator_id": object.id,
        "generated_score": format!("{:.2}", object.score.generated),
        "manual_score": object.score.manual,
        "score_config_hash": "",
        "created_at": date(object.created_at),
        "updated_at": date(object.score.updated_at.max(object.created_at)),
    })
}

pub fn attribute(world: &World, object: &Object, row: &Attribute, with: &With) -> Value {
    let mut shown = Map::new();
    let id_key = world.object_type_by_id(object.object_type).map_or("object", |t| t.name.as_str());
    shown.insert("id".into(), json!(row.id));
    shown.insert(format!("{id_key}_id"), json!(object.id));
    shown.insert("attribute_id".into(), json!(row.attribute_id));
    shown.insert("name".into(), json!(row.name));
    shown.insert("value".into(), json!(row.value));
    shown.insert("created_at".into(), date(row.created_at));
    shown.insert("updated_at".into(), date(row.updated_at));
    shown.insert("touched_at".into(), date(row.updated_at));
    if with.has("sources") {
        shown.insert("sources".into(), row_sources(world, row.id, row.source_id));
    }
    if with.has("attribute") {
        let name = json!({"id": row.attribute_id, "name": row.name,
            "created_at": date(row.created_at),
            "updated_at": date(row.created_at)});
        shown.insert("attribute".into(), name);
    }
    Value::Object(shown)
}

pub fn comment(world: &World, row: &Comment, with: &With) -> Value {
    let mut shown = Map::new();
    shown.insert("id".into(), json!(row.id));
    shown.insert("value".into(), json!(row.value));
    shown.insert("created_at".into(), date(row.created_at));
    shown.insert("updated_at".into(), date(row.updated_at));
    if with.has("sources") {
        shown.insert("sources".into(), row_sources(world, row.id, row.source_id));
    }
    Value::Object(shown)
}

pub fn tags(object: &Object) -> Value {
    object.tags.iter().map(|tag| json!({"id": tag.id, "name": tag.name})).collect()
}

pub fn descriptions(object: &Object) -> Value {
    object.description.iter().map(|html| json!({"id": object.id, "value": html})).collect()
}

pub fn watchlist(view: View, object: &Object) -> Value {
    let entry = view.caller.and_then(|user| view.world.watched(user, object.object_type, object.id));
    entry.iter().map(|entry| people::watch_entry(view.world, entry, view.watchlist_rows)).collect()
}

pub fn sources(world: &World, object_type: &ObjectType, object: &Object) -> Value {
    let row = |link: &SourceLink| {
        let source = world.source(link.source_id)?;
        let mut pivot = Map::new();
        pivot.insert("id".into(), json!(link.id));
        pivot.insert(format!("{}_id", object_type.name), json!(object.id));
        pivot.insert("source_id".into(), json!(link.source_id));
        pivot.insert("creator_source_id".into(), json!(link.source_id));
        Some(json!({
            "id": source.id,
            "type": source.kind.word(),
            "reference_id": source.reference_id,
            "name": source.name,
            "tlp_id": link.tlp_id,
            "created_at": date(link.created_at),
            "updated_at": date(link.updated_at),
            "published_at": date(link.created_at),
            "pivot": pivot,
        }))
    };
    object.sources.iter().filter_map(row).collect()
}

/// The sources of an attribute or a comment: its author, or nobody.
fn row_sources(world: &World, row: u64, source: Option<u64>) -> Value {
    let source = source.and_then(|id| world.source(id));
    let shown = source.map(|source| {
        json!({
            "id": source.id,
            "type": source.kind.word(),
            "reference_id": source.reference_id,
            "name": source.name,
            "created_at": date(source.created_at),
            "updated_at": date(source.created_at),
            "pivot": {"id": row, "source_id": source.id, "creator_source_id": source.id},
        })
    });
    shown.into_iter().collect()
}

/// The link's own row. Guess: its types are code names.
pub fn pivot(world: &World, object: &Object, link: &Link) -> Value {
    let name = |id: u16| world.object_type_by_id(id).map(|t| t.name.clone());
    let here = (name(object.object_type), object.id);
    let there = (name(link.other_type), link.other_id);
    let (from, to) = if link.outgoing { (here, there) } else { (there, here) };
    let made = date(link.created_at);
    json!({
        "id": link.id,
        "src_type": from.0,
        "src_object_id": from.1,
        "dest_type": to.0,
        "dest_object_id": to.1,
        "created_at": made,
        "updated_at": made,
    })
}
