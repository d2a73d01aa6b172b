//! Data collections: what is newly in one, whether or not it was newly made, and what of it was touched.
//!
//! Each collection is a source of its own, named as the configuration names it: one that is configured by its hash may
//! be renamed. Usually only what was touched since the last run is asked for; once a day all of it is read, which finds
//! what came or left without being touched. A collection whose own query changed is another collection: it gets a new
//! baseline instead of a flood. So does an object type that was not looked at before.

use std::collections::BTreeMap;
use std::io::Write;
use std::ptr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::findings::Findings;
use super::members::Reading;
use super::source::{Source, entry, segment};
use super::{Fetch, Library, OVERLAP, RESCAN, is_due};
use crate::config::{self, Span};
use crate::exit::{Failure, Status};
use crate::threatq::{SavedSearch, SavedSearches};

/// What is remembered of a collection itself.
#[derive(PartialEq, Serialize, Deserialize)]
struct Known {
    query: String,
    /// By the type's code.
    types: BTreeMap<String, Scan>,
}

/// When all objects of one type were last read.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Scan {
    /// What was asked of the type, which is not all that the collection asks where not all of it applies.
    #[serde(default)]
    query: String,
    at: DateTime<Utc>,
    /// That most of what was remembered was not there, and that this was not believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    doubted: bool,
}

/// Fetches these collections, each as a source of its own. One that cannot be fetched does not harm the others.
pub fn collections<W: Write>(mut fetch: Fetch<W>, wanted: &[config::Collection]) -> Result<Status, Failure> {
    let searches = SavedSearches::read(&fetch.library.client)?;
    let mut fetched: Vec<&SavedSearch> = Vec::new();
    for one in wanted {
        let result = searches.find(&one.name).map_err(Failure::from).and_then(|search| {
            if fetched.iter().any(|known| ptr::eq(*known, search)) {
                return Err(Failure::new(Status::Config, "the collection is configured twice"));
            }
            fetched.push(search);
            collection(&mut fetch, search, one)
        });
        match result {
            Err(failure) if failure.cause::<crate::ndjson::Error>().is_some() => {
                return fetch.findings.end(Err(failure));
            }
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
    let name = format!("collection/{}", wanted.name);
    let mut source = findings.source(&name)?;
    let key = format!("collection/{}", segment(&wanted.name));
    let query = search.fingerprint()?;
    let known: Option<Known> = findings.remembered(&key)?;
    let before = same_query(&name, known.as_ref(), &query);
    let rescan = wanted.rescan.map_or(RESCAN, |Span(rescan)| rescan);
    let since = findings.window_from(source.since());
    let mut now = Known { query, types: BTreeMap::new() };
    for object_type in search.object_types(&library.types, &wanted.objects)? {
        let asked = search.query_for(object_type)?;
        let known = before.and_then(|before| before.types.get(&object_type.name));
        let last = known.filter(|known| known.query == asked);
        if last.is_none() && before.is_some() {
            let why = if known.is_some() {
                "are asked for in another way, because ThreatQ says otherwise what applies to them"
            } else {
                "are looked at for the first time"
            };
            let plural = &object_type.display_name_plural;
            tracing::warn!("{name}: {plural} {why}; what is in it now is no news");
        }
        let reads_all =
            findings.scope.baseline || last.is_none_or(|last| is_due(last.at, findings.found_at, rescan));
        let reading = Reading {
            search,
            object_type,
            notify: wanted.notify.unwrap_or_default(),
            tells_removed: wanted.removed == Some(true),
            folder: format!("{key}/{}/", object_type.name),
            is_new: last.is_none(),
            since: since.filter(|_| !reads_all).map(|since| since - OVERLAP),
        };
        let scan = scan(library, findings, &mut source, &reading, last.cloned(), asked)?;
        now.types.insert(object_type.name.clone(), scan);
    }
    let types = known.iter().flat_map(|known| known.types.keys());
    for dropped in types.filter(|name| !now.types.contains_key(*name)) {
        let folder = format!("{key}/{dropped}/");
        findings.gone(
            &folder,
            |_, _| false,
            |findings, gone| Ok(source.forget(gone.key, &mut findings.output)?),
        )?;
    }
    if known.as_ref() != Some(&now) {
        source.remember(entry(key, &now)?, &mut findings.output)?;
    }
    Ok(source.close(&mut findings.output)?)
}

/// Reads the objects of one type, and lets go of those that left where all of them were read.
fn scan<W: Write>(
    library: &Library,
    findings: &mut Findings<W>,
    source: &mut Source,
    reading: &Reading<'_>,
    last: Option<Scan>,
    query: String,
) -> Result<Scan, Failure> {
    let was_doubted = last.as_ref().is_none_or(|last| last.doubted);
    let (pass, has_unreadable) = reading.read(library, findings, source)?;
    let mut scan = match last {
        Some(last) if reading.since.is_some() => last,
        _ => Scan { query, at: findings.found_at, doubted: false },
    };
    if has_unreadable {
        // What could not be read now may be readable next time, its change must not fall out of the window, and what it
        // is about has not left.
        scan.at = DateTime::UNIX_EPOCH;
    } else if reading.since.is_some() {
        // A window says nothing of what left.
    } else if !was_doubted && findings.doubts(&reading.folder, |_, id| pass.has(id))? {
        let sentence = format!(
            "{}: ThreatQ no longer lists most of the {} that are remembered; it is believed if it says so again in the next run",
            source.name(),
            reading.object_type.display_name_plural
        );
        findings.complain(Status::TryAgain, &sentence);
        (scan.at, scan.doubted) = (DateTime::UNIX_EPOCH, true);
    } else {
        reading.let_go(library, findings, source, &pass)?;
    }
    Ok(scan)
}

/// What is known of a collection, unless it asked for something else.
fn same_query<'a>(name: &str, known: Option<&'a Known>, query: &str) -> Option<&'a Known> {
    let same = known.filter(|known| known.query == query);
    match known {
        None => tracing::info!("{name}: looked at for the first time; what is in it now is no news"),
        Some(_) if same.is_none() => {
            tracing::warn!("{name}: its query changed; what is in it now is no news");
        }
        Some(_) => (),
    }
    same
}
