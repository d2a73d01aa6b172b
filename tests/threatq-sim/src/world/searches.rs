//! Data collections, which the API calls saved searches.
//!
//! Follows section 7.1 of the API reference. Guesses: a search keeps its hash when its query or name changes, and a hash
//! is a function of the id and the first query.

use serde_json::{Value, json};

use super::World;
use crate::stamp::Stamp;

#[derive(Clone, Debug)]
pub struct SavedSearch {
    pub id: u64,
    /// None: a search that was run and not saved; it has a hash and is not listed.
    pub name: Option<String>,
    pub hash: String,
    /// None: owned by a private client.
    pub owner: Option<u64>,
    pub shared: bool,
    /// `{"ui_query": …, "api_query": …}`.
    pub json: Value,
    pub created_at: Stamp,
    pub updated_at: Stamp,
}

impl SavedSearch {
    /// Its owner sees it, and so does everyone when it is shared.
    pub fn visible_to(&self, user: Option<u64>) -> bool {
        self.shared || (user.is_some() && self.owner == user)
    }

    pub fn criteria(&self) -> &Value {
        self.json.pointer("/api_query/criteria").unwrap_or(&Value::Null)
    }

    pub fn filters(&self) -> &Value {
        self.json.pointer("/api_query/filters").unwrap_or(&Value::Null)
    }
}

impl World {
    /// Saves a search and returns its hash. `objects` are collections; `api_query` is `{"criteria": …, "filters": …}`.
    pub fn add_saved_search(
        &mut self,
        owner: u64,
        name: &str,
        objects: &[&str],
        api_query: Value,
        shared: bool,
    ) -> Result<String, String> {
        self.user(owner)?;
        for collection in objects {
            self.object_type(collection)?;
        }
        let mut json = json!({"ui_query": {
            "columns": {},
            "objects": {"current": objects.first().unwrap_or(&"indicators"), "selected": objects},
            "filter_sets": [{"id": 0, "operator": "+or", "expanded": true}],
        }});
        place_query(&mut json, api_query);
        Ok(self.keep_search(Some(owner), Some(name), json, shared))
    }

    /// Keeps a search as it was posted; a name makes it a saved one. Returns its hash.
    pub fn keep_search(
        &mut self,
        owner: Option<u64>,
        name: Option<&str>,
        json: Value,
        shared: bool,
    ) -> String {
        let id = self.searches.len() as u64 + 1;
        let hash = hex_digest(&format!("{id}:{json}"));
        self.searches.push(SavedSearch {
            id,
            name: name.map(str::to_owned),
            hash: hash.clone(),
            owner,
            shared,
            json,
            created_at: self.now,
            updated_at: self.now,
        });
        hash
    }

    /// `search` is a name or a hash, here and below.
    pub fn set_saved_search_query(&mut self, search: &str, api_query: Value) -> Result<(), String> {
        self.edit_search(search, |row| place_query(&mut row.json, api_query))
    }

    /// Changes the object types that a search selects.
    pub fn set_saved_search_objects(&mut self, search: &str, objects: &[&str]) -> Result<(), String> {
        for collection in objects {
            self.object_type(collection)?;
        }
        let selection = json!({"current": objects.first().unwrap_or(&"indicators"), "selected": objects});
        self.edit_search(search, |row| {
            if let Some(place) = row.json.pointer_mut("/ui_query/objects") {
                *place = selection;
            }
        })
    }

    pub fn rename_saved_search(&mut self, search: &str, name: &str) -> Result<(), String> {
        self.edit_search(search, |row| row.name = Some(name.to_owned()))
    }

    pub fn share_saved_search(&mut self, search: &str, shared: bool) -> Result<(), String> {
        self.edit_search(search, |row| row.shared = shared)
    }

    pub fn remove_saved_search(&mut self, search: &str) -> Result<(), String> {
        let hash = self.search(search)?.hash.clone();
        self.searches.retain(|row| row.hash != hash);
        Ok(())
    }

    /// Every search, the unsaved ones too.
    pub fn searches(&self) -> &[SavedSearch] {
        &self.searches
    }

    pub fn search(&self, search: &str) -> Result<&SavedSearch, String> {
        self.searches.iter().find(|row| row.is(search)).ok_or_else(|| format!("no saved search {search:?}"))
    }

    fn edit_search(&mut self, search: &str, edit: impl FnOnce(&mut SavedSearch)) -> Result<(), String> {
        let now = self.now;
        let row = self.searches.iter_mut().find(|row| row.is(search));
        let row = row.ok_or_else(|| format!("no saved search {search:?}"))?;
        edit(row);
        row.updated_at = now;
        Ok(())
    }
}

impl SavedSearch {
    fn is(&self, search: &str) -> bool {
        self.hash == search || self.name.as_deref() == Some(search)
    }
}

/// The query stands in `api_query`, and its criteria and filters in `ui_query` as well.
fn place_query(json: &mut Value, api_query: Value) {
    for part in ["criteria", "filters"] {
        if let Some(ui_query) = json.get_mut("ui_query").and_then(Value::as_object_mut) {
            ui_query.insert(part.into(), api_query.get(part).cloned().unwrap_or_else(|| json!({})));
        }
    }
    if let Some(members) = json.as_object_mut() {
        members.insert("api_query".into(), api_query);
    }
}

/// 32 hex digits of a text: FNV-1a of 128 bits. Names things; protects nothing.
pub(crate) fn hex_digest(text: &str) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let digest = text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{digest:032x}")
}
