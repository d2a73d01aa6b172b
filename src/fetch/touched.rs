//! Which of the listed objects must be read: those of which nothing is known, and those that were touched since.
//!
//! What was touched is asked for in one list a type, unless reading the objects one by one asks for less.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::{DateTime, Utc};

use super::findings::Findings;
use super::people::{Listed, Person};
use super::source::Source;
use super::{Library, OVERLAP};
use crate::change::View;
use crate::exit::Failure;
use crate::threatq::{self, Object, Touches};

/// One object by its type's code and its number.
pub(super) type Place<'a> = (&'a str, u64);

/// The objects to be read, in a stable order.
pub(super) fn to_read<'a, W: Write>(
    library: &Library,
    findings: &Findings<W>,
    source: &mut Source,
    people: &[Person],
    listed: &'a Listed,
) -> Result<Vec<Place<'a>>, Failure> {
    let mut to_read: Vec<Place<'a>> = Vec::new();
    let mut known: BTreeMap<&str, Touches> = BTreeMap::new();
    for ((type_name, id), watchers) in listed {
        let watchers = watchers.iter().filter_map(|index| people.get(*index));
        match last_touched(findings, watchers, type_name, *id)? {
            None => to_read.push((type_name, *id)),
            touched_at => {
                known.entry(type_name).or_default().insert(*id, touched_at);
            }
        }
    }
    let since = people.iter().filter_map(|person| person.since).min();
    let settled = people.iter().filter_map(Person::settled).min();
    for (type_name, objects) in known {
        let window = match since {
            Some(since) => window(library, type_name, since - OVERLAP, objects.len())?,
            None => None,
        };
        let is_touched = |id: u64, before: Option<DateTime<Utc>>| match &window {
            None => true,
            Some(window) => window.get(&id).is_some_and(|now| may_have_changed(before, *now, settled)),
        };
        let touched = objects.into_iter().filter(|(id, before)| is_touched(*id, *before));
        to_read.extend(touched.map(|(id, _)| (type_name, id)));
        // All of it was looked at, so that the next window may begin where this one ends.
        window.iter().flat_map(Touches::values).for_each(|touched_at| source.saw(*touched_at));
    }
    to_read.sort_unstable();
    Ok(to_read)
}

/// When the object was last touched, as far as every watcher knows; none where it must be read for one of them.
fn last_touched<'a, W: Write>(
    findings: &Findings<W>,
    watchers: impl Iterator<Item = &'a Person>,
    type_name: &str,
    id: u64,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let mut earliest = None;
    for person in watchers {
        let view: Option<View> = match person.since {
            Some(_) => findings.remembered(&person.key_of(type_name, id))?,
            None => None,
        };
        let Some(touched_at) = view.and_then(|view| view.touched_at) else { return Ok(None) };
        earliest = Some(earliest.map_or(touched_at, |earliest: DateTime<Utc>| earliest.min(touched_at)));
    }
    Ok(earliest)
}

/// What of a type was touched since; none where that cannot be told, or only by more requests than there are objects.
fn window(
    library: &Library,
    type_name: &str,
    since: DateTime<Utc>,
    objects: usize,
) -> Result<Option<Touches>, Failure> {
    let object_type = library.types.find(type_name)?;
    match Object::touched_since(&library.client, object_type, since, objects) {
        Ok(window) => Ok(window),
        Err(error @ threatq::Error::Refused { .. }) => {
            tracing::info!("{type_name}: {error}; reading each object instead");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether an object may have changed, by the index's word. The index has seconds, so that within the second that ThreatQ
/// had come to when the last fetch began to read, and after it, there is no telling.
fn may_have_changed(
    before: Option<DateTime<Utc>>,
    now: Option<DateTime<Utc>>,
    settled: Option<DateTime<Utc>>,
) -> bool {
    let second = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp());
    now.is_none() || second(before) != second(now) || second(now) >= second(settled)
}
