//! Watchlists: what is new on them, what changed on what was there, and what left.
//!
//! All users' lists are one source. An object that several of them watch is read once, and is one alert that names
//! them, as long as the same happened to it for each. Usually only listed objects that were touched since the last run
//! are read; once a day all of them are. How far each list was read is remembered person by person.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::{DateTime, Utc};

use super::findings::Findings;
use super::people::{Known, Listed, Person, SOURCE, is_on, listed, people};
use super::source::{Source, entry, forgotten};
use super::touched::to_read;
use super::{Fetch, Library};
use crate::change::{View, changes};
use crate::exit::{Failure, Status};
use crate::record::{self, Alert, Change, Event, MarkEntry, Watcher};
use crate::terminal::Progress;
use crate::threatq::{Object, ObjectReader, ObjectType, Route, in_order};

/// What happened to an object for some of its watchers, and their marks.
struct News {
    event: Event,
    changes: Vec<Change>,
    watchers: Vec<Watcher>,
    marks: Vec<MarkEntry>,
}

/// Fetches the watchlists of these users as one source.
pub fn watchlists<W: Write>(
    fetch: Fetch<W>,
    names: &[String],
    route: &Route,
    tells_removed: bool,
) -> Result<Status, Failure> {
    let Fetch { library, mut findings } = fetch;
    let fetched = watchlist(&library, &mut findings, names, route, tells_removed);
    findings.end(fetched)
}

