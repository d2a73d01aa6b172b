//! The full list of a digest, for machines and spreadsheets: one item as a row of CSV (RFC 4180) and as JSON.
//!
//! Values are not defanged here. In CSV, characters that do not show themselves are written as `\u{…}`, so that a row
//! is a line, and a cell that a spreadsheet would take for a formula begins with an apostrophe. JSON has the values as
//! they are. Both cut what is longer than any spreadsheet shows well.

use std::borrow::Cow;

use serde::Serialize;

use crate::escape;
use crate::item::Item;

/// The columns of the CSV list, and the members of the JSON list.
pub(super) const COLUMNS: [&str; 13] = [
    "event",
    "type",
    "subtype",
    "id",
    "value",
    "status",
    "score",
    "tlp",
    "sources",
    "tags",
    "changes",
    "changed_at",
    "link",
];
/// The longest text in a list, in characters.
const LIMIT: usize = 8_192;
/// What makes a spreadsheet calculate, in ASCII and in full width.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

#[derive(Serialize)]
struct Row<'a> {
    event: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtype: Option<&'a str>,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tlp: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
    link: &'a str,
}

/// The first line of the CSV list.
pub(super) fn head() -> String {
    COLUMNS.join(",") + "\r\n"
}

/// One item in both forms, each without its line feed.
pub(super) fn row(item: &Item) -> (String, String) {
    let row = Row {
        event: &item.event,
        type_name: &item.type_name,
        subtype: item.subtype.as_deref(),
        id: item.object_id,
        value: item.item.as_deref().map(|value| escape::cut(value, LIMIT)),
        status: item.status.as_deref(),
        score: item.score,
        tlp: item.tlp.as_deref(),
        sources: all(&item.sources),
        tags: all(&item.tags),
        changes: item.changes.iter().map(|change| escape::cut(&change.line, LIMIT)).collect(),
        changed_at: item.changed_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        link: &item.link,
    };
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let cells: [&str; 13] = [
        row.event,
        row.type_name,
        row.subtype.unwrap_or_default(),
        &row.id.to_string(),
        row.value.as_deref().unwrap_or_default(),
        row.status.unwrap_or_default(),
        &number(row.score),
        row.tlp.unwrap_or_default(),
        &row.sources.join("; "),
        &row.tags.join("; "),
        &row.changes.join("; "),
        row.changed_at.as_deref().unwrap_or_default(),
        row.link,
    ];
    let mut line = String::with_capacity(192);
    for (index, value) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        cell(value, &mut line);
    }
    // A struct of strings and numbers can always be written.
    let json = serde_json::to_string(&row).unwrap_or_default();
    (line, json)
}

fn all(list: &[String]) -> Vec<Cow<'_, str>> {
    list.iter().map(|one| escape::cut(one, LIMIT)).collect()
}

/// One cell, in quotation marks where it needs them.
fn cell(value: &str, line: &mut String) {
    let is_number = value.parse::<i64>().is_ok();
    let is_formula = !is_number && value.trim_start_matches([' ', '\'']).starts_with(FORMULA);
    let short = escape::cut(value, LIMIT);
    let shown = escape::visible(&short);
    let needs_marks = is_formula || shown.contains([',', '"', ';', '\'', ' ']);
    if !needs_marks {
        line.push_str(&shown);
        return;
    }
    line.push('"');
    if is_formula {
        line.push('\'');
    }
    line.push_str(&shown.replace('"', "\"\""));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula_and_no_value_makes_a_row() {
        for (value, expected) in [
            ("7.8.9.0", "7.8.9.0"),
            ("-5", "-5"),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1+1", "\"'+1+1\""),
            ("-1+1", "\"'-1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("＝1", "\"'＝1\""),
            ("  =1", "\"'  =1\""),
            ("\t=1", "\"'\\u{9}=1\""),
            ("\r\n=1", "\"'\\u{D}\\u{A}=1\""),
            ("a,\"b\"\r\nc", "\"a,\"\"b\"\"\\u{D}\\u{A}c\""),
            ("x;=1", "\"x;=1\""),
            ("", ""),
        ] {
            let mut line = String::new();
            cell(value, &mut line);
            assert_eq!(line, expected, "{value:?}");
        }
    }
}
