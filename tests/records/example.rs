//! Records made from the page: the least that a reader must accept, and everything that one may say.

use serde_json::{Map, Value, json};

use super::page::{Member, Page, Type};

/// Every word of an example that need not be another one. As the id of the only alert it makes one source of them all.
const WORD: &str = "a";

/// What must be more than of the right type.
fn fixed(path: &str) -> Option<Value> {
    Some(match path {
        "event" => json!("added"),
        "changes[].field" => json!("tag"),
        "changes[].change" => json!("removed"),
        "object.link" => json!("https://threatq.example.com/indicators/8/details"),
        "base" => json!(0),
        // printf 'a\n' | sha256sum
        "digest" => json!("87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"),
        "message_id" => json!("<a@example.com>"),
        "outcome" | "recipients[].outcome" => json!("accepted"),
        "from" => json!("ThreatQ Alerts <alerts@example.com>"),
        "to" => json!(["SOC <soc@example.com>", "ops@example.com"]),
        "cc" => json!(["copies@example.com"]),
        "bcc" => json!(["hidden@example.com"]),
        "headers" => json!([["X-Ticket", "42"], ["X-Queue", "night shift"]]),
        "attachments[].type" => json!("text/csv"),
        _ => return None,
    })
}

/// A record with the members that the page calls for, or with all that it knows.
pub(super) fn example(page: &Page, record: &str, all: bool) -> Value {
    let mut members = object(page, record, "", all);
    match record {
        // One message has one recipient.
        "message" => drop(members.insert("to".to_owned(), json!("#tq-alerts"))),
        // It is of one of both.
        "receipt" if all => drop(members.remove("message")),
        "receipt" => drop(members.insert("message".to_owned(), json!(WORD))),
        _ => (),
    }
    members.insert("record".to_owned(), json!(record));
    members.insert("v".to_owned(), json!(1));
    members.into()
}

fn object(page: &Page, record: &str, path: &str, all: bool) -> Map<String, Value> {
    let members = page.members_of(record, path).filter(|member| all || !member.optional);
    members.map(|member| (member.name().to_owned(), value(page, record, member, all))).collect()
}

fn value(page: &Page, record: &str, member: &Member, all: bool) -> Value {
    if let Some(value) = fixed(&member.path) {
        return value;
    }
    match member.kind {
        Type::Any => json!({"nobody": ["knows", 7, true]}),
        Type::Integer => json!(1),
        Type::Integers => json!({"accepted": 1}),
        Type::List => json!([object(page, record, &format!("{}[]", member.path), all)]),
        Type::Object => object(page, record, &member.path, all).into(),
        Type::Objects => json!([{"type": "divider"}]),
        Type::String => json!(WORD),
        Type::Strings => json!([WORD]),
        Type::Time => json!("2021-10-28T20:32:57.818Z"),
    }
}

/// Values that a member must not have, whatever else it may be.
pub(super) fn wrong(member: &Member) -> Vec<Value> {
    let mut values = match member.kind {
        Type::Any => vec![],
        Type::Integer => vec![json!("1"), json!(1.5)],
        Type::Integers => vec![json!([1]), json!({"accepted": "1"}), json!({"lost": 1})],
        Type::List => vec![json!("a"), json!({}), json!([7])],
        Type::Object => vec![json!("a"), json!(7)],
        Type::Objects => vec![json!("a"), json!({}), json!([7]), json!([["a"]])],
        Type::String => vec![json!(7), json!(["a"])],
        Type::Strings => vec![json!("a"), json!([7])],
        Type::Time => vec![json!(7), json!("yesterday"), json!("2021-10-28 20:32:57")],
    };
    if !member.optional {
        values.push(Value::Null);
    }
    values
}

/// The object that holds a member, in a record that has it; in a list, the first one.
pub(super) fn holder<'a>(record: &'a mut Value, member: &Member) -> &'a mut Map<String, Value> {
    let pointer = format!("/{}", member.path.replace("[]", "/0").replace('.', "/"));
    let (place, _) = pointer.rsplit_once('/').expect("it begins with a slash");
    let holder = record.pointer_mut(place).and_then(Value::as_object_mut);
    holder.unwrap_or_else(|| panic!("nothing holds {}", member.path))
}

/// The same record as a later release may write it: something more in every object.
pub(super) fn with_more(mut record: Value) -> Value {
    add_more(&mut record);
    record
}

fn add_more(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(add_more);
            members.insert("later".to_owned(), json!({"more": [1, "x", null]}));
        }
        Value::Array(list) => list.iter_mut().for_each(add_more),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
