//! What of an object is remembered, and compared with what was remembered.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::lenient::Named;
use super::object::{Attribute, Comment};
use super::part::Part;
use super::source::{Source, strictest};
use super::{Object, ObjectType};
use crate::change::{Excerpt, Row, View};
use crate::record::Field;

impl Object {
    /// What is remembered of the object, as far as it was delivered.
    pub fn view(&self, object_type: &ObjectType) -> View {
        let related = self.related.as_ref();
        View {
            fields: self.fields(object_type),
            description: self.description(),
            touched_at: self.touched_at,
            attributes: self.attributes.as_ref().map(|rows| rows.iter().map(Attribute::remembered).collect()),
            comments: self.comments.as_ref().map(|rows| rows.iter().map(Comment::remembered).collect()),
            sources: self.source_names().map(|names| names.into_iter().collect()),
            tags: self.tag_names().map(|names| names.into_iter().collect()),
            relationships: related.map(|related| related.objects.clone()).unwrap_or_default(),
            attachments: related.and_then(|related| related.attachments.clone()),
        }
    }

    fn description(&self) -> Option<Excerpt> {
        match &self.description {
            Part::Absent => None,
            Part::Empty => Some(Excerpt::default()),
            Part::Full(text) => Some(Excerpt::of(text)),
        }
    }

    fn fields(&self, object_type: &ObjectType) -> BTreeMap<Field, String> {
        let named = |named: &Named| named.clone().into_name();
        let delivered = [
            (
                Field::Value,
                self.value_of(object_type).map_or(Part::Absent, |value| Part::Full(value.to_owned())),
            ),
            (Field::Type, self.subtype.map(named)),
            (Field::Status, self.status.map(named)),
            (Field::Score, self.score.map(i64::to_string)),
            (Field::Tlp, self.sources.as_deref().map_or(Part::Absent, |sources| strictest(sources).into())),
            (Field::HappenedAt, self.happened_at.map(text)),
            (Field::StartedAt, self.started_at.map(text)),
            (Field::EndedAt, self.ended_at.map(text)),
            (Field::DueAt, self.due_at.map(text)),
            (Field::PublishedAt, self.published_at.map(text)),
            (Field::ExpiresAt, self.expires_at.map(text)),
        ];
        let mut fields = BTreeMap::new();
        for (field, part) in delivered {
            match part {
                Part::Absent => continue,
                Part::Empty => fields.insert(field, String::new()),
                Part::Full(text) => fields.insert(field, text),
            };
        }
        fields
    }
}

/// A date in the guide's form. The two shapes differ in fractions of a second, which are no change.
fn text(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

impl Attribute {
    fn remembered(&self) -> (u64, Row) {
        let named = || self.definition.clone().map(Named::into_name);
        let name = self.name.clone().or_else(named).unwrap_or_default();
        let text = match &self.value {
            Some(Value::String(text)) => format!("{name}: {text}"),
            Some(other) => format!("{name}: {other}"),
            None => format!("{name}: "),
        };
        (
            self.id,
            Row { text: Excerpt::of(&text), by: self.sources.iter().flatten().map(Source::name).collect() },
        )
    }
}

impl Comment {
    /// The author is the comment's first source.
    fn remembered(&self) -> (u64, Row) {
        let by = self.sources.iter().flatten().next().map(Source::name).or_else(|| self.source_name.clone());
        let text = Excerpt::fingerprint_of(self.value.as_deref().unwrap_or_default());
        (self.id, Row { text, by: by.into_iter().collect() })
    }
}
