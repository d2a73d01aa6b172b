//! One request in HTTP: read whole, noted, perhaps spoiled by a fault, routed, answered.
//!
//! The `Date` header is hyper's, from the real clock.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap,
    HeaderName, LOCATION, RETRY_AFTER,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::gzip;
use crate::call::{Answer, Call, JSON};
use crate::fault::{FaultKind, RetryAfter, Target};
use crate::routes::{self, Shared};
use crate::serve::{Drip, Pieces, Torn, spaces};
use crate::settings::Settings;
use crate::stamp::Stamp;
use crate::tokens::bearer;
use crate::{control, locked};

/// Larger bodies are refused; the largest that integrations send are bulk uploads of a few MB.
const LARGEST: usize = 64 << 20;
/// An empty list, with room for spaces in it.
const LIST: (&[u8], &[u8]) = (b"{\"total\":0,\"data\":[ ", b"]}");

/// How an answer goes out.
enum Delivery {
    Whole(Answer),
    /// Half of it, and whether its length is said in front.
    Torn(Answer, bool),
    Drip(Answer, Duration),
    /// A list of so many bytes of spaces, and whether its length is said in front.
    Huge(u64, bool),
    Bomb(u64),
}

pub async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return Ok(respond(Answer::html(413, "<html><body>Payload Too Large</body></html>"), Body::from));
    };
    let query = head.uri.query().unwrap_or_default();
    let call = Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        params: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        authorization: header(&head.headers, AUTHORIZATION).map(str::to_owned),
        body: body.into(),
    };
    if control::is_control(&call.path) {
        return Ok(respond(control::answer(&shared, &call), Body::from));
    }
    let ticket = shared.log.arrived(&call.method, &call.path, query, &call.body);
    let settings = shared.settings();
    if !settings.delay.is_zero() {
        tokio::time::sleep(settings.delay).await;
    }
    let fault = locked(&shared.faults).claim(&call.path);
    let address = head.uri.path_and_query().map_or("/", |address| address.as_str());
    let host = header(&head.headers, HOST).unwrap_or_default();
    let mut delivery = deliver(&shared, &call, fault, (host, address)).await;
    let accepts = header(&head.headers, ACCEPT_ENCODING).is_some_and(|accepted| accepted.contains("gzip"));
    if let Delivery::Whole(answer) | Delivery::Torn(answer, _) | Delivery::Drip(answer, _) = &mut delivery {
        zip(answer, &settings, accepts);
    }
    shared.log.answered(ticket, delivery.status());
    Ok(delivery.response())
}

/// The answer and how it goes out. `here` are the host and the address that the request named.
async fn deliver(shared: &Shared, call: &Call, fault: Option<FaultKind>, here: (&str, &str)) -> Delivery {
    Delivery::Whole(match fault {
        Some(FaultKind::Status(status, body)) => plain(status, &body),
        Some(FaultKind::Busy(status, after)) => busy(status, &after),
        Some(FaultKind::Redirect(status, target)) => redirect(status, &target, here),
        Some(FaultKind::Html200) => {
            Answer::html(200, "<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>")
        }
        Some(FaultKind::ErrorsIn200) => {
            Answer::json(200, &serde_json::json!({"errors": ["Something went wrong"]}))
        }
        Some(FaultKind::Body(bytes)) => Answer::bytes(200, JSON, bytes),
        Some(FaultKind::Torn) => return Delivery::Torn(routes::answer(shared, call), true),
        Some(FaultKind::TornChunk) => return Delivery::Torn(routes::answer(shared, call), false),
        Some(FaultKind::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            routes::answer(shared, call)
        }
        Some(FaultKind::Drip(pause)) => return Delivery::Drip(routes::answer(shared, call), pause),
        Some(FaultKind::Huge { bytes, declared }) => return Delivery::Huge(bytes, declared),
        Some(FaultKind::GzipBomb(bytes)) => return Delivery::Bomb(bytes),
        Some(FaultKind::Revoke) => {
            if let Some(token) = bearer(call.authorization.as_deref()) {
                locked(&shared.tokens).revoke(token);
            }
            routes::answer(shared, call)
        }
        None => routes::answer(shared, call),
    })
}

