//! What hangs on an object: score, attributes, comments, tags, sources and relationships.
//!
//! Each change moves the object's `touched_at` alone and stamps its own row (section 4.1 of the API reference). Guesses:
//! the score counts as a relation, since it is a row of its own; a relationship touches both its ends.

use super::{Attribute, Comment, Family, Link, SourceKind, SourceLink, Tag, World, name_id};

impl World {
    /// Sets or clears the manual score of an indicator; only indicators have one (section 7.2).
    pub fn set_score(&mut self, collection: &str, id: u64, manual: Option<u8>) -> Result<(), String> {
        if manual.is_some_and(|score| score > 10) {
            return Err("a score is 0 to 10".into());
        }
        self.score(collection, id, |score| score.manual = manual)
    }

    pub fn set_generated_score(&mut self, collection: &str, id: u64, score: f64) -> Result<(), String> {
        self.score(collection, id, |row| row.generated = score)
    }

    fn score(
        &mut self,
        collection: &str,
        id: u64,
        set: impl FnOnce(&mut super::Score),
    ) -> Result<(), String> {
        if self.object_type(collection)?.family != Family::Indicator {
            return Err(format!("{collection} have no score"));
        }
        let now = self.now;
        self.touch(collection, id, |object| {
            set(&mut object.score);
            object.score.updated_at = now;
            Ok(())
        })
    }

    /// Returns the id of the row.
    pub fn add_attribute(
        &mut self,
        collection: &str,
        id: u64,
        name: &str,
        value: &str,
    ) -> Result<u64, String> {
        self.add_attribute_from(collection, id, name, value, None)
    }

    /// The same with the source that says so.
    pub fn add_attribute_from(
        &mut self,
        collection: &str,
        id: u64,
        name: &str,
        value: &str,
        source_id: Option<u64>,
    ) -> Result<u64, String> {
        self.find(collection, id)?;
        let (row, now) = (self.row_id(), self.now);
        let attribute_id = name_id(&mut self.attribute_names, name);
        self.touch(collection, id, |object| {
            object.attributes.push(Attribute {
                id: row,
                attribute_id,
                name: name.to_owned(),
                value: value.to_owned(),
                source_id,
                created_at: now,
                updated_at: now,
            });
            Ok(row)
        })
    }

    pub fn set_attribute(&mut self, collection: &str, id: u64, row: u64, value: &str) -> Result<(), String> {
        let now = self.now;
        self.touch(collection, id, |object| {
            let found = object.attributes.iter_mut().find(|attribute| attribute.id == row);
            let attribute = found.ok_or_else(|| format!("no attribute {row}"))?;
            value.clone_into(&mut attribute.value);
            attribute.updated_at = now;
            Ok(())
        })
    }

    pub fn remove_attribute(&mut self, collection: &str, id: u64, row: u64) -> Result<(), String> {
        self.touch(collection, id, |object| {
            remove(&mut object.attributes, "attribute", row, |attribute| attribute.id)
        })
    }

    /// Returns the id of the comment.
    pub fn add_comment(&mut self, collection: &str, id: u64, author: u64, text: &str) -> Result<u64, String> {
        self.find(collection, id)?;
        let source_id = Some(self.user(author)?.source_id);
        let (row, now) = (self.row_id(), self.now);
        self.touch(collection, id, |object| {
            object.comments.push(Comment {
                id: row,
                value: text.to_owned(),
                source_id,
                created_at: now,
                updated_at: now,
            });
            Ok(row)
        })
    }

    pub fn edit_comment(
        &mut self,
        collection: &str,
        id: u64,
        comment: u64,
        text: &str,
    ) -> Result<(), String> {
        let now = self.now;
        self.touch(collection, id, |object| {
            let found = object.comments.iter_mut().find(|row| row.id == comment);
            let row = found.ok_or_else(|| format!("no comment {comment}"))?;
            text.clone_into(&mut row.value);
            row.updated_at = now;
            Ok(())
        })
    }

    pub fn remove_comment(&mut self, collection: &str, id: u64, comment: u64) -> Result<(), String> {
        self.touch(collection, id, |object| remove(&mut object.comments, "comment", comment, |row| row.id))
    }

