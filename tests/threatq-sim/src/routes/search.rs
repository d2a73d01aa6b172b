//! Queries of the Threat Library and the saved searches that hold them.
//!
//! Follows section 7 of the API reference. Guesses: a saved search of someone else's is a 404, and posting one shares it
//! with nobody.

use serde_json::{Map, Value, json};

use super::{Outcome, Visit};
use crate::call::{Answer, Failure};
use crate::query::{Found, Page, Query, Start};
use crate::shape::catalog;
use crate::shape::solr::{self, Fields};
use crate::world::{ObjectType, SavedSearch};

/// `POST /api/{collection}/query`
pub fn query(visit: &Visit, route: &[&str]) -> Outcome {
    let collection = route.first().copied().unwrap_or_default();
    let object_type = visit.collection(collection)?;
    let body = visit.call.json()?;
    let member = |name: &str| body.get(name).unwrap_or(&Value::Null);
    let names = match member("fields") {
        Value::Null => Vec::new(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return Err(Failure::invalid("fields", "not a list")),
    };
    run(visit, object_type, (member("criteria"), member("filters")), &fields(visit, names)?)
}

/// `GET /api/{collection}/query/hash/{hash}`
pub fn by_hash(visit: &Visit, collection: &str, hash: &str) -> Outcome {
    let object_type = visit.collection(collection)?;
    let search = visible(visit, hash)?;
    let fields = fields(visit, visit.call.param("fields").unwrap_or_default().split(','))?;
    run(visit, object_type, (search.criteria(), search.filters()), &fields)
}

fn run(visit: &Visit, object_type: &ObjectType, query: (&Value, &Value), fields: &Fields) -> Outcome {
    let complain = |complaint: String| Failure::Invalid("query".into(), complaint);
    let clock = visit.settings.clock(visit.world.now());
    let query = Query::new(query.0, query.1, clock).map_err(complain)?;
    let page = Page::parse(|name| visit.call.param(name), DEFAULT_LIMIT, visit.settings.quirks());
    let page = page.map_err(complain)?;
    let Found { total, rows, next_mark } = query.run(visit.world, object_type, &page);
    let shown = solr::Rows::new(visit.world, object_type, fields, visit.settings.solr_millis);
    let more = match (&page.start, next_mark) {
        (Start::Offset(offset), _) => vec![("limit", json!(page.limit)), ("offset", json!(offset))],
        (Start::Mark(..), mark) => vec![("nextCursorMark", json!(mark))],
    };
    let more = more.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let total = visit.total(visit.settings.total_says.unwrap_or(total));
    Ok(Answer::rows(total, rows, |out, id| shown.write(out, id), more))
}

fn fields<'n>(visit: &Visit, names: impl IntoIterator<Item = &'n str>) -> Result<Fields, Failure> {
    Fields::new(names, visit.settings).map_err(|complaint| Failure::Invalid("fields".into(), complaint))
}

/// The `limit` of the sample answer in section 1.1.
pub const DEFAULT_LIMIT: usize = 500;

/// `GET /api/search/query`: what the caller owns and what is shared.
pub fn list(visit: &Visit) -> Outcome {
    let searches = visit.world.searches().iter();
    let listed = searches.filter(|row| row.name.is_some() && row.visible_to(visit.user));
    Ok(Answer::data(listed.map(|row| show(visit, row)).collect::<Vec<_>>()))
}

/// `GET /api/search/query/{hash}`, an unsaved search too.
pub fn one(visit: &Visit, hash: &str) -> Outcome {
    Ok(Answer::data(show(visit, visible(visit, hash)?)))
}

/// `POST /api/search/query`: a name saves it, no name gives a hash only.
pub fn keep(visit: Visit) -> Outcome {
    let body = visit.call.json()?;
    let json = match body.get("json") {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        other => other.cloned(),
    };
    let json = json
        .filter(Value::is_object)
        .ok_or_else(|| Failure::invalid("json", "The json field is required."))?;
    let name = body.get("name").and_then(Value::as_str);
    let hash = visit.world.keep_search(visit.user, name, json, false);
    Ok(Answer::created(show(&visit, visible(&visit, &hash)?)))
}

fn show(visit: &Visit, row: &SavedSearch) -> Value {
    let mut shown: Map<String, Value> = catalog::saved_search(row, visit.settings.json_as_string);
    if let Some(fields) = visit.call.param("fields") {
        shown.retain(|name, _| fields.split(',').any(|field| field == name));
    }
    Value::Object(shown)
}

fn visible<'v>(visit: &'v Visit, hash: &str) -> Result<&'v SavedSearch, Failure> {
    let known = visit.world.searches().iter().find(|row| row.hash == hash);
    let seen = known.filter(|row| row.visible_to(visit.user) || row.name.is_none());
    seen.ok_or_else(|| Failure::Missing(format!("Saved search {hash} not found")))
}