fn watchlist<W: Write>(
    library: &Library,
    findings: &mut Findings<W>,
    names: &[String],
    route: &Route,
    tells_removed: bool,
) -> Result<(), Failure> {
    let mut source = findings.source(SOURCE)?;
    let mut people = people(library, findings, names)?;
    let listed = listed(library, findings, &mut people, route)?;
    let to_read = to_read(library, findings, &mut source, &people, &listed)?;
    let settled = source.newest();
    let reader = ObjectReader::new(&library.client, &library.types);
    let read = |(type_name, id): &(&str, u64)| reader.read(library.types.find(type_name)?, *id);
    let mut progress = Progress::begin();
    in_order(&to_read, library.client.at_once(), read, |(type_name, id), object| {
        progress.saw(1, Some(to_read.len() as u64));
        let watchers = listed.get(&((*type_name).to_owned(), *id)).into_iter().flatten();
        let watchers: Vec<&Person> = watchers.filter_map(|index| people.get(*index)).collect();
        match object {
            Ok(object) => {
                let object_type = library.types.find(type_name)?;
                report(library, findings, &mut source, &watchers, (object_type, &object))?;
            }
            Err(error) if error.is_about_one_object() => {
                findings
                    .complain(error.status_of_one(), &format!("{type_name} {id} cannot be read: {error}"));
                for person in watchers {
                    doubt(findings, &mut source, person, &person.key_of(type_name, *id))?;
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok::<_, Failure>(findings.output.flush()?)
    })?;
    let tells_removed = tells_removed && !findings.scope.baseline;
    let_go(library, findings, &mut source, &people, &listed, tells_removed)?;
    for person in people.iter().filter(|person| !person.has_failed) {
        let known = after(findings, &source, person, settled);
        if person.known != Some(known) {
            source.remember(entry(person.key(), &known)?, &mut findings.output)?;
        }
    }
    Ok(source.close(&mut findings.output)?)
}

/// What is remembered of a list once it was read.
fn after<W: Write>(
    findings: &Findings<W>,
    source: &Source,
    person: &Person,
    settled: Option<DateTime<Utc>>,
) -> Known {
    let before = person.known.and_then(|known| known.since);
    let since = source.cursor_after(before);
    match person.known {
        Some(known) if person.since.is_some() => {
            Known { since, settled: settled.or(known.settled), doubted: person.doubted, ..known }
        }
        // Everything was read, and nothing asked for that would say how far ThreatQ had come when that began.
        _ => Known { since, settled: before, read_at: findings.found_at, doubted: person.doubted },
    }
}

/// Makes sure that an object which could not be read is read in the next run, whenever it was touched. At the first look
/// at a list it is remembered that it was there: it is no news once it can be read.
fn doubt<W: Write>(
    findings: &mut Findings<W>,
    source: &mut Source,
    person: &Person,
    key: &str,
) -> Result<(), Failure> {
    let known = match findings.remembered::<View>(key)? {
        None if person.known.is_some() => return Ok(()),
        known => known.unwrap_or_default(),
    };
    let doubted = View { touched_at: None, ..known };
    Ok(source.remember(entry(key, &doubted)?, &mut findings.output)?)
}

/// Lets go of what is remembered and no longer on the list. What left several lists is told once.
fn let_go<W: Write>(
    library: &Library,
    findings: &mut Findings<W>,
    source: &mut Source,
    people: &[Person],
    listed: &Listed,
    tells_removed: bool,
) -> Result<(), Failure> {
    let mut removed: BTreeMap<(String, u64), (record::Object, News)> = BTreeMap::new();
    for (index, person) in people.iter().enumerate().filter(|(_, person)| !person.is_unclear) {
        let is_there = |type_name: &str, id: u64| is_on(listed, index, type_name, id);
        findings.gone(&person.folder, is_there, |findings, gone| {
            let last_known = if tells_removed { findings.last_known(library, &gone)? } else { None };
            let Some(object) = last_known else {
                return Ok(source.forget(gone.key, &mut findings.output)?);
            };
            let (_, news) = removed
                .entry((gone.type_name.to_owned(), gone.id))
                .or_insert_with(|| (object, News::new(Event::Removed, Vec::new())));
            news.add(person, forgotten(gone.key));
            Ok(())
        })?;
    }
    for (object, news) in removed.into_values() {
        source.alert(news.alert(source.about(Event::Removed, object)), &mut findings.output)?;
    }
    Ok(())
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
        let key = person.key_of(&object_type.name, object.id);
        let before: Option<View> = findings.remembered(&key)?;
        let (event, changes, after) = match &before {
            Some(before) => (Event::Updated, changes(before, &now), now.clone().completed_by(before)),
            None => (Event::Added, Vec::new(), now.clone()),
        };
        // What was not read of it now is read in the next run, whenever it was touched.
        let touched_at = after.touched_at.filter(|_| !object.is_partial());
        let after = View { touched_at, ..after };
        let mark = entry(key, &after)?;
        let is_news = match before {
            Some(_) => !changes.is_empty(),
            None => person.known.is_some() || findings.scope.reaches(object.touched_at, findings.found_at),
        };
        if !is_news || findings.scope.baseline {
            // Nothing to tell, but there may be something to remember: a time, or a part that was not delivered before.
            if before.as_ref() != Some(&after) {
                source.remember(mark, &mut findings.output)?;
            }
            continue;
        }
        let same = all_news.iter().position(|news| news.event == event && news.changes == changes);
        let place = same.unwrap_or(all_news.len());
        if same.is_none() {
            all_news.push(News::new(event, changes));
        }
        if let Some(news) = all_news.get_mut(place) {
            news.add(person, mark);
        }
    }
    for news in all_news {
        let about = source.about(news.event, object.to_record(object_type, &library.link_origin));
        let alert = news.alert(Alert { changed_at: object.touched_at, ..about });
        source.alert(alert, &mut findings.output)?;
    }
    Ok(())
}

impl News {
    fn new(event: Event, changes: Vec<Change>) -> Self {
        Self { event, changes, watchers: Vec::new(), marks: Vec::new() }
    }

    fn add(&mut self, person: &Person, mark: MarkEntry) {
        self.watchers.push(person.user.watcher());
        self.marks.push(mark);
    }

    fn alert(self, about: Alert) -> Alert {
        Alert { watchers: self.watchers, changes: self.changes, marks: self.marks, ..about }
    }
}
