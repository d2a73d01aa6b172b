//! `man/tq-records.5` as data: the members of each record, and whether a printed record keeps to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::DateTime;
use serde_json::Value;

use super::schemas::Schemas;

/// The JSON types, in the page's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Any,
    Integer,
    Integers,
    List,
    Object,
    /// Objects whose members are somebody else's.
    Objects,
    String,
    Strings,
    Time,
}

/// One member of a record.
#[derive(Debug)]
pub(super) struct Member {
    /// As on the page: `object.type`, `watchers[].name`.
    pub(super) path: String,
    pub(super) kind: Type,
    pub(super) optional: bool,
}

/// The page, and the schemas beside it.
pub(super) struct Page {
    pub(super) text: String,
    pub(super) schemas: Schemas,
    records: BTreeMap<String, Vec<Member>>,
}

impl Type {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "any" => Self::Any,
            "integer" => Self::Integer,
            "list" => Self::List,
            "list of objects" => Self::Objects,
            "list of strings" => Self::Strings,
            "object" => Self::Object,
            "object of integers" => Self::Integers,
            "string" => Self::String,
            "time" => Self::Time,
            _ => return None,
        })
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Integers => value.as_object().is_some_and(|members| members.values().all(Value::is_u64)),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
            Self::Objects => value.as_array().is_some_and(|list| list.iter().all(Value::is_object)),
            Self::String => value.is_string(),
            Self::Strings => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Self::Time => value
                .as_str()
                .is_some_and(|text| text.ends_with('Z') && DateTime::parse_from_rfc3339(text).is_ok()),
        }
    }
}

impl Member {
    /// `.It Va PATH No (TYPE[, optional])`
    fn parse(line: &str) -> Option<Self> {
        let (path, rest) = line.strip_prefix(".It Va ")?.split_once(" No (")?;
        let words = rest.strip_suffix(')')?;
        let (kind, optional) = words.strip_suffix(", optional").map_or((words, false), |kind| (kind, true));
        Some(Self { path: path.to_owned(), kind: Type::parse(kind)?, optional })
    }

    /// Its name in the object that it is a member of.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// The object that it is a member of; empty for the record itself.
    fn parent(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }
}

impl Page {
    pub(super) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("man/tq-records.5");
        let text = fs::read_to_string(path).expect("the page can be read");
        let (_, section) = text.split_once("\n.Sh RECORDS\n").expect("the page has a section of records");
        let section = section.split("\n.Sh ").next().unwrap_or_default();
        let mut records: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        let mut record = String::new();
        for line in section.lines() {
            if let Some(name) = line.strip_prefix(".Ss ") {
                name.clone_into(&mut record);
            } else if line.starts_with(".It Va") {
                let member =
                    Member::parse(line).unwrap_or_else(|| panic!("not the form of a member: {line}"));
                records.entry(record.clone()).or_default().push(member);
            }
        }
        let page = Self { text, schemas: Schemas::read(), records };
        page.assert_whole();
        page
    }

    /// Every member stands once, and below one that is there to hold it.
    fn assert_whole(&self) {
        for (record, members) in &self.records {
            for member in members {
                let parent = member.parent();
                let holder = members.iter().any(|other| match parent.strip_suffix("[]") {
                    Some(list) => other.path == list && other.kind == Type::List,
                    None => other.path == parent && other.kind == Type::Object,
                });
                assert!(parent.is_empty() || holder, "{record}: nothing holds {}", member.path);
                let same = members.iter().filter(|other| other.path == member.path);
                assert_eq!(same.count(), 1, "{record}: {} stands twice", member.path);
            }
        }
    }

    /// The records' names.
    pub(super) fn records(&self) -> impl Iterator<Item = &str> {
        self.records.keys().map(String::as_str)
    }

    /// All members of a record, at any depth.
    pub(super) fn members(&self, record: &str) -> &[Member] {
        self.records.get(record).map_or(&[], Vec::as_slice)
    }

    /// The members of one object in a record; of the record itself where the path is empty.
    pub(super) fn members_of(&self, record: &str, object: &str) -> impl Iterator<Item = &Member> {
        self.members(record).iter().filter(move |member| member.parent() == object)
    }

    /// What is wrong with a printed record, by the page and by its schema. Adds the members that it has to `seen`.
    pub(super) fn complaints(&self, record: &Value, seen: &mut BTreeSet<(String, String)>) -> Vec<String> {
        let name = record["record"].as_str().unwrap_or("(no name)");
        let mut check = Check { page: self, record: name, seen, complaints: Vec::new() };
        if self.members(name).is_empty() {
            check.complain("record", "is not on the page");
        }
        if record["v"] != 1 {
            check.complain("v", "is not 1");
        }
        check.value("", record);
        check.complaints.extend(self.schemas.complaint(name, record));
        check.complaints
    }
}

struct Check<'a> {
    page: &'a Page,
    record: &'a str,
    seen: &'a mut BTreeSet<(String, String)>,
    complaints: Vec<String>,
}

impl Check<'_> {
    fn complain(&mut self, path: &str, what: &str) {
        self.complaints.push(format!("{} {path} {what}", self.record));
    }

    fn value(&mut self, path: &str, value: &Value) {
        match value {
            Value::Null => self.complain(path, "is null"),
            Value::Object(_) => self.object(path, value),
            Value::Array(list) => {
                let path = format!("{path}[]");
                let of_objects = self.page.members_of(self.record, &path).next().is_some();
                for element in list {
                    if of_objects && !element.is_object() {
                        self.complain(&path, "is not an object");
                    }
                    self.value(&path, element);
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
        }
    }

    fn object(&mut self, path: &str, object: &Value) {
        let members = object.as_object().into_iter().flatten();
        for (name, value) in
            members.filter(|(name, _)| !path.is_empty() || !["record", "v"].contains(&name.as_str()))
        {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let Some(member) = self.page.members(self.record).iter().find(|member| member.path == path)
            else {
                self.complain(&path, "is not on the page");
                continue;
            };
            self.seen.insert((self.record.to_owned(), path.clone()));
            if !member.kind.fits(value) {
                self.complain(&path, &format!("is not of type {:?}: {value}", member.kind));
            }
            if member.kind == Type::Integers {
                continue;
            }
            if !matches!(member.kind, Type::Any | Type::Objects) {
                self.value(&path, value);
            } else if has_null(value) {
                self.complain(&path, "holds a null");
            }
        }
        for member in self.page.members_of(self.record, path) {
            if !member.optional && object.get(member.name()).is_none() {
                self.complain(&member.path, "is missing");
            }
        }
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
