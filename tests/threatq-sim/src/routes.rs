//! Which path does what: the whole table of routes, and who may pass.
//!
//! Follows the routes of sections 2 to 7 of the API reference. Guesses: the routes that list watchlists, and those of the
//! audit log. Anything unknown is a 404, also a known path with another method.

mod lists;
mod objects;
mod parts;
mod search;
mod token;
mod users;
mod watchlist;
mod writes;

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::call::{Answer, Call, Failure};
use crate::fault::Faults;
use crate::later::Agenda;
use crate::locked;
use crate::log::Log;
use crate::query::Quirks;
use crate::settings::{AuditLog, Settings, WatchlistRoute};
use crate::shape::{self, View};
use crate::tokens::{Tokens, bearer};
use crate::world::{Object, ObjectType, World};

/// Everything that requests share.
pub struct Shared {
    pub world: Mutex<World>,
    pub settings: Mutex<Arc<Settings>>,
    pub tokens: Mutex<Tokens>,
    pub faults: Mutex<Faults>,
    pub agenda: Mutex<Agenda>,
    pub log: Log,
}

impl Shared {
    /// The knobs as they stand now.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&locked(&self.settings))
    }
}

/// A call that was let in, and the world held still for it.
struct Visit<'a> {
    call: &'a Call,
    world: &'a mut World,
    settings: &'a Settings,
    /// The calling user; a private client is none.
    user: Option<u64>,
}

type Outcome = Result<Answer, Failure>;

pub fn answer(shared: &Shared, call: &Call) -> Answer {
    let answer = outcome(shared, call).unwrap_or_else(Answer::from);
    Answer { body: shape::restyled(answer.body, &shared.settings()), ..answer }
}

fn outcome(shared: &Shared, call: &Call) -> Outcome {
    let segments: Vec<&str> = call.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let Some((&"api", route)) = segments.split_first() else {
        return Err(nowhere(call));
    };
    if (call.method.as_str(), route) == ("POST", &["token"]) {
        return token::answer(shared, call);
    }
    let token = bearer(call.authorization.as_deref()).ok_or(Failure::NoToken)?;
    let caller = locked(&shared.tokens).admit(token).ok_or(Failure::NoToken)?;
    let settings = shared.settings();
    let mut world = locked(&shared.world);
    let visit = Visit { call, world: &mut world, settings: &settings, user: caller.user() };
    let outcome = match call.method.as_str() {
        "GET" => read(&visit, route),
        "POST" if matches!(route, [_, "query"]) && route != ["search", "query"] => {
            search::query(&visit, route)
        }
        _ => write(visit, route),
    };
    locked(&shared.agenda).answered(&call.path, &mut world).map_err(Failure::Broken)?;
    outcome
}

fn read(visit: &Visit, route: &[&str]) -> Outcome {
    match route {
        ["objects"] => lists::object_types(visit),
        ["connectors"] => lists::connectors(visit),
        ["configuration", "smtp"] => lists::own_relay(visit),
        ["users"] => users::list(visit),
        ["users", "current"] => users::current(visit),
        ["users", id, "watchlist"] => watchlist::of_user(visit, id),
        ["watchlist"] => watchlist::all(visit, WatchlistRoute::Watchlist),
        ["watchlists"] => watchlist::all(visit, WatchlistRoute::Watchlists),
        ["audit-log"] | [_, _, "audit-log" | "audit"] => Err(audit_log(visit)),
        ["search", "query"] => search::list(visit),
        ["search", "query", hash] => search::one(visit, hash),
        [word, "types"] => lists::types(visit, word, None),
        [word, "types", id] => lists::types(visit, word, Some(id)),
        [word, "statuses"] => lists::statuses(visit, word, None),
        [word, "statuses", id] => lists::statuses(visit, word, Some(id)),
        [collection, "query", "hash", hash] => search::by_hash(visit, collection, hash),
        [collection] => objects::list(visit, collection),
        [collection, id] | [collection, id, "details"] => objects::one(visit, collection, id),
        [collection, id, part] => parts::list(visit, collection, id, part),
        _ => Err(nowhere(visit.call)),
    }
}

fn write(visit: Visit, route: &[&str]) -> Outcome {
    match (visit.call.method.as_str(), route) {
        ("POST", ["search", "query"]) => search::keep(visit),
        ("POST", [collection, id, "watchlist"]) => watchlist::watch(visit, collection, id),
        ("DELETE", [collection, id, "watchlist", entry]) => watchlist::unwatch(visit, collection, id, entry),
        ("POST", [collection, id, "comments"]) => writes::comment(visit, collection, id),
        ("POST", [collection, id, "attributes"]) => writes::attributes(visit, collection, id),
        ("POST", [collection, id, "tags"]) => writes::tags(visit, collection, id),
        ("PUT", ["indicator", id, "scores"]) => writes::score(visit, id),
        ("PUT", ["indicators", id]) => writes::status(visit, id),
        _ => Err(nowhere(visit.call)),
    }
}

impl Visit<'_> {
    fn view(&self) -> View<'_> {
        View { world: self.world, caller: self.user, watchlist_rows: self.settings.watchlist_rows }
    }

    /// The object type of a collection as an address names it; its code name does not do.
    fn collection(&self, word: &str) -> Result<&ObjectType, Failure> {
        let named = |t: &&ObjectType| t.collection == word;
        self.world.object_types().iter().find(named).ok_or_else(|| nowhere(self.call))
    }

    fn object(&self, collection: &str, id: &str) -> Result<Object, Failure> {
        let object_type = self.collection(collection)?;
        let found = id.parse().ok().and_then(|id| self.world.object(object_type.id, id));
        found.map(std::borrow::Cow::into_owned).ok_or_else(|| missing(object_type, id))
    }

    /// A list, with its total unless the settings keep it back.
    fn list(&self, total: usize, data: Vec<Value>) -> Answer {
        Answer::list(self.total(total), data)
    }

    /// Those of all rows that `offset` and `limit` ask for, as far as the settings let them.
    fn cut<T>(&self, all: impl Iterator<Item = T>) -> Result<impl Iterator<Item = T>, Failure> {
        let number = |name: &str, default: usize| match self.call.param(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| Failure::invalid(name, "not a number")),
        };
        let (offset, limit) = (number("offset", 0)?, number("limit", usize::MAX)?);
        let Quirks { limit: longest, first_page_always, .. } = self.settings.quirks();
        let offset = if first_page_always { 0 } else { offset };
        Ok(all.skip(offset).take(limit.min(longest.unwrap_or(usize::MAX))))
    }

    fn total(&self, total: usize) -> Option<usize> {
        (!self.settings.omit_total).then_some(total)
    }
}

fn missing(object_type: &ObjectType, id: &str) -> Failure {
    Failure::Missing(format!("{} {id} not found", object_type.display_name))
}

/// Guess: the routes, and that one without the permission gets a 403 whether the object exists or not.
fn audit_log(visit: &Visit) -> Failure {
    match visit.settings.audit_log {
        AuditLog::Missing => nowhere(visit.call),
        AuditLog::Forbidden => Failure::Forbidden("You may not view the audit log"),
    }
}

fn nowhere(call: &Call) -> Failure {
    Failure::Missing(format!("No route for {} {}", call.method, call.path))
}

/// A complaint of the world about what was sent.
fn refused(complaint: String) -> Failure {
    Failure::Invalid("value".into(), complaint)
}
