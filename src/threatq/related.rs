//! Reading one object whole: its own parts, and what it is related to.
//!
//! Which relations a ThreatQ can be asked for differs by release, and asking for one that it does not know may fail the
//! request. Then the object is read without them, and so are the ones after it; what was not delivered has not changed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::whole::Whole;
use super::{Client, Error, Object, ObjectType, ObjectTypes};

/// The parts that are read with an object. Public clients use all of them, on every kind of object.
const PARTS: &str = "attributes.sources,comments.sources,sources,tags,status,type,score";
/// The related types that public clients ask for in the same way. Those of several words are not among them: releases
/// differ in how they are written.
pub(super) const RELATED: [&str; 14] = [
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
            match self.client.get::<Whole>(&route, &[("with", &format!("{PARTS},{}", related.join(",")))]) {
                Ok(answer) => return Ok(self.object(answer.data)),
                // Bad request and server error are how a relation that is not known may be answered.
                Err(Error::Failed { .. } | Error::Refused { status: 400 | 422, .. }) => (),
                Err(error) => return Err(error),
            }
        }
        let answer = self.client.get::<Object>(&route, &[("with", PARTS)])?;
        if !self.is_plain.swap(true, Ordering::Relaxed) {
            tracing::warn!("{route}: only without related objects; changes of relationships are not seen");
        }
        Ok(answer.data)
    }

    fn object(&self, Whole { mut object, lists }: Whole) -> Object {
        let mut related = Related::default();
        for (collection, rows) in lists {
            let Some(object_type) = self.related.iter().find(|one| one.collection == collection) else {
                continue;
            };
            let names = rows.into_iter().map(|row| (row.id.unsigned_abs(), row.name));
            if collection == "attachments" {
                related.attachments = Some(names.collect());
            } else {
                let titled = names.map(|(id, name)| (id, format!("{}: {name}", object_type.display_name)));
                related.objects.insert(object_type.name.clone(), titled.collect());
            }
        }
        object.related = Some(related);
        object
    }
}
