//! `schemas/`: that they have the members of the page, accept what the programs print, and refuse what their readers
//! refuse.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use boon::{Compiler, SchemaIndex};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tq_alerts::ndjson::Writer;
use tq_alerts::record::{Alert, Checkpoint, Email, Mark, Message, Receipt, Record};
use tq_alerts::terminal::Style;

use super::example::{example, holder, with_more, wrong};
use super::page::{Member, Page, Type};

/// The schemas, to be used and to be read.
pub(super) struct Schemas {
    schemas: boon::Schemas,
    by_record: BTreeMap<String, (SchemaIndex, Value)>,
}

impl Schemas {
    pub(super) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let (mut schemas, mut compiler) = (boon::Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        let mut by_record = BTreeMap::new();
        for entry in fs::read_dir(folder).expect("there are schemas") {
            let path = entry.expect("the folder can be read").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("names are ASCII").to_owned();
            let text = fs::read_to_string(&path).expect("a schema is text");
            let schema: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}.json: {error}"));
            let address = format!("urn:tq-alerts:1:{name}");
            assert_eq!(schema["$id"], *address);
            compiler.add_resource(&address, schema.clone()).expect("its name is its own");
            let index = compiler.compile(&address, &mut schemas);
            let index = index.unwrap_or_else(|error| panic!("{name}.json: {error:#}"));
            by_record.insert(name, (index, schema));
        }
        Self { schemas, by_record }
    }

    /// What a record's schema has against it.
    pub(super) fn complaint(&self, name: &str, record: &Value) -> Option<String> {
        let Some((index, _)) = self.by_record.get(name) else {
            return Some(format!("{name} has no schema"));
        };
        self.schemas.validate(record, *index).err().map(|error| format!("{name}.json: {error:#}"))
    }
}

/// A member of a schema, as the page would tell it.
fn told(path: &str, schema: &Value, optional: bool) -> String {
    let kind = match (schema["type"].as_str(), schema["items"]["type"].as_str()) {
        (Some("integer"), _) => Type::Integer,
        (Some("object"), _) if schema.get("additionalProperties").is_some() => Type::Integers,
        (Some("object"), _) => Type::Object,
        (Some("array"), Some("string")) => Type::Strings,
        (Some("array"), Some("object")) if schema["items"].get("properties").is_none() => Type::Objects,
        (Some("array"), _) => Type::List,
        (Some("string"), _) => Type::String,
        _ if schema.get("enum").is_some() => Type::String,
        _ if schema.get("$ref").is_some() => Type::Time,
        _ => Type::Any,
    };
    format!("{path} {kind:?} {optional}")
}

/// The members of an object in a schema, at any depth, and the words that a member may be.
fn walk(schema: &Value, path: &str, members: &mut Vec<String>, words: &mut Vec<(String, Vec<String>)>) {
    let (object, path) = match schema.get("items").filter(|items| items.is_object()) {
        Some(items) => (items, format!("{path}[].")),
        None if path.is_empty() => (schema, String::new()),
        None => (schema, format!("{path}.")),
    };
    let required = object["required"].as_array().cloned().unwrap_or_default();
    for (name, member) in object["properties"].as_object().into_iter().flatten() {
        let place = format!("{path}{name}");
        if ["record", "v"].contains(&place.as_str()) {
            assert!(required.contains(&json!(name)) && member.get("const").is_some());
            continue;
        }
        members.push(told(&place, member, !required.contains(&json!(name))));
        if let Some(list) = member["enum"].as_array() {
            let list = list.iter().map(|word| word.as_str().expect("a word").to_owned());
            words.push((place.clone(), list.collect()));
        }
        walk(member, &place, members, words);
    }
}

/// Reads a record as its program does, and writes it again.
fn rewritten(record: &Value) -> Result<Value, String> {
    fn again<T: Record + DeserializeOwned>(record: &Value) -> Result<Value, String> {
        let body: T = serde_json::from_str(&record.to_string()).map_err(|error| error.to_string())?;
        let mut line = Vec::new();
        let mut writer = Writer::new(&mut line, Style::Records);
        writer.write(&body).and_then(|()| writer.flush()).expect("memory can be written");
        drop(writer);
        Ok(serde_json::from_slice(&line).expect("a record was written"))
    }
    match record["record"].as_str().expect("it has a name") {
        "alert" => again::<Alert>(record),
        "mark" => again::<Mark>(record),
        "checkpoint" => again::<Checkpoint>(record),
        "email" => again::<Email>(record),
        "message" => again::<Message>(record),
        "receipt" => again::<Receipt>(record),
        other => panic!("{other} is read by nobody"),
    }
}

