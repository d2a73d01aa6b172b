//! All that a query matches, in order, without a list of it where the world is generated.
//!
//! Two sorted sequences make up the order: the generated objects that nothing stands in the place of, counted but never
//! listed, and the stored ones. A page of either kind of world costs its own length and a look at what is stored.

use super::page::{Key, Page};
use super::stretch::{Stretch, first};
use crate::world::{Generated, Object, World};

pub struct Selection<'w> {
    world: &'w World,
    object_type: u16,
    page: &'w Page,
    /// How many ids up to this one are generated, match, and are not stored; none where nothing is generated.
    made: Option<Made<'w>>,
    /// The keys and ids of the stored objects that match.
    stored: Vec<(Vec<Key>, u64)>,
}

struct Made<'w> {
    generated: &'w Generated,
    stretch: Stretch,
    counter: Box<dyn Fn(u64) -> u64>,
    /// Ids of the stretch that are stored or removed, rising.
    shadowed: Vec<u64>,
}

impl<'w> Selection<'w> {
    /// `stretch` says for which generated objects `holds` is true; without one, every object is looked at.
    pub fn new(
        world: &'w World,
        object_type: u16,
        page: &'w Page,
        stretch: Option<Stretch>,
        holds: impl Fn(&Object) -> bool,
    ) -> Selection<'w> {
        let generated = world.generated_of(object_type);
        let stretch = stretch.filter(|_| page.follows_ids());
        let made = generated.zip(stretch).map(|(generated, stretch)| Made::new(world, generated, stretch));
        let row = |object: &Object| holds(object).then(|| (page.keys(object), object.id));
        let mut stored: Vec<_> = if made.is_some() {
            world.stored(object_type).filter_map(row).collect()
        } else {
            world.objects(object_type).filter_map(|object| row(&object)).collect()
        };
        stored.sort_by(|(left, _), (right, _)| page.order(left, right));
        Selection { world, object_type, page, made, stored }
    }

    pub fn total(&self) -> usize {
        self.made.as_ref().map_or(0, |made| made.upto(u64::MAX)) + self.stored.len()
    }

    /// How many come before or with these keys.
    pub fn upto(&self, keys: &[Key]) -> usize {
        let stored = self.stored.partition_point(|(other, _)| self.page.order(other, keys).is_le());
        stored + self.made_upto(keys)
    }

    /// The ids of the objects from `start` on, by their places in the order.
    pub fn ids(&self, start: usize, limit: usize) -> Vec<u64> {
        let end = start.saturating_add(limit).min(self.total());
        let place = |index: usize| index + self.made_upto(&self.stored[index].0);
        let from = first(0, self.stored.len() as u64, |index| place(index as usize) >= start) as usize;
        let mut stored =
            (from..self.stored.len()).map(|index| (place(index), self.stored[index].1)).peekable();
        let mut made = self.made.as_ref().map(|made| made.from(start.saturating_sub(from)));
        let mut ids = Vec::with_capacity(end.saturating_sub(start));
        for here in start..end {
            let next = match stored.next_if(|(place, _)| *place == here) {
                Some((_, id)) => Some(id),
                None => made.as_mut().and_then(Iterator::next),
            };
            ids.extend(next);
        }
        ids
    }

    /// The keys of an object that was found.
    pub fn keys(&self, id: u64) -> Option<Vec<Key>> {
        self.world.outline(self.object_type, id).map(|object| self.page.keys(&object))
    }

    /// How many generated ones come before or with these keys. Their order is that of their ids.
    fn made_upto(&self, keys: &[Key]) -> usize {
        let Some(made) = &self.made else {
            return 0;
        };
        let after = |id: u64| self.page.order(&self.page.keys(&made.generated.outline(id)), keys).is_gt();
        let beyond = match keys.first() {
            Some(Key::Number(id)) if self.page.by_id() => u64::try_from(*id).unwrap_or(0).saturating_add(1),
            _ => first(1, made.generated.count() + 1, after),
        };
        made.upto(beyond.saturating_sub(1))
    }
}