impl Delivery {
    fn status(&self) -> u16 {
        match self {
            Delivery::Whole(answer) | Delivery::Torn(answer, _) | Delivery::Drip(answer, _) => answer.status,
            Delivery::Huge(..) | Delivery::Bomb(_) => 200,
        }
    }

    fn response(self) -> Response {
        let list = || Answer::bytes(200, JSON, Vec::new());
        let (head, tail) = LIST;
        match self {
            Delivery::Whole(answer) => respond(answer, Body::from),
            Delivery::Torn(answer, declared) => {
                let whole = answer.body.len().max(1);
                let torn = |mut body: Bytes| {
                    body.truncate(whole / 2);
                    Body::new(Torn::new(body))
                };
                let response = respond(answer, torn);
                if declared { declare(response, whole as u64) } else { response }
            }
            Delivery::Drip(answer, pause) => {
                let declared = answer.body.len() as u64;
                declare(respond(answer, |body| Body::new(Drip::new(body, pause))), declared)
            }
            Delivery::Huge(bytes, declared) => {
                let fill = bytes.saturating_sub((head.len() + tail.len()) as u64);
                let response = respond(list(), |_| Body::new(Pieces(spaces(head, fill, tail))));
                if declared { declare(response, fill + (head.len() + tail.len()) as u64) } else { response }
            }
            Delivery::Bomb(bytes) => {
                let mut answer = list();
                answer.headers.push((CONTENT_ENCODING, "gzip".into()));
                respond(answer, |_| Body::new(Pieces(gzip::bomb(head, bytes, tail))))
            }
        }
    }
}

/// A body that a fault brought along, under the type it looks like.
fn plain(status: u16, body: &str) -> Answer {
    if serde_json::from_str::<serde_json::Value>(body).is_ok() {
        Answer::bytes(status, JSON, body.as_bytes().to_vec())
    } else {
        Answer::html(status, body)
    }
}

fn busy(status: u16, after: &RetryAfter) -> Answer {
    let mut answer = plain(status, r#"{"errors":["Too Many Attempts."]}"#);
    let from_now =
        |seconds: &i64| Stamp::of(SystemTime::now()).plus_millis(seconds.saturating_mul(1000)).http_date();
    let text = match after {
        RetryAfter::Nothing => return answer,
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(seconds) => from_now(seconds),
        RetryAfter::Text(text) => text.clone(),
    };
    answer.headers.push((RETRY_AFTER, text));
    answer
}

fn redirect(status: u16, target: &Target, (host, address): (&str, &str)) -> Answer {
    let location = match target {
        Target::Host(origin) => format!("{origin}{address}"),
        Target::Http => format!("http://{host}{address}"),
        Target::Itself => address.to_owned(),
    };
    let mut answer = Answer::html(status, "<html><body>Moved</body></html>");
    answer.headers.push((LOCATION, location));
    answer
}

fn zip(answer: &mut Answer, settings: &Settings, accepts: bool) {
    if settings.gzip && accepts && !answer.body.is_empty() {
        answer.body = gzip::stored(&answer.body);
        answer.headers.push((CONTENT_ENCODING, "gzip".into()));
    }
}

fn respond(answer: Answer, body: impl FnOnce(Bytes) -> Body) -> Response {
    let mut response = Response::new(body(Bytes::from(answer.body)));
    // A fault may name any number; those that are no HTTP status become 500.
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !answer.content_type.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    }
    for (name, value) in answer.headers {
        // A value that no header can hold is left out, whoever asked for it.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn declare(mut response: Response, length: u64) -> Response {
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
