//! The workspace from outside, for scripts: plainly not Slack, wants no token.
//!
//! `/control/posted` and `/control/requests` give JSON lines; `/control/fault` takes a fault as JSON; `/control/check`
//! takes a message and says what Slack would.

use serde_json::{Value, json};

use crate::server::Shared;
use crate::{blockkit, locked};

/// A status and a text.
pub(crate) fn answer(shared: &Shared, command: &str, body: &[u8]) -> (u16, String) {
    let lines = |values: Vec<Value>| (200, values.iter().map(|value| format!("{value}\n")).collect());
    match command {
        "posted" => {
            let posted = locked(&shared.workspace).posted.clone();
            lines(
                posted
                    .iter()
                    .map(|one| json!({"channel": one.channel, "ts": one.ts, "message": one.message}))
                    .collect(),
            )
        }
        "requests" => lines(locked(&shared.log).iter().map(|request| json!(request)).collect()),
        "fault" => match serde_json::from_slice(body) {
            Ok(fault) => {
                locked(&shared.faults).push(fault);
                (200, "ok\n".to_owned())
            }
            Err(error) => (400, format!("{error}\n")),
        },
        "check" => match serde_json::from_slice(body).map(|message| blockkit::check(&message)) {
            Ok(Ok(())) => (200, "ok\n".to_owned()),
            Ok(Err(refused)) => (200, format!("{refused}\n")),
            Err(error) => (400, format!("{error}\n")),
        },
        _ => (404, "posted, requests, fault or check\n".to_owned()),
    }
}
