//! The people whose watchlists are looked at, and what is on them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::findings::{Findings, Unreadable};
use super::{Library, RESCAN, is_due};
use crate::exit::{Failure, Status};
use crate::threatq::{Error, Route, User, Users, Watched};

/// The folder of all that is remembered of watchlists.
pub(super) const SOURCE: &str = "watchlist";

/// A configured user.
pub(super) struct Person {
    pub(super) user: User,
    /// Where the marks of what this user watches are. Named by the user's number, because addresses change.
    pub(super) folder: String,
    /// What is remembered of the list itself. Where there is nothing, nothing on it is news.
    pub(super) known: Option<Known>,
    /// Since when changes are asked for; none where everything on the list is read.
    pub(super) since: Option<DateTime<Utc>>,
    /// What is on the list now cannot be told for sure, so nothing is let go of.
    pub(super) is_unclear: bool,
    /// Most of what is remembered is not on the list, and that is not believed yet.
    pub(super) doubted: bool,
    /// ThreatQ did not give the list, so that nothing is remembered of this look at it.
    pub(super) has_failed: bool,
}

/// What is remembered of one user's list.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    /// The newest change that was seen when it was read; only what was touched since then is read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<DateTime<Utc>>,
    /// The newest change that was seen before the first object was read, where that is known. What was touched within
    /// that second or later may have been touched again behind the reader's back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<DateTime<Utc>>,
    /// When every object on it was last read.
    pub(super) read_at: DateTime<Utc>,
    /// That most of what was remembered was not on it, and that this was not believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) doubted: bool,
}

/// Who watches what: the type's code and the object's number, and the people by their place.
pub(super) type Listed = BTreeMap<(String, u64), Vec<usize>>;

impl Person {
    /// The key of what is remembered of the list itself.
    pub(super) fn key(&self) -> &str {
        self.folder.trim_end_matches('/')
    }

    /// Up to when the last fetch saw every change, where not everything is read.
    pub(super) fn settled(&self) -> Option<DateTime<Utc>> {
        let since = self.since?;
        Some(self.known.and_then(|known| known.settled).map_or(since, |settled| settled.min(since)))
    }

    /// The key of one object's mark.
    pub(super) fn key_of(&self, type_name: &str, id: u64) -> String {
        format!("{}{type_name}/{id}", self.folder)
    }
}

/// The users with these names, each once.
pub(super) fn people<W: Write>(
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
        let folder = format!("{SOURCE}/{}/", user.id);
        let known: Option<Known> = findings.remembered(folder.trim_end_matches('/'))?;
        let read = known
            .filter(|known| !findings.scope.baseline && !is_due(known.read_at, findings.found_at, RESCAN));
        let since = findings.window_from(read.and_then(|known| known.since));
        if known.is_none() {
            tracing::info!(
                "{name}: the watchlist is looked at for the first time; what is on it now is no news"
            );
        }
        people.push(Person {
            user,
            folder,
            known,
            since,
            is_unclear: false,
            doubted: false,
            has_failed: false,
        });
    }
    Ok(people)
}

/// Every object on somebody's list, in a stable order, and who of the people watches it.
pub(super) fn listed<W: Write>(
    library: &Library,
    findings: &mut Findings<W>,
    people: &mut [Person],
    route: &Route,
) -> Result<Listed, Failure> {
    let mut listed = Listed::new();
    let (last, mut all_failed) = (people.len().saturating_sub(1), true);
    for (index, person) in people.iter_mut().enumerate() {
        let is_last = index == last;
        let whose = format!("the watchlist of {}", person.user.watcher().name);
        let mut unreadable = Unreadable::default();
        let own = route.session_of(&library.client, &person.user)?;
        let client = own.as_ref().unwrap_or(&library.client);
        let rows = match route.watched_by(client, &library.types, &person.user) {
            Ok(rows) => rows,
            // It may be for this list alone; where it is not, it fails for the last one, too.
            Err(error @ (Error::Failed { .. } | Error::Moving(_))) if !(is_last && all_failed) => {
                findings.complain(Status::TryAgain, &format!("{whose}: {error}"));
                (person.is_unclear, person.has_failed) = (true, true);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        all_failed = false;
        for watched in rows {
            match watched {
                Ok(Watched { type_name, id }) => {
                    let watchers = listed.entry((type_name, id)).or_default();
                    if !watchers.contains(&index) {
                        watchers.push(index);
                    }
                }
                Err(reason) => unreadable.row(findings, format!("a row of {whose}: {reason}")),
            }
        }
        // What a row that makes no sense is about may still be on the list.
        person.is_unclear = unreadable.finish(findings, &format!("rows of {whose}"));
        let is_there = |type_name: &str, id: u64| is_on(&listed, index, type_name, id);
        let was_doubted = person.known.is_none_or(|known| known.doubted);
        if !person.is_unclear && !was_doubted && findings.doubts(&person.folder, is_there)? {
            let sentence = format!(
                "{whose}: most of what is remembered is not on it any more; it is believed if ThreatQ says so again in the next run"
            );
            findings.complain(Status::TryAgain, &sentence);
            person.is_unclear = true;
            person.doubted = true;
        }
    }
    Ok(listed)
}

/// Whether an object is on the list of the person at that place.
pub(super) fn is_on(listed: &Listed, person: usize, type_name: &str, id: u64) -> bool {
    listed.get(&(type_name.to_owned(), id)).is_some_and(|watchers| watchers.contains(&person))
}
