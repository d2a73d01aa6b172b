//! Texts: text objects (<https://docs.slack.dev/reference/block-kit/composition-objects/text-object>), and rich text with
//! sections of text and links (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>).

use serde_json::Value;

use super::Findings;

/// "Maximum length is 3000 characters", of a button's address; taken for that of all.
const URL: usize = 3000;

/// Which kind of text object may stand here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `plain_text` or `mrkdwn`.
    Any,
    /// `plain_text` only.
    Plain,
}

pub(super) fn text(found: &mut Findings, place: &str, value: &Value, kind: Kind, most: usize) {
    let at = |member: &str| format!("{place}/{member}");
    let optional: &[&str] = match value["type"].as_str() {
        Some("plain_text") => &["emoji"],
        Some("mrkdwn") if kind == Kind::Any => &["verbatim"],
        Some(other) => {
            found.say(&at("type"), format!("unsupported type: {other}"));
            return;
        }
        None => {
            found.say(place, "missing required field: type");
            return;
        }
    };
    let Some(members) = found.object(place, value, &["text"], optional) else { return };
    found.string(&at("text"), members.get("text"), most);
    found.boolean(&at("emoji"), members.get("emoji"));
    found.boolean(&at("verbatim"), members.get("verbatim"));
}

/// Guess: that an address must be one of the web.
pub(super) fn url(found: &mut Findings, place: &str, value: Option<&Value>) {
    found.string(place, value, URL);
    if let Some(url) = value.and_then(Value::as_str)
        && !url.starts_with("https://")
        && !url.starts_with("http://")
    {
        found.say(place, "must be a valid URL");
    }
}

pub(super) fn rich_text(found: &mut Findings, place: &str, value: &Value) {
    let members = found.object(place, value, &["elements"], &["block_id"]);
    let place = format!("{place}/elements");
    let sections = found.list(&place, members.and_then(|members| members.get("elements")), usize::MAX);
    for (place, section) in sections {
        if section["type"] != "rich_text_section" {
            found.say(&format!("{place}/type"), "must be rich_text_section");
            continue;
        }
        let members = found.object(&place, section, &["elements"], &[]);
        let elements = members.and_then(|members| members.get("elements"));
        for (place, element) in found.list(&format!("{place}/elements"), elements, usize::MAX) {
            run(found, &place, element);
        }
    }
}

/// A piece of text, or a link.
fn run(found: &mut Findings, place: &str, element: &Value) {
    let at = |member: &str| format!("{place}/{member}");
    let (required, optional): (&[&str], &[&str]) = match element["type"].as_str() {
        Some("text") => (&["text"], &["style"]),
        Some("link") => (&["url"], &["text", "unsafe", "style"]),
        _ => {
            found.say(&at("type"), "must be one of: text, link");
            return;
        }
    };
    let Some(members) = found.object(place, element, required, optional) else { return };
    found.string(&at("text"), members.get("text"), usize::MAX);
    found.boolean(&at("unsafe"), members.get("unsafe"));
    url(found, &at("url"), members.get("url"));
    if let Some(style) = members.get("style") {
        let names = ["bold", "italic", "strike", "code"];
        let members = found.object(&at("style"), style, &[], &names);
        for (name, value) in members.into_iter().flatten() {
            found.boolean(&at(&format!("style/{name}")), Some(value));
        }
    }
}
