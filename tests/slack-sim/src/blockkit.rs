//! Which messages Slack takes: Block Kit's shapes and limits, as far as the product uses Block Kit.
//!
//! Follows <https://docs.slack.dev/reference/block-kit/blocks> and the page of each block, element and object below it. A
//! block or member that is not named here is refused, also where Slack has it, so that nothing unknown gets into a message.
//! A length is in Unicode characters as they are sent (a guess: Slack says "characters"). The words of the complaints are
//! those that have been seen in the wild.

mod blocks;
#[cfg(test)]
mod cases;
mod elements;
mod texts;

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

/// "Include up to 50 blocks in each message."
const BLOCKS: usize = 50;
/// "For best results, limit the number of characters in the `text` field to 4,000"; more than 40,000 are cut off, which we
/// refuse.
const TEXT: usize = 40_000;
/// All blocks together, as JSON. Not published; seen to be refused from about 13,200 on (slackapi/bolt-js, issues 2509 and 2867).
const ALL_BLOCKS: usize = 13_000;
/// "Maximum length for this field is 255 characters."
const ID: usize = 255;

/// Why Slack does not take a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its word for it: `invalid_blocks`, `no_text`, `msg_too_long`, `msg_blocks_too_long`, …
    pub error: &'static str,
    /// What is wrong, and where.
    pub messages: Vec<String>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.messages.join("; "))
    }
}

impl Refused {
    fn new(error: &'static str, messages: Vec<String>) -> Refused {
        Refused { error, messages }
    }
}

/// Checks a message: an object with `text`, `blocks` and whatever else `chat.postMessage` takes.
///
/// # Errors
/// As Slack does.
pub fn check(message: &Value) -> Result<(), Refused> {
    let text = match message.get("text") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err(Refused::new("invalid_arguments", vec!["text must be a string".to_owned()])),
    };
    if text.chars().count() > TEXT {
        return Err(Refused::new("msg_too_long", Vec::new()));
    }
    if let Some(metadata) = message.get("metadata") {
        metadata_is_fine(metadata)?;
    }
    let Some(blocks) = message.get("blocks") else {
        return if text.trim().is_empty() { Err(Refused::new("no_text", Vec::new())) } else { Ok(()) };
    };
    let Some(blocks) = blocks.as_array() else {
        return Err(Refused::new("invalid_blocks_format", Vec::new()));
    };
    if blocks.is_empty() && text.trim().is_empty() {
        return Err(Refused::new("no_text", Vec::new()));
    }
    let mut found = Findings::default();
    if blocks.len() > BLOCKS {
        found.say("/blocks", format!("no more than {BLOCKS} items allowed"));
    }
    for (index, block) in blocks.iter().enumerate() {
        blocks::check(&mut found, &format!("/blocks/{index}"), block);
    }
    if !found.messages.is_empty() {
        return Err(Refused::new("invalid_blocks", found.messages));
    }
    if blocks.iter().filter(|block| block["type"] == "table").count() > 1 {
        return Err(Refused::new("invalid_attachments", vec!["only_one_table_allowed".to_owned()]));
    }
    if message["blocks"].to_string().chars().count() > ALL_BLOCKS {
        return Err(Refused::new("msg_blocks_too_long", Vec::new()));
    }
    Ok(())
}

/// <https://docs.slack.dev/messaging/message-metadata>: a type of event, and members of any kind.
fn metadata_is_fine(metadata: &Value) -> Result<(), Refused> {
    let is_type = |text: &str| {
        !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || "_-.".contains(one))
    };
    let members = metadata.as_object().filter(|members| members.len() == 2);
    let has_type = members.and_then(|members| members.get("event_type")?.as_str()).is_some_and(is_type);
    if has_type && metadata["event_payload"].is_object() {
        return Ok(());
    }
    Err(Refused::new("invalid_metadata_format", Vec::new()))
}

/// What is wrong so far, and which ids are taken.
#[derive(Default)]
struct Findings {
    messages: Vec<String>,
    block_ids: HashSet<String>,
}

impl Findings {
    fn say(&mut self, place: &str, what: impl fmt::Display) {
        self.messages.push(format!("{what} [json-pointer:{place}]"));
    }

    /// The object here, with its members: those that it must have, and those that it may have.
    fn object<'v>(
        &mut self,
        place: &str,
        value: &'v Value,
        required: &[&str],
        optional: &[&str],
    ) -> Option<&'v Map<String, Value>> {
        let Some(members) = value.as_object() else {
            self.say(place, "must be an object");
            return None;
        };
        for name in required.iter().filter(|name| !members.contains_key(**name)) {
            self.say(place, format!("missing required field: {name}"));
        }
        for name in members.keys().filter(|name| *name != "type") {
            if !required.contains(&name.as_str()) && !optional.contains(&name.as_str()) {
                self.say(place, format!("invalid additional property: {name}"));
            }
        }
        Some(members)
    }

    /// A text of at least one character and at most so many, where there is one.
    fn string(&mut self, place: &str, value: Option<&Value>, most: usize) {
        let Some(value) = value else { return };
        let Some(text) = value.as_str() else {
            self.say(place, "must be a string");
            return;
        };
        match text.chars().count() {
            0 => self.say(place, "must be more than 0 characters"),
            length if length > most => self.say(place, format!("must be less than {} characters", most + 1)),
            _ => (),
        }
    }

    /// The same, of which there is one alone.
    fn id(&mut self, place: &str, value: Option<&Value>, taken: &mut HashSet<String>) {
        self.string(place, value, ID);
        if let Some(id) = value.and_then(Value::as_str)
            && !taken.insert(id.to_owned())
        {
            self.say(place, format!("must be unique: {id}"));
        }
    }

    fn boolean(&mut self, place: &str, value: Option<&Value>) {
        if value.is_some_and(|value| !value.is_boolean()) {
            self.say(place, "must be a boolean");
        }
    }

    fn one_of(&mut self, place: &str, value: Option<&Value>, words: &[&str]) {
        if value.is_some_and(|value| !value.as_str().is_some_and(|word| words.contains(&word))) {
            self.say(place, format!("must be one of: {}", words.join(", ")));
        }
    }

    /// The items of a list of at least one and at most so many, each with its place.
    fn list<'v>(&mut self, place: &str, value: Option<&'v Value>, most: usize) -> Vec<(String, &'v Value)> {
        let Some(value) = value else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.say(place, "must be an array");
            return Vec::new();
        };
        if items.is_empty() {
            self.say(place, "must have at least 1 item");
        }
        if items.len() > most {
            self.say(place, format!("no more than {most} items allowed"));
        }
        items.iter().enumerate().map(|(index, item)| (format!("{place}/{index}"), item)).collect()
    }
}
