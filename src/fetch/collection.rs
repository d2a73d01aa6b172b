//! Data collections: what is newly in one, whether or not it was newly made, and what of it was touched.
//!
//! Each collection is a source of its own, and membership is remembered object by object. Usually only what was touched
//! since the last run is asked for; once a day all of it is read, which finds what came or left without being touched.
//! A collection whose own query changed is another collection: it gets a new baseline instead of a flood.

use std::collections::HashSet;
use std::io::Write;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::source::{Source, entry, segment};
use super::{Fetch, Findings, Library, OVERLAP, RESCAN, is_due};
use crate::change::{View, changes};
use crate::config::{self, Notify, Span};
use crate::exit::{Failure, Status};
use crate::record::{self, Alert, Event};
use crate::threatq::{Error, Object, ObjectType, Pass, SavedSearch, SavedSearches};

/// How often a collection that changes while it is read is read again.
const PASSES: usize = 3;
/// What is remembered of a collection itself.
#[derive(Serialize, Deserialize)]
struct Known {
    query: String,
    types: Vec<String>,
    /// When all of it was last read.
    scanned_at: DateTime<Utc>,
}

/// One collection while it is fetched.
struct Reading<'a> {
    search: &'a SavedSearch,
    notify: Notify,
    /// The folder of its objects' marks.
    folder: String,
    /// Whether nothing that is in it now is news, because nothing is known of it.
    is_new: bool,
    /// Only what was touched since then is read; all of it where there is none.
    since: Option<DateTime<Utc>>,
}

/// Fetches these collections, each as a source of its own. One that cannot be fetched does not harm the others.
pub fn collections<W: Write>(mut fetch: Fetch<W>, wanted: &[config::Collection]) -> Result<Status, Failure> {
    let Fetch { library, .. } = &fetch;
    let searches = SavedSearches::read(&library.client)?;
    let mut fetched: Vec<&str> = Vec::new();
    for one in wanted {
        let result = searches.find(&one.name).map_err(Failure::from).and_then(|search| {
            if fetched.contains(&search.name.as_str()) {
                return Err(Failure::new(Status::Config, "the collection is configured twice"));
            }
            fetched.push(&search.name);
            collection(&mut fetch, search, one)
        });
        match result {
            Err(failure) if failure.cause::<crate::ndjson::Error>().is_some() => return Err(failure),
            Err(failure) => {
                let status = failure.status;
                fetch.findings.complain(status, &failure.about(format!("collection {}", one.name)));
            }
            Ok(()) => (),
        }
    }
    Ok(fetch.findings.status)
}

fn collection<W: Write>(
    fetch: &mut Fetch<W>,
    search: &SavedSearch,
    wanted: &config::Collection,
) -> Result<(), Failure> {
    let Fetch { library, findings } = fetch;
    let name = format!("collection/{}", search.name);
    let mut source = findings.source(&name)?;
    let types = search.object_types(&library.types, &wanted.objects)?;
    let now = Known {
        query: search.fingerprint()?,
        types: types.iter().map(|one| one.name.clone()).collect(),
        scanned_at: findings.found_at,
    };
    let key = format!("collection/{}", segment(&search.name));
    let before: Option<Known> = findings.remembered(&key)?;
    let is_new = is_another(&name, before.as_ref(), &now);
    let rescan = wanted.rescan.map_or(RESCAN, |Span(rescan)| rescan);
    let is_due = before.is_none_or(|before| is_due(before.scanned_at, now.scanned_at, rescan));
    let reads_all = is_new || is_due || findings.scope.baseline;
    let since = source.since().filter(|_| !reads_all).map(|since| since - OVERLAP);
    let folder = format!("{key}/");
    let reading = Reading { search, notify: wanted.notify.unwrap_or_default(), folder, is_new, since };
    let unreadable = findings.unreadable;
    let mut members: Vec<(&str, Pass)> = Vec::new();
    for object_type in types {
        let pass = reading.objects_of(library, findings, &mut source, object_type)?;
        members.push((&object_type.name, pass));
    }
    if since.is_none() {
        findings.forget(&mut source, &reading.folder, |type_name, id| {
            members.iter().any(|(name, pass)| *name == type_name && pass.has(id))
        })?;
        source.remember(entry(&key, &now)?, &mut findings.output)?;
    }
    if findings.unreadable > unreadable {
        // What could not be read now may be readable next time, and its change must not fall out of the window.
        let doubted = Known { scanned_at: DateTime::UNIX_EPOCH, ..now };
        source.remember(entry(&key, &doubted)?, &mut findings.output)?;
    }
    Ok(source.close(&mut findings.output)?)
}

