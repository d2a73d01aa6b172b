//! The object types that this ThreatQ has: `GET /api/objects`, never a list of our own and never a name with an "s" added.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::lenient;
use super::{Client, Error};
use crate::candidates;

/// The object types that have types and statuses in every ThreatQ. Others may lack the member, or have an empty one.
const HAVE_TYPES: [&str; 4] = ["attachments", "events", "indicators", "signatures"];
const HAVE_STATUSES: [&str; 3] = ["indicators", "signatures", "tasks"];

/// One object type.
#[derive(Clone, Debug)]
pub struct ObjectType {
    /// Its code: `indicator`.
    pub name: String,
    /// What the screens call it: `Indicator`.
    pub display_name: String,
    /// And several: `Indicators`.
    pub display_name_plural: String,
    /// Its word in routes and links: `indicators`.
    pub collection: String,
    /// The types within this type; none where ThreatQ does not say.
    pub(super) types: Option<Vec<Choice>>,
    /// The statuses that an object can have.
    pub(super) statuses: Option<Vec<Choice>>,
}

/// A type or status that objects of a type can have.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    id: Option<i64>,
    name: String,
}

impl Choice {
    /// Its name, if this is its number.
    pub(super) fn name_of(&self, id: i64) -> Option<&str> {
        (self.id == Some(id)).then_some(self.name.as_str())
    }
}

/// An object type as ThreatQ lists it.
#[derive(Deserialize)]
pub(super) struct Row {
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    display_name_plural: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    collection: Option<String>,
    #[serde(default, deserialize_with = "choices")]
    types: Option<Vec<Choice>>,
    #[serde(default, deserialize_with = "choices")]
    statuses: Option<Vec<Choice>>,
}

impl Row {
    /// The type; none where it lacks its code or its word in routes. What the screens call it may be missing.
    pub(super) fn object_type(self) -> Option<ObjectType> {
        let (name, collection) = (self.name?, self.collection?);
        // The word goes into routes and links: whatever else stands there is not ours to follow.
        let is_word = collection.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let display_name = self.display_name.unwrap_or_else(|| name.clone());
        let display_name_plural = self.display_name_plural.unwrap_or_else(|| display_name.clone());
        let (types, statuses) = (self.types, self.statuses);
        is_word.then_some(ObjectType { name, display_name, display_name_plural, collection, types, statuses })
    }
}

fn choices<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Choice>>, D::Error> {
    let choice = |row: &Value| {
        let name = row.as_str().or_else(|| row.get("name")?.as_str())?.to_owned();
        Some(Choice { id: row.get("id").and_then(lenient::number), name })
    };
    let rows = Value::deserialize(deserializer)?;
    Ok(rows.as_array().map(|rows| rows.iter().filter_map(choice).collect()))
}

impl ObjectType {
    /// The address of an object's page.
    ///
    /// Every type has its routes' word there but attachments, which the screens call files. That tasks follow the rule
    /// is inferred.
    pub fn link(&self, origin: &str, id: u64) -> String {
        let word = if self.collection == "attachments" { "files" } else { &self.collection };
        format!("{origin}/{word}/{id}/details")
    }

    /// What an object of this type is called that has no value, title or name.
    pub fn nameless(&self, id: u64) -> String {
        format!("({} {id})", self.name)
    }

    fn answers_to(&self, wanted: &str) -> bool {
        [&self.name, &self.collection, &self.display_name, &self.display_name_plural]
            .iter()
            .any(|name| folded(name) == wanted)
    }
}

/// All object types, and where their pages are.
pub struct ObjectTypes {
    types: Vec<ObjectType>,
}

impl ObjectTypes {
    /// Asks ThreatQ.
    pub fn read(client: &Client) -> Result<Self, Error> {
        let rows: Vec<Row> = client.list("/api/objects")?;
        let arrived = rows.len();
        let mut types: Vec<ObjectType> = rows.into_iter().filter_map(Row::object_type).collect();
        if types.len() < arrived {
            let odd = arrived - types.len();
            tracing::warn!(
                "/api/objects: {odd} object types without a code or a word for routes are passed over"
            );
        }
        settle(&mut types, &HAVE_TYPES, |one| &mut one.types);
        settle(&mut types, &HAVE_STATUSES, |one| &mut one.statuses);
        Ok(Self { types })
    }

    /// Every type.
    pub fn iter(&self) -> impl Iterator<Item = &ObjectType> {
        self.types.iter()
    }

    /// The type that answers to a name: its code, its word in routes, or what the screens call one or several of it.
    pub fn find(&self, name: &str) -> Result<&ObjectType, Error> {
        let wanted = folded(name);
        self.types.iter().find(|one| one.answers_to(&wanted)).ok_or_else(|| {
            let known = self.types.iter().map(|one| one.collection.as_str());
            Error::Name(format!("no object type '{name}'; {}", candidates::sentence(name, known)))
        })
    }
}

/// Settles what it means that an object type comes without choices: that they were not said of one that has them in every
/// ThreatQ, and of another that it has none, if this ThreatQ names any at all.
fn settle(
    types: &mut [ObjectType],
    have: &[&str],
    choices: impl Fn(&mut ObjectType) -> &mut Option<Vec<Choice>>,
) {
    let names_any = types.iter_mut().any(|one| choices(one).as_ref().is_some_and(|list| !list.is_empty()));
    for one in types {
        let must_have = have.contains(&one.collection.as_str());
        let said = choices(one).take().filter(|list| !list.is_empty());
        *choices(one) = said.or((names_any && !must_have).then(Vec::new));
    }
}

/// As ThreatQ's own tools compare such names: without case, spaces, dashes and underscores.
fn folded(name: &str) -> String {
    name.chars().filter(|character| !" _-".contains(*character)).flat_map(char::to_lowercase).collect()
}
