//! The object types of a ThreatQ appliance, with their types and statuses.
//!
//! Follows sections 3.2 and 3.4 of the API reference; the rows themselves are in `world::core_types`.

/// The shape family of section 4.1: which columns a row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Indicator,
    Adversary,
    Event,
    Attachment,
    Signature,
    Task,
    Investigation,
    /// STIX and custom objects.
    Custom,
}

/// One row of `GET /api/objects`.
#[derive(Clone, Debug)]
pub struct ObjectType {
    pub id: u16,
    /// The code name, `indicator`.
    pub name: String,
    /// The word in the address, `indicators`.
    pub collection: String,
    pub display_name: String,
    pub display_name_plural: String,
    pub family: Family,
    pub types: Vec<TypeRow>,
    pub statuses: Vec<StatusRow>,
}

/// A type within an object type, `IP Address`. `class` is `network` or `host` for indicators.
#[derive(Clone, Debug)]
pub struct TypeRow {
    pub id: u64,
    pub name: String,
    pub class: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub struct StatusRow {
    pub id: u64,
    pub name: String,
    pub description: String,
}

impl ObjectType {
    /// The column that holds an object's name: `value`, `name` or `title`.
    pub fn name_field(&self) -> &'static str {
        match self.family {
            Family::Indicator | Family::Custom => "value",
            Family::Adversary | Family::Signature | Family::Task | Family::Investigation => "name",
            Family::Event | Family::Attachment => "title",
        }
    }

    pub fn type_named(&self, name: &str) -> Option<&TypeRow> {
        self.types.iter().find(|row| row.name == name)
    }

    pub fn type_row(&self, id: Option<u64>) -> Option<&TypeRow> {
        id.and_then(|id| self.types.iter().find(|row| row.id == id))
    }

    pub fn status_named(&self, name: &str) -> Option<&StatusRow> {
        self.statuses.iter().find(|row| row.name == name)
    }

    pub fn status_row(&self, id: Option<u64>) -> Option<&StatusRow> {
        id.and_then(|id| self.statuses.iter().find(|row| row.id == id))
    }

    /// Without types and statuses.
    pub fn new(
        id: u16,
        name: &str,
        collection: &str,
        display: &str,
        plural: &str,
        family: Family,
    ) -> ObjectType {
        ObjectType {
            id,
            name: name.into(),
            collection: collection.into(),
            display_name: display.into(),
            display_name_plural: plural.into(),
            family,
            types: Vec::new(),
            statuses: Vec::new(),
        }
    }
}
