//! The Solr shape: rows of `/query`, without nulls and fractions, narrowed by `fields`.
//!
//! Follows section 4.4 of the API reference, and 7.5 for `*` and dotted fields. Guesses: a list without rows is left out,
//! and the name of no field is no complaint. Rows are written as bytes at once: a page of a large world must cost its
//! reader more than its writer.

mod fields;

use serde_json::Value;

use super::columns::{self, Cell};
use super::write::Row;
use crate::world::{Family, Object, ObjectType, TLP, World};

pub use fields::Fields;
use fields::Part;

/// The rows of one object type, narrowed and dated alike.
pub struct Rows<'a> {
    world: &'a World,
    object_type: &'a ObjectType,
    parts: Vec<Part<'a>>,
    /// `type` and `status` are plain strings, as with an explicit list of fields.
    plain: bool,
    millis: bool,
}

impl<'a> Rows<'a> {
    pub fn new(world: &'a World, object_type: &'a ObjectType, fields: &'a Fields, millis: bool) -> Rows<'a> {
        let parts = fields.parts(columns::of(object_type));
        Rows { world, object_type, parts, plain: fields.asked(), millis }
    }

    /// Appends the row of an object, or `null` where there is none.
    pub fn write(&self, out: &mut Vec<u8>, id: Option<u64>) {
        let lists = self.parts.iter().any(|part| matches!(part, Part::List(..)));
        let kind = self.object_type.id;
        let found = |id| if lists { self.world.object(kind, id) } else { self.world.outline(kind, id) };
        match id.and_then(found) {
            Some(object) if self.world.is_spoilt(kind, object.id) => self.spoilt(out, &object),
            Some(object) => self.object(out, &object),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn object(&self, out: &mut Vec<u8>, object: &Object) {
        let mut row = Row::begin(out, self.millis, None);
        for part in &self.parts {
            match part {
                Part::Column(name) => row.cell(name, &columns::cell(self.object_type, object, name)),
                Part::Score if self.object_type.family == Family::Indicator => {
                    row.cell("score", &Cell::Number(object.score.effective()));
                }
                Part::Score => {}
                Part::Type => self.type_of(&mut row, object),
                Part::Status => self.status_of(&mut row, object),
                Part::List(name, members) => self.list(&mut row, object, name, members.as_deref()),
            }
        }
        row.end();
    }

    fn spoilt(&self, out: &mut Vec<u8>, object: &Object) {
        let mut right = Vec::new();
        self.object(&mut right, object);
        let mut row = serde_json::from_slice(&right).unwrap_or_default();
        self.world.spoil(self.object_type.id, object.id, &mut row);
        out.extend_from_slice(Value::Object(row).to_string().as_bytes());
    }

    fn type_of(&self, row: &mut Row, object: &Object) {
        match self.object_type.type_row(object.type_id) {
            Some(shown) if self.plain => row.text("type", &shown.name),
            Some(shown) => row.row("type", None, |row| {
                row.number("id", shown.id);
                row.text("name", &shown.name);
                row.optional("class", shown.class);
            }),
            None => {}
        }
    }

    fn status_of(&self, row: &mut Row, object: &Object) {
        match self.object_type.status_row(object.status_id) {
            Some(shown) if self.plain => row.text("status", &shown.name),
            Some(shown) => row.row("status", None, |row| {
                row.number("id", shown.id);
                row.text("name", &shown.name);
                row.text("description", &shown.description);
            }),
            None => {}
        }
    }

    /// `members` are those wanted of the list's rows; None: all.
    fn list(&self, row: &mut Row, object: &Object, name: &str, members: Option<&[&str]>) {
        match name {
            "tags" => row.texts("tags", object.tags.iter().map(|tag| tag.name.as_str())),
            "attributes" => row.rows("attributes", members, &object.attributes, |row, attribute| {
                self.belongs(row, object);
                row.number("id", attribute.id);
                row.number("attribute_id", attribute.attribute_id);
                row.text("name", &attribute.name);
                row.text("value", &attribute.value);
                row.date("created_at", attribute.created_at);
                row.date("updated_at", attribute.updated_at);
                row.date("touched_at", attribute.updated_at);
            }),
            "comments" => row.rows("comments", members, &object.comments, |row, comment| {
                let author = comment.source_id.and_then(|id| self.world.source(id));
                self.belongs(row, object);
                row.number("id", comment.id);
                row.text("value", &comment.value);
                row.optional("source_name", author.map(|source| source.name.as_str()));
                row.optional_number("creator_source_id", comment.source_id);
                row.date("created_at", comment.created_at);
                row.date("updated_at", comment.updated_at);
            }),
            "sources" => row.rows("sources", members, &object.sources, |row, link| {
                let source = self.world.source(link.source_id);
                let name = &self.object_type.name;
                self.belongs(row, object);
                row.number("id", link.id);
                row.number("source_id", link.source_id);
                row.optional("source_type", source.map(|source| source.kind.word()));
                row.optional_number("reference_id", source.map(|source| source.reference_id));
                row.optional("name", source.map(|source| source.name.as_str()));
                row.optional_number(&format!("{name}_type_id"), object.type_id);
                row.optional_number(&format!("{name}_status_id"), object.status_id);
                row.number("creator_source_id", link.source_id);
                let tlp = link.tlp_id.and_then(|id| (1..).zip(TLP).find(|(known, _)| *known == id));
                row.optional("tlp_name", tlp.map(|(_, name)| name));
                row.date("published_at", link.created_at);
                row.date("created_at", link.created_at);
                row.date("updated_at", link.updated_at);
            }),
            _ => {}
        }
    }

    /// Which object a list's row belongs to.
    fn belongs(&self, row: &mut Row, object: &Object) {
        row.number(&format!("{}_id", self.object_type.name), object.id);
    }
}
