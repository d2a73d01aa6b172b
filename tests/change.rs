//! What a change is, whatever the objects look like: properties of the comparison, tried on many pairs of views.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::{Strategy, proptest};
use tq_alerts::change::{Excerpt, Row, View, changes};
use tq_alerts::record::{Change, ChangeKind, Field};

fn word() -> impl Strategy<Value = String> {
    "[a-d]{1,2}"
}

/// Rows by their ids; of comments only a fingerprint is known.
fn rows(text: fn(&str) -> Excerpt) -> impl Strategy<Value = BTreeMap<u64, Row>> {
    let row = (word(), vec(word(), 0..2)).prop_map(move |(word, by)| Row { text: text(&word), by });
    btree_map(0..9_u64, row, 0..5)
}

fn names() -> impl Strategy<Value = BTreeMap<u64, String>> {
    btree_map(0..9_u64, word(), 0..4)
}

/// A view in which everything was delivered.
fn whole() -> impl Strategy<Value = View> {
    let own = (vec("[a-d]{0,2}", FIELDS.len()), "[a-d]{0,2}");
    let listed =
        (rows(Excerpt::of), rows(Excerpt::fingerprint_of), btree_set(word(), 0..4), btree_set(word(), 0..4));
    let around = (names(), names(), names());
    (own, listed, around).prop_map(|((fields, description), listed, around)| View {
        fields: FIELDS.into_iter().zip(fields).collect(),
        description: Some(Excerpt::of(&description)),
        touched_at: None,
        attributes: Some(listed.0),
        comments: Some(listed.1),
        sources: Some(listed.2),
        tags: Some(listed.3),
        relationships: BTreeMap::from([("malware".to_owned(), around.0), ("event".to_owned(), around.1)]),
        attachments: Some(around.2),
    })
}

/// What a reader of the changes knows of an object: fields, names, the texts of rows, and how many comments.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    fields: BTreeMap<String, Option<String>>,
    texts: BTreeMap<String, Vec<String>>,
    comments: i64,
}

impl Known {
    fn of(view: &View) -> Self {
        let texts = |field: Field, texts: Vec<String>| (field.to_string(), sorted(texts));
        let mut fields: BTreeMap<String, Option<String>> = view
            .fields
            .keys()
            .map(|field| (field.to_string(), view.field(*field).map(str::to_owned)))
            .collect();
        let description = view.description.as_ref().and_then(Excerpt::shown);
        fields.insert(Field::Description.to_string(), description);
        let attributes = view.attributes.iter().flat_map(BTreeMap::values).map(|row| row.text.to_string());
        Self {
            fields,
            texts: BTreeMap::from([
                texts(Field::Attribute, attributes.collect()),
                texts(Field::Source, view.sources.iter().flatten().cloned().collect()),
                texts(Field::Tag, view.tags.iter().flatten().cloned().collect()),
            ]),
            comments: i64::try_from(view.comments.as_ref().map_or(0, BTreeMap::len)).expect("few"),
        }
    }

    fn apply(&mut self, change: &Change) {
        let count = i64::try_from(change.count.unwrap_or(0)).expect("few");
        match (change.field, change.kind) {
            (Field::Comment, ChangeKind::Added) => self.comments += count,
            (Field::Comment, ChangeKind::Removed) => self.comments -= count,
            (field, kind) => {
                if let Some(value) = self.fields.get_mut(&field.to_string()) {
                    assert_eq!(*value, change.from, "a change begins where the object was");
                    value.clone_from(&change.to);
                } else if let Some(texts) = self.texts.get_mut(&field.to_string()) {
                    let (gone, come) = match kind {
                        ChangeKind::Added => (Vec::new(), change.values.clone()),
                        ChangeKind::Removed => (change.values.clone(), Vec::new()),
                        ChangeKind::Changed => (
                            change.from.clone().into_iter().collect(),
                            change.to.clone().into_iter().collect(),
                        ),
                    };
                    for text in gone {
                        let place =
                            texts.iter().position(|known| *known == text).expect("only what was there goes");
                        texts.remove(place);
                    }
                    texts.extend(come);
                    texts.sort();
                }
            }
        }
    }
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

proptest! {
    #[test]
    fn the_changes_lead_from_the_old_object_to_the_new_one(before in whole(), after in whole()) {
        let mut known = Known::of(&before);
        let mut told = changes(&before, &after);
        // What goes must go before the same text comes from another row.
        told.sort_by_key(|change| change.kind != ChangeKind::Removed);
        for change in &told {
            known.apply(change);
        }
        assert_eq!(known, Known::of(&after));
    }

    #[test]
    fn nothing_changed_is_nothing_told_and_the_same_is_told_twice(before in whole(), after in whole()) {
        assert!(changes(&before, &before).is_empty());
        assert_eq!(changes(&before, &after), changes(&before, &after));
        assert!(told_parts(&before) == told_parts(&after) || !changes(&before, &after).is_empty());
    }

    #[test]
    fn what_was_not_delivered_is_never_told_and_never_forgotten(before in whole(), after in whole(), lacks in btree_set(0..PARTS.len(), 1..PARTS.len())) {
        let after = without(after, &lacks);
        let told: BTreeSet<String> = changes(&before, &after).iter().map(|change| change.field.to_string()).collect();
        for part in &lacks {
            assert!(!told.contains(PARTS[*part]), "{told:?}");
        }
        let remembered = after.clone().completed_by(&before);
        assert!(changes(&remembered, &after).is_empty());
        assert_eq!(changes(&before, &remembered), changes(&before, &after));
    }
}

/// The view as far as it is told: not by whom, and not under which names other objects go.
fn told_parts(view: &View) -> View {
    let anonymous = |rows: &BTreeMap<u64, Row>| {
        rows.iter().map(|(id, row)| (*id, Row { by: Vec::new(), ..row.clone() })).collect()
    };
    let nameless = |names: &BTreeMap<u64, String>| names.keys().map(|id| (*id, String::new())).collect();
    let related = view.relationships.iter();
    View {
        attributes: view.attributes.as_ref().map(anonymous),
        comments: view.comments.as_ref().map(anonymous),
        relationships: related.map(|(of_type, names)| (of_type.clone(), nameless(names))).collect(),
        attachments: view.attachments.as_ref().map(nameless),
        ..view.clone()
    }
}

const FIELDS: [Field; 5] = [Field::Value, Field::Type, Field::Status, Field::Score, Field::ExpiresAt];

const PARTS: [&str; 12] = [
    "Value",
    "Type",
    "Status",
    "Score",
    "Expires at",
    "Description",
    "Attribute",
    "Comment",
    "Source",
    "Tag",
    "Relationship",
    "Attachment",
];

/// The view without some of its parts, by their places in [`PARTS`].
fn without(mut view: View, lacks: &BTreeSet<usize>) -> View {
    fn keep<T>(lacks: &BTreeSet<usize>, place: usize, part: Option<T>) -> Option<T> {
        part.filter(|_| !lacks.contains(&place))
    }
    for (place, field) in FIELDS.iter().enumerate() {
        if lacks.contains(&place) {
            view.fields.remove(field);
        }
    }
    if lacks.contains(&10) {
        view.relationships.remove("malware");
        view.relationships.remove("event");
    }
    View {
        description: keep(lacks, 5, view.description),
        attributes: keep(lacks, 6, view.attributes),
        comments: keep(lacks, 7, view.comments),
        sources: keep(lacks, 8, view.sources),
        tags: keep(lacks, 9, view.tags),
        attachments: keep(lacks, 11, view.attachments),
        ..view
    }
}
