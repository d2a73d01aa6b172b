//! The SQL shape: all columns, nulls too, and the relations that `with=` asks for.
//!
//! Follows sections 4.1 and 4.2 of the API reference. Guesses: a relation that the object type has not is left out, a
//! related list bears the name it was asked for by, and `descriptions` is a list of rows.

use serde_json::{Map, Value, json};

use super::columns;
use super::with::snake_case;
use super::{View, With, catalog, relations};
use crate::world::{Family, Link, Object, ObjectType, World};

/// One object; empty when its type is unknown to the world, which cannot be.
pub fn row(view: View, object: &Object, with: &With) -> Map<String, Value> {
    let Some(object_type) = view.world.object_type_by_id(object.object_type) else {
        return Map::new();
    };
    let column = |name: &&str| ((*name).to_owned(), columns::value(object_type, object, name));
    let mut row: Map<String, Value> = columns::of(object_type).iter().map(column).collect();
    if object_type.family == Family::Custom {
        row.insert("type".into(), type_of(object_type, object));
        row.insert("status".into(), status_of(object_type, object));
    }
    for (name, below) in with.names() {
        if let Some(value) = relation(view, object_type, object, name, below) {
            row.insert(name.to_owned(), value);
        }
    }
    view.world.spoil(object.object_type, object.id, &mut row);
    row
}

/// Whether a `with=` name means anything to any object type.
pub fn is_relation(world: &World, name: &str) -> bool {
    const NAMES: [&str; 10] = [
        "score",
        "status",
        "type",
        "sources",
        "attributes",
        "comments",
        "tags",
        "watchlist",
        "description",
        "descriptions",
    ];
    NAMES.contains(&name) || world.object_type(&snake_case(name)).is_ok()
}

/// The text of a column, as a filter of the address compares it.
pub fn plain(object_type: &ObjectType, object: &Object, column: &str) -> String {
    match columns::value(object_type, object, column) {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub fn has_column(object_type: &ObjectType, name: &str) -> bool {
    columns::of(object_type).contains(&name)
}

/// The rows of `tags` or `sources`.
pub fn named_list(view: View, object: &Object, name: &str) -> Vec<Value> {
    let object_type = view.world.object_type_by_id(object.object_type);
    let list = object_type.and_then(|t| relation(view, t, object, name, &With::default()));
    match list {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    }
}

fn relation(
    view: View,
    object_type: &ObjectType,
    object: &Object,
    name: &str,
    below: &With,
) -> Option<Value> {
    let world = view.world;
    Some(match name {
        "score" if object_type.family == Family::Indicator => relations::score(object),
        "score" => return None,
        "type" if object_type.types.is_empty() && object_type.family != Family::Custom => return None,
        "status" if object_type.statuses.is_empty() && object_type.family != Family::Custom => return None,
        "type" => type_of(object_type, object),
        "status" => status_of(object_type, object),
        "description" => json!(object.description),
        "descriptions" => relations::descriptions(object),
        "sources" => relations::sources(world, object_type, object),
        "attributes" => {
            object.attributes.iter().map(|row| relations::attribute(world, object, row, below)).collect()
        }
        "comments" => object.comments.iter().map(|row| relations::comment(world, row, below)).collect(),
        "tags" => relations::tags(object),
        "watchlist" => relations::watchlist(view, object),
        other => {
            let other = world.object_type(&snake_case(other)).ok()?;
            related(view, object, other, below).into()
        }
    })
}

/// The related objects of one type, each with the `pivot` of its link.
pub fn related(view: View, object: &Object, other: &ObjectType, with: &With) -> Vec<Value> {
    let links = object.links.iter().filter(|link| link.other_type == other.id);
    let row = |link: &Link| {
        let end = view.world.object(link.other_type, link.other_id)?;
        let mut row = row(view, &end, with);
        row.insert("pivot".into(), relations::pivot(view.world, object, link));
        Some(Value::Object(row))
    };
    links.filter_map(row).collect()
}

fn type_of(object_type: &ObjectType, object: &Object) -> Value {
    let row = object_type.type_row(object.type_id);
    row.map_or(Value::Null, |row| catalog::type_row(object_type, row))
}

fn status_of(object_type: &ObjectType, object: &Object) -> Value {
    let row = object_type.status_row(object.status_id);
    row.map_or(Value::Null, catalog::status_row)
}
