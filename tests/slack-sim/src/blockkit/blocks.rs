//! The blocks: actions, context, divider, header, rich text, section, table.

use std::collections::HashSet;

use serde_json::Value;

use super::texts::{Kind, rich_text, text};
use super::{Findings, elements};

/// "There is a maximum of 25 elements in each action block."
const ACTIONS: usize = 25;
/// "Maximum number of items is 10", of a context's elements and of a section's fields.
const ELEMENTS: usize = 10;
const FIELDS: usize = 10;
/// The longest text of each, in characters.
const FIELD_TEXT: usize = 2000;
const SECTION_TEXT: usize = 3000;
const HEADER_TEXT: usize = 150;
/// "Maximum 100 rows. Each row object is an array with a max of 20 table cells."
const ROWS: usize = 100;
const CELLS: usize = 20;

pub(super) fn check(found: &mut Findings, place: &str, block: &Value) {
    let at = |member: &str| format!("{place}/{member}");
    let (required, optional): (&[&str], &[&str]) = match block["type"].as_str().unwrap_or_default() {
        "actions" | "context" | "rich_text" => (&["elements"], &["block_id"]),
        "divider" => (&[], &["block_id"]),
        "header" => (&["text"], &["block_id"]),
        "section" => (&[], &["text", "fields", "accessory", "expand", "block_id"]),
        "table" => (&["rows"], &["column_settings", "block_id"]),
        other => {
            found.say(&at("type"), format!("unsupported type: {other}"));
            return;
        }
    };
    let Some(members) = found.object(place, block, required, optional) else { return };
    let mut ids = std::mem::take(&mut found.block_ids);
    found.id(&at("block_id"), members.get("block_id"), &mut ids);
    found.block_ids = ids;
    match block["type"].as_str().unwrap_or_default() {
        "actions" => {
            let mut ids = HashSet::new();
            for (index, element) in found.list(&at("elements"), members.get("elements"), ACTIONS) {
                elements::button(found, &index, element, &mut ids);
            }
        }
        "context" => {
            for (index, element) in found.list(&at("elements"), members.get("elements"), ELEMENTS) {
                text(found, &index, element, Kind::Any, SECTION_TEXT);
            }
        }
        "header" => {
            if let Some(value) = members.get("text") {
                text(found, &at("text"), value, Kind::Plain, HEADER_TEXT);
            }
        }
        "rich_text" => rich_text(found, place, block),
        "section" => section(found, place, block),
        "table" => table(found, place, block),
        _ => (),
    }
}

fn section(found: &mut Findings, place: &str, block: &Value) {
    let at = |member: &str| format!("{place}/{member}");
    if block.get("text").is_none() && block.get("fields").is_none() {
        found.say(place, "missing required field: text or fields");
    }
    if let Some(value) = block.get("text") {
        text(found, &at("text"), value, Kind::Any, SECTION_TEXT);
    }
    for (place, field) in found.list(&at("fields"), block.get("fields"), FIELDS) {
        text(found, &place, field, Kind::Any, FIELD_TEXT);
    }
    if let Some(button) = block.get("accessory") {
        elements::button(found, &at("accessory"), button, &mut HashSet::new());
    }
    found.boolean(&at("expand"), block.get("expand"));
}

/// <https://docs.slack.dev/reference/block-kit/blocks/table-block>; that no cell may be empty has been seen.
fn table(found: &mut Findings, place: &str, block: &Value) {
    for (place, row) in found.list(&format!("{place}/rows"), block.get("rows"), ROWS) {
        for (place, cell) in found.list(&place, Some(row), CELLS) {
            match cell["type"].as_str() {
                Some("raw_text") => {
                    let members = found.object(&place, cell, &["text"], &[]);
                    found.string(
                        &format!("{place}/text"),
                        members.and_then(|members| members.get("text")),
                        usize::MAX,
                    );
                }
                Some("rich_text") => rich_text(found, &place, cell),
                _ => found.say(&format!("{place}/type"), "must be one of: raw_text, rich_text"),
            }
        }
    }
    for (place, column) in
        found.list(&format!("{place}/column_settings"), block.get("column_settings"), CELLS)
    {
        // A column that is left as it is.
        if column.is_null() {
            continue;
        }
        if let Some(members) = found.object(&place, column, &[], &["align", "is_wrapped"]) {
            found.one_of(&format!("{place}/align"), members.get("align"), &["left", "center", "right"]);
            found.boolean(&format!("{place}/is_wrapped"), members.get("is_wrapped"));
        }
    }
}
