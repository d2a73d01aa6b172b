//! Users.
//!
//! Follows section 5.3 of the API reference. Guess: a private client, which is no user, gets a 403 where a user is needed.

use super::{Outcome, Visit, objects, refused};
use crate::call::{Answer, Failure};
use crate::shape::people;

pub const NO_USER: Failure = Failure::Forbidden("A private client is no user");

pub fn list(visit: &Visit) -> Outcome {
    let with = objects::with(visit);
    let users = visit.world.users();
    let rows = visit.cut(users.iter())?;
    let rows = rows.map(|row| people::user(visit.world, row, with.has("source"), with.has("groups")));
    Ok(visit.list(users.len(), rows.collect()))
}

pub fn current(visit: &Visit) -> Outcome {
    let user = visit.world.user(visit.user.ok_or(NO_USER)?).map_err(refused)?;
    Ok(Answer::data(people::user(visit.world, user, true, false)))
}
