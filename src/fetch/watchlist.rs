//! Watchlists: what is new on them, and what changed on what was there.
//!
//! All users' lists are one source. An object that several of them watch is read once, and is one alert that names
//! them, as long as the same happened to it for each. Usually only listed objects that were touched since the last run
//! are read; once a day all of them are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::source::{Source, entry, segment};
use super::{Fetch, Findings, Library, OVERLAP, RESCAN, is_due};
use crate::change::{View, changes};
use crate::exit::{Failure, Status};
use crate::record::{Alert, Change, Event, MarkEntry, Watcher};
use crate::threatq::{
    self, Object, ObjectReader, ObjectType, Route, Touches, User, Users, Watched, in_order,
};

/// The name of the source, and the folder of its marks.
const SOURCE: &str = "watchlist";

/// A configured user.
struct Person {
    user: User,
    /// Where this user's marks are.
    folder: String,
    /// Whether this user's list was never looked at before: then nothing on it is news.
    is_new: bool,
}

/// What happened to an object for some of its watchers, and their marks.
struct News {
    event: Event,
    changes: Vec<Change>,
    watchers: Vec<Watcher>,
    marks: Vec<MarkEntry>,
}

/// What is remembered of the source itself.
#[derive(Serialize, Deserialize)]
struct Known {
    /// When every listed object was last read.
    read_at: DateTime<Utc>,
}

/// Who watches what: the type's code and the object's number, and the people by their place.
type Listed = BTreeMap<(String, u64), Vec<usize>>;

