//! Reading one object whole: its own parts, and what it is related to.
//!
//! Which relations a ThreatQ can be asked for differs by release, and asking for one that it does not know may fail the
//! request. Then the object is read without them, and so are the ones after it; what was not delivered has not changed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Deserialize;
use serde_json::Value;

use super::lenient::{self, Named};
use super::{Client, Error, Object, ObjectType, ObjectTypes};

/// The parts that are read with an object. Public clients use all of them, on every kind of object.
const PARTS: &str = "attributes.sources,comments.sources,sources,tags,status,type,score";
/// The related types that public clients ask for in the same way. Those of several words are not among them: releases
/// differ in how they are written.
const RELATED: [&str; 14] = [
    "adversaries",
    "attachments",
    "campaign",
    "events",
    "identity",
    "incident",
    "indicators",
    "malware",
    "report",
    "signatures",
    "tasks",
    "tool",
    "ttp",
    "vulnerability",
];

/// What an object is related to.
#[derive(Debug, Default)]
pub(super) struct Related {
    /// By the type's code, by the id: `Type: value`. A type that was not delivered is absent.
    pub(super) objects: BTreeMap<String, BTreeMap<u64, String>>,
    /// Names of files by their ids, where they were delivered.
    pub(super) attachments: Option<BTreeMap<u64, String>>,
}

/// Reads objects whole, from several threads if need be.
pub struct ObjectReader<'a> {
    client: &'a Client,
    related: Vec<&'a ObjectType>,
    /// Whether this ThreatQ cannot be asked for related objects.
    is_plain: AtomicBool,
}

impl<'a> ObjectReader<'a> {
    /// A reader that asks for related objects of the types that this ThreatQ has.
    pub fn new(client: &'a Client, types: &'a ObjectTypes) -> Self {
        let related = types.iter().filter(|one| RELATED.contains(&one.collection.as_str())).collect();
        Self { client, related, is_plain: AtomicBool::new(false) }
    }

    /// Reads one object.
    pub fn read(&self, object_type: &ObjectType, id: u64) -> Result<Object, Error> {
        let route = format!("/api/{}/{id}", object_type.collection);
        if !self.is_plain.load(Ordering::Relaxed) {
            let related: Vec<&str> = self.related.iter().map(|one| one.collection.as_str()).collect();
            match self.client.get::<Value>(&route, &[("with", &format!("{PARTS},{}", related.join(",")))]) {
                Ok(answer) => return self.object(&route, &answer.data),
                // Bad request and server error are how a relation that is not known may be answered.
                Err(Error::Failed { .. } | Error::Refused { status: 400 | 422, .. }) => (),
                Err(error) => return Err(error),
            }
        }
        let answer = self.client.get::<Value>(&route, &[("with", PARTS)])?;
        if !self.is_plain.swap(true, Ordering::Relaxed) {
            tracing::warn!("{route}: only without related objects; changes of relationships are not seen");
        }
        read(&route, &answer.data)
    }

    fn object(&self, route: &str, row: &Value) -> Result<Object, Error> {
        let mut object = read(route, row)?;
        let mut related = Related::default();
        for object_type in &self.related {
            let Some(rows) = row.get(&object_type.collection).and_then(Value::as_array) else { continue };
            let names = rows.iter().filter_map(|row| {
                let id = row.get("id").and_then(lenient::number)?;
                let text =
                    |place: &str| row.get(place).and_then(Value::as_str).filter(|text| !text.is_empty());
                let name = ["value", "title", "name"].into_iter().find_map(text).unwrap_or("(no name)");
                Some((id.unsigned_abs(), name.to_owned()))
            });
            if object_type.collection == "attachments" {
                related.attachments = Some(names.collect());
            } else {
                let titled = names.map(|(id, name)| (id, format!("{}: {name}", object_type.display_name)));
                related.objects.insert(object_type.name.clone(), titled.collect());
            }
        }
        object.related = Some(related);
        Ok(object)
    }
}

fn read(route: &str, row: &Value) -> Result<Object, Error> {
    Object::deserialize(row).map_err(|reason| Error::Nonsense(format!("{route}: {reason}")))
}

/// A source of an object, in either shape.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Source {
    #[serde(alias = "source_name")]
    name: Option<String>,
    tlp_id: Option<Value>,
    tlp_name: Option<String>,
    tlp: Option<Named>,
}

/// The TLPs by ThreatQ's numbers, the strictest first.
const TLPS: [&str; 4] = ["red", "amber", "green", "white"];

impl Source {
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| "(no name)".to_owned())
    }

    fn tlp(&self) -> Option<String> {
        let number =
            self.tlp_id.as_ref().and_then(lenient::number).and_then(|id| usize::try_from(id - 1).ok());
        let numbered = number.and_then(|place| TLPS.get(place)).map(|name| (*name).to_owned());
        let named = self.tlp_name.clone().or_else(|| self.tlp.clone().map(Named::into_name));
        numbered.or_else(|| named.map(|name| name.to_lowercase()))
    }
}

/// The strictest TLP of several sources. One that is not among ThreatQ's four counts as stricter than white alone.
pub(super) fn strictest(sources: &[Source]) -> Option<String> {
    let strictness = |tlp: &String| TLPS.iter().position(|known| known == tlp).unwrap_or(TLPS.len() - 1);
    sources.iter().filter_map(Source::tlp).min_by_key(strictness)
}
