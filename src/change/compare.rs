//! Two views of an object, compared: own fields from what to what, rows added, changed and removed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Row, View};
use crate::record::{Change, ChangeKind, Field};

/// What changed between two views, always in the same order: own fields first, then rows. Empty when nothing did.
pub fn changes(before: &View, after: &View) -> Vec<Change> {
    let mut changes: Vec<Change> = own_fields(before, after).collect();
    changes.extend(description(before, after));
    if let Some(rows) = rows(before.attributes.as_ref(), after.attributes.as_ref()) {
        changes.extend(attributes(ChangeKind::Added, &rows.added));
        changes.extend(rows.edited.into_iter().map(|(old, new)| Change {
            by: new.by.clone(),
            ..changed(Field::Attribute, Some(old.text.to_string()), Some(new.text.to_string()))
        }));
        changes.extend(attributes(ChangeKind::Removed, &rows.removed));
    }
    if let Some(rows) = rows(before.comments.as_ref(), after.comments.as_ref()) {
        let edited: Vec<&Row> = rows.edited.iter().map(|(_, new)| *new).collect();
        changes.extend(comments(ChangeKind::Added, &rows.added));
        changes.extend(comments(ChangeKind::Changed, &edited));
        changes.extend(comments(ChangeKind::Removed, &rows.removed));
    }
    changes.extend(names(Field::Source, before.sources.as_ref(), after.sources.as_ref()));
    changes.extend(names(Field::Tag, before.tags.as_ref(), after.tags.as_ref()));
    for (object_type, after) in &after.relationships {
        let related = links(Field::Relationship, before.relationships.get(object_type), Some(after));
        changes.extend(related.map(|change| Change { object_type: Some(object_type.clone()), ..change }));
    }
    changes.extend(links(Field::Attachment, before.attachments.as_ref(), after.attachments.as_ref()));
    // Stable: what is told of one field stays in the order of above.
    changes.sort_by_key(|change| change.field);
    changes
}

/// A field that was not delivered one of the two times has not changed; one that got or lost its value has.
fn own_fields<'a>(before: &'a View, after: &'a View) -> impl Iterator<Item = Change> + use<'a> {
    let in_both =
        after.fields.iter().filter_map(|(field, new)| Some((*field, before.fields.get(field)?, new)));
    let value = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    in_both
        .filter(|(_, old, new)| old != new)
        .map(move |(field, old, new)| changed(field, value(old), value(new)))
}

fn description(before: &View, after: &View) -> Option<Change> {
    let (before, after) = before.description.as_ref().zip(after.description.as_ref())?;
    (before != after).then(|| changed(Field::Description, before.shown(), after.shown()))
}

fn changed(field: Field, from: Option<String>, to: Option<String>) -> Change {
    let kind = match (&from, &to) {
        (None, Some(_)) => ChangeKind::Added,
        (Some(_), None) => ChangeKind::Removed,
        _ => ChangeKind::Changed,
    };
    Change { from, to, ..change(field, kind) }
}

fn change(field: Field, kind: ChangeKind) -> Change {
    let (values, by) = (Vec::new(), Vec::new());
    Change { field, kind, object_type: None, count: None, values, by, from: None, to: None }
}

/// Two lists of rows, taken apart by the rows' keys.
struct Rows<'a, R> {
    added: Vec<&'a R>,
    edited: Vec<(&'a R, &'a R)>,
    removed: Vec<&'a R>,
}

/// None where one of the lists was not delivered.
fn apart<'a, R>(
    before: Option<&'a BTreeMap<u64, R>>,
    after: Option<&'a BTreeMap<u64, R>>,
    is_edited: impl Fn(&R, &R) -> bool,
) -> Option<Rows<'a, R>> {
    let (before, after) = before.zip(after)?;
    let only_in = |these: &'a BTreeMap<u64, R>, those: &BTreeMap<u64, R>| -> Vec<&'a R> {
        these.iter().filter(|(id, _)| !those.contains_key(id)).map(|(_, row)| row).collect()
    };
    let in_both = before.iter().filter_map(|(id, old)| after.get(id).map(|new| (old, new)));
    let edited = in_both.filter(|(old, new)| is_edited(old, new)).collect();
    Some(Rows { added: only_in(after, before), edited, removed: only_in(before, after) })
}

fn rows<'a>(
    before: Option<&'a BTreeMap<u64, Row>>,
    after: Option<&'a BTreeMap<u64, Row>>,
) -> Option<Rows<'a, Row>> {
    apart(before, after, |old, new| old.text != new.text)
}

/// Related objects and files. That one of them has another name now is a change of its own and not of this object.
fn links(
    field: Field,
    before: Option<&BTreeMap<u64, String>>,
    after: Option<&BTreeMap<u64, String>>,
) -> impl Iterator<Item = Change> {
    let rows = apart(before, after, |_, _| false);
    let told = rows.map(|rows| {
        [told(field, ChangeKind::Added, rows.added), told(field, ChangeKind::Removed, rows.removed)]
    });
    told.into_iter().flatten().flatten()
}

