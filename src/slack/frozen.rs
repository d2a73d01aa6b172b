//! A message becomes the body of a `chat.postMessage`, but for its channel: the same record, the same bytes.
//!
//! Whom a name stands for is found out when it is posted; all else is fixed when it is taken over, so that a message
//! that is posted twice can be known for a double, by its `metadata`.
//!
//! <https://docs.slack.dev/reference/methods/chat.postMessage>, <https://docs.slack.dev/messaging/message-metadata>

use serde::Serialize;
use serde_json::{Map, Value};

use crate::record::Message;

#[derive(Serialize)]
struct Body<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    blocks: &'a [Map<String, Value>],
    /// Where there are blocks, the text is a notification, in which nothing is marked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    mrkdwn: Option<bool>,
    /// What a link leads to must not be fetched by anybody because an alert names it.
    unfurl_links: bool,
    unfurl_media: bool,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    event_type: &'static str,
    event_payload: Payload<'a>,
}

#[derive(Serialize)]
struct Payload<'a> {
    id: &'a str,
}

/// The body for a message. Fails with the reason why it can never be posted.
pub fn frozen(message: &Message) -> Result<Vec<u8>, String> {
    let name = message.to.trim_start_matches(['#', '@']);
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err("the message has no channel or person to go to".to_owned());
    }
    if message.text.trim().is_empty() && message.blocks.is_empty() {
        return Err("the message has no text".to_owned());
    }
    let metadata = Metadata { event_type: "tq_alert", event_payload: Payload { id: &message.id } };
    let body = Body {
        text: &message.text,
        blocks: &message.blocks,
        mrkdwn: (!message.blocks.is_empty()).then_some(false),
        unfurl_links: false,
        unfurl_media: false,
        metadata,
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}
