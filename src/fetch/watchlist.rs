//! Watchlists: what is new on them, and what changed on what was there.
//!
//! All users' lists are one source. An object that several of them watch is read once, and is one alert that names
//! them, as long as the same happened to it for each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::Fetch;
use super::source::{Source, entry, segment};
use crate::change::{View, changes};
use crate::exit::{Failure, Status};
use crate::record::{Alert, Change, Event, MarkEntry};
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
    people: Vec<usize>,
    marks: Vec<MarkEntry>,
}

/// Fetches the watchlists of these users as one source.
pub fn watchlists<W: Write>(mut fetch: Fetch<W>, names: &[String]) -> Result<Status, Failure> {
    let mut source = fetch.source(SOURCE)?;
    let people = people(&fetch, names)?;
    let mut listed: BTreeMap<(String, u64), Vec<usize>> = BTreeMap::new();
    for (index, person) in people.iter().enumerate() {
        for watched in Watched::by(&fetch.client, &person.user)? {
            match fetch.types.find(&watched.object_type) {
                Ok(object_type) => {
                    let watchers = listed.entry((object_type.name.clone(), watched.object_id)).or_default();
                    if !watchers.contains(&index) {
                        watchers.push(index);
                    }
                }
                Err(error) => {
                    let label = format!("watched {} {}", watched.object_type, watched.object_id);
                    fetch.complain(Status::Refused, &format!("{label}: {error}"));
                }
            }
        }
    }
    for ((type_name, id), watchers) in &listed {
        let object_type = fetch.types.find(type_name)?.clone();
        match Object::read(&fetch.client, &object_type, *id) {
            Ok(object) => report(&mut fetch, &mut source, &people, watchers, &object_type, &object)?,
            Err(error) if error.is_not_found() || matches!(error, crate::threatq::Error::Nonsense(_)) => {
                fetch.complain(Status::Refused, &format!("{type_name} {id} cannot be read: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        fetch.output.flush()?;
    }
    for (index, person) in people.iter().enumerate() {
        let still_there = |key: &str| {
            let object = key.strip_prefix(&person.folder).and_then(|rest| rest.rsplit_once('/'));
            let object =
                object.and_then(|(type_name, id)| Some((type_name.to_owned(), id.parse::<u64>().ok()?)));
            object.and_then(|object| listed.get(&object)).is_some_and(|watchers| watchers.contains(&index))
        };
        forget_the_rest(&mut fetch, &mut source, person, still_there)?;
    }
    source.close(&mut fetch.output)?;
    Ok(fetch.status)
}

fn people<W: Write>(fetch: &Fetch<W>, names: &[String]) -> Result<Vec<Person>, Failure> {
    let users = Users::read(&fetch.client)?;
    let mut found = BTreeSet::new();
    let mut people = Vec::new();
    for name in names {
        let user = users.find(name)?.clone();
        if !found.insert(user.id) {
            continue;
        }
        let folder = format!("{SOURCE}/{}/", segment(&user.key()));
        let is_new = fetch.memory.mark(folder.trim_end_matches('/'))?.is_none();
        if is_new {
            tracing::info!(
                "{name}: the watchlist is looked at for the first time; what is on it now is no news"
            );
        }
        people.push(Person { user, folder, is_new });
    }
    Ok(people)
}

/// Compares one object with what is remembered of it for each watcher, and writes what is news.
fn report<W: Write>(
    fetch: &mut Fetch<W>,
    source: &mut Source,
    people: &[Person],
    watchers: &[usize],
    object_type: &ObjectType,
    object: &Object,
) -> Result<(), Failure> {
    source.saw(object.touched_at);
    let now = object.view(object_type);
    let mut all_news: Vec<News> = Vec::new();
    for index in watchers {
        let Some(person) = people.get(*index) else {
            continue;
        };
        let key = format!("{}{}/{}", person.folder, object_type.name, object.id);
        let before: Option<View> = fetch.remembered(&key)?;
        let (event, changes, after) = match &before {
            Some(before) => (Event::Updated, changes(before, &now), now.clone().completed_by(before)),
            None => (Event::Added, Vec::new(), now.clone()),
        };
        let mark = entry(&key, &after)?;
        let is_news = if before.is_some() { !changes.is_empty() } else { !person.is_new };
        if !is_news {
            // Nothing to tell, but there may be something to remember: a time, or a part that was not delivered before.
            if before.as_ref() != Some(&after) {
                source.remember(mark, &mut fetch.output)?;
            }
            continue;
        }
        match all_news.iter_mut().find(|news| news.event == event && news.changes == changes) {
            Some(news) => {
                news.people.push(*index);
                news.marks.push(mark);
            }
            None => all_news.push(News { event, changes, people: vec![*index], marks: vec![mark] }),
        }
    }
    for news in all_news {
        let watchers =
            news.people.iter().filter_map(|index| people.get(*index)).map(|person| person.user.watcher());
        let alert = Alert {
            id: String::new(),
            source: SOURCE.to_owned(),
            event: news.event,
            found_at: Some(fetch.found_at),
            watchers: watchers.collect(),
            collection: None,
            object: object.to_record(object_type, &fetch.link_origin),
            changed_at: object.touched_at,
            changes: news.changes,
            marks: news.marks,
        };
        source.alert(alert, &mut fetch.output)?;
    }
    Ok(())
}

/// Forgets what is no longer on a person's list, and remembers that the list was looked at.
fn forget_the_rest<W: Write>(
    fetch: &mut Fetch<W>,
    source: &mut Source,
    person: &Person,
    still_there: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let Fetch { memory, output, .. } = fetch;
    memory.keys::<Failure>(&person.folder, |key| {
        if still_there(key) { Ok(()) } else { Ok(source.forget(key, output)?) }
    })?;
    if person.is_new {
        source.remember(entry(person.folder.trim_end_matches('/'), &serde_json::json!({}))?, output)?;
    }
    Ok(())
}
