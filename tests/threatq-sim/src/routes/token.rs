//! `POST /api/token`: the three grants.
//!
//! Follows section 2 of the API reference: all three encodings of the password grant, HTTP Basic for a private client,
//! 400 for bad credentials. The words of the 400 are inferred.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Outcome, Shared};
use crate::call::{Answer, Call, Failure};
use crate::locked;
use crate::settings::{ExpiresIn, LoginEncoding, LoginName, Settings};
use crate::tokens::{Caller, bearer};

const REFUSED: Failure = Failure::Login("invalid_credentials", "The user credentials were incorrect.");

pub fn answer(shared: &Shared, call: &Call) -> Outcome {
    let sent = sent(call);
    let given = |name: &str| sent.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let caller = match given("grant_type") {
        Some("password") => {
            understand(call, &sent, &shared.settings())?;
            let world = locked(&shared.world);
            let email = given("email").or_else(|| given("username"));
            let named = world.users().iter().find(|user| Some(user.email.as_str()) == email);
            let user = named.filter(|user| {
                given("password") == Some(&user.password) && given("client_id") == Some(&user.client_id)
            });
            Caller::User(user.ok_or(REFUSED)?.id)
        }
        Some("client_credentials") => basic(shared, call).ok_or(REFUSED)?,
        Some("refresh_token") => {
            let holder = bearer(call.authorization.as_deref());
            let holder = holder.and_then(|token| locked(&shared.tokens).former_caller(token));
            let caller = holder.or_else(|| basic(shared, call)).ok_or(REFUSED)?;
            let token = given("refresh_token").unwrap_or_default();
            if !locked(&shared.tokens).spend_refresh(token, caller) {
                return Err(Failure::Login("invalid_request", "The refresh token is invalid."));
            }
            caller
        }
        _ => {
            return Err(Failure::Login("unsupported_grant_type", "The grant type is not supported."));
        }
    };
    let settings = shared.settings();
    let requests = settings.token_requests.unwrap_or(usize::MAX);
    let (access, refresh) = locked(&shared.tokens).issue(caller, settings.token_lifetime, requests);
    let mut given = Map::new();
    given.insert("access_token".into(), json!(access));
    given.insert("token_type".into(), json!("bearer"));
    match settings.expires_in {
        ExpiresIn::Honest => {
            drop(given.insert("expires_in".into(), json!(settings.token_lifetime.as_secs())))
        }
        ExpiresIn::Says(seconds) => drop(given.insert("expires_in".into(), json!(seconds))),
        ExpiresIn::Missing => {}
    }
    if !settings.omit_refresh_token {
        given.insert("refresh_token".into(), json!(refresh));
    }
    Ok(Answer::json(200, &Value::Object(given)))
}

/// Guess: what a server says that does not know the encoding or the name, and that it then looks at no password.
fn understand(call: &Call, sent: &[(String, String)], settings: &Settings) -> Result<(), Failure> {
    let encoding = match (call.param("grant_type"), call.json().is_ok()) {
        (Some(_), true) => LoginEncoding::Query,
        (None, true) => LoginEncoding::Json,
        (_, false) => LoginEncoding::Form,
    };
    if settings.login_encoding != LoginEncoding::Any && settings.login_encoding != encoding {
        return Err(Failure::Login("invalid_request", "The request is missing a required parameter."));
    }
    let wanted = match settings.login_name {
        LoginName::Any => return Ok(()),
        LoginName::Email => "email",
        LoginName::Username => "username",
    };
    let is_there = sent.iter().any(|(name, _)| name == wanted);
    if is_there { Ok(()) } else { Err(Failure::invalid(wanted, "This field is required.")) }
}

/// What the address and the body say together; the address counts first. A JSON list says nothing (section 2.2).
fn sent(call: &Call) -> Vec<(String, String)> {
    let mut sent = call.params.clone();
    match serde_json::from_slice::<Value>(&call.body) {
        Ok(Value::Object(members)) => {
            let texts =
                members.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
            sent.extend(texts);
        }
        Ok(_) => {}
        Err(_) => sent.extend(form_urlencoded::parse(&call.body).into_owned()),
    }
    sent
}

fn basic(shared: &Shared, call: &Call) -> Option<Caller> {
    let encoded = call.authorization.as_deref()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let world = locked(&shared.world);
    let client = world.client()?;
    (client.client_id == id && client.client_secret == secret).then_some(Caller::Client)
}
