//! What a change moves: the one home of the rule of section 4.1 of the API reference.
//!
//! An own column moves `updated_at` and `touched_at`; a relation moves `touched_at` alone.

use std::borrow::Cow;

use super::{Object, World};

impl World {
    /// An object to change; one that was only made on demand is kept from now on.
    pub(super) fn object_mut(&mut self, object_type: u16, id: u64) -> Option<&mut Object> {
        if let Some(Cow::Owned(made)) = self.object(object_type, id) {
            self.objects.entry(object_type).or_default().insert(id, made);
        }
        self.objects.get_mut(&object_type)?.get_mut(&id)
    }

    pub(super) fn find_mut(&mut self, collection: &str, id: u64) -> Result<&mut Object, String> {
        let object_type = self.object_type(collection)?;
        let (kind, word) = (object_type.id, object_type.name.clone());
        self.object_mut(kind, id).ok_or_else(|| format!("no {word} {id}"))
    }

    /// Changes own columns; `edit` says whether anything changed.
    pub(super) fn update(
        &mut self,
        collection: &str,
        id: u64,
        edit: impl FnOnce(&mut Object) -> bool,
    ) -> Result<(), String> {
        let now = self.now;
        let object = self.find_mut(collection, id)?;
        if edit(object) {
            object.updated_at = now;
            object.touched_at = now;
        }
        Ok(())
    }

    /// Changes a relation; `edit` fails when the row it wants is not there.
    pub(super) fn touch<T>(
        &mut self,
        collection: &str,
        id: u64,
        edit: impl FnOnce(&mut Object) -> Result<T, String>,
    ) -> Result<T, String> {
        let now = self.now;
        let object = self.find_mut(collection, id)?;
        let done = edit(object)?;
        object.touched_at = now;
        Ok(done)
    }

    pub(super) fn touch_by_id(&mut self, object_type: u16, id: u64) {
        let now = self.now;
        if let Some(object) = self.object_mut(object_type, id) {
            object.touched_at = now;
        }
    }
}
