//! How a simulator behaves where ThreatQ's behaviour varies or is not known: its knobs.
//!
//! Follows section 11 of the API reference and its hints for a simulator. Every knob but those of the socket can be
//! turned while the simulator runs, in-process or over the control route, under the names its fields have here.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::query::{Clock, Quirks};
use crate::stamp::Stamp;

/// `Settings { json_as_string: true, ..Settings::default() }`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Certificate chain and private key, both PEM: serve https with them.
    #[serde(skip)]
    pub tls: Option<(String, String)>,
    /// The port on 127.0.0.1; 0 takes a free one.
    #[serde(skip)]
    pub port: u16,
    /// Faults that wait from the start; `Sim::fault` adds more.
    #[serde(skip)]
    pub fail_next: Vec<Fault>,
    /// Every answer comes this much later. In JSON: milliseconds.
    #[serde(with = "millis")]
    pub delay: Duration,
    /// Bodies are in gzip's form, though not smaller, for those who accept it.
    pub gzip: bool,

    /// How long a token lives, in real time; `expires_in` says so. In JSON: seconds.
    #[serde(with = "seconds")]
    pub token_lifetime: Duration,
    /// After so many requests a token is worth nothing: ends in the middle of a paging, whatever the clock says.
    pub token_requests: Option<usize>,
    /// What a login says of the token's lifetime (section 2.4).
    pub expires_in: ExpiresIn,
    /// A login gives no `refresh_token` (section 2.4: one recorded answer has none).
    pub omit_refresh_token: bool,
    /// The encodings of the password grant that are understood (section 2.1: all three are in use).
    pub login_encoding: LoginEncoding,
    /// What the password grant may call the user (section 2.1: both).
    pub login_name: LoginName,

    /// The route that lists watchlists (section 5.2: not known).
    pub watchlist_route: WatchlistRoute,
    /// What its rows look like (section 5.2: not known).
    pub watchlist_rows: WatchlistRows,
    /// Whether a user's watchlist may be read by others (section 5.2: not known). When not, they get a 403, or only their
    /// own rows of a list of all.
    pub watchlist_of_others: bool,
    /// What the guessed routes of an audit log answer (section 6: not known).
    pub audit_log: AuditLog,

    /// The rows of `GET /api/connectors`, as they are sent. What is in their `custom_fields` is a guess.
    pub connectors: Vec<Value>,
    /// What `GET /api/configuration/smtp` answers; 403 where there is nothing. Its form is a guess.
    pub own_relay: Option<Value>,

    /// A saved search's `json` is a string that holds JSON (section 7.1).
    pub json_as_string: bool,
    /// `attributes` and `sources` come with `/query` only when `fields` names them (section 7.5).
    pub lists_on_request: bool,
    /// What `*` means in `fields` (section 7.5: older servers may not know it).
    pub star: Star,
    /// Dates of `/query` have milliseconds too.
    pub solr_millis: bool,
    /// Dates are naive ones of a zone so many hours ahead of UTC (section 1.5), in answers and in queries.
    pub zone_hours: i32,
    /// `id` and `…_id` are strings (section 1.6).
    pub ids_as_strings: bool,
    /// `score` of `/query` and `manual_score` are strings (section 1.6).
    pub scores_as_strings: bool,

    /// `null` rows stand between the rows of `/query` and are counted in its `total` (section 7.2).
    pub null_rows: bool,
    /// Lists come without `total` (section 1.1 saw it on sub-resources).
    pub omit_total: bool,
    /// What `/query` says is its `total`, true or not.
    pub total_says: Option<usize>,
    /// No page is longer than this, whatever `limit` asks for (section 10: the maximum is not known).
    pub page_limit: Option<usize>,
    /// Every page of a list has the rows of the first one.
    pub first_page_always: bool,
}

/// The route that lists watchlists. All of them are guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchlistRoute {
    /// `GET /api/users/{id}/watchlist`, the entries of this user.
    OfUser,
    /// `GET /api/watchlist`, the entries of all users.
    Watchlist,
    /// `GET /api/watchlists`, the same.
    Watchlists,
    /// 404 everywhere: only `with=watchlist` shows what the caller watches.
    Nowhere,
}

/// The members of an entry besides `id` and the dates. All of them are guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchlistRows {
    /// `user_id`, `object_type`, `object_id`.
    Flat,
    /// `user: {id}`, `object: {type, id}`.
    Nested,
    /// `user_id`, `indicator_id` (or `adversary_id`, …).
    NamedIds,
}

