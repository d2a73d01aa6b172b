//! An answer of Slack's: JSON with `ok`, and a word where that is false. Read leniently, for a message that was taken must not
//! look lost because of what else is in the answer.

use std::time::Duration;

use serde_json::Value;

use super::meaning::{self, Meaning};
use super::{Error, Refusal, Trouble};
use crate::exit::Status;
use crate::http::{self, Hidden, WORDS_LIMIT};
use crate::record::Outcome;

/// What the scopes of a token are said in (<https://docs.slack.dev/authentication/installing-with-oauth>).
const SCOPES: &str = "x-oauth-scopes";
/// How many of the places that are wrong in a message are told.
const MESSAGES: usize = 3;

/// An answer that is Slack's.
pub(super) struct Reply {
    code: u16,
    body: Value,
    retry_after: Option<Duration>,
    /// What the token may do, where the answer says it.
    pub(super) scopes: Option<String>,
}

impl Reply {
    /// The answer, where it is one of Slack's.
    pub(super) fn read(answer: &http::Answer, hidden: &Hidden) -> Result<Self, Trouble> {
        let code = answer.status;
        let lost = |status: Status, words: String| {
            let code = (code != 200).then_some(code);
            Trouble::One(Refusal { outcome: Outcome::Unknown, status, code, words })
        };
        let words = || match hidden.words(answer.body.trim_ascii(), WORDS_LIMIT) {
            words if words.is_empty() => "no words".to_owned(),
            words => words,
        };
        if (500..=599).contains(&code) {
            return Err(lost(Status::TryAgain, words()));
        }
        let retry_after = answer.retry_after();
        let body: Value = serde_json::from_str(&String::from_utf8_lossy(&answer.body)).unwrap_or_default();
        let scopes = answer.headers.get(SCOPES).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // With 429 it is the status that counts, whoever says it.
        if code == 429 || body.get("ok").is_some_and(Value::is_boolean) {
            return Ok(Self { code, body, retry_after, scopes });
        }
        let sentence = format!("not an answer of Slack's API: {}", words());
        // Whoever says 4xx has done nothing, and says it to the next message as well.
        if (400..=499).contains(&code) {
            return Err(Trouble::Down(Error::Nonsense(format!("{code} {sentence}; check slack.url"))));
        }
        Err(lost(Status::Protocol, sentence))
    }

    /// How long Slack wants to be left alone, where it does (<https://docs.slack.dev/apis/web-api/rate-limits>).
    pub(super) fn wait(&self) -> Option<Duration> {
        let is_limited = self.code == 429 || ["ratelimited", "rate_limited"].contains(&self.word());
        // One message a second is what Slack promises.
        is_limited.then(|| self.retry_after.unwrap_or(Duration::from_secs(1)))
    }

    /// The answer, where it is a success.
    pub(super) fn success(self, hidden: &Hidden) -> Result<Self, Trouble> {
        if self.code < 400 && self.body.get("ok") == Some(&Value::Bool(true)) {
            return Ok(self);
        }
        let (meaning, advice) = meaning::of(self.word());
        let words = hidden.words(self.words(advice).as_bytes(), 2 * WORDS_LIMIT);
        let code = (self.code != 200).then_some(self.code);
        let one = |outcome, status| Trouble::One(Refusal { outcome, status, code, words: words.clone() });
        Err(match meaning {
            Meaning::Recipient => one(Outcome::Held, Status::Config),
            Meaning::Message => one(Outcome::Rejected, Status::Refused),
            Meaning::Later => one(Outcome::Deferred, Status::TryAgain),
            Meaning::Lost => one(Outcome::Unknown, Status::TryAgain),
            Meaning::Account => Trouble::Down(Error::TokenRefused(words)),
            Meaning::Scope => Trouble::Down(Error::MissingScope(words)),
        })
    }

    /// Slack's word for what went wrong.
    fn word(&self) -> &str {
        self.text("/error").unwrap_or("no word")
    }

    /// The word, what is said beside it, and what to do.
    fn words(&self, advice: &str) -> String {
        let needed = self.text("/needed").map(|scope| format!("the app needs the scope {scope}"));
        let messages = self.list("/response_metadata/messages").iter().filter_map(Value::as_str);
        let messages = messages.map(|text| text.trim_start_matches("[ERROR] ").to_owned()).take(MESSAGES);
        let said = [self.word().to_owned()].into_iter().chain(needed).chain(messages);
        let said = said.collect::<Vec<_>>().join(": ");
        if advice.is_empty() { said } else { format!("{said}; {advice}") }
    }

    pub(super) fn text(&self, place: &str) -> Option<&str> {
        self.body.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn list(&self, place: &str) -> &[Value] {
        self.body.pointer(place).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// A member that is an object, such as the channel that was asked for.
    pub(super) fn member(&self, name: &str) -> &Value {
        self.body.get(name).unwrap_or(&Value::Null)
    }

    /// Where the next page of a list begins (<https://docs.slack.dev/apis/web-api/pagination>).
    pub(super) fn next_cursor(&self) -> Option<String> {
        self.text("/response_metadata/next_cursor").map(str::to_owned)
    }
}
