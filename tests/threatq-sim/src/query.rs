//! Which objects a query of the Threat Library finds, and in which order and page.
//!
//! Follows section 7 of the API reference. Reads the world, knows no HTTP. Fails with a sentence on a field or operator
//! that it does not know: a simulator that let those match everything would hide a client's mistake.

mod condition;
mod dates;
mod page;
mod selection;
mod stretch;

use serde_json::Value;

pub use dates::Clock;
pub use page::{Page, Quirks, Start};

use crate::world::{Object, ObjectType, World};
use condition::Condition;
use selection::Selection;
use stretch::Stretch;

/// A query made ready for one object type.
pub struct Query {
    condition: Condition,
}

/// One page of what was found, as ids. `None` is a `null` row.
pub struct Found {
    /// How many there are in all pages.
    pub total: usize,
    pub rows: Vec<Option<u64>>,
    /// The mark of the next page, when the page was asked for by mark.
    pub next_mark: Option<String>,
}

impl Query {
    /// Criteria and filters must both hold.
    pub fn new(criteria: &Value, filters: &Value, clock: Clock) -> Result<Query, String> {
        let both = vec![Condition::parse(criteria, clock)?, Condition::parse(filters, clock)?];
        Ok(Query { condition: Condition::All(both) })
    }

    /// Runs it over all objects of a type.
    pub fn run(&self, world: &World, object_type: &ObjectType, page: &Page) -> Found {
        let subject = condition::Subject { world, object_type };
        let generated = world.generated_of(object_type.id);
        let stretch = generated.and_then(|generated| Stretch::of(&self.condition, &subject, generated));
        let holds = |object: &Object| self.condition.holds(object, &subject);
        page.cut(&Selection::new(world, object_type.id, page, stretch, holds))
    }
}

/// The objects of a type that pass, for the lists of the SQL routes; without `passes`, all of them.
pub fn list(
    world: &World,
    object_type: &ObjectType,
    page: &Page,
    passes: Option<&dyn Fn(&Object) -> bool>,
) -> Found {
    let whole = world.generated_of(object_type.id).filter(|_| passes.is_none()).map(Stretch::whole);
    let holds = |object: &Object| passes.is_none_or(|passes| passes(object));
    page.cut(&Selection::new(world, object_type.id, page, whole, holds))
}
