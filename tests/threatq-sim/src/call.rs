//! A request as the routes see it, and the answer they give.
//!
//! Follows sections 1.1 to 1.3 of the API reference for envelopes and error bodies. Guess: which of the error bodies seen
//! belongs to which status.

use axum::http::HeaderName;
use serde_json::{Map, Value, json};

pub const JSON: &str = "application/json";

pub struct Call {
    pub method: String,
    pub path: String,
    pub params: Vec<(String, String)>,
    pub authorization: Option<String>,
    pub body: Vec<u8>,
}

impl Call {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; an empty one is `null`.
    pub fn json(&self) -> Result<Value, Failure> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|error| Failure::invalid("body", &error.to_string()))
    }
}

/// A status and a body; an empty body has no type.
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// More headers than that of the type.
    pub headers: Vec<(HeaderName, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::bytes(status, JSON, serde_json::to_vec(body).unwrap_or_default())
    }

    pub fn html(status: u16, body: &str) -> Answer {
        Answer::bytes(status, "text/html; charset=UTF-8", body.as_bytes().to_vec())
    }

    pub fn bytes(status: u16, content_type: &'static str, body: Vec<u8>) -> Answer {
        Answer { status, content_type, headers: Vec::new(), body }
    }

    /// `{"data": …}`
    pub fn data(data: impl Into<Value>) -> Answer {
        Answer::json(200, &json!({"data": data.into()}))
    }

    /// The same for something that was made.
    pub fn created(data: impl Into<Value>) -> Answer {
        Answer::json(201, &json!({"data": data.into()}))
    }

    /// `{"total": N, "data": […]}`
    pub fn list(total: Option<usize>, data: Vec<Value>) -> Answer {
        let mut body = Map::new();
        if let Some(total) = total {
            body.insert("total".into(), json!(total));
        }
        body.insert("data".into(), Value::Array(data));
        Answer::json(200, &Value::Object(body))
    }

    /// The same with rows that `write` appends as JSON, each on its own, and with what else belongs to it.
    pub fn rows<T>(
        total: Option<usize>,
        rows: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Vec<u8>, T),
        more: Map<String, Value>,
    ) -> Answer {
        let mut members = more;
        if let Some(total) = total {
            members.insert("total".into(), json!(total));
        }
        let mut body = b"{\"data\":[".to_vec();
        for (index, row) in rows.into_iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            write(&mut body, row);
        }
        body.push(b']');
        for (name, value) in members {
            body.extend_from_slice(format!(",{}:{value}", Value::from(name)).as_bytes());
        }
        body.push(b'}');
        Answer::bytes(200, JSON, body)
    }

    pub fn nothing() -> Answer {
        Answer::bytes(204, "", Vec::new())
    }
}

/// Why a call was not done.
#[derive(Debug)]
pub enum Failure {
    /// 400: a field and what is wrong with it.
    Invalid(String, String),
    /// 400 of the token route, in OAuth's words; section 1.3 infers them.
    Login(&'static str, &'static str),
    /// 401
    NoToken,
    /// 403
    Forbidden(&'static str),
    /// 404
    Missing(String),
    /// 500
    Broken(String),
}

impl Failure {
    pub fn invalid(field: &str, complaint: &str) -> Failure {
        Failure::Invalid(field.to_owned(), complaint.to_owned())
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Answer {
        let errors = |status, text: &str| Answer::json(status, &json!({"errors": [text]}));
        match failure {
            Failure::Invalid(field, complaint) => {
                let by_field = Map::from_iter([(field, json!([complaint]))]);
                Answer::json(400, &json!({"data": {"errors": by_field}}))
            }
            Failure::Login(error, description) => {
                Answer::json(400, &json!({"error": error, "error_description": description}))
            }
            Failure::NoToken => errors(401, "Unauthorized"),
            Failure::Forbidden(text) => errors(403, text),
            Failure::Missing(text) => errors(404, &text),
            Failure::Broken(text) => errors(500, &text),
        }
    }
}
