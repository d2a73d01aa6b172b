//! The few changes that integrations make: comments, attributes, tags, status and score.
//!
//! Follows section 4.3 of the API reference. Guesses: the body of a tag (`{"name": …}`, or a list of them), and that a
//! list of attributes is taken as well as one.

use serde_json::{Value, json};

use super::{Outcome, Visit, objects, refused};
use crate::call::{Answer, Failure};
use crate::shape::{self, With, sql};

pub fn comment(visit: Visit, collection: &str, id: &str) -> Outcome {
    let object = visit.object(collection, id)?;
    let body = visit.call.json()?;
    let text = text(&body, "value")?;
    let author = visit.user.ok_or(Failure::Forbidden("A private client does not comment here"))?;
    let row = visit.world.add_comment(collection, object.id, author, text).map_err(refused)?;
    let object = visit.object(collection, id)?;
    let made = object.comments.iter().find(|comment| comment.id == row);
    let made = made.map(|row| shape::comment(visit.world, row, &With::parse("sources")));
    Ok(Answer::created(json!(made)))
}

pub fn attributes(visit: Visit, collection: &str, id: &str) -> Outcome {
    let object = visit.object(collection, id)?;
    let body = visit.call.json()?;
    let source = visit.user.and_then(|user| visit.world.user(user).ok()).map(|user| user.source_id);
    let mut made = Vec::new();
    for row in one_or_many(&body) {
        let (name, value) = (text(row, "name")?, text(row, "value")?);
        made.push(
            visit.world.add_attribute_from(collection, object.id, name, value, source).map_err(refused)?,
        );
    }
    let object = visit.object(collection, id)?;
    let rows = object.attributes.iter().filter(|row| made.contains(&row.id));
    let rows = rows.map(|row| shape::attribute(visit.world, &object, row, &With::default()));
    Ok(Answer::created(rows.collect::<Vec<_>>()))
}

pub fn tags(visit: Visit, collection: &str, id: &str) -> Outcome {
    let object = visit.object(collection, id)?;
    let body = visit.call.json()?;
    let names = one_or_many(&body).iter().map(|row| text(row, "name")).collect::<Result<Vec<_>, _>>()?;
    for name in &names {
        visit.world.add_tag(collection, object.id, name).map_err(refused)?;
    }
    let object = visit.object(collection, id)?;
    let mut rows = sql::named_list(visit.view(), &object, "tags");
    rows.retain(|row| row.get("name").and_then(Value::as_str).is_some_and(|name| names.contains(&name)));
    Ok(Answer::created(rows))
}

pub fn status(visit: Visit, id: &str) -> Outcome {
    let object = visit.object("indicators", id)?;
    let body = visit.call.json()?;
    let status = body.get("status_id").and_then(Value::as_u64);
    let status = status.ok_or_else(|| Failure::invalid("status_id", "The status id field is required."))?;
    visit.world.set_status_id("indicators", object.id, status).map_err(refused)?;
    let object = visit.object("indicators", id)?;
    Ok(Answer::data(sql::row(visit.view(), &object, &objects::with(&visit))))
}

/// The score may be a number, a number in a string, or `null` to clear it (section 1.6).
pub fn score(visit: Visit, id: &str) -> Outcome {
    let object = visit.object("indicators", id)?;
    let body = visit.call.json()?;
    let manual = match body.get("manual_score") {
        Some(Value::Null) => None,
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::String(text)) => Some(text.clone()),
        _ => {
            return Err(Failure::invalid("manual_score", "The manual score field is required."));
        }
    };
    let manual = manual.map(|text| text.parse()).transpose();
    let manual = manual.map_err(|_| Failure::invalid("manual_score", "The manual score must be 0 to 10."))?;
    visit.world.set_score("indicators", object.id, manual).map_err(refused)?;
    let object = visit.object("indicators", id)?;
    let row = sql::row(visit.view(), &object, &With::parse("score"));
    Ok(Answer::data(row.get("score").cloned().unwrap_or_default()))
}

fn one_or_many(body: &Value) -> &[Value] {
    match body {
        Value::Array(rows) => rows,
        row => std::slice::from_ref(row),
    }
}

fn text<'b>(body: &'b Value, name: &str) -> Result<&'b str, Failure> {
    let given = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    given.ok_or_else(|| Failure::invalid(name, &format!("The {name} field is required.")))
}
