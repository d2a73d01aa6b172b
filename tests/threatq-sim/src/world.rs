//! The world that the simulator serves: users, a private client, objects, watchlists, saved searches, and a clock.
//!
//! Pure data and its changes; knows nothing of HTTP or JSON rows. The clock stands still until it is told to move, so a
//! test decides every stamp. Follows sections 3 to 7 of the API reference. Changes of unknown things fail with a sentence.

mod change;
mod core_types;
mod demo;
mod generated;
mod library;
mod object;
mod object_type;
mod people;
mod relations;
mod searches;
mod spoilt;
mod watching;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use demo::SCENES;
pub(crate) use generated::{Generated, PERIOD};
pub use object::{Attribute, Comment, Link, Object, Score, SourceLink, Tag};
pub use object_type::{Family, ObjectType, StatusRow, TypeRow};
pub use people::{Client, Source, SourceKind, TLP, User};
pub use searches::SavedSearch;
pub(crate) use searches::hex_digest;
use spoilt::Spoilt;
pub use watching::WatchEntry;
use watching::Watching;

use crate::stamp::Stamp;

/// Where a new world's clock stands.
const BEGINNING: &str = "2021-10-28 20:00:00";
/// Ids of users begin here. Guess: 1 is the account an appliance is installed with.
const FIRST_USER: u64 = 2;
/// Ids of rows that hang on objects are drawn from one counter, so that no two rows of different kinds look alike.
const FIRST_ROW: u64 = 1001;

#[derive(Clone, Debug)]
pub struct World {
    now: Stamp,
    next_row: u64,
    object_types: Vec<ObjectType>,
    /// By object type, then by id.
    objects: BTreeMap<u16, BTreeMap<u64, Object>>,
    /// Objects that are made when they are asked for; one in `objects` stands in the place of the one made.
    generated: Option<Generated>,
    users: Vec<User>,
    client: Option<Client>,
    sources: BTreeMap<u64, Source>,
    tag_names: Vec<String>,
    attribute_names: Vec<String>,
    watching: Watching,
    spoilt: Spoilt,
    searches: Vec<SavedSearch>,
}

impl World {
    /// A library with its object types and nothing else: no users either, so nobody can log in yet.
    pub fn empty() -> World {
        World {
            now: Stamp::parse(BEGINNING).unwrap_or_default(),
            next_row: FIRST_ROW,
            object_types: core_types::all(),
            objects: BTreeMap::new(),
            generated: None,
            users: Vec::new(),
            client: None,
            sources: BTreeMap::new(),
            tag_names: Vec::new(),
            attribute_names: Vec::new(),
            watching: Watching::default(),
            spoilt: Spoilt::default(),
            searches: Vec::new(),
        }
    }

    pub fn now(&self) -> Stamp {
        self.now
    }

    /// Sets the clock, forward or back: `2021-10-28 20:32:57`, with milliseconds if wanted.
    pub fn set_clock(&mut self, text: &str) -> Result<(), String> {
        self.now = Stamp::parse(text).ok_or_else(|| format!("no date: {text:?}"))?;
        Ok(())
    }

    pub fn advance(&mut self, seconds: u64) {
        self.advance_millis(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000));
    }

    pub fn advance_millis(&mut self, millis: i64) {
        self.now = self.now.plus_millis(millis);
    }

    pub fn object_types(&self) -> &[ObjectType] {
        &self.object_types
    }

    /// Adds a type of custom objects; its code is its collection.
    pub fn add_object_type(&mut self, code: &str, display_name: &str, plural: &str) -> Result<(), String> {
        if self.object_type(code).is_ok() {
            return Err(format!("there is an object type {code} already"));
        }
        let id = self.object_types.iter().map(|t| t.id).max().unwrap_or(0).saturating_add(1);
        self.object_types.push(ObjectType::new(id, code, code, display_name, plural, Family::Custom));
        Ok(())
    }

    /// The object type of a collection (`indicators`) or code name (`indicator`).
    pub fn object_type(&self, word: &str) -> Result<&ObjectType, String> {
        let named = |t: &&ObjectType| t.collection == word || t.name == word;
        self.object_types.iter().find(named).ok_or_else(|| format!("no object type {word:?}"))
    }

    pub fn object_type_by_id(&self, id: u16) -> Option<&ObjectType> {
        self.object_types.iter().find(|t| t.id == id)
    }

    /// One object. A `Cow`, since a generated world makes its objects when they are asked for.
    pub fn object(&self, object_type: u16, id: u64) -> Option<Cow<'_, Object>> {
        let made = || self.made(object_type, id).map(|generated| Cow::Owned(generated.object(id)));
        self.stored_one(object_type, id).map(Cow::Borrowed).or_else(made)
    }

    /// The same, where the lists of an object that must be made first are not wanted and may be empty.
    pub(crate) fn outline(&self, object_type: u16, id: u64) -> Option<Cow<'_, Object>> {
        let made = || self.made(object_type, id).map(|generated| Cow::Owned(generated.outline(id)));
        self.stored_one(object_type, id).map(Cow::Borrowed).or_else(made)
    }

    /// All objects of one type, by rising id.
    pub fn objects(&self, object_type: u16) -> impl Iterator<Item = Cow<'_, Object>> {
        let last = self.generated_of(object_type).map_or(0, Generated::count);
        let stored = self.objects.get(&object_type).into_iter();
        let beyond = stored.flat_map(move |all| all.range(last + 1..).map(|(_, object)| object));
        let within = (1..=last).filter_map(move |id| self.object(object_type, id));
        within.chain(beyond.map(Cow::Borrowed))
    }

    /// The objects of one type that are kept: all of them, or those of a generated world that are new or changed.
    pub(crate) fn stored(&self, object_type: u16) -> impl Iterator<Item = &Object> {
        self.objects.get(&object_type).into_iter().flat_map(BTreeMap::values)
    }

    /// How the objects of this type are made, if they are.
    pub(crate) fn generated_of(&self, object_type: u16) -> Option<&Generated> {
        self.generated.as_ref().filter(|generated| generated.object_type() == object_type)
    }

    fn stored_one(&self, object_type: u16, id: u64) -> Option<&Object> {
        self.objects.get(&object_type)?.get(&id)
    }

    /// What makes this object, if nothing is stored in its place.
    fn made(&self, object_type: u16, id: u64) -> Option<&Generated> {
        self.generated_of(object_type).filter(|generated| generated.has(id))
    }

    /// The object of a collection: for tests that want to look.
    pub fn find(&self, collection: &str, id: u64) -> Result<Cow<'_, Object>, String> {
        let object_type = self.object_type(collection)?;
        self.object(object_type.id, id).ok_or_else(|| format!("no {} {id}", object_type.name))
    }

    fn row_id(&mut self) -> u64 {
        let id = self.next_row;
        self.next_row += 1;
        id
    }
}

/// The id of a name in a list of names, which it joins when it is new.
fn name_id(names: &mut Vec<String>, name: &str) -> u64 {
    let position = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    position as u64 + 1
}