impl<'w> Made<'w> {
    fn new(world: &'w World, generated: &'w Generated, stretch: Stretch) -> Made<'w> {
        let stored = world.stored(generated.object_type()).map(|object| object.id);
        let shadowed = stored.chain(generated.removed().iter().copied());
        let mut shadowed: Vec<u64> = shadowed.filter(|id| stretch.holds(*id)).collect();
        shadowed.sort_unstable();
        shadowed.dedup();
        Made { generated, counter: Box::new(stretch.counter()), stretch, shadowed }
    }

    /// How many there are up to this id.
    fn upto(&self, id: u64) -> usize {
        (self.counter)(id) as usize - self.shadowed.partition_point(|shadow| *shadow <= id)
    }

    /// The ids from the one on that `skipped` others come before.
    fn from(&self, skipped: usize) -> impl Iterator<Item = u64> {
        let last = self.generated.count();
        let start = first(1, last + 1, |id| self.upto(id) > skipped);
        let shadow = self.shadowed.partition_point(|shadow| *shadow < start);
        let mut shadows = self.shadowed[shadow..].iter().copied().peekable();
        let free = move |id: &u64| shadows.next_if_eq(id).is_none();
        (start..=last).filter(|id| self.stretch.holds(*id)).filter(free)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::condition::{Condition, Subject};
    use super::super::{Clock, Page, Quirks};
    use super::{Selection, Stretch};
    use crate::world::World;

    /// Some objects touched, tagged, renamed, removed and added, and one back in the place of a removed one.
    fn changed_world() -> World {
        let mut world = World::generated(1_000);
        for (number, id) in [3, 10, 11, 500, 501, 990, 1000].into_iter().enumerate() {
            world.advance(60);
            if number % 2 == 0 {
                world.add_tag("indicators", id, "tenth").unwrap();
            } else {
                world.remove_tag("indicators", id, "generated").unwrap();
            }
        }
        world.set_stamp("indicators", 20, "touched_at", "2021-01-01 00:00:00").unwrap();
        for id in [1, 40, 41, 999] {
            world.remove_object("indicators", id).unwrap();
        }
        world.add_indicator(40, "again.example", "FQDN").unwrap();
        for _ in 0..3 {
            world.add_indicator(0, "late.example", "MD5").unwrap();
        }
        world
    }

    fn conditions() -> Vec<Value> {
        vec![
            json!({}),
            json!({"tags": "tenth"}),
            json!({"tags": []}),
            json!({"type_name": ["FQDN", "MD5"], "score": {"+gte": 5}}),
            json!({"status_name": "Review", "attributes": "NL"}),
            json!({"id": {"+gt": 400, "+lte": 523}}),
            json!({"id": 10}),
            json!({"description": {"+contains": "example feed"}}),
            json!({"published_at": {"+lt": "NOW"}}),
            json!({"+and": [{"+and": [{"tags": "generated"}]},
                {"touched_at": {"+gt": "2021-03-01 00:00:00", "+lt": "NOW"}}]}),
            json!({"touched_at": {"+gte": "2021-10-28 20:00:00"}}),
            json!({"+or": [{"tags": "tenth"}, {"type": "URL"}]}),
            json!({"+or": [{"tags": "tenth"}, {"id": {"+lt": 5}}]}),
            json!({"value": {"+contains": "again"}}),
        ]
    }

    #[test]
    fn counting_finds_what_looking_at_every_object_finds() {
        let world = changed_world();
        let object_type = world.object_type("indicators").unwrap();
        let subject = Subject { world: &world, object_type };
        let clock = Clock { now: world.now(), zone_hours: 0 };
        let generated = world.generated_of(object_type.id).unwrap();
        for query in conditions() {
            let condition = Condition::parse(&query, clock).unwrap();
            let holds = |object: &crate::world::Object| condition.holds(object, &subject);
            for sort in ["id", "touched_at", "updated_at,id", "-id", "score"] {
                let sorted = |name: &str| (name == "sort").then_some(sort);
                let page = Page::parse(sorted, 10, Quirks::default()).unwrap();
                let stretch = Stretch::of(&condition, &subject, generated);
                let counted = Selection::new(&world, object_type.id, &page, stretch, holds);
                let looked = Selection::new(&world, object_type.id, &page, None, holds);
                let all = looked.ids(0, usize::MAX);
                assert_eq!((counted.total(), all.len()), (looked.total(), looked.total()), "{query} {sort}");
                for start in [0, 1, 2, 9, 50, 99, all.len().saturating_sub(1), all.len(), all.len() + 1] {
                    for limit in [0, 1, 7, 5000] {
                        let expected: Vec<u64> = all.iter().copied().skip(start).take(limit).collect();
                        assert_eq!(counted.ids(start, limit), expected, "{query} {sort} {start} {limit}");
                    }
                }
                for (place, id) in (1..).zip(&all) {
                    let keys = counted.keys(*id).unwrap();
                    assert_eq!((counted.upto(&keys), looked.upto(&keys)), (place, place), "{query} {sort}");
                }
            }
        }
    }

    #[test]
    fn only_a_name_or_one_of_several_windows_needs_a_look_at_every_object() {
        let world = World::generated(100);
        let object_type = world.object_type("indicators").unwrap();
        let subject = Subject { world: &world, object_type };
        let clock = Clock { now: world.now(), zone_hours: 0 };
        let generated = world.generated_of(object_type.id).unwrap();
        let counted: Vec<bool> = conditions()
            .iter()
            .map(|query| {
                let condition = Condition::parse(query, clock).unwrap();
                Stretch::of(&condition, &subject, generated).is_some()
            })
            .collect();
        let slow = counted.iter().filter(|counted| !**counted).count();
        assert_eq!((counted.len(), slow, counted[12], counted[13]), (14, 2, false, false));
    }
}
