//! The request log: what was asked, in order of arrival, and with which status it was answered.
//!
//! Passwords, secrets and refresh tokens are not kept: `***` stands for them.

use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value;

use crate::locked;

const SECRETS: [&str; 4] = ["password", "client_secret", "refresh_token", "password_confirmation"];

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// As it was sent, without the `?`.
    pub query: String,
    pub body: String,
    /// 0 as long as there is no answer.
    pub status: u16,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    /// The ticket of the first entry kept.
    first: usize,
    requests: Vec<Request>,
}

impl Log {
    /// Notes an arrival; the ticket is for [`Log::answered`].
    pub fn arrived(&self, method: &str, path: &str, query: &str, body: &[u8]) -> usize {
        let secret = path.starts_with("/api/token") || path.starts_with("/api/users");
        let body = String::from_utf8_lossy(body);
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: if secret { redact_pairs(query) } else { query.to_owned() },
            body: if secret { redact(&body) } else { body.into_owned() },
            status: 0,
        };
        let mut entries = locked(&self.entries);
        entries.requests.push(request);
        entries.first + entries.requests.len() - 1
    }

    pub fn answered(&self, ticket: usize, status: u16) {
        let mut entries = locked(&self.entries);
        let index = ticket.checked_sub(entries.first);
        if let Some(request) = index.and_then(|index| entries.requests.get_mut(index)) {
            request.status = status;
        }
    }

    pub fn requests(&self) -> Vec<Request> {
        locked(&self.entries).requests.clone()
    }

    pub fn clear(&self) {
        let mut entries = locked(&self.entries);
        entries.first += entries.requests.len();
        entries.requests.clear();
    }
}

fn redact(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(mut members)) => {
            for (name, value) in &mut members {
                if SECRETS.contains(&name.as_str()) {
                    *value = Value::from("***");
                }
            }
            Value::Object(members).to_string()
        }
        // The vendor's SDK sends a private client's id and secret as a list.
        Ok(_) => "***".into(),
        Err(_) => redact_pairs(body),
    }
}

fn redact_pairs(text: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if SECRETS.contains(&name) => format!("{name}=***"),
        _ => pair.to_owned(),
    };
    text.split('&').map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn no_password_stays_in_the_log() {
        let log = Log::default();
        log.arrived(
            "POST",
            "/api/token",
            "grant_type=password&password=hush",
            br#"{"email":"a@b","password":"hush"}"#,
        );
        log.arrived("POST", "/api/token", "", b"email=a&password=hush");
        log.arrived("POST", "/api/token", "", br#"["id","hush"]"#);
        assert!(!format!("{:?}", log.requests()).contains("hush"));
    }

    #[test]
    fn an_answer_finds_its_request_also_after_the_log_was_cleared() {
        let log = Log::default();
        let early = log.arrived("GET", "/api/objects", "", b"");
        log.clear();
        let late = log.arrived("GET", "/api/users", "", b"");
        log.answered(early, 500);
        assert_eq!(log.requests().first().unwrap().status, 0);
        log.answered(late, 200);
        assert_eq!(log.requests().first().unwrap().status, 200);
    }
}
