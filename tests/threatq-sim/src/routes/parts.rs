//! `GET /api/{collection}/{id}/{part}`: what hangs on an object, as lists of their own.
//!
//! Follows section 4.3 of the API reference: attributes, comments, tags, sources and related objects by their collection,
//! with `with`, `sort`, `limit` and `offset`.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Outcome, Visit, objects};
use crate::call::Failure;
use crate::shape::{self, sql};
use crate::world::Object;

pub fn list(visit: &Visit, collection: &str, id: &str, part: &str) -> Outcome {
    let object = visit.object(collection, id)?;
    let mut rows = rows(visit, &object, part)?;
    let total = rows.len();
    sort(&mut rows, visit.call.param("sort").unwrap_or_default());
    let page = visit.cut(rows.into_iter())?;
    Ok(visit.list(total, page.collect()))
}

fn rows(visit: &Visit, object: &Object, part: &str) -> Result<Vec<Value>, Failure> {
    let with = objects::with(visit);
    let world: &crate::world::World = visit.world;
    Ok(match part {
        "attributes" => {
            object.attributes.iter().map(|row| shape::attribute(world, object, row, &with)).collect()
        }
        "comments" => object.comments.iter().map(|row| shape::comment(world, row, &with)).collect(),
        "tags" | "sources" => sql::named_list(visit.view(), object, part),
        other => sql::related(visit.view(), object, visit.collection(other)?, &with),
    })
}

/// By a comma list of members, `-` for descending; rows that lack one keep their order.
fn sort(rows: &mut [Value], columns: &str) {
    let columns: Vec<(&str, bool)> = columns
        .split(',')
        .filter(|column| !column.is_empty())
        .map(|column| column.strip_prefix('-').map_or((column, false), |column| (column, true)))
        .collect();
    rows.sort_by(|left, right| {
        let orders = columns.iter().map(|(column, descending)| {
            let order = order(left.get(column), right.get(column));
            if *descending { order.reverse() } else { order }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    });
}

fn order(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(Value::String(left)), Some(Value::String(right))) => left.cmp(right),
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_u64().cmp(&right.as_u64()),
        _ => Ordering::Equal,
    }
}
