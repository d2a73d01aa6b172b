//! One message to a channel or a person: what the formatter of a chat makes and its sender posts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Record, digest};

/// One message to one recipient: one `chat.postMessage` of Slack's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Derived from the recipient and the alerts; see [`Message::id_of`].
    pub id: String,
    /// The source of its alerts; none for a message that stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When the fetcher saw the change.
    pub date: DateTime<Utc>,
    /// A channel as `#name`, a person as `@` and a name or an address, or either by Slack's id.
    pub to: String,
    /// What notifications show, and programs that know no blocks; escaped as Slack's mrkdwn is.
    pub text: String,
    /// Block Kit, each block an object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Map<String, Value>>,
    /// The alerts in this message.
    pub alerts: Vec<String>,
}

impl Message {
    /// The id that follows from the recipient and the alerts, which are sorted.
    pub fn id_of(to: &str, alerts: &[String]) -> String {
        digest([to].into_iter().chain(alerts.iter().map(String::as_str)))
    }

    /// Whether a recipient is given by an id of Slack's, of one of these kinds by its first letter. Names do not look so:
    /// they are in lower case.
    pub fn is_to_id(to: &str, kinds: &str) -> bool {
        let is_of_id = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        to.len() >= 9 && to.starts_with(|first| kinds.contains(first)) && to.bytes().all(is_of_id)
    }
}

impl Record for Message {
    const NAME: &'static str = "message";

    fn summary(&self) -> (String, String) {
        ("message".to_owned(), format!("{}  to {}", self.text, self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn an_id_is_told_from_a_name() {
        for (text, first, is) in [
            ("U0123ABCD", "UW", true),
            ("W0123ABCD", "UW", true),
            ("C0123ABCD", "UW", false),
            ("U0123abcd", "UW", false),
            ("USER", "UW", false),
            ("", "UW", false),
        ] {
            assert_eq!(Message::is_to_id(text, first), is, "{text}");
        }
    }
}
