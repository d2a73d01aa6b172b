//! What a change is, whatever the objects look like: properties of the comparison, tried on many pairs of views.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::{Strategy, any, proptest};
use tq_alerts::change::{Comment, View, changes};
use tq_alerts::record::{Change, ChangeKind, Field};

fn word() -> impl Strategy<Value = String> {
    "[a-d]{1,2}"
}

fn comments() -> impl Strategy<Value = BTreeMap<u64, Comment>> {
    let comment = (word(), option::of(word())).prop_map(|(text, by)| Comment { text, by });
    btree_map(0..9_u64, comment, 0..5)
}

/// A view in which everything was delivered.
fn whole() -> impl Strategy<Value = View> {
    let fields = (word(), word(), word(), any::<u8>(), word(), word());
    let rows =
        (btree_map(0..9_u64, word(), 0..5), comments(), btree_set(word(), 0..4), btree_set(word(), 0..4));
    let around = (btree_map(word(), word(), 0..4), btree_map(0..9_u64, word(), 0..4));
    (fields, rows, around).prop_map(|(fields, rows, around)| View {
        value: Some(fields.0),
        subtype: Some(fields.1),
        status: Some(fields.2),
        score: Some(i64::from(fields.3)),
        tlp: Some(fields.4),
        description: Some(fields.5),
        touched_at: None,
        attributes: Some(rows.0),
        comments: Some(rows.1),
        sources: Some(rows.2),
        tags: Some(rows.3),
        relationships: Some(around.0),
        attachments: Some(around.1),
    })
}

/// What a reader of the changes knows of an object: fields, names, the texts of rows, and how many comments.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    fields: BTreeMap<String, String>,
    texts: BTreeMap<String, Vec<String>>,
    comments: i64,
}

impl Known {
    fn of(view: &View) -> Self {
        let field =
            |field: Field, value: &Option<String>| (field.to_string(), value.clone().unwrap_or_default());
        let score = view.score.map(|score| score.to_string());
        let texts = |field: Field, texts: Vec<String>| (field.to_string(), sorted(texts));
        Self {
            fields: BTreeMap::from([
                field(Field::Value, &view.value),
                field(Field::Type, &view.subtype),
                field(Field::Status, &view.status),
                field(Field::Score, &score),
                field(Field::Tlp, &view.tlp),
            ]),
            texts: BTreeMap::from([
                texts(Field::Attribute, view.attributes.iter().flat_map(BTreeMap::values).cloned().collect()),
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
                    assert_eq!(Some(value.clone()), change.from, "a change begins where the object was");
                    *value = change.to.clone().expect("and says where it is");
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
        let differs_in_more_than_names = View { relationships: None, attachments: None, ..before.clone() }
            != View { relationships: None, attachments: None, ..after.clone() };
        assert!(!differs_in_more_than_names || !changes(&before, &after).is_empty());
    }

    #[test]
    fn what_was_not_delivered_is_never_told_and_never_forgotten(before in whole(), after in whole(), lacks in btree_set(0..12_u8, 1..12)) {
        let after = without(after, &lacks);
        let told: BTreeSet<String> = changes(&before, &after).iter().map(|change| change.field.to_string()).collect();
        for part in &lacks {
            assert!(!told.contains(PARTS[usize::from(*part)]), "{told:?}");
        }
        let remembered = after.clone().completed_by(&before);
        assert!(changes(&remembered, &after).is_empty());
        assert_eq!(changes(&before, &remembered), changes(&before, &after));
    }
}

const PARTS: [&str; 12] = [
    "Value",
    "Type",
    "Status",
    "Score",
    "TLP",
    "Description",
    "Attribute",
    "Comment",
    "Source",
    "Tag",
    "Relationship",
    "Attachment",
];

/// The view without some of its parts, by their places in [`PARTS`].
fn without(view: View, lacks: &BTreeSet<u8>) -> View {
    fn keep<T>(lacks: &BTreeSet<u8>, place: u8, part: Option<T>) -> Option<T> {
        part.filter(|_| !lacks.contains(&place))
    }
    View {
        value: keep(lacks, 0, view.value),
        subtype: keep(lacks, 1, view.subtype),
        status: keep(lacks, 2, view.status),
        score: keep(lacks, 3, view.score),
        tlp: keep(lacks, 4, view.tlp),
        description: keep(lacks, 5, view.description),
        touched_at: view.touched_at,
        attributes: keep(lacks, 6, view.attributes),
        comments: keep(lacks, 7, view.comments),
        sources: keep(lacks, 8, view.sources),
        tags: keep(lacks, 9, view.tags),
        relationships: keep(lacks, 10, view.relationships),
        attachments: keep(lacks, 11, view.attachments),
    }
}
