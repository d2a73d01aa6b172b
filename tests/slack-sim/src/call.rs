//! A call as the methods see it, and the answer they give.
//!
//! Follows <https://docs.slack.dev/apis/web-api>: arguments as a form or as JSON, the token in `Authorization: Bearer`, an
//! answer that is JSON with `ok` and, where that is false, a word in `error`.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// A request as the log keeps it. The token is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// `chat.postMessage`.
    pub method: String,
    pub content_type: String,
    pub body: String,
    /// Whether it had the right token.
    pub authorized: bool,
    /// 0 as long as there is no answer, and where there never is one.
    pub status: u16,
}

/// What a method is called with.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) content_type: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why a method does not do what it is asked for: a word, and what else the answer has.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: String,
    pub(crate) more: Value,
}

impl Refusal {
    pub(crate) fn with(error: &str, more: Value) -> Refusal {
        Refusal { error: error.to_owned(), more }
    }

    pub(crate) fn answer(self) -> Value {
        let mut answer = json!({"ok": false, "error": self.error});
        if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), self.more) {
            answer.extend(more);
        }
        answer
    }
}

impl From<&str> for Refusal {
    fn from(error: &str) -> Refusal {
        Refusal::with(error, Value::Null)
    }
}

impl Call {
    /// The token: the scheme is written as in Slack's examples.
    pub(crate) fn token(&self) -> Option<&str> {
        self.authorization.as_deref()?.strip_prefix("Bearer ")
    }

    /// The arguments. In a form, what is not text is JSON, as Slack wants `blocks` there.
    pub(crate) fn arguments(&self) -> Result<Map<String, Value>, Refusal> {
        let (kind, parameters) = self.content_type.split_once(';').unwrap_or((&self.content_type, ""));
        if let Some(charset) = parameters.trim().strip_prefix("charset=")
            && !["utf-8", "iso-8859-1"].contains(&charset.to_ascii_lowercase().as_str())
        {
            return Err("invalid_charset".into());
        }
        match kind.trim() {
            "application/json" => match serde_json::from_slice(&self.body) {
                Ok(Value::Object(arguments)) => Ok(arguments),
                Ok(_) => Err("json_not_object".into()),
                Err(_) => Err("invalid_json".into()),
            },
            "application/x-www-form-urlencoded" => Ok(form_urlencoded::parse(&self.body)
                .map(|(name, value)| {
                    let is_json = ["blocks", "metadata"].contains(&&*name);
                    let value = if is_json {
                        serde_json::from_str(&value).unwrap_or(Value::Null)
                    } else {
                        json!(value)
                    };
                    (name.into_owned(), value)
                })
                .collect()),
            "" if self.body.is_empty() => Ok(Map::new()),
            "" => Err("missing_post_type".into()),
            _ => Err("invalid_post_type".into()),
        }
    }
}