    /// Returns the id of the tag. A tag that is there already changes nothing.
    pub fn add_tag(&mut self, collection: &str, id: u64, name: &str) -> Result<u64, String> {
        let object = self.find(collection, id)?;
        if let Some(there) = object.tags.iter().find(|tag| tag.name == name) {
            return Ok(there.id);
        }
        let tag_id = name_id(&mut self.tag_names, name);
        self.touch(collection, id, |object| {
            object.tags.push(Tag { id: tag_id, name: name.to_owned() });
            Ok(tag_id)
        })
    }

    pub fn remove_tag(&mut self, collection: &str, id: u64, name: &str) -> Result<(), String> {
        self.touch(collection, id, |object| {
            let position = object.tags.iter().position(|tag| tag.name == name);
            object.tags.remove(position.ok_or_else(|| format!("no tag {name:?}"))?);
            Ok(())
        })
    }

    /// Says that a connector of this name reported the object; `tlp` is `red`, `amber`, `green` or `white`. Returns the
    /// id of the source. A source that is there already gets the new TLP.
    pub fn add_source(
        &mut self,
        collection: &str,
        id: u64,
        name: &str,
        tlp: Option<&str>,
    ) -> Result<u64, String> {
        self.find(collection, id)?;
        let tlp_id = tlp.map(|color| tlp_id(color).ok_or_else(|| format!("no TLP {color:?}"))).transpose()?;
        let source_id = self.source_named(SourceKind::Connector, None, name);
        let (row, now) = (self.row_id(), self.now);
        self.touch(collection, id, |object| {
            match object.sources.iter_mut().find(|link| link.source_id == source_id) {
                Some(link) => (link.tlp_id, link.updated_at) = (tlp_id, now),
                None => object.sources.push(SourceLink {
                    id: row,
                    source_id,
                    tlp_id,
                    created_at: now,
                    updated_at: now,
                }),
            }
            Ok(source_id)
        })
    }

    pub fn remove_source(&mut self, collection: &str, id: u64, name: &str) -> Result<(), String> {
        let named = self.sources.values().find(|source| source.name == name);
        let source_id = named.map(|source| source.id).ok_or_else(|| format!("no source {name:?}"))?;
        self.touch(collection, id, |object| {
            remove(&mut object.sources, "source", source_id, |link| link.source_id)
        })
    }

    /// Links two objects and returns the id of the link; a link that is there already changes nothing.
    pub fn relate(
        &mut self,
        collection: &str,
        id: u64,
        other_collection: &str,
        other_id: u64,
    ) -> Result<u64, String> {
        let (from, to) = (self.find(collection, id)?, self.find(other_collection, other_id)?);
        let (kind, other) = (from.object_type, to.object_type);
        if (kind, id) == (other, other_id) {
            return Err("an object is not related to itself".into());
        }
        if let Some(there) =
            from.links.iter().find(|link| (link.other_type, link.other_id) == (other, other_id))
        {
            return Ok(there.id);
        }
        let (row, created_at) = (self.row_id(), self.now);
        let ends = [(kind, id, other, other_id, true), (other, other_id, kind, id, false)];
        for (end_type, end_id, other_type, other_id, outgoing) in ends {
            if let Some(object) = self.object_mut(end_type, end_id) {
                object.links.push(Link { id: row, other_type, other_id, outgoing, created_at });
            }
            self.touch_by_id(end_type, end_id);
        }
        Ok(row)
    }

    pub fn unrelate(
        &mut self,
        collection: &str,
        id: u64,
        other_collection: &str,
        other_id: u64,
    ) -> Result<(), String> {
        let other = self.object_type(other_collection)?.id;
        let gone = self.touch(collection, id, |object| {
            let position =
                object.links.iter().position(|link| (link.other_type, link.other_id) == (other, other_id));
            Ok(object
                .links
                .remove(position.ok_or_else(|| format!("no link to {other_collection} {other_id}"))?))
        })?;
        if let Some(object) = self.object_mut(other, other_id) {
            object.links.retain(|link| link.id != gone.id);
        }
        self.touch_by_id(other, other_id);
        Ok(())
    }
}

/// The ids of section 3.4.
fn tlp_id(color: &str) -> Option<u64> {
    (1..).zip(super::people::TLP).find(|(_, name)| *name == color).map(|(id, _)| id)
}

fn remove<T>(rows: &mut Vec<T>, word: &str, id: u64, id_of: impl Fn(&T) -> u64) -> Result<(), String> {
    let position = rows.iter().position(|row| id_of(row) == id);
    rows.remove(position.ok_or_else(|| format!("no {word} {id}"))?);
    Ok(())
}
