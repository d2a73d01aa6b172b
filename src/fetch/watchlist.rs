//! Watchlists: what is new on them, and what changed on what was there.
//!
//! All users' lists are one source. An object that several of them watch is read once, and is one alert that names
//! them, as long as the same happened to it for each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::source::{Source, entry, segment};
use super::{Fetch, Findings, Library};
use crate::change::{View, changes};
use crate::exit::{Failure, Status};
use crate::record::{Alert, Change, Event, MarkEntry, Watcher};
use crate::threatq::{Object, ObjectType, User, Users, Watched};

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

/// Fetches the watchlists of these users as one source.
pub fn watchlists<W: Write>(fetch: Fetch<W>, names: &[String]) -> Result<Status, Failure> {
    let Fetch { library, mut findings } = fetch;
    let mut source = findings.source(SOURCE)?;
    let people = people(&library, &findings, names)?;
    let listed = listed(&library, &mut findings, &people)?;
    for ((type_name, id), watchers) in &listed {
        let object_type = library.types.find(type_name)?;
        match Object::read(&library.client, object_type, *id) {
            Ok(object) => {
                let watchers = watchers.iter().filter_map(|index| people.get(*index)).collect::<Vec<_>>();
                report(&library, &mut findings, &mut source, &watchers, (object_type, &object))?;
            }
            Err(error) if error.is_about_one_object() => {
                findings.complain(Status::Refused, &format!("{type_name} {id} cannot be read: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        findings.output.flush()?;
    }
    for (index, person) in people.iter().enumerate() {
        findings.forget(&mut source, &person.folder, |type_name, id| {
            listed.get(&(type_name.to_owned(), id)).is_some_and(|watchers| watchers.contains(&index))
        })?;
        if person.is_new {
            let mark = entry(person.folder.trim_end_matches('/'), &serde_json::json!({}))?;
            source.remember(mark, &mut findings.output)?;
        }
    }
    source.close(&mut findings.output)?;
    Ok(findings.status)
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

/// Every object on somebody's list, in a stable order, and who of the people watches it.
fn listed<W: Write>(
    library: &Library,
    findings: &mut Findings<W>,
    people: &[Person],
) -> Result<BTreeMap<(String, u64), Vec<usize>>, Failure> {
    let mut listed: BTreeMap<(String, u64), Vec<usize>> = BTreeMap::new();
    for (index, person) in people.iter().enumerate() {
        for watched in Watched::by(&library.client, &person.user)? {
            match library.types.find(&watched.object_type) {
                Ok(object_type) => {
                    let watchers = listed.entry((object_type.name.clone(), watched.object_id)).or_default();
                    if !watchers.contains(&index) {
                        watchers.push(index);
                    }
                }
                Err(error) => {
                    let label = format!("watched {} {}", watched.object_type, watched.object_id);
                    findings.complain(Status::Refused, &format!("{label}: {error}"));
                }
            }
        }
    }
    Ok(listed)
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
