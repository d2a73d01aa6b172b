//! Objects coming and going, and the columns of their own.
//!
//! A change of an own column moves `updated_at` and `touched_at` (section 4.1 of the API reference). Writing the value
//! that is there already changes nothing, as the audit log of section 6 writes only when data really changed.

use super::{Generated, Object, World};
use crate::stamp::Stamp;

impl World {
    /// Adds an indicator; id 0 takes the next free one. Its status is Active. Returns its id.
    pub fn add_indicator(&mut self, id: u64, value: &str, type_name: &str) -> Result<u64, String> {
        let id = self.add_object("indicators", id, value)?;
        if let Err(unknown) = self.place_type("indicators", id, type_name) {
            self.remove_object("indicators", id)?;
            return Err(unknown);
        }
        Ok(id)
    }

    /// Adds an object; id 0 takes the next free one. Its type and status are the first its object type has, if any.
    pub fn add_object(&mut self, collection: &str, id: u64, name: &str) -> Result<u64, String> {
        let object_type = self.object_type(collection)?;
        let (kind, word) = (object_type.id, object_type.name.clone());
        let type_id = object_type.types.first().map(|row| row.id);
        let status_id = object_type.statuses.first().map(|row| row.id);
        let now = self.now;
        let taken = id != 0 && self.object(kind, id).is_some();
        let made = self.generated_of(kind).map_or(0, Generated::count);
        let all = self.objects.entry(kind).or_default();
        let id = match id {
            0 => all.keys().next_back().copied().unwrap_or(0).max(made) + 1,
            id if taken => return Err(format!("there is a {word} {id} already")),
            id => id,
        };
        let object = Object {
            object_type: kind,
            id,
            name: name.to_owned(),
            type_id,
            status_id,
            created_at: now,
            updated_at: now,
            touched_at: now,
            ..Object::default()
        };
        all.insert(id, object);
        Ok(id)
    }

    /// Removes an object and its relationships. Guesses: the related objects are touched, and watchlist entries stay
    /// behind, pointing nowhere (`unwatch` still takes them away).
    pub fn remove_object(&mut self, collection: &str, id: u64) -> Result<(), String> {
        let kind = self.object_type(collection)?.id;
        self.object_mut(kind, id);
        let gone = self.objects.get_mut(&kind).and_then(|all| all.remove(&id));
        let gone = gone.ok_or_else(|| format!("no object {id} in {collection}"))?;
        if let Some(generated) = self.generated.as_mut().filter(|generated| generated.object_type() == kind) {
            generated.remove(id);
        }
        for link in gone.links {
            if let Some(other) = self.object_mut(link.other_type, link.other_id) {
                other.links.retain(|end| end.id != link.id);
            }
            self.touch_by_id(link.other_type, link.other_id);
        }
        Ok(())
    }

    pub fn set_status(&mut self, collection: &str, id: u64, status: &str) -> Result<(), String> {
        let object_type = self.object_type(collection)?;
        let row = object_type.status_named(status);
        let row = row.ok_or_else(|| format!("{} has no status {status:?}", object_type.collection))?;
        self.set_status_id(collection, id, row.id)
    }

    pub fn set_status_id(&mut self, collection: &str, id: u64, status: u64) -> Result<(), String> {
        let object_type = self.object_type(collection)?;
        if object_type.status_row(Some(status)).is_none() {
            return Err(format!("{} has no status {status}", object_type.collection));
        }
        self.update(collection, id, |object| replace(&mut object.status_id, Some(status)))
    }

    pub fn set_type(&mut self, collection: &str, id: u64, type_name: &str) -> Result<(), String> {
        let type_id = self.type_id(collection, type_name)?;
        self.update(collection, id, |object| replace(&mut object.type_id, Some(type_id)))
    }

    pub fn set_description(&mut self, collection: &str, id: u64, html: Option<&str>) -> Result<(), String> {
        let html = html.map(str::to_owned);
        self.update(collection, id, |object| replace(&mut object.description, html))
    }

    pub fn rename(&mut self, collection: &str, id: u64, name: &str) -> Result<(), String> {
        self.update(collection, id, |object| replace(&mut object.name, name.to_owned()))
    }

    /// Sets one stamp of an object and moves no other: `created_at`, `updated_at`, `touched_at`, `published_at`,
    /// `happened_at` or `expires_at`.
    pub fn set_stamp(&mut self, collection: &str, id: u64, column: &str, text: &str) -> Result<(), String> {
        let stamp = Stamp::parse(text).ok_or_else(|| format!("no date: {text:?}"))?;
        let object = self.find_mut(collection, id)?;
        match column {
            "created_at" => object.created_at = stamp,
            "updated_at" => object.updated_at = stamp,
            "touched_at" => object.touched_at = stamp,
            "published_at" => object.published_at = Some(stamp),
            "happened_at" => object.happened_at = Some(stamp),
            "expires_at" => object.expires_at = Some(stamp),
            _ => return Err(format!("no stamp {column:?}")),
        }
        Ok(())
    }

    fn place_type(&mut self, collection: &str, id: u64, type_name: &str) -> Result<(), String> {
        let type_id = self.type_id(collection, type_name)?;
        self.find_mut(collection, id)?.type_id = Some(type_id);
        Ok(())
    }

    fn type_id(&self, collection: &str, type_name: &str) -> Result<u64, String> {
        let object_type = self.object_type(collection)?;
        let row = object_type.type_named(type_name);
        row.map(|row| row.id).ok_or_else(|| format!("{} has no type {type_name:?}", object_type.collection))
    }
}

fn replace<T: PartialEq>(place: &mut T, value: T) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}
