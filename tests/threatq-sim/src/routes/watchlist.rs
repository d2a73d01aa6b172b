//! Watchlists: the lists in the forms that may be, and watching and unwatching as they are known.
//!
//! Follows section 5 of the API reference. GUESSES: every route that lists a watchlist, what its rows hold, and that a list
//! of all users shows the caller's own entries alone where those of others are closed.

use serde_json::Value;

use super::users::NO_USER;
use super::{Outcome, Visit, missing, nowhere, refused};
use crate::call::{Answer, Failure};
use crate::settings::WatchlistRoute;
use crate::shape::people;
use crate::world::WatchEntry;

/// `GET /api/users/{id}/watchlist`
pub fn of_user(visit: &Visit, id: &str) -> Outcome {
    let user = id.parse().ok().and_then(|id| visit.world.user(id).ok());
    let user = user.filter(|_| visit.settings.watchlist_route == WatchlistRoute::OfUser);
    let user = user.ok_or_else(|| nowhere(visit.call))?;
    if !visit.settings.watchlist_of_others && visit.user != Some(user.id) {
        return Err(Failure::Forbidden("This is another user's watchlist"));
    }
    list(visit, visit.world.watchlist(user.id).collect())
}

/// `GET /api/watchlist` or `GET /api/watchlists`
pub fn all(visit: &Visit, route: WatchlistRoute) -> Outcome {
    if visit.settings.watchlist_route != route {
        return Err(nowhere(visit.call));
    }
    let open = |entry: &&WatchEntry| visit.settings.watchlist_of_others || visit.user == Some(entry.user_id);
    list(visit, visit.world.watchlists().filter(open).collect())
}

fn list(visit: &Visit, entries: Vec<&WatchEntry>) -> Outcome {
    let total = entries.len();
    let row = |entry| people::watch_entry(visit.world, entry, visit.settings.watchlist_rows);
    Ok(visit.list(total, visit.cut(entries.into_iter())?.map(row).collect()))
}

/// Guess: watching twice answers 200 with the entry that is there.
pub fn watch(visit: Visit, collection: &str, id: &str) -> Outcome {
    let object = visit.object(collection, id)?;
    let user = visit.user.ok_or(NO_USER)?;
    let known = visit.world.watched(user, object.object_type, object.id).is_some();
    visit.world.watch(user, collection, object.id).map_err(refused)?;
    let entry = visit.world.watched(user, object.object_type, object.id);
    let entry = entry
        .map_or(Value::Null, |entry| people::watch_entry(visit.world, entry, visit.settings.watchlist_rows));
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