/// The records that travel; the status is only printed.
const READ: [&str; 6] = ["alert", "mark", "checkpoint", "email", "message", "receipt"];

#[test]
fn each_record_of_the_page_has_a_schema_with_the_same_members() {
    let page = Page::read();
    let names: Vec<&str> = page.schemas.by_record.keys().map(String::as_str).collect();
    assert_eq!(names, page.records().collect::<Vec<_>>());
    for (name, (_, schema)) in &page.schemas.by_record {
        let (mut members, mut words) = (Vec::new(), Vec::new());
        walk(schema, "", &mut members, &mut words);
        let tell = |member: &Member| format!("{} {:?} {}", member.path, member.kind, member.optional);
        let mut on_page: Vec<String> = page.members(name).iter().map(tell).collect();
        on_page.sort();
        members.sort();
        assert_eq!(members, on_page, "{name}: in the schema, and on the page");
    }
}

#[test]
fn the_programs_read_and_write_every_member_that_a_schema_has() {
    let page = Page::read();
    for name in READ {
        for all in [false, true] {
            let record = example(&page, name, all);
            assert_eq!(rewritten(&record).expect("it is right"), record);
            assert!(rewritten(&with_more(record.clone())).is_ok());
            assert_eq!(page.schemas.complaint(name, &with_more(record)), None);
        }
    }
}

#[test]
fn every_word_that_a_schema_allows_is_on_the_page_and_read_and_no_other() {
    let page = Page::read();
    let mut count = 0;
    for name in READ {
        let (_, schema) = &page.schemas.by_record[name];
        let (mut members, mut words) = (Vec::new(), Vec::new());
        walk(schema, "", &mut members, &mut words);
        for (path, words) in words {
            let members = page.members(name);
            let member = members.iter().find(|member| member.path == path).expect("the page has it");
            for word in &words {
                assert!(
                    page.text.contains(&format!("Ql {word}")),
                    "{name} {path}: {word} is not on the page"
                );
            }
            for (word, is_right) in words.iter().map(|word| (word.as_str(), true)).chain([("other", false)]) {
                let mut record = example(&page, name, true);
                holder(&mut record, member).insert(member.name().to_owned(), json!(word));
                assert_eq!(rewritten(&record).is_ok(), is_right, "{name} {path}: {word}");
                assert_eq!(
                    page.schemas.complaint(name, &record).is_none(),
                    is_right,
                    "{name} {path}: {word}"
                );
                count += 1;
            }
        }
    }
    assert_eq!(count, 40);
}

/// A schema refuses what `records.rs` shows the programs to refuse, made in the same way; and what only a writer must
/// keep to, which its readers let pass.
#[test]
fn a_schema_refuses_what_lacks_a_member_or_has_one_of_another_type() {
    let page = Page::read();
    let mut accepted = Vec::new();
    let mut refuse = |name: &str, broken: &Value| {
        if page.schemas.complaint(name, broken).is_none() {
            accepted.push(format!("{name}: {broken}"));
        }
    };
    for name in page.records() {
        for member in page.members(name) {
            for value in wrong(member).into_iter().chain([Value::Null]) {
                let mut broken = example(&page, name, true);
                holder(&mut broken, member).insert(member.name().to_owned(), value);
                refuse(name, &broken);
            }
            if !member.optional {
                let mut broken = example(&page, name, true);
                holder(&mut broken, member).remove(member.name()).expect("it was there");
                refuse(name, &broken);
            }
            if member.kind == Type::Time {
                let mut elsewhere = example(&page, name, true);
                holder(&mut elsewhere, member)
                    .insert(member.name().to_owned(), json!("2021-10-28T20:32:57+02:00"));
                refuse(name, &elsewhere);
            }
        }
        for (member, value) in [("record", json!("other")), ("v", json!(2)), ("v", json!("1"))] {
            let mut broken = example(&page, name, true);
            broken[member] = value;
            refuse(name, &broken);
            broken.as_object_mut().expect("a record").remove(member).expect("it was there");
            refuse(name, &broken);
        }
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
}