/// What the guessed routes of an audit log answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditLog {
    /// 404
    Missing,
    /// 403, as without the permission "View Audit Log".
    Forbidden,
}

/// What a login says of its token's lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresIn {
    Honest,
    Missing,
    /// So many seconds, true or not; 0 too.
    Says(u64),
}

/// The encodings of the password grant that are understood; anything else is a 400 about the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginEncoding {
    Any,
    /// Grant and client in the address, the rest as JSON.
    Query,
    Json,
    Form,
}

/// What the password grant may call the user; where the name is missing, a 400 says that it is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginName {
    Any,
    Email,
    Username,
}

/// What `*` means among the `fields` of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Star {
    /// Everything but the lists.
    Known,
    /// The name of no field.
    Ignored,
    /// 400
    Refused,
}

impl Settings {
    /// These with some knobs turned, by the names of their fields.
    pub fn turned(&self, knobs: Map<String, Value>) -> Result<Settings, String> {
        let mut members = match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            _ => return Err("the knobs cannot be shown".into()),
        };
        members.extend(knobs);
        let turned: Settings =
            serde_json::from_value(Value::Object(members)).map_err(|error| error.to_string())?;
        let Settings { tls, port, fail_next, .. } = self.clone();
        Ok(Settings { tls, port, fail_next, ..turned })
    }

    pub(crate) fn clock(&self, now: Stamp) -> Clock {
        Clock { now, zone_hours: self.zone_hours }
    }

    /// What happens to pages of `/query`; null rows stand in no other list.
    pub(crate) fn quirks(&self) -> Quirks {
        let Settings { null_rows, page_limit: limit, first_page_always, .. } = *self;
        Quirks { null_rows, limit, first_page_always }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            tls: None,
            port: 0,
            fail_next: Vec::new(),
            delay: Duration::ZERO,
            gzip: false,
            token_lifetime: Duration::from_secs(3600),
            token_requests: None,
            expires_in: ExpiresIn::Honest,
            omit_refresh_token: false,
            login_encoding: LoginEncoding::Any,
            login_name: LoginName::Any,
            watchlist_route: WatchlistRoute::OfUser,
            watchlist_rows: WatchlistRows::Flat,
            watchlist_of_others: true,
            audit_log: AuditLog::Missing,
            connectors: Vec::new(),
            own_relay: None,
            json_as_string: false,
            lists_on_request: false,
            star: Star::Known,
            solr_millis: false,
            zone_hours: 0,
            ids_as_strings: false,
            scores_as_strings: false,
            null_rows: false,
            omit_total: false,
            total_says: None,
            page_limit: None,
            first_page_always: false,
        }
    }
}

macro_rules! duration_as {
    ($name:ident, $whole:path, $from:path) => {
        mod $name {
            use std::time::Duration;

            use serde::{Deserialize, Deserializer, Serializer};

            pub(super) fn serialize<S: Serializer>(from: &Duration, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_u64(u64::try_from($whole(from)).unwrap_or(u64::MAX))
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
                u64::deserialize(from).map($from)
            }
        }
    };
}

duration_as!(millis, Duration::as_millis, Duration::from_millis);
duration_as!(seconds, Duration::as_secs, Duration::from_secs);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{ExpiresIn, Settings};

    #[test]
    fn knobs_are_turned_by_name_and_the_others_stay() {
        let settings = Settings { null_rows: true, port: 7, ..Settings::default() };
        let knobs = |value: serde_json::Value| value.as_object().unwrap().clone();
        let turned = settings
            .turned(knobs(
                json!({"delay": 20, "token_lifetime": 3, "expires_in": {"says": 0}, "page_limit": 5}),
            ))
            .unwrap();
        assert_eq!(turned.delay, Duration::from_millis(20));
        assert_eq!(turned.token_lifetime, Duration::from_secs(3));
        assert_eq!((turned.expires_in, turned.page_limit), (ExpiresIn::Says(0), Some(5)));
        assert_eq!((turned.null_rows, turned.port), (true, 7));
        assert!(settings.turned(knobs(json!({"port": 8}))).is_err());
        assert!(settings.turned(knobs(json!({"star": "shining"}))).is_err());
    }
}
