//! `conversations.open`, `.info` and `.list` (<https://docs.slack.dev/reference/methods/conversations.open>, and so on).
//!
//! A private channel is there for its members alone. Guess: that this holds for `info` and `list` of a bot too.

use serde_json::{Value, json};

use super::{Arguments, Outcome, needs, page, text};
use crate::workspace::{Channel, Workspace};

pub(super) fn open(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let users = text(arguments, "users").ok_or("users_list_not_supplied")?;
    let user = workspace.users.iter().find(|user| user.id == users).ok_or("user_not_found")?;
    if user.deleted {
        return Err("user_disabled".into());
    }
    Ok(json!({"channel": {"id": Workspace::conversation_with(user)}}))
}

pub(super) fn info(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let id = text(arguments, "channel").ok_or("channel_not_found")?;
    let channel = workspace.channels.iter().find(|channel| channel.id == id && is_visible(channel));
    Ok(json!({"channel": channel.ok_or("channel_not_found")?.to_json()}))
}

pub(super) fn list(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    let types = text(arguments, "types").unwrap_or_else(|| "public_channel".to_owned());
    let types: Vec<&str> = types.split(',').map(str::trim).collect();
    for (kind, scope) in [("public_channel", "channels:read"), ("private_channel", "groups:read")] {
        if types.contains(&kind) {
            needs(workspace, &[scope])?;
        }
    }
    let no_archived = text(arguments, "exclude_archived").as_deref() == Some("true");
    let is_asked_for = |channel: &&Channel| {
        let kind = if channel.is_private { "private_channel" } else { "public_channel" };
        types.contains(&kind) && is_visible(channel) && !(no_archived && channel.is_archived)
    };
    let rows: Vec<Value> = workspace.channels.iter().filter(is_asked_for).map(Channel::to_json).collect();
    let (channels, metadata) = page(workspace, arguments, &rows)?;
    Ok(json!({"channels": channels, "response_metadata": metadata}))
}

fn is_visible(channel: &Channel) -> bool {
    !channel.is_private || channel.has_app
}
