//! Users and their watchlists.
//!
//! Follows section 5 of the API reference. The route that lists a watchlist is a GUESS, and so is that a private client,
//! which is no user, gets a 403 where a user is needed.

use serde_json::Value;

use super::{Outcome, Visit, missing, nowhere, objects, refused};
use crate::call::{Answer, Failure};
use crate::shape::people;

const NO_USER: Failure = Failure::Forbidden("A private client is no user");

pub fn list(visit: &Visit) -> Outcome {
    let with = objects::with(visit);
    let number = |name: &str, default: usize| match visit.call.param(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Failure::invalid(name, "not a number")),
    };
    let users = visit.world.users();
    let rows = users.iter().skip(number("offset", 0)?).take(number("limit", usize::MAX)?);
    let rows = rows.map(|row| people::user(visit.world, row, with.has("source"), with.has("groups")));
    Ok(visit.list(users.len(), rows.collect()))
}

pub fn current(visit: &Visit) -> Outcome {
    let user = visit.world.user(visit.user.ok_or(NO_USER)?).map_err(refused)?;
    Ok(Answer::data(people::user(visit.world, user, true, false)))
}

/// GUESS: no public source knows the route that lists a watchlist, nor what its rows hold.
pub fn watchlist(visit: &Visit, id: &str) -> Outcome {
    let user = id.parse().ok().and_then(|id| visit.world.user(id).ok());
    let user = user.ok_or_else(|| nowhere(visit.call))?;
    if !visit.settings.watchlist_of_others && visit.user != Some(user.id) {
        return Err(Failure::Forbidden("This is another user's watchlist"));
    }
    let rows: Vec<Value> =
        visit.world.watchlist(user.id).map(|row| people::watch_entry(visit.world, row)).collect();
    Ok(visit.list(rows.len(), rows))
}

/// Guess: watching twice answers 200 with the entry that is there.
pub fn watch(visit: Visit, collection: &str, id: &str) -> Outcome {
    let object = visit.object(collection, id)?;
    let user = visit.user.ok_or(NO_USER)?;
    let known = visit.world.watched(user, object.object_type, object.id).is_some();
    visit.world.watch(user, collection, object.id).map_err(refused)?;
    let entry = visit.world.watched(user, object.object_type, object.id);
    let entry = entry.map_or(Value::Null, |entry| people::watch_entry(visit.world, entry));
    Ok(if known { Answer::data(entry) } else { Answer::created(entry) })
}

/// Takes the entry by its own id, which must be the caller's and of this object.
pub fn unwatch(visit: Visit, collection: &str, id: &str, entry: &str) -> Outcome {
    let object_type = visit.collection(collection)?;
    let user = visit.user.ok_or(NO_USER)?;
    let object_id = id.parse().map_err(|_| missing(object_type, id))?;
    let known =
        visit.world.watched(user, object_type.id, object_id).is_some_and(|row| row.id.to_string() == entry);
    if !known {
        return Err(Failure::Missing(format!("Watchlist entry {entry} not found")));
    }
    visit.world.unwatch(user, collection, object_id).map_err(refused)?;
    Ok(Answer::nothing())
}
