//! The Solr shape: rows of `/query`, without nulls and fractions, narrowed by `fields`.
//!
//! Follows section 4.4 of the API reference, and 7.5 for `*` and dotted fields. Guess: a list without rows is left out.

use serde_json::{Map, Value, json};

use super::columns::{self, Dates};
use crate::world::{Attribute, Comment, Family, Object, ObjectType, SourceLink, TLP, World};

const LISTS: [&str; 4] = ["attributes", "comments", "sources", "tags"];
const EXTRAS: [&str; 3] = ["score", "status", "type"];

/// What a row shall have. None asked: everything, and `type` and `status` are objects.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, Option<String>)>);

impl Fields {
    /// Names may be `attributes.name`; `*` stands for everything but the lists.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Fields {
        let names = names.into_iter().map(str::trim).filter(|name| !name.is_empty());
        let split = |name: &str| match name.split_once('.') {
            Some((list, member)) => (list.to_owned(), Some(member.to_owned())),
            None => (name.to_owned(), None),
        };
        Fields(names.map(split).collect())
    }

    fn asked(&self) -> bool {
        !self.0.is_empty()
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(asked, _)| asked == name || (asked == "*" && !LISTS.contains(&name)))
    }

    /// The members wanted of a list's rows; None: all.
    fn members(&self, list: &str) -> Option<Vec<&str>> {
        let asked = || self.0.iter().filter(|(asked, _)| asked == list);
        if asked().any(|(_, member)| member.is_none()) {
            return None;
        }
        Some(asked().filter_map(|(_, member)| member.as_deref()).collect())
    }
}

pub fn row(world: &World, object_type: &ObjectType, object: &Object, fields: &Fields) -> Map<String, Value> {
    let names = columns::of(object_type).iter().chain(&EXTRAS).chain(&LISTS);
    let wanted = names.filter(|name| !fields.asked() || fields.has(name));
    let mut row = Map::new();
    for name in wanted {
        let value = if LISTS.contains(name) {
            narrow(
                list(world, object_type, object, name),
                fields.asked().then(|| fields.members(name)).flatten(),
            )
        } else if EXTRAS.contains(name) {
            extra(object_type, object, name, fields.asked())
        } else {
            columns::value(object_type, object, name, Dates::Seconds)
        };
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            row.insert((*name).to_owned(), value);
        }
    }
    row
}

fn extra(object_type: &ObjectType, object: &Object, name: &str, plain: bool) -> Value {
    let type_row = object_type.type_row(object.type_id);
    let status = object_type.status_row(object.status_id);
    match name {
        "score" if object_type.family == Family::Indicator => json!(object.score.effective()),
        "type" if plain => json!(type_row.map(|row| row.name.as_str())),
        "status" if plain => json!(status.map(|row| row.name.as_str())),
        "type" => json!(type_row.map(|row| match row.class {
            Some(class) => json!({"id": row.id, "name": row.name, "class": class}),
            None => json!({"id": row.id, "name": row.name}),
        })),
        "status" => {
            json!(status.map(|row| json!({"id": row.id, "name": row.name, "description": row.description})))
        }
        _ => Value::Null,
    }
}

fn list(world: &World, object_type: &ObjectType, object: &Object, name: &str) -> Value {
    match name {
        "tags" => object.tags.iter().map(|tag| tag.name.as_str()).collect(),
        "attributes" => object.attributes.iter().map(|row| attribute(object_type, object, row)).collect(),
        "comments" => object.comments.iter().map(|row| comment(world, object_type, object, row)).collect(),
        "sources" => object.sources.iter().map(|link| source(world, object_type, object, link)).collect(),
        _ => Value::Null,
    }
}

fn attribute(object_type: &ObjectType, object: &Object, row: &Attribute) -> Value {
    let mut shown = Row::of(object_type, object);
    shown.put("id", json!(row.id));
    shown.put("attribute_id", json!(row.attribute_id));
    shown.put("name", json!(row.name));
    shown.put("value", json!(row.value));
    shown.put("created_at", columns::date(Some(row.created_at), Dates::Seconds));
    shown.put("updated_at", columns::date(Some(row.updated_at), Dates::Seconds));
    shown.put("touched_at", columns::date(Some(row.updated_at), Dates::Seconds));
    shown.done()
}

fn comment(world: &World, object_type: &ObjectType, object: &Object, row: &Comment) -> Value {
    let author = row.source_id.and_then(|id| world.source(id));
    let mut shown = Row::of(object_type, object);
    shown.put("id", json!(row.id));
    shown.put("value", json!(row.value));
    shown.put("source_name", json!(author.map(|source| source.name.as_str())));
    shown.put("creator_source_id", json!(row.source_id));
    shown.put("created_at", columns::date(Some(row.created_at), Dates::Seconds));
    shown.put("updated_at", columns::date(Some(row.updated_at), Dates::Seconds));
    shown.done()
}

fn source(world: &World, object_type: &ObjectType, object: &Object, link: &SourceLink) -> Value {
    let source = world.source(link.source_id);
    let mut shown = Row::of(object_type, object);
    shown.put("id", json!(link.id));
    shown.put("source_id", json!(link.source_id));
    shown.put("source_type", json!(source.map(|source| source.kind.word())));
    shown.put("reference_id", json!(source.map(|source| source.reference_id)));
    shown.put("name", json!(source.map(|source| source.name.as_str())));
    shown.put(&format!("{}_type_id", object_type.name), json!(object.type_id));
    shown.put(&format!("{}_status_id", object_type.name), json!(object.status_id));
    shown.put("creator_source_id", json!(link.source_id));
    let tlp = link.tlp_id.and_then(|id| (1..).zip(TLP).find(|(known, _)| *known == id));
    shown.put("tlp_name", json!(tlp.map(|(_, name)| name)));
    shown.put("published_at", columns::date(Some(link.created_at), Dates::Seconds));
    shown.put("created_at", columns::date(Some(link.created_at), Dates::Seconds));
    shown.put("updated_at", columns::date(Some(link.updated_at), Dates::Seconds));
    shown.done()
}

/// A row that takes no nulls and knows which object it belongs to.
struct Row(Map<String, Value>);

impl Row {
    fn of(object_type: &ObjectType, object: &Object) -> Row {
        let mut row = Row(Map::new());
        row.put(&format!("{}_id", object_type.name), json!(object.id));
        row
    }

    fn put(&mut self, name: &str, value: Value) {
        if !value.is_null() {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

fn narrow(mut list: Value, members: Option<Vec<&str>>) -> Value {
    if let (Some(members), Some(rows)) = (members, list.as_array_mut()) {
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            row.retain(|name, _| members.contains(&name.as_str()));
        }
    }
    list
}
