//! The one element: a button (<https://docs.slack.dev/reference/block-kit/block-elements/button-element>).

use std::collections::HashSet;

use serde_json::Value;

use super::Findings;
use super::texts::{Kind, text, url};

/// The longest of each, in characters.
const TEXT: usize = 75;
const VALUE: usize = 2000;

/// `ids` are the action ids of the block, each of which is there once.
pub(super) fn button(found: &mut Findings, place: &str, element: &Value, ids: &mut HashSet<String>) {
    let at = |member: &str| format!("{place}/{member}");
    if element["type"] != "button" {
        found.say(&at("type"), format!("unsupported type: {}", element["type"].as_str().unwrap_or_default()));
        return;
    }
    let optional = ["action_id", "url", "value", "style", "accessibility_label"];
    let Some(members) = found.object(place, element, &["text"], &optional) else { return };
    if let Some(value) = members.get("text") {
        text(found, &at("text"), value, Kind::Plain, TEXT);
    }
    found.id(&at("action_id"), members.get("action_id"), ids);
    url(found, &at("url"), members.get("url"));
    found.string(&at("value"), members.get("value"), VALUE);
    found.one_of(&at("style"), members.get("style"), &["primary", "danger"]);
    found.string(&at("accessibility_label"), members.get("accessibility_label"), TEXT);
}
