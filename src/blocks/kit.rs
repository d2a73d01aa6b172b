//! The pieces of Block Kit that are used: header, section, rich text. None of them parses a value.
//!
//! Follows <https://docs.slack.dev/reference/block-kit/blocks> and the pages below it.

use serde_json::{Map, Value, json};

use super::text::cut;

/// One block.
pub(super) type Block = Map<String, Value>;

/// "Maximum length for the text in this field is 150 characters."
const HEADER: usize = 150;
/// "Maximum length for the text in this field is 3000 characters."
const SECTION: usize = 3_000;
/// What all blocks of a message may weigh together. Slack does not publish it; some 13,200 characters were seen to be
/// refused, of which what counts is not known (<https://github.com/slackapi/bolt-js/issues/2509>, and 2867).
pub(super) const BUDGET: usize = 12_000;

/// The line at the top.
pub(super) fn header(text: &str) -> Block {
    block(json!({"type": "header", "text": plain(text, HEADER)}))
}

/// A sentence of ours.
pub(super) fn section(text: &str) -> Block {
    block(json!({"type": "section", "text": plain(text, SECTION)}))
}

/// Text in which nothing acts.
fn plain(text: &str, limit: usize) -> Value {
    json!({"type": "plain_text", "text": cut(text, limit), "emoji": false})
}

fn block(value: Value) -> Block {
    match value {
        Value::Object(members) => members,
        _ => Block::new(),
    }
}

/// What something weighs: the characters of its JSON. One that is not ASCII weighs as much as the longest escape that
/// Slack may make of it.
pub(super) fn weight(value: &impl serde::Serialize) -> usize {
    let json = serde_json::to_string(value).unwrap_or_default();
    json.chars().map(|character| if character.is_ascii() { 1 } else { 6 * character.len_utf16() }).sum()
}

/// Rich text, in which no text is parsed: marks, mentions and links are elements of their own.
#[derive(Clone, Debug, Default)]
pub(super) struct Rich {
    runs: Vec<Block>,
}

impl Rich {
    /// Text as it is.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.styled(text, None)
    }

    /// A word of ours that stands out.
    pub(super) fn bold(&mut self, text: &str) -> &mut Self {
        self.styled(text, Some("bold"))
    }

    /// A value in a type in which letters can be told apart.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        self.styled(text, Some("code"))
    }

    /// What is no longer so.
    pub(super) fn strike(&mut self, text: &str) -> &mut Self {
        self.styled(text, Some("strike"))
    }

    /// A page of ThreatQ, under its address where there is no text.
    pub(super) fn link(&mut self, address: &str, text: &str) -> &mut Self {
        let mut run = block(json!({"type": "link", "url": address}));
        if !text.is_empty() {
            run.insert("text".to_owned(), text.into());
        }
        self.runs.push(run);
        self
    }

    /// Everything of another one.
    pub(super) fn append(&mut self, other: Self) {
        self.runs.extend(other.runs);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// What it weighs within a block.
    pub(super) fn weight(&self) -> usize {
        self.runs.iter().map(|run| weight(run) + 1).sum()
    }

    /// A block of it.
    pub(super) fn block(&self) -> Block {
        let section = json!({"type": "rich_text_section", "elements": self.runs});
        block(json!({"type": "rich_text", "elements": [section]}))
    }

    fn styled(&mut self, text: &str, style: Option<&str>) -> &mut Self {
        if text.is_empty() {
            return self;
        }
        let last = self.runs.last_mut().filter(|_| style.is_none());
        let last = last.filter(|run| run.get("type") == Some(&"text".into()) && !run.contains_key("style"));
        if let Some(Value::String(words)) = last.and_then(|run| run.get_mut("text")) {
            words.push_str(text);
            return self;
        }
        let mut run = block(json!({"type": "text", "text": text}));
        if let Some(style) = style {
            run.insert("style".to_owned(), json!({style: true}));
        }
        self.runs.push(run);
        self
    }
}
