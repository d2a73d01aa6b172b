//! What each method does. Each cites the page that says so; a guess says that it is one.
//!
//! Every failure but a rate limit comes with 200, as Slack has it.

mod auth;
mod chat;
mod conversations;
mod users;

use serde_json::{Map, Value, json};

use crate::call::{Call, Refusal};
use crate::workspace::Workspace;

type Arguments = Map<String, Value>;
type Outcome = Result<Value, Refusal>;
type Method = fn(&mut Workspace, &Arguments) -> Outcome;

/// The methods, and the scopes of which each needs one (<https://docs.slack.dev/reference/methods>).
const METHODS: [(&str, &[&str], Method); 7] = [
    ("auth.test", &[], auth::test),
    ("chat.postMessage", &["chat:write"], chat::post_message),
    ("conversations.info", &["channels:read", "groups:read"], conversations::info),
    // Which one depends on the kinds that are asked for.
    ("conversations.list", &[], conversations::list),
    ("conversations.open", &["im:write"], conversations::open),
    ("users.list", &["users:read"], users::list),
    ("users.lookupByEmail", &["users:read.email"], users::lookup_by_email),
];

/// What a method answers.
pub(crate) fn answer(workspace: &mut Workspace, call: &Call) -> Value {
    outcome(workspace, call).unwrap_or_else(Refusal::answer)
}

fn outcome(workspace: &mut Workspace, call: &Call) -> Outcome {
    let (_, scopes, method) = METHODS
        .iter()
        .find(|(name, ..)| *name == call.method)
        .ok_or_else(|| Refusal::with("unknown_method", json!({"req_method": call.method})))?;
    let arguments = call.arguments()?;
    let token = call.token().ok_or("not_authed")?;
    if token != workspace.token {
        return Err("invalid_auth".into());
    }
    if let Some(word) = &workspace.token_is {
        return Err(word.as_str().into());
    }
    needs(workspace, scopes)?;
    let mut answer = method(workspace, &arguments)?;
    if let Some(members) = answer.as_object_mut() {
        members.insert("ok".to_owned(), json!(true));
    }
    Ok(answer)
}

/// Refuses what none of these scopes was granted for; "needed" and "provided" have been seen in answers.
fn needs(workspace: &Workspace, scopes: &[&str]) -> Result<(), Refusal> {
    let is_granted = |scope: &&str| workspace.scopes.iter().any(|granted| granted == scope);
    if scopes.is_empty() || scopes.iter().any(is_granted) {
        return Ok(());
    }
    let needed = json!({"needed": scopes.join(","), "provided": workspace.scopes.join(",")});
    Err(Refusal::with("missing_scope", needed))
}

/// An argument that is a text; a number or a truth in its place is one too, as in a form.
fn text(arguments: &Arguments, name: &str) -> Option<String> {
    match arguments.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// A page of a list (<https://docs.slack.dev/apis/web-api/pagination>): the rows, and the cursor of the next page, which is
/// empty at the end. What a cursor looks like is our own.
fn page(
    workspace: &Workspace,
    arguments: &Arguments,
    rows: &[Value],
) -> Result<(Vec<Value>, Value), Refusal> {
    let limit = match text(arguments, "limit") {
        None => 100,
        Some(text) => text.parse().map_err(|_| "invalid_limit")?,
    };
    let limit = usize::min(limit, workspace.page_limit).max(1);
    let start = match text(arguments, "cursor").filter(|cursor| !cursor.is_empty()) {
        None => 0,
        Some(cursor) => {
            cursor.strip_prefix("row-").and_then(|row| row.parse().ok()).ok_or("invalid_cursor")?
        }
    };
    let rows: &[Value] = rows.get(start..).ok_or("invalid_cursor")?;
    let next = if rows.len() > limit { format!("row-{}", start + limit) } else { String::new() };
    Ok((rows.iter().take(limit).cloned().collect(), json!({"next_cursor": next})))
}
