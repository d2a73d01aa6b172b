//! A running simulator: a call is read whole, noted, perhaps spoiled by a fault, carried out, answered.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use threatq_sim::serve::{Cut, Drip, Pieces, Server, Torn, spaces};

use crate::call::{Call, Request};
use crate::fault::{Fault, FaultKind, Faults};
use crate::workspace::{Posted, Workspace};
use crate::{control, locked, methods};

/// Larger bodies are refused.
const LARGEST: usize = 4 << 20;
const JSON: &str = "application/json; charset=utf-8";
/// What a token may do, as Slack says it with every answer
/// (<https://docs.slack.dev/authentication/installing-with-oauth>). Guess: that it says so to whom it refuses, too.
const SCOPES: HeaderName = HeaderName::from_static("x-oauth-scopes");
/// An answer with room for spaces in it.
const ROOM: (&[u8], &[u8]) = (b"{\"ok\":true, ", b"\"ts\":\"1.1\"}");

/// The socket.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// 0 takes a free one.
    pub port: u16,
    /// Serve https with this certificate chain and key, both PEM.
    pub tls: Option<(String, String)>,
}

/// A running simulator. Dropping it stops it.
pub struct Sim {
    shared: Arc<Shared>,
    server: Server,
}

/// Everything that calls share.
pub(crate) struct Shared {
    pub(crate) workspace: Mutex<Workspace>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) log: Mutex<Vec<Request>>,
}

impl Sim {
    /// Serves a workspace over http on a free port.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn start(workspace: Workspace) -> Sim {
        Sim::start_with(workspace, &Settings::default())
    }

    /// # Panics
    /// When the port is taken, or the certificate or key is of no use; [`Sim::try_start`] says so instead.
    pub fn start_with(workspace: Workspace, settings: &Settings) -> Sim {
        match Sim::try_start(workspace, settings) {
            Ok(sim) => sim,
            Err(error) => panic!("the simulator does not start: {error}"),
        }
    }

    /// # Errors
    /// When the port is taken, or the certificate or key is of no use.
    pub fn try_start(workspace: Workspace, settings: &Settings) -> io::Result<Sim> {
        let shared = Arc::new(Shared {
            workspace: Mutex::new(workspace),
            faults: Mutex::default(),
            log: Mutex::default(),
        });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let server = Server::start(settings.port, settings.tls.as_ref(), router)?;
        Ok(Sim { shared, server })
    }

    /// The address of the API, as a client's settings have it: `http://127.0.0.1:PORT/api/`.
    pub fn url(&self) -> String {
        format!("{}/api/", self.server.url())
    }

    /// The workspace, held still: calls wait until the guard is dropped.
    pub fn workspace(&self) -> MutexGuard<'_, Workspace> {
        locked(&self.shared.workspace)
    }

    /// What was posted so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.workspace().posted.clone()
    }

    /// What was asked so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared.log).clone()
    }

    /// The methods that were called so far, in order of arrival.
    pub fn calls(&self) -> Vec<String> {
        locked(&self.shared.log).iter().map(|request| request.method.clone()).collect()
    }

    /// Queues a fault.
    pub fn fault(&self, fault: Fault) {
        locked(&self.shared.faults).push(fault);
    }

    /// Forgets the faults that have not struck.
    pub fn clear_faults(&self) {
        locked(&self.shared.faults).clear();
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return Ok(respond(413, JSON, &b""[..]));
    };
    if let Some(command) = head.uri.path().strip_prefix("/control/") {
        let (status, text) = control::answer(&shared, command, &body);
        return Ok(respond(status, "text/plain; charset=utf-8", text));
    }
    let method = head.uri.path().strip_prefix("/api/").unwrap_or_default();
    // The methods can be asked with GET too; no client of ours does so.
    if method.is_empty() || head.method != Method::POST {
        return Ok(respond(404, "text/html", "<html><body>Not found</body></html>"));
    }
    let call = Call {
        method: method.to_owned(),
        content_type: header(&head.headers, CONTENT_TYPE).unwrap_or_default().to_owned(),
        authorization: header(&head.headers, AUTHORIZATION).map(str::to_owned),
        body: body.into(),
    };
    let ticket = arrived(&shared, &call);
    let fault = locked(&shared.faults).claim(&call.method);
    let response = match fault {
        Some(fault) => spoiled(&shared, &call, fault).await,
        None => Some(whole(&carried_out(&shared, &call))),
    };
    let scopes = locked(&shared.workspace).scopes.join(",");
    let response = response.map(|response| with(response, SCOPES, &scopes));
    let status = response.as_ref().map_or(0, |response| response.status().as_u16());
    if let Some(request) = locked(&shared.log).get_mut(ticket) {
        request.status = status;
    }
    Ok(response.unwrap_or_else(|| Response::new(Body::new(Cut))))
}

