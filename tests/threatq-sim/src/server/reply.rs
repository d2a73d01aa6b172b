//! One request in HTTP: read whole, noted, perhaps spoiled by a fault, routed, answered.
//!
//! The `Date` header is hyper's, from the real clock.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use http_body::Frame;
use tokio::time::Sleep;

use crate::call::{Answer, Call};
use crate::fault::FaultKind;
use crate::routes::{self, Shared};
use crate::tokens::bearer;
use crate::{control, locked};

/// Larger bodies are refused; the largest that integrations send are bulk uploads of a few MB.
const LARGEST: usize = 64 << 20;
/// Between the first half of a torn answer and the end of the connection, so that the half is on its way.
const TEAR: Duration = Duration::from_millis(20);

pub async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return Ok(respond(Answer::html(413, "<html><body>Payload Too Large</body></html>")));
    };
    let query = head.uri.query().unwrap_or_default();
    let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let call = Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        params: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        authorization: authorization.map(str::to_owned),
        body: body.into(),
    };
    if control::is_control(&call.path) {
        return Ok(respond(control::answer(&shared, &call)));
    }
    let ticket = shared.log.arrived(&call.method, &call.path, query, &call.body);
    let fault = locked(&shared.faults).claim(&call.path);
    let (answer, torn) = spoiled(&shared, &call, fault).await;
    shared.log.answered(ticket, answer.status);
    Ok(if torn { tear(answer) } else { respond(answer) })
}

/// The answer, and whether it shall be torn.
async fn spoiled(shared: &Shared, call: &Call, fault: Option<FaultKind>) -> (Answer, bool) {
    let torn = fault == Some(FaultKind::Torn);
    let answer = match fault {
        Some(FaultKind::Status(status, body)) => plain(status, &body),
        Some(FaultKind::Html200) => {
            Answer::html(200, "<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>")
        }
        Some(FaultKind::ErrorsIn200) => {
            Answer::json(200, &serde_json::json!({"errors": ["Something went wrong"]}))
        }
        Some(FaultKind::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            routes::answer(shared, call)
        }
        Some(FaultKind::Revoke) => {
            if let Some(token) = bearer(call.authorization.as_deref()) {
                locked(&shared.tokens).revoke(token);
            }
            routes::answer(shared, call)
        }
        Some(FaultKind::Torn) | None => routes::answer(shared, call),
    };
    (answer, torn)
}

/// A body that a fault brought along, under the type it looks like.
fn plain(status: u16, body: &str) -> Answer {
    if serde_json::from_str::<serde_json::Value>(body).is_ok() {
        Answer::text(status, "application/json", body.to_owned())
    } else {
        Answer::html(status, body)
    }
}

fn respond(answer: Answer) -> Response {
    let content_type = answer.content_type;
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status(answer.status);
    set(&mut response, CONTENT_TYPE, HeaderValue::from_static(content_type), content_type.is_empty());
    response
}

fn tear(answer: Answer) -> Response {
    let declared = answer.body.len().max(1);
    let mut half = Bytes::from(answer.body);
    half.truncate(declared / 2);
    let body = Torn { half: Some(half), rest: Box::pin(tokio::time::sleep(TEAR)) };
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = status(answer.status);
    set(
        &mut response,
        CONTENT_TYPE,
        HeaderValue::from_static(answer.content_type),
        answer.content_type.is_empty(),
    );
    set(&mut response, CONTENT_LENGTH, HeaderValue::from(declared), false);
    response
}

/// A fault may name any number; those that are no HTTP status become 500.
fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn set(response: &mut Response, name: HeaderName, value: HeaderValue, skip: bool) {
    if !skip {
        response.headers_mut().insert(name, value);
    }
}

/// A body that breaks off: its error makes hyper close the connection.
struct Torn {
    half: Option<Bytes>,
    rest: Pin<Box<Sleep>>,
}

impl HttpBody for Torn {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        self.rest.as_mut().poll(context).map(|()| Some(Err(io::Error::other("torn"))))
    }
}
