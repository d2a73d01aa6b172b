//! `auth.test` (<https://docs.slack.dev/reference/methods/auth.test>): whose token this is.

use serde_json::json;

use super::{Arguments, Outcome};
use crate::workspace::Workspace;

pub(super) fn test(workspace: &mut Workspace, _: &Arguments) -> Outcome {
    Ok(json!({
        "url": "https://example.slack.com/", "team": workspace.team, "team_id": workspace.team_id,
        "user": workspace.app, "user_id": "U0000BOT1", "bot_id": "B0000BOT1",
    }))
}
