//! `users.list` and `users.lookupByEmail` (<https://docs.slack.dev/reference/methods/users.list>, `…/users.lookupByEmail`).
//!
//! Guess: that somebody who has left is not found by e-mail.

use serde_json::{Value, json};

use super::{Arguments, Outcome, page, text};
use crate::workspace::{User, Workspace};

pub(super) fn list(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let rows: Vec<Value> = workspace.users.iter().map(User::to_json).collect();
    let (members, metadata) = page(workspace, arguments, &rows)?;
    Ok(json!({"members": members, "cache_ts": 1_700_000_000, "response_metadata": metadata}))
}

pub(super) fn lookup_by_email(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let email = text(arguments, "email").ok_or("users_not_found")?;
    let is_theirs = |user: &&User| !user.deleted && user.email.eq_ignore_ascii_case(&email);
    let user = workspace.users.iter().find(is_theirs).ok_or("users_not_found")?;
    Ok(json!({"user": user.to_json()}))
}
