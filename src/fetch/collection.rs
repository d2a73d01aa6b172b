//! Data collections: what is newly in one, whether or not it was newly made.
//!
//! Each collection is a source of its own, and membership is remembered object by object. A collection whose own query
//! changed is another collection: it gets a new baseline instead of a flood.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::Fetch;
use super::source::{Source, entry, segment};
use crate::config;
use crate::exit::{Failure, Status};
use crate::record::{self, Alert, Event};
use crate::threatq::{Error, ObjectType, Pass, SavedSearch, SavedSearches};

/// How often a collection that changes while it is read is read again.
const PASSES: usize = 3;

/// What is remembered of a collection itself.
#[derive(PartialEq, Serialize, Deserialize)]
struct Known {
    query: String,
    types: Vec<String>,
}

/// What is remembered of an object in it.
#[derive(Serialize)]
struct Member {
    #[serde(skip_serializing_if = "Option::is_none")]
    touched_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Fetches these collections, each as a source of its own. One that cannot be fetched does not harm the others.
pub fn collections<W: Write>(mut fetch: Fetch<W>, wanted: &[config::Collection]) -> Result<Status, Failure> {
    let searches = SavedSearches::read(&fetch.client)?;
    let mut fetched: Vec<&str> = Vec::new();
    for one in wanted {
        let result = searches.find(&one.name).map_err(Failure::from).and_then(|search| {
            if fetched.contains(&search.name.as_str()) {
                return Err(Failure::new(Status::Config, "the collection is configured twice"));
            }
            fetched.push(&search.name);
            collection(&mut fetch, search, &one.objects)
        });
        match result {
            Err(failure) if failure.cause::<crate::ndjson::Error>().is_some() => return Err(failure),
            Err(failure) => {
                let status = failure.status;
                fetch.complain(status, &failure.about(format!("collection {}", one.name)));
            }
            Ok(()) => (),
        }
    }
    Ok(fetch.status)
}

fn collection<W: Write>(
    fetch: &mut Fetch<W>,
    search: &SavedSearch,
    objects: &[String],
) -> Result<(), Failure> {
    let name = format!("collection/{}", search.name);
    let mut source = fetch.source(&name)?;
    let types: Vec<ObjectType> = search.object_types(&fetch.types, objects)?.into_iter().cloned().collect();
    let known =
        Known { query: search.fingerprint()?, types: types.iter().map(|one| one.name.clone()).collect() };
    let key = format!("collection/{}", segment(&search.name));
    let before: Option<Known> = fetch.remembered(&key)?;
    let is_new = before.as_ref() != Some(&known);
    match before {
        None => tracing::info!("{name}: looked at for the first time; what is in it now is no news"),
        Some(_) if is_new => {
            tracing::warn!("{name}: its query or its object types changed; what is in it now is no news");
        }
        Some(_) => (),
    }
    let mut members: Vec<(String, Pass)> = Vec::new();
    for object_type in &types {
        let folder = format!("{key}/{}", object_type.name);
        let pass = objects_of(fetch, &mut source, search, (object_type, &folder), is_new)?;
        members.push((object_type.name.clone(), pass));
    }
    let Fetch { memory, output, .. } = fetch;
    let folder = format!("{key}/");
    memory.keys::<Failure>(&folder, |key| {
        let place = key.strip_prefix(&folder).and_then(|rest| rest.split_once('/'));
        let is_member = place.is_some_and(|(type_name, id)| {
            let pass = members.iter().find(|(name, _)| name == type_name).map(|(_, pass)| pass);
            pass.zip(id.parse().ok()).is_some_and(|(pass, id)| pass.has(id))
        });
        if is_member { Ok(()) } else { Ok(source.forget(key, output)?) }
    })?;
    if is_new {
        source.remember(entry(&key, &known)?, output)?;
    }
    Ok(source.close(output)?)
}

/// Reads the collection's objects of one type until a pass saw them all, and writes each new one once.
fn objects_of<W: Write>(
    fetch: &mut Fetch<W>,
    source: &mut Source,
    search: &SavedSearch,
    (object_type, folder): (&ObjectType, &str),
    is_baseline: bool,
) -> Result<Pass, Failure> {
    let mut earlier: Vec<Pass> = Vec::new();
    for _ in 0..PASSES {
        let Fetch { client, memory, output, link_origin, found_at, program, status, .. } = &mut *fetch;
        let pass = search.objects::<Failure>(client, object_type, |row| {
            let object = match row {
                Ok(object) => object,
                Err(reason) => {
                    if earlier.is_empty() {
                        crate::exit::complain(
                            program,
                            &format!("{}: {} {reason}", source.name(), object_type.name),
                        );
                        *status = status.worst(Status::Refused);
                    }
                    return Ok(());
                }
            };
            source.saw(object.touched_at);
            let key = format!("{folder}/{}", object.id);
            if earlier.iter().any(|pass| pass.has(object.id))
                || (!is_baseline && memory.mark(&key)?.is_some())
            {
                return Ok(());
            }
            let mark = entry(&key, &Member { touched_at: object.touched_at })?;
            if is_baseline {
                return Ok(source.remember(mark, output)?);
            }
            let alert = Alert {
                id: String::new(),
                source: source.name().to_owned(),
                event: Event::Added,
                found_at: Some(*found_at),
                watchers: Vec::new(),
                collection: Some(record::Collection { name: search.name.clone(), hash: search.hash.clone() }),
                object: object.to_record(object_type, link_origin),
                changed_at: object.touched_at,
                changes: Vec::new(),
                marks: vec![mark],
            };
            Ok(source.alert(alert, output)?)
        })?;
        fetch.output.flush()?;
        if pass.is_whole() {
            return Ok(pass);
        }
        earlier.push(pass);
    }
    let sentence = format!("{} changed while it was read, {PASSES} times", object_type.display_name_plural);
    Err(Error::Moving(sentence).into())
}