fn names(
    field: Field,
    before: Option<&BTreeSet<String>>,
    after: Option<&BTreeSet<String>>,
) -> impl Iterator<Item = Change> {
    let told = before.zip(after).map(|(before, after)| {
        let added = told(field, ChangeKind::Added, after.difference(before).collect());
        [added, told(field, ChangeKind::Removed, before.difference(after).collect())]
    });
    told.into_iter().flatten().flatten()
}

/// What is told one by one.
fn told(field: Field, kind: ChangeKind, texts: Vec<&String>) -> Option<Change> {
    let count = Some(texts.len() as u64).filter(|count| *count > 0)?;
    let values = texts.into_iter().cloned().collect();
    Some(Change { count: Some(count), values, ..change(field, kind) })
}

fn attributes(kind: ChangeKind, rows: &[&Row]) -> Option<Change> {
    let texts: Vec<String> = rows.iter().map(|row| row.text.to_string()).collect();
    let change = told(Field::Attribute, kind, texts.iter().collect())?;
    Some(Change { by: authors(rows), ..change })
}

/// Comments, whose texts are too long to be told: how many, and who wrote them.
fn comments(kind: ChangeKind, rows: &[&Row]) -> Option<Change> {
    let count = Some(rows.len() as u64).filter(|count| *count > 0)?;
    Some(Change { count: Some(count), by: authors(rows), ..change(Field::Comment, kind) })
}

fn authors(rows: &[&Row]) -> Vec<String> {
    let authors: BTreeSet<&String> = rows.iter().flat_map(|row| &row.by).collect();
    authors.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::changes;
    use crate::change::View;

    fn view(json: &str) -> View {
        serde_json::from_str(json).unwrap()
    }

    fn sentences(before: &str, after: &str) -> Vec<String> {
        changes(&view(before), &view(after)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn changes_are_told_in_the_words_of_the_guide() {
        let before = r#"{"fields":{"status":"Review","score":"5","tlp":"green","expires_at":""},
            "attributes":{"1":{"text":"Confidence: Low"},"2":{"text":"Port: 80"}},"comments":{"1":{"digest":"a"}},
            "sources":["Feed X"],"tags":["apt"],"description":{"text":"d1"},
            "relationships":{"malware":{"4":"Malware: Heron"},"adversary":{}},"attachments":{"5":"a.pdf"}}"#;
        let after = r#"{"fields":{"status":"Active","score":"7","tlp":"red","expires_at":"2021-11-01 00:00:00"},
            "attributes":{"1":{"text":"Confidence: High"},"3":{"text":"Port: 443"}},
            "comments":{"1":{"digest":"a"},"2":{"digest":"b","by":["cy"]},"3":{"digest":"c","by":["cy"]}},
            "sources":["Feed X","Feed Y"],"tags":[],"description":{},"attachments":{"5":"b.pdf"},
            "relationships":{"malware":{},"adversary":{"3":"Adversary: Copper Heron"},"event":{"1":"Event: x"}}}"#;
        let expected = [
            "Status changed: Review -> Active",
            "Score changed: 5 -> 7",
            "TLP changed: green -> red",
            "Description removed: d1",
            "Expires at added: 2021-11-01 00:00:00",
            "Attribute added: 1 (Port: 443)",
            "Attribute changed: Confidence: Low -> Confidence: High",
            "Attribute removed: 1 (Port: 80)",
            "Comment added: 2",
            "Source added: 1 (Feed Y)",
            "Tag removed: 1 (apt)",
            "Relationship added: 1 (Adversary: Copper Heron)",
            "Relationship removed: 1 (Malware: Heron)",
        ];
        assert_eq!(sentences(before, after), expected);
    }

    #[test]
    fn what_was_not_delivered_has_not_changed() {
        let full = r#"{"fields":{"status":"Active","score":""},"attributes":{"1":{"text":"a"}},"tags":["x"],"sources":[],
            "comments":{"1":{"digest":"a"}},"relationships":{"malware":{"4":"Malware: Heron"}}}"#;
        assert!(sentences(full, "{}").is_empty());
        assert!(sentences("{}", full).is_empty());
        assert_eq!(view("{}").completed_by(&view(full)), view(full));
    }

    #[test]
    fn a_list_that_became_empty_has_changed_and_another_author_alone_has_not() {
        assert_eq!(sentences(r#"{"tags":["x"]}"#, r#"{"tags":[]}"#), ["Tag removed: 1 (x)"]);
        let comments = |digest: &str, by: &str| {
            format!(r#"{{"comments":{{"1":{{"digest":"{digest}","by":["{by}"]}}}}}}"#)
        };
        assert_eq!(sentences(&comments("a", "cy"), &comments("b", "cy")), ["Comment changed: 1"]);
        assert!(sentences(&comments("a", "cy"), &comments("a", "ana")).is_empty());
    }
}
