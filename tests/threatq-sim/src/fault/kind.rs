//! What can go wrong with an answer.

use std::time::Duration;

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// This status with this body, instead of doing what was asked.
    Status(u16, String),
    /// This status, usually 429 or 503, with a `Retry-After`.
    Busy(u16, RetryAfter),
    /// This status, 301 to 308, to somewhere else.
    Redirect(u16, Target),
    /// 200 with a page of HTML, as from a proxy or a maintenance page.
    #[serde(rename = "html_200")]
    Html200,
    /// 200 whose body has a top-level `errors` key (section 1.3).
    #[serde(rename = "errors_in_200")]
    ErrorsIn200,
    /// 200 with these bytes as `application/json`: whatever a client must not choke on. In JSON: a string.
    #[serde(deserialize_with = "bytes")]
    Body(Vec<u8>),
    /// The right answer, declared whole and sent by half; then the connection closes.
    Torn,
    /// The right answer, in chunks, of which half come and the last never does; then the connection closes.
    TornChunk,
    /// The right answer, this much later. In JSON: milliseconds.
    #[serde(deserialize_with = "millis")]
    Slow(Duration),
    /// The right answer, declared whole and sent byte by byte, each this much later. In JSON: milliseconds.
    #[serde(deserialize_with = "millis")]
    Drip(Duration),
    /// 200 with an empty list that is this many bytes of spaces long, made while it is sent. A `declared` one says its
    /// length in front, the other comes in chunks.
    Huge { bytes: u64, declared: bool },
    /// The same in gzip's form, some hundred times smaller than what it holds, whether the client takes gzip or not.
    GzipBomb(u64),
    /// The request's token is worth nothing from now on: 401, until a new login.
    Revoke,
}

/// What `Retry-After` says (RFC 9110, section 10.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// There is none.
    Nothing,
    Seconds(u64),
    /// The date so many seconds from now by the real clock, past ones too.
    Date(i64),
    /// Something absurd.
    Text(String),
}

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The same path at another host: `https://elsewhere.example`.
    Host(String),
    /// The same path at the same host over http.
    Http,
    /// The very same address: with `times`, a loop.
    Itself,
}

fn millis<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

fn bytes<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    String::deserialize(from).map(String::into_bytes)
}
