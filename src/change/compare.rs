//! Two views of an object, compared: own fields from what to what, rows added, changed and removed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Comment, View};
use crate::record::{Change, ChangeKind, Field};

/// What changed between two views, always in the same order: own fields first, then rows. Empty when nothing did.
pub fn changes(before: &View, after: &View) -> Vec<Change> {
    let score = |view: &View| view.score.map(|score| score.to_string());
    let mut changes = Vec::new();
    changes.extend(field(Field::Value, before.value.as_ref(), after.value.as_ref()));
    changes.extend(field(Field::Type, before.subtype.as_ref(), after.subtype.as_ref()));
    changes.extend(field(Field::Status, before.status.as_ref(), after.status.as_ref()));
    changes.extend(field(Field::Score, score(before).as_ref(), score(after).as_ref()));
    changes.extend(field(Field::Tlp, before.tlp.as_ref(), after.tlp.as_ref()));
    changes.extend(description(before, after));
    if let Some(rows) = rows(before.attributes.as_ref(), after.attributes.as_ref()) {
        changes.extend(listed(Field::Attribute, ChangeKind::Added, rows.added));
        let edited = rows.edited.into_iter();
        changes.extend(edited.filter_map(|(old, new)| field(Field::Attribute, Some(old), Some(new))));
        changes.extend(listed(Field::Attribute, ChangeKind::Removed, rows.removed));
    }
    if let Some(rows) = rows(before.comments.as_ref(), after.comments.as_ref()) {
        changes.extend(remarked(ChangeKind::Added, &rows.added));
        changes.extend(remarked(
            ChangeKind::Changed,
            &rows.edited.iter().map(|(_, new)| *new).collect::<Vec<_>>(),
        ));
        changes.extend(remarked(ChangeKind::Removed, &rows.removed));
    }
    changes.extend(names(Field::Source, before.sources.as_ref(), after.sources.as_ref()));
    changes.extend(names(Field::Tag, before.tags.as_ref(), after.tags.as_ref()));
    // That a related object or a file has another name now is a change of its own and not of this object.
    if let Some(rows) = rows(before.relationships.as_ref(), after.relationships.as_ref()) {
        changes.extend(listed(Field::Relationship, ChangeKind::Added, rows.added));
        changes.extend(listed(Field::Relationship, ChangeKind::Removed, rows.removed));
    }
    if let Some(rows) = rows(before.attachments.as_ref(), after.attachments.as_ref()) {
        changes.extend(listed(Field::Attachment, ChangeKind::Added, rows.added));
        changes.extend(listed(Field::Attachment, ChangeKind::Removed, rows.removed));
    }
    changes
}

/// A field that went from unknown to known, or became unknown, has not changed: one of the two was not delivered.
fn field(field: Field, before: Option<&String>, after: Option<&String>) -> Option<Change> {
    let (before, after) = before.zip(after).filter(|(before, after)| before != after)?;
    let (from, to) = (Some(before.clone()), Some(after.clone()));
    Some(Change { from, to, ..change(field, ChangeKind::Changed) })
}

fn change(field: Field, kind: ChangeKind) -> Change {
    Change { field, kind, count: None, values: Vec::new(), by: Vec::new(), from: None, to: None }
}

/// A description is remembered by its fingerprint only, so the change has no words.
fn description(before: &View, after: &View) -> Option<Change> {
    let (before, after) = before.description.as_ref().zip(after.description.as_ref())?;
    (before != after).then(|| change(Field::Description, ChangeKind::Changed))
}

/// Two lists of rows, taken apart by the rows' keys.
struct Rows<'a, R> {
    added: Vec<&'a R>,
    edited: Vec<(&'a R, &'a R)>,
    removed: Vec<&'a R>,
}

/// None where one of the lists was not delivered.
fn rows<'a, K: Ord, R: PartialEq>(
    before: Option<&'a BTreeMap<K, R>>,
    after: Option<&'a BTreeMap<K, R>>,
) -> Option<Rows<'a, R>> {
    let (before, after) = before.zip(after)?;
    let only_in = |these: &'a BTreeMap<K, R>, those: &BTreeMap<K, R>| -> Vec<&'a R> {
        these.iter().filter(|(key, _)| !those.contains_key(key)).map(|(_, row)| row).collect()
    };
    let in_both = before.iter().filter_map(|(key, old)| after.get(key).map(|new| (old, new)));
    let edited = in_both.filter(|(old, new)| old != new).collect();
    Some(Rows { added: only_in(after, before), edited, removed: only_in(before, after) })
}

fn names(field: Field, before: Option<&BTreeSet<String>>, after: Option<&BTreeSet<String>>) -> Vec<Change> {
    let Some((before, after)) = before.zip(after) else {
        return Vec::new();
    };
    let added = listed(field, ChangeKind::Added, after.difference(before).collect());
    let removed = listed(field, ChangeKind::Removed, before.difference(after).collect());
    added.into_iter().chain(removed).collect()
}

/// Rows that are told one by one.
fn listed(field: Field, kind: ChangeKind, texts: Vec<&String>) -> Option<Change> {
    let count = Some(texts.len() as u64).filter(|count| *count > 0)?;
    let values = texts.into_iter().cloned().collect();
    Some(Change { count: Some(count), values, ..change(field, kind) })
}

/// Comments, whose texts are too long to be told: how many, and who wrote them.
fn remarked(kind: ChangeKind, comments: &[&Comment]) -> Option<Change> {
    let count = Some(comments.len() as u64).filter(|count| *count > 0)?;
    let authors: BTreeSet<&String> = comments.iter().filter_map(|comment| comment.by.as_ref()).collect();
    let by = authors.into_iter().cloned().collect();
    Some(Change { count: Some(count), by, ..change(Field::Comment, kind) })
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
        let before = r#"{"status":"Review","score":5,"attributes":{"1":"Confidence: Low","2":"Port: 80"},
            "comments":{"1":{"text":"a"}},"sources":["Feed X"],"tags":["apt"],"description":"d1","tlp":"green",
            "relationships":{"malware/4":"Malware: Heron"},"attachments":{"5":"a.pdf"}}"#;
        let after = r#"{"status":"Active","score":7,"attributes":{"1":"Confidence: High","3":"Port: 443"},
            "comments":{"1":{"text":"a"},"2":{"text":"b","by":"cy"},"3":{"text":"c","by":"cy"}},"sources":["Feed X","Feed Y"],
            "tags":[],"description":"d2","tlp":"red","attachments":{"5":"b.pdf"},
            "relationships":{"adversary/3":"Adversary: Copper Heron"}}"#;
        let expected = [
            "Status changed: Review -> Active",
            "Score changed: 5 -> 7",
            "TLP changed: green -> red",
            "Description changed",
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
        let full = r#"{"status":"Active","score":5,"attributes":{"1":"a"},"comments":{"1":{"text":"a"}},"tags":["x"],"sources":[]}"#;
        assert!(sentences(full, "{}").is_empty());
        assert!(sentences("{}", full).is_empty());
        assert_eq!(view("{}").completed_by(&view(full)), view(full));
    }

    #[test]
    fn a_list_that_became_empty_has_changed() {
        assert_eq!(sentences(r#"{"tags":["x"]}"#, r#"{"tags":[]}"#), ["Tag removed: 1 (x)"]);
        assert_eq!(
            sentences(r#"{"comments":{"1":{"text":"a"}}}"#, r#"{"comments":{"1":{"text":"b"}}}"#),
            ["Comment changed: 1"]
        );
    }
}
