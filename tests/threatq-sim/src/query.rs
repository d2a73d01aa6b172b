//! Which objects a query of the Threat Library finds, and in which order and page.
//!
//! Follows section 7 of the API reference. Reads the world, knows no HTTP. Fails with a sentence on a field or operator
//! that it does not know: a simulator that let those match everything would hide a client's mistake.

mod condition;
mod dates;
mod page;

use std::borrow::Cow;

use serde_json::Value;

pub use page::{Page, Start};

use crate::world::{Object, ObjectType, World};
use condition::Condition;

/// A query made ready for one object type.
pub struct Query {
    condition: Condition,
}

/// One page of what was found. `None` is a `null` row.
pub struct Found<'w> {
    /// How many there are in all pages.
    pub total: usize,
    pub rows: Vec<Option<Cow<'w, Object>>>,
    /// The mark of the next page, when the page was asked for by mark.
    pub next_mark: Option<String>,
}

impl Query {
    /// Criteria and filters must both hold.
    pub fn new(criteria: &Value, filters: &Value, world: &World) -> Result<Query, String> {
        let both = vec![Condition::parse(criteria, world.now())?, Condition::parse(filters, world.now())?];
        Ok(Query { condition: Condition::All(both) })
    }

    /// Runs it over all objects of a type. With `null_rows`, rows of the index whose object is gone stand between the
    /// others (sections 7.2 and 11: a client must filter them) and are counted.
    pub fn run<'w>(
        &self,
        world: &'w World,
        object_type: &ObjectType,
        page: &Page,
        null_rows: bool,
    ) -> Found<'w> {
        let subject = condition::Subject { world, object_type };
        let matching = world.objects(object_type.id).filter(|object| self.condition.holds(object, &subject));
        page.cut(matching, |id| world.object(object_type.id, id), null_rows)
    }
}
