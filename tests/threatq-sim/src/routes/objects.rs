//! `GET /api/{collection}` and `GET /api/{collection}/{id}[/details]`: objects in the SQL shape.
//!
//! Follows sections 1.4 and 4.1 of the API reference. Guesses: without `limit` everything comes (of a
//! generated world, a page); equality minds no case;
//! a filter on a column that is not there is a 400; a `with=` name that means nothing is ignored, unless it has a `_` in
//! it, which on a list is the 500 of section 1.2.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::search::DEFAULT_LIMIT;
use super::{Outcome, Visit};
use crate::call::{Answer, Failure};
use crate::query::{self, Page, Quirks};
use crate::shape::{With, sql};
use crate::world::{Object, ObjectType};

const NO_FILTERS: [&str; 5] = ["limit", "offset", "sort", "with", "fields"];

pub fn list(visit: &Visit, collection: &str) -> Outcome {
    let object_type = visit.collection(collection)?;
    let with = with(visit);
    if let Some((name, _)) =
        with.names().find(|(name, _)| name.contains('_') && !sql::is_relation(visit.world, name))
    {
        return Err(Failure::Broken(format!("Call to undefined relationship [{name}]")));
    }
    let filters = filters(visit, object_type)?;
    let param = |name: &str| visit.call.param(name).filter(|_| name != "cursorMark");
    // A world of a million rows must not come whole by mistake.
    let default = visit.world.generated_of(object_type.id).map_or(usize::MAX, |_| DEFAULT_LIMIT);
    let quirks = Quirks { null_rows: false, ..visit.settings.quirks() };
    let page =
        Page::parse(param, default, quirks).map_err(|complaint| Failure::invalid("page", &complaint))?;
    let passes = |object: &Object| {
        filters.iter().all(|(column, wanted)| like(&sql::plain(object_type, object, column), wanted))
    };
    let passes: Option<&dyn Fn(&Object) -> bool> = if filters.is_empty() { None } else { Some(&passes) };
    let found = query::list(visit.world, object_type, &page, passes);
    let object = |id: &u64| visit.world.object(object_type.id, *id);
    let row = |object: Cow<Object>| narrow(visit, sql::row(visit.view(), &object, &with));
    let rows = found.rows.iter().flatten().filter_map(object).map(row).collect();
    Ok(visit.list(found.total, rows))
}

pub fn one(visit: &Visit, collection: &str, id: &str) -> Outcome {
    let object = visit.object(collection, id)?;
    Ok(Answer::data(narrow(visit, sql::row(visit.view(), &object, &with(visit)))))
}

pub fn with(visit: &Visit) -> With {
    With::parse(visit.call.param("with").unwrap_or_default())
}

/// Keeps the members that `fields` names, if it is there.
fn narrow(visit: &Visit, mut row: Map<String, Value>) -> Value {
    if let Some(fields) = visit.call.param("fields") {
        row.retain(|name, _| fields.split(',').any(|field| field == name || field == "*"));
    }
    Value::Object(row)
}

fn filters<'v>(visit: &'v Visit, object_type: &ObjectType) -> Result<Vec<(&'v str, &'v str)>, Failure> {
    let params = visit.call.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let filters: Vec<_> = params.filter(|(name, _)| !NO_FILTERS.contains(name)).collect();
    match filters.iter().find(|(name, _)| !sql::has_column(object_type, name)) {
        Some((name, _)) => Err(Failure::invalid(name, "no such column")),
        None => Ok(filters),
    }
}

/// SQL's `LIKE` with `%` for any text; `_` is taken as itself.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let mut parts = pattern.split('%');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_percent_sign_stands_for_any_text() {
        for (text, pattern) in [
            ("7.8.9.0", "7.8.9.0"),
            ("7.8.9.0", "7.%"),
            ("abc", "%B%"),
            ("abc", "%c"),
            ("abc", "a%c"),
            ("", "%"),
        ] {
            assert!(like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("7.8.9.01", "7.8.9.0"), ("abc", "b%"), ("abc", "a%b"), ("ab", "ab%b")] {
            assert!(!like(text, pattern), "{text} {pattern}");
        }
    }
}
