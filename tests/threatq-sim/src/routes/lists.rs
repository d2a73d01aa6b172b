//! `GET /api/objects`, ThreatQ's own settings, and types and statuses of an object type.
//!
//! Follows sections 3.1 and 3.4 of the API reference; the paths of types and statuses use the code name, but for
//! attachments.

use serde_json::Value;

use super::{Outcome, Visit, nowhere};
use crate::call::{Answer, Failure};
use crate::shape::catalog;
use crate::world::{Family, ObjectType};

pub fn object_types(visit: &Visit) -> Outcome {
    let rows: Vec<Value> = visit.world.object_types().iter().map(catalog::object_type).collect();
    Ok(visit.list(rows.len(), rows))
}

/// `GET /api/connectors`, with the `name` asked for.
pub fn connectors(visit: &Visit) -> Outcome {
    select(visit, visit.settings.connectors.clone(), None)
}

/// `GET /api/configuration/smtp`
pub fn own_relay(visit: &Visit) -> Outcome {
    let settings = visit.settings.own_relay.clone().map(Answer::data);
    settings.ok_or(Failure::Forbidden("These settings are an administrator's"))
}

pub fn types(visit: &Visit, word: &str, id: Option<&str>) -> Outcome {
    let object_type = named(visit, word)?;
    let rows = object_type.types.iter();
    select(visit, rows.map(|row| catalog::type_row(object_type, row)).collect(), id)
}

pub fn statuses(visit: &Visit, word: &str, id: Option<&str>) -> Outcome {
    let object_type = named(visit, word)?;
    select(visit, object_type.statuses.iter().map(catalog::status_row).collect(), id)
}

fn named<'v>(visit: &'v Visit, word: &str) -> Result<&'v ObjectType, Failure> {
    let known = |t: &&ObjectType| match t.family {
        Family::Attachment => t.collection == word,
        _ => t.name == word,
    };
    visit.world.object_types().iter().find(known).ok_or_else(|| nowhere(visit.call))
}

/// One row by its id, or all that bear the `name` asked for.
fn select(visit: &Visit, mut rows: Vec<Value>, id: Option<&str>) -> Outcome {
    let Some(id) = id else {
        if let Some(name) = visit.call.param("name") {
            rows.retain(|row| row.get("name").and_then(Value::as_str) == Some(name));
        }
        return Ok(visit.list(rows.len(), rows));
    };
    let wanted = id.parse::<u64>().ok();
    let found =
        rows.into_iter().find(|row| wanted.is_some() && row.get("id").and_then(Value::as_u64) == wanted);
    found.map(Answer::data).ok_or_else(|| nowhere(visit.call))
}
