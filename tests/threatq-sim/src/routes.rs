//! Which path does what: the whole table of routes, and who may pass.
//!
//! Follows the routes of sections 2 to 7 of the API reference. Guess: `GET /api/users/{id}/watchlist`. Anything unknown
//! is a 404, also a known path with another method.

mod lists;
mod objects;
mod parts;
mod search;
mod token;
mod users;
mod writes;

use std::sync::Mutex;

use serde_json::Value;

use crate::call::{Answer, Call, Failure};
use crate::fault::Faults;
use crate::locked;
use crate::log::Log;
use crate::settings::Settings;
use crate::shape::View;
use crate::tokens::{Tokens, bearer};
use crate::world::{Object, ObjectType, World};

/// Everything that requests share.
pub struct Shared {
    pub world: Mutex<World>,
    pub settings: Settings,
    pub tokens: Mutex<Tokens>,
    pub faults: Mutex<Faults>,
    pub log: Log,
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
    outcome(shared, call).unwrap_or_else(Answer::from)
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
    let caller = locked(&shared.tokens).caller(token).ok_or(Failure::NoToken)?;
    let mut world = locked(&shared.world);
    let visit = Visit { call, world: &mut world, settings: &shared.settings, user: caller.user() };
    match call.method.as_str() {
        "GET" => read(&visit, route),
        "POST" if matches!(route, [_, "query"]) && route != ["search", "query"] => {
            search::query(&visit, route)
        }
        _ => write(visit, route),
    }
}

fn read(visit: &Visit, route: &[&str]) -> Outcome {
    match route {
        ["objects"] => lists::object_types(visit),
        ["users"] => users::list(visit),
        ["users", "current"] => users::current(visit),
        ["users", id, "watchlist"] => users::watchlist(visit, id),
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
        ("POST", [collection, id, "watchlist"]) => users::watch(visit, collection, id),
        ("DELETE", [collection, id, "watchlist", entry]) => users::unwatch(visit, collection, id, entry),
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
        View { world: self.world, caller: self.user }
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
        Answer::list(self.total(total), data, serde_json::Map::new())
    }

    fn total(&self, total: usize) -> Option<usize> {
        (!self.settings.omit_total).then_some(total)
    }
}

fn missing(object_type: &ObjectType, id: &str) -> Failure {
    Failure::Missing(format!("{} {id} not found", object_type.display_name))
}

fn nowhere(call: &Call) -> Failure {
    Failure::Missing(format!("No route for {} {}", call.method, call.path))
}

/// A complaint of the world about what was sent.
fn refused(complaint: String) -> Failure {
    Failure::Invalid("value".into(), complaint)
}
