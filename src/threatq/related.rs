//! Reading one object whole: its own parts, and what it is related to.
//!
//! Which relations a ThreatQ can be asked for differs by release, and asking for one that it does not know may fail the
//! request. Then the object is read without them; what was not delivered has not changed. So are the ones of its type
//! after it, once it is clear that it was for the relations: by the status, or because a second one failed as well. Where
//! the relations of another object of the type were read, it was not.
//!
//! An object that cannot be read without them either is the only one, as long as others can.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

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

/// After so many objects in a row for which ThreatQ had no time, it has none for any.
const UNANSWERED: usize = 3;

/// Reads objects whole, from several threads if need be.
pub struct ObjectReader<'a> {
    client: &'a Client,
    related: Vec<&'a ObjectType>,
    /// By the type's code.
    relations: Mutex<BTreeMap<String, Relations>>,
    /// How many objects in a row got no answer.
    unanswered: AtomicUsize,
}

/// Whether objects of a type can be read with what they are related to.
#[derive(Clone, Copy, Default)]
enum Relations {
    #[default]
    Unknown,
    /// An object failed with them, and not without.
    Doubtful,
    Readable,
    /// This ThreatQ cannot be asked for them.
    Unreadable,
}

impl<'a> ObjectReader<'a> {
    /// A reader that asks for related objects of the types that this ThreatQ has.
    pub fn new(client: &'a Client, types: &'a ObjectTypes) -> Self {
        let related = types.iter().filter(|one| RELATED.contains(&one.collection.as_str())).collect();
        Self { client, related, relations: Mutex::default(), unanswered: AtomicUsize::new(0) }
    }

    /// Reads one object.
    pub fn read(&self, object_type: &ObjectType, id: u64) -> Result<Object, Error> {
        let read = self.read_whole_or_plain(object_type, id).map(|object| object.named_by(object_type));
        let is_silent = matches!(read, Err(Error::Interrupted(_)));
        if !is_silent {
            self.unanswered.store(0, Ordering::Relaxed);
        }
        read.map_err(|error| match error {
            Error::Interrupted(_) if self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= UNANSWERED => {
                error
            }
            Error::Interrupted(_) => Error::OneObject { reason: error.to_string(), may_pass: true },
            Error::Refused { status: 200 | 400 | 422, .. } => {
                Error::OneObject { reason: error.to_string(), may_pass: false }
            }
            error => error,
        })
    }

    fn read_whole_or_plain(&self, object_type: &ObjectType, id: u64) -> Result<Object, Error> {
        let route = format!("/api/{}/{id}", object_type.collection);
        let mut failure = None;
        if !matches!(self.relations(object_type, |known| known), Relations::Unreadable) {
            let related: Vec<&str> = self.related.iter().map(|one| one.collection.as_str()).collect();
            match self.client.get::<Whole>(&route, &[("with", &format!("{PARTS},{}", related.join(",")))]) {
                Ok(answer) => {
                    self.relations(object_type, |_| Relations::Readable);
                    return Ok(self.object(answer.data));
                }
                // Bad request and server error are how a relation that is not known may be answered. And what takes too
                // long with its relations may not without.
                Err(
                    error @ (Error::Failed { .. }
                    | Error::Interrupted(_)
                    | Error::Refused { status: 200 | 400 | 422, .. }),
                ) => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        let mut object = self.client.get::<Object>(&route, &[("with", PARTS)])?.data;
        let Some(failure) = failure else { return Ok(object) };
        let is_request = matches!(failure, Error::Refused { status: 400 | 422, .. });
        match self.relations(object_type, |known| known.after_failure(is_request)) {
            Relations::Unreadable => {
                let plural = &object_type.display_name_plural;
                tracing::warn!(
                    "{route}: only without related objects; changes of relationships of {plural} are not seen"
                );
            }
            Relations::Readable | Relations::Doubtful | Relations::Unknown => {
                tracing::warn!("{failure}; read without related objects, and again in the next run");
                object.is_partial = true;
            }
        }
        Ok(object)
    }

    /// What is known of a type's relations, after a look at what was known.
    fn relations(&self, object_type: &ObjectType, look: impl FnOnce(Relations) -> Relations) -> Relations {
        let mut relations = self.relations.lock().unwrap_or_else(PoisonError::into_inner);
        let known = relations.entry(object_type.name.clone()).or_default();
        *known = look(*known);
        *known
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

impl Relations {
    /// What is known after an object could only be read without them. `is_request`: ThreatQ says that the request is to
    /// blame.
    fn after_failure(self, is_request: bool) -> Self {
        match self {
            Self::Readable => Self::Readable,
            Self::Unknown if !is_request => Self::Doubtful,
            Self::Unknown | Self::Doubtful | Self::Unreadable => Self::Unreadable,
        }
    }
}
