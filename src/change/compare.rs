//! Two views of an object, compared: own fields from what to what, rows added, changed and removed.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use crate::record::{Change, ChangeKind, Field};

/// What changed between two views, always in the same order: own fields first, then rows. Empty when nothing did.
pub fn changes(before: &View, after: &View) -> Vec<Change> {
    let score = |view: &View| view.score.map(|score| score.to_string());
    let mut changes = Vec::new();
    changes.extend(field(Field::Value, before.value.as_ref(), after.value.as_ref()));
    changes.extend(field(Field::Type, before.subtype.as_ref(), after.subtype.as_ref()));
    changes.extend(field(Field::Status, before.status.as_ref(), after.status.as_ref()));
    changes.extend(field(Field::Score, score(before).as_ref(), score(after).as_ref()));
    changes.extend(description(before, after));
    changes.extend(rows(Field::Attribute, before.attributes.as_ref(), after.attributes.as_ref(), true));
    changes.extend(rows(Field::Comment, before.comments.as_ref(), after.comments.as_ref(), false));
    changes.extend(names(Field::Source, before.sources.as_ref(), after.sources.as_ref()));
    changes.extend(names(Field::Tag, before.tags.as_ref(), after.tags.as_ref()));
    changes
}

/// A field that went from unknown to known, or became unknown, has not changed: one of the two was not delivered.
fn field(field: Field, before: Option<&String>, after: Option<&String>) -> Option<Change> {
    let (before, after) = before.zip(after).filter(|(before, after)| before != after)?;
    let (from, to) = (Some(before.clone()), Some(after.clone()));
    Some(Change { field, kind: ChangeKind::Changed, count: None, values: Vec::new(), from, to })
}

/// A description is remembered by its fingerprint only, so the change has no words.
fn description(before: &View, after: &View) -> Option<Change> {
    let mut change = field(Field::Description, before.description.as_ref(), after.description.as_ref())?;
    (change.from, change.to) = (None, None);
    Some(change)
}

/// Rows that have ids; `shown` says whether what is remembered of a row is fit to be read.
fn rows(
    field: Field,
    before: Option<&BTreeMap<u64, String>>,
    after: Option<&BTreeMap<u64, String>>,
    shown: bool,
) -> Vec<Change> {
    let Some((before, after)) = before.zip(after) else {
        return Vec::new();
    };
    let only_in = |these: &BTreeMap<u64, String>, those: &BTreeMap<u64, String>| -> Vec<String> {
        these.iter().filter(|(id, _)| !those.contains_key(id)).map(|(_, text)| text.clone()).collect()
    };
    let mut changes = Vec::new();
    changes.extend(counted(field, ChangeKind::Added, only_in(after, before), shown));
    let edited = before
        .iter()
        .filter_map(|(id, old)| after.get(id).map(|new| (old, new)))
        .filter(|(old, new)| old != new);
    if shown {
        changes.extend(edited.filter_map(|(old, new)| self::field(field, Some(old), Some(new))));
    } else {
        let texts = edited.map(|(_, new)| new.clone()).collect();
        changes.extend(counted(field, ChangeKind::Changed, texts, shown));
    }
    changes.extend(counted(field, ChangeKind::Removed, only_in(before, after), shown));
    changes
}

fn names(field: Field, before: Option<&BTreeSet<String>>, after: Option<&BTreeSet<String>>) -> Vec<Change> {
    let Some((before, after)) = before.zip(after) else {
        return Vec::new();
    };
    let added = counted(field, ChangeKind::Added, after.difference(before).cloned().collect(), true);
    let removed = counted(field, ChangeKind::Removed, before.difference(after).cloned().collect(), true);
    added.into_iter().chain(removed).collect()
}

fn counted(field: Field, kind: ChangeKind, texts: Vec<String>, shown: bool) -> Option<Change> {
    let count = texts.len() as u64;
    let values = if shown { texts } else { Vec::new() };
    (count > 0).then_some(Change { field, kind, count: Some(count), values, from: None, to: None })
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
            "comments":{"1":"a"},"sources":["Feed X"],"tags":["apt"],"description":"d1"}"#;
        let after = r#"{"status":"Active","score":7,"attributes":{"1":"Confidence: High","3":"Port: 443"},
            "comments":{"1":"a","2":"b","3":"c"},"sources":["Feed X","Feed Y"],"tags":[],"description":"d2"}"#;
        let expected = [
            "Status changed: Review -> Active",
            "Score changed: 5 -> 7",
            "Description changed",
            "Attribute added: 1 (Port: 443)",
            "Attribute changed: Confidence: Low -> Confidence: High",
            "Attribute removed: 1 (Port: 80)",
            "Comment added: 2",
            "Source added: 1 (Feed Y)",
            "Tag removed: 1 (apt)",
        ];
        assert_eq!(sentences(before, after), expected);
    }

    #[test]
    fn what_was_not_delivered_has_not_changed() {
        let full = r#"{"status":"Active","score":5,"attributes":{"1":"a"},"comments":{"1":"a"},"tags":["x"],"sources":[]}"#;
        assert!(sentences(full, "{}").is_empty());
        assert!(sentences("{}", full).is_empty());
        assert_eq!(view("{}").completed_by(&view(full)), view(full));
    }

    #[test]
    fn a_list_that_became_empty_has_changed() {
        assert_eq!(sentences(r#"{"tags":["x"]}"#, r#"{"tags":[]}"#), ["Tag removed: 1 (x)"]);
        assert_eq!(
            sentences(r#"{"comments":{"1":"a"}}"#, r#"{"comments":{"1":"b"}}"#),
            ["Comment changed: 1"]
        );
    }
}
