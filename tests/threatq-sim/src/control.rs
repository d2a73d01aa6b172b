//! The control route: changes the world from outside. Plainly not ThreatQ, needs no token, is not in the request log.
//!
//! `POST /control` takes one command or a list of them, done in order under one lock, up to the first that fails.
//! `GET /control/requests` gives the request log as JSON lines.

mod change;
mod command;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::later::Later;
use crate::locked;
use crate::routes::Shared;
use crate::world::World;
use change::{Done, change};
use command::Command;

pub fn is_control(path: &str) -> bool {
    path == "/control" || path.starts_with("/control/")
}

pub fn answer(shared: &Shared, call: &Call) -> Answer {
    match (call.method.as_str(), call.path.as_str()) {
        ("POST", "/control") => post(shared, &call.body).unwrap_or_else(|error| refuse(400, &error)),
        ("GET", "/control/requests") => {
            let lines =
                shared.log.requests().into_iter().filter_map(|request| serde_json::to_string(&request).ok());
            let lines: String = lines.map(|line| line + "\n").collect();
            Answer::bytes(200, "application/x-ndjson", lines.into_bytes())
        }
        _ => refuse(404, "there are POST /control and GET /control/requests"),
    }
}

fn refuse(status: u16, error: &str) -> Answer {
    Answer::json(status, &json!({"error": error}))
}

fn post(shared: &Shared, body: &[u8]) -> Result<Answer, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let read = |value: Value| serde_json::from_value::<Command>(value).map_err(|error| error.to_string());
    let mut world = locked(&shared.world);
    let Value::Array(commands) = body else {
        return Ok(Answer::json(200, &perform(shared, &mut world, read(body)?)?));
    };
    let mut results = Vec::new();
    for (number, command) in (1..).zip(commands) {
        let done = read(command).and_then(|command| perform(shared, &mut world, command));
        results.push(done.map_err(|error| format!("command {number}: {error}"))?);
    }
    Ok(Answer::json(200, &json!({"ok": true, "results": results})))
}

fn perform(shared: &Shared, world: &mut World, command: Command) -> Result<Value, String> {
    match command {
        Command::Fault(fault) => locked(&shared.faults).push(fault),
        Command::ClearFaults => locked(&shared.faults).clear(),
        Command::Turn { knobs } => {
            let mut settings = locked(&shared.settings);
            *settings = Arc::new(settings.turned(knobs)?);
        }
        Command::After { path_prefix, requests, times, commands } => {
            let read = |value| serde_json::from_value::<Command>(value).map_err(|error| error.to_string());
            let commands = commands.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let all = move |world: &mut World| {
                commands.iter().cloned().try_for_each(|command| change(world, command).map(drop))
            };
            locked(&shared.agenda).push(Later::new(&path_prefix, requests, times, Box::new(all)));
        }
        Command::ClearAfter => locked(&shared.agenda).clear(),
        Command::ClearRequests => shared.log.clear(),
        Command::RevokeTokens => locked(&shared.tokens).revoke_all(),
        command => return change(world, command).map(Done::answer),
    }
    Ok(Done::Plainly.answer())
}