fn carried_out(shared: &Shared, call: &Call) -> Value {
    methods::answer(&mut locked(&shared.workspace), call)
}

/// What a fault makes of the answer; none cuts the line.
async fn spoiled(shared: &Shared, call: &Call, Fault { done, kind, .. }: Fault) -> Option<Response> {
    let answers = matches!(kind, FaultKind::Torn | FaultKind::Drip(_) | FaultKind::Slow(_));
    let slow = if let FaultKind::Slow(millis) = kind { millis } else { 0 };
    if !done {
        tokio::time::sleep(Duration::from_millis(slow)).await;
    }
    let answer = if done || answers { carried_out(shared, call) } else { Value::Null };
    if done {
        tokio::time::sleep(Duration::from_millis(slow)).await;
    }
    let bytes = Bytes::from(answer.to_string());
    Some(match kind {
        FaultKind::RateLimited(seconds) => {
            let body = json!({"ok": false, "error": "ratelimited"}).to_string();
            with(respond(429, JSON, body), RETRY_AFTER, &seconds.to_string())
        }
        FaultKind::Status(status, body, after) => {
            let response = respond(status, "text/html", body);
            after.iter().fold(response, |response, after| with(response, RETRY_AFTER, after))
        }
        FaultKind::Error(word) => whole(&json!({"ok": false, "error": word})),
        FaultKind::Body(body) => respond(200, JSON, body),
        FaultKind::Redirect(to) => {
            let to = format!("{to}/api/{}", call.method);
            with(respond(302, "text/html", "Moved"), LOCATION, &to)
        }
        FaultKind::Cut => return None,
        FaultKind::Torn => {
            let length = bytes.len();
            let half = Body::new(Torn::new(bytes.slice(..length / 2)));
            with(respond(200, JSON, half), CONTENT_LENGTH, &length.to_string())
        }
        FaultKind::Slow(_) => whole(&answer),
        FaultKind::Drip(millis) => {
            let length = bytes.len().to_string();
            let drip = Body::new(Drip::new(bytes, Duration::from_millis(millis)));
            with(respond(200, JSON, drip), CONTENT_LENGTH, &length)
        }
        FaultKind::Huge(bytes) => respond(200, JSON, Body::new(Pieces(spaces(ROOM.0, bytes, ROOM.1)))),
    })
}

/// Notes a call, and says where.
fn arrived(shared: &Shared, call: &Call) -> usize {
    let authorized = call.token() == Some(&locked(&shared.workspace).token);
    let mut log = locked(&shared.log);
    log.push(Request {
        method: call.method.clone(),
        content_type: call.content_type.clone(),
        body: String::from_utf8_lossy(&call.body).into_owned(),
        authorized,
        status: 0,
    });
    log.len() - 1
}

fn whole(answer: &Value) -> Response {
    respond(200, JSON, answer.to_string())
}

fn respond(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    // A fault may name any number; those that are no HTTP status become 500.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A value that no header can hold is left out, whoever asked for it.
fn with(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
