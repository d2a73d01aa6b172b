//! `chat.postMessage` (<https://docs.slack.dev/reference/methods/chat.postMessage>): the one method that does something.
//!
//! Stricter than Slack: an argument that its page does not name is refused, where Slack takes no notice of it. Guess: in
//! which order Slack looks at the channel and at the message.

use serde_json::{Value, json};

use super::{Arguments, Outcome, text};
use crate::blockkit;
use crate::call::Refusal;
use crate::workspace::{Channel, User, Workspace};

/// Those that a message of an app may have.
const ARGUMENTS: [&str; 16] = [
    "blocks",
    "channel",
    "icon_emoji",
    "icon_url",
    "link_names",
    "markdown_text",
    "metadata",
    "mrkdwn",
    "parse",
    "reply_broadcast",
    "text",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
    "username",
    "attachments",
];

pub(super) fn post_message(workspace: &mut Workspace, arguments: &Arguments) -> Outcome {
    if let Some(unknown) = arguments.keys().find(|name| !ARGUMENTS.contains(&name.as_str())) {
        let message = format!("[ERROR] no such argument: {unknown}");
        return Err(Refusal::with(
            "invalid_arguments",
            json!({"response_metadata": {"messages": [message]}}),
        ));
    }
    let to = text(arguments, "channel").ok_or("channel_not_found")?;
    let place = place(workspace, &to)?;
    let mut message = arguments.clone();
    message.remove("channel");
    let message = Value::Object(message);
    if let Err(refused) = blockkit::check(&message) {
        let messages: Vec<String> = refused.messages.iter().map(|one| format!("[ERROR] {one}")).collect();
        let more = json!({"errors": refused.messages, "response_metadata": {"messages": messages}});
        return Err(Refusal::with(refused.error, if messages.is_empty() { Value::Null } else { more }));
    }
    let ts = workspace.take(&place, message.clone());
    Ok(json!({
        "channel": place, "ts": ts,
        "message": {"type": "message", "text": message["text"], "user": "U0000BOT1", "bot_id": "B0000BOT1", "ts": ts},
    }))
}

/// Where a message goes: to a channel by id or name, to a conversation by id, or to somebody by id.
fn place(workspace: &Workspace, to: &str) -> Result<String, Refusal> {
    let is_meant = |channel: &&Channel| channel.id == to || channel.name == to.trim_start_matches('#');
    if let Some(channel) = workspace.channels.iter().find(is_meant) {
        return match channel {
            Channel { is_private: true, has_app: false, .. } => Err("channel_not_found".into()),
            Channel { is_archived: true, .. } => Err("is_archived".into()),
            Channel { has_app: false, .. } => Err("not_in_channel".into()),
            Channel { refuses: Some(word), .. } => Err(word.as_str().into()),
            channel => Ok(channel.id.clone()),
        };
    }
    let is_meant =
        |user: &&User| !user.deleted && (user.id == to || Workspace::conversation_with(user) == to);
    let user = workspace.users.iter().find(is_meant).ok_or("channel_not_found")?;
    Ok(Workspace::conversation_with(user))
}