/// Whether nothing is known of a collection, or only of one that asked for something else.
fn is_another(name: &str, before: Option<&Known>, now: &Known) -> bool {
    let Some(before) = before else {
        tracing::info!("{name}: looked at for the first time; what is in it now is no news");
        return true;
    };
    let is_another = (&before.query, &before.types) != (&now.query, &now.types);
    if is_another {
        tracing::warn!("{name}: its query or its object types changed; what is in it now is no news");
    }
    is_another
}

impl Reading<'_> {
    /// Reads the objects of one type until a pass saw them all, and writes each that is news once.
    fn objects_of<W: Write>(
        &self,
        library: &Library,
        findings: &mut Findings<W>,
        source: &mut Source,
        object_type: &ObjectType,
    ) -> Result<Pass, Failure> {
        // A row that moves to a later page comes twice in one pass, and every row comes again in the next.
        let mut told: HashSet<u64> = HashSet::new();
        let mut complained: HashSet<String> = HashSet::new();
        for _ in 0..PASSES {
            let pass =
                self.search.objects::<Failure>(
                    &library.client,
                    object_type,
                    self.since,
                    |row| match row {
                        Ok(object) if told.contains(&object.id) => Ok(()),
                        Ok(object) => {
                            if self.report(library, findings, source, object_type, &object)? {
                                told.insert(object.id);
                            }
                            Ok(())
                        }
                        Err(reason) => {
                            if complained.insert(reason.clone()) {
                                let subject = format!("{}: {} {reason}", source.name(), object_type.name);
                                findings.complain(Status::Refused, &subject);
                                findings.unreadable += 1;
                            }
                            Ok(())
                        }
                    },
                )?;
            findings.output.flush()?;
            if pass.is_whole() {
                return Ok(pass);
            }
        }
        let sentence =
            format!("{} changed while it was read, {PASSES} times", object_type.display_name_plural);
        Err(Error::Moving(sentence).into())
    }

    /// Compares one object with what is remembered of it, and writes what is news. True when it was.
    fn report<W: Write>(
        &self,
        library: &Library,
        findings: &mut Findings<W>,
        source: &mut Source,
        object_type: &ObjectType,
        object: &Object,
    ) -> Result<bool, Failure> {
        source.saw(object.touched_at);
        let key = format!("{}{}/{}", self.folder, object_type.name, object.id);
        let known: Option<View> = findings.remembered(&key)?;
        // What was remembered of another collection of that name says nothing about this one.
        let before = known.as_ref().filter(|_| !self.is_new);
        let now = self.view(object, object_type);
        let (event, changes, is_news) = if let Some(before) = before {
            let changes = changes(before, &now);
            let is_touched = now.touched_at != before.touched_at || !changes.is_empty();
            (Event::Updated, changes, is_touched && self.notify == Notify::Any)
        } else {
            let is_news = !self.is_new || findings.scope.reaches(object.touched_at, findings.found_at);
            (Event::Added, Vec::new(), is_news)
        };
        let after = before.map_or_else(|| now.clone(), |before| now.clone().completed_by(before));
        let mark = entry(&key, &after)?;
        if !is_news || findings.scope.baseline {
            if known.as_ref() != Some(&after) {
                source.remember(mark, &mut findings.output)?;
            }
            return Ok(false);
        }
        let alert = Alert {
            id: String::new(),
            source: source.name().to_owned(),
            event,
            found_at: Some(findings.found_at),
            watchers: Vec::new(),
            collection: Some(record::Collection {
                name: self.search.name.clone(),
                hash: self.search.hash.clone(),
            }),
            object: object.to_record(object_type, &library.link_origin),
            changed_at: object.touched_at,
            changes,
            marks: vec![mark],
        };
        source.alert(alert, &mut findings.output)?;
        Ok(true)
    }

    /// What is remembered of an object: of items whose updates nobody wants to know, only that they are there.
    fn view(&self, object: &Object, object_type: &ObjectType) -> View {
        match self.notify {
            Notify::Any => object.view(object_type),
            Notify::New => View { touched_at: object.touched_at, ..View::default() },
        }
    }
}