/// Fetches the watchlists of these users as one source.
pub fn watchlists<W: Write>(fetch: Fetch<W>, names: &[String], route: &Route) -> Result<Status, Failure> {
    let Fetch { library, mut findings } = fetch;
    let mut source = findings.source(SOURCE)?;
    let people = people(&library, &findings, names)?;
    let (listed, unclear) = listed(&library, &mut findings, &people, route)?;
    let known: Option<Known> = findings.remembered(SOURCE)?;
    let is_due = known.is_none_or(|known| is_due(known.read_at, findings.found_at, RESCAN));
    let since = source.since().filter(|_| !is_due && !findings.scope.baseline);
    let to_read = match since {
        Some(since) => touched(&library, &findings, &people, &listed, since)?,
        None => listed.iter().map(|((type_name, id), _)| (type_name.as_str(), *id)).collect(),
    };
    let reader = ObjectReader::new(&library.client, &library.types);
    let read = |(type_name, id): &(&str, u64)| reader.read(library.types.find(type_name)?, *id);
    in_order(&to_read, library.client.at_once(), read, |(type_name, id), object| {
        let watchers = listed.get(&((*type_name).to_owned(), *id)).into_iter().flatten();
        let watchers: Vec<&Person> = watchers.filter_map(|index| people.get(*index)).collect();
        match object {
            Ok(object) => {
                let object_type = library.types.find(type_name)?;
                report(&library, &mut findings, &mut source, &watchers, (object_type, &object))?;
            }
            Err(error) if error.is_about_one_object() => {
                findings.complain(Status::Refused, &format!("{type_name} {id} cannot be read: {error}"));
                for person in watchers {
                    doubt(&mut findings, &mut source, &format!("{}{type_name}/{id}", person.folder))?;
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok::<_, Failure>(findings.output.flush()?)
    })?;
    for (index, person) in people.iter().enumerate() {
        // What a row that makes no sense is about may still be on the list.
        let forgets = !unclear.contains(&index);
        findings.forget(&mut source, &person.folder, |type_name, id| {
            !forgets
                || listed.get(&(type_name.to_owned(), id)).is_some_and(|watchers| watchers.contains(&index))
        })?;
        if person.is_new {
            let mark = entry(person.folder.trim_end_matches('/'), &serde_json::json!({}))?;
            source.remember(mark, &mut findings.output)?;
        }
    }
    if since.is_none() {
        source.remember(entry(SOURCE, &Known { read_at: findings.found_at })?, &mut findings.output)?;
    }
    source.close(&mut findings.output)?;
    Ok(findings.status)
}

/// Makes sure that an object which could not be read is read in the next run, whenever it was touched.
fn doubt<W: Write>(findings: &mut Findings<W>, source: &mut Source, key: &str) -> Result<(), Failure> {
    let Some(known) = findings.remembered::<View>(key)? else { return Ok(()) };
    let doubted = View { touched_at: None, ..known };
    Ok(source.remember(entry(key, &doubted)?, &mut findings.output)?)
}

/// The listed objects that must be read: those of which nothing is known for one of their watchers, and those that were
/// touched since. Each type's touched objects are asked for in one list, unless reading those listed asks for less.
fn touched<'a, W: Write>(
    library: &Library,
    findings: &Findings<W>,
    people: &[Person],
    listed: &'a Listed,
    since: DateTime<Utc>,
) -> Result<Vec<(&'a str, u64)>, Failure> {
    let mut to_read = Vec::new();
    let mut known: BTreeMap<&str, Touches> = BTreeMap::new();
    for ((type_name, id), watchers) in listed {
        let mut touched_at = Vec::new();
        for person in watchers.iter().filter_map(|index| people.get(*index)) {
            let view: Option<View> = findings.remembered(&format!("{}{type_name}/{id}", person.folder))?;
            touched_at.push(view.and_then(|view| view.touched_at));
        }
        // Unknown to one, or of unknown time, sorts first.
        match touched_at.into_iter().min().flatten() {
            Some(touched_at) => {
                known.entry(type_name).or_default().insert(*id, Some(touched_at));
            }
            None => to_read.push((type_name.as_str(), *id)),
        }
    }
    for (type_name, objects) in known {
        let object_type = library.types.find(type_name)?;
        let window = match Object::touched_since(&library.client, object_type, since - OVERLAP, objects.len())
        {
            Ok(window) => window,
            // A type that cannot be searched is read object by object.
            Err(error @ threatq::Error::Refused { .. }) => {
                tracing::info!("{type_name}: {error}; reading each object instead");
                None
            }
            Err(error) => return Err(error.into()),
        };
        let is_touched = |id: u64, before: Option<DateTime<Utc>>| match &window {
            None => true,
            Some(window) => window.get(&id).is_some_and(|now| may_have_changed(before, *now, since)),
        };
        let touched = objects.into_iter().filter(|(id, before)| is_touched(*id, *before));
        to_read.extend(touched.map(|(id, _)| (type_name, id)));
    }
    to_read.sort_unstable();
    Ok(to_read)
}

/// Whether an object may have changed, by the index's word. The index has seconds, so that within the newest second seen
/// there is no telling.
fn may_have_changed(before: Option<DateTime<Utc>>, now: Option<DateTime<Utc>>, since: DateTime<Utc>) -> bool {
    let second = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp());
    now.is_none() || second(before) != second(now) || second(now) == second(Some(since))
}

fn people<W: Write>(
    library: &Library,
    findings: &Findings<W>,
    names: &[String],
) -> Result<Vec<Person>, Failure> {
    let users = Users::read(&library.client)?;
    let mut found = BTreeSet::new();
    let mut people = Vec::new();
    for name in names {
        let user = users.find(name)?.clone();
        if !found.insert(user.id) {
            continue;
        }
        let folder = format!("{SOURCE}/{}/", segment(&user.key()));
        let is_new = findings.memory.mark(folder.trim_end_matches('/'))?.is_none();
        if is_new {
            tracing::info!(
                "{name}: the watchlist is looked at for the first time; what is on it now is no news"
            );
        }
        people.push(Person { user, folder, is_new });
    }
    Ok(people)
}

/// Every object on somebody's list, in a stable order, and who of the people watches it; and whose lists have rows that
/// make no sense.
fn listed<W: Write>(
    library: &Library,
    findings: &mut Findings<W>,
    people: &[Person],
    route: &Route,
) -> Result<(Listed, BTreeSet<usize>), Failure> {
    let mut listed = Listed::new();
    let mut unclear = BTreeSet::new();
    for (index, person) in people.iter().enumerate() {
        for watched in route.watched_by(&library.client, &library.types, &person.user)? {
            match watched {
                Ok(Watched { type_name, id }) => {
                    let watchers = listed.entry((type_name, id)).or_default();
                    if !watchers.contains(&index) {
                        watchers.push(index);
                    }
                }
                Err(reason) => {
                    unclear.insert(index);
                    let whose = person.user.watcher().name;
                    findings
                        .complain(Status::Refused, &format!("a row of the watchlist of {whose}: {reason}"));
                }
            }
        }
    }
    Ok((listed, unclear))
}

/// Compares one object with what is remembered of it for each watcher, and writes what is news.
fn report<W: Write>(
    library: &Library,
    findings: &mut Findings<W>,
    source: &mut Source,
    watchers: &[&Person],
    (object_type, object): (&ObjectType, &Object),
) -> Result<(), Failure> {
    source.saw(object.touched_at);
    let now = object.view(object_type);
    let mut all_news: Vec<News> = Vec::new();
    for person in watchers {
        let key = format!("{}{}/{}", person.folder, object_type.name, object.id);
        let before: Option<View> = findings.remembered(&key)?;
        let (event, changes, after) = match &before {
            Some(before) => (Event::Updated, changes(before, &now), now.clone().completed_by(before)),
            None => (Event::Added, Vec::new(), now.clone()),
        };
        let mark = entry(&key, &after)?;
        let is_news = match before {
            Some(_) => !changes.is_empty(),
            None => !person.is_new || findings.scope.reaches(object.touched_at, findings.found_at),
        };
        if !is_news || findings.scope.baseline {
            // Nothing to tell, but there may be something to remember: a time, or a part that was not delivered before.
            if before.as_ref() != Some(&after) {
                source.remember(mark, &mut findings.output)?;
            }
            continue;
        }
        let watcher = person.user.watcher();
        match all_news.iter_mut().find(|news| news.event == event && news.changes == changes) {
            Some(news) => {
                news.watchers.push(watcher);
                news.marks.push(mark);
            }
            None => all_news.push(News { event, changes, watchers: vec![watcher], marks: vec![mark] }),
        }
    }
    for news in all_news {
        let alert = Alert {
            id: String::new(),
            source: SOURCE.to_owned(),
            event: news.event,
            found_at: Some(findings.found_at),
            watchers: news.watchers,
            collection: None,
            object: object.to_record(object_type, &library.link_origin),
            changed_at: object.touched_at,
            changes: news.changes,
            marks: news.marks,
        };
        source.alert(alert, &mut findings.output)?;
    }
    Ok(())
}
