//! Worlds of ten thousand to millions of indicators, each of which is a function of its id.
//!
//! Nothing of an indicator is kept until something changes it. Two promises let queries count and page without looking
//! at all of them: the dates rise with the id, and type, status, score, tags, source, attribute values and description
//! repeat with [`PERIOD`]. Values are from the documentation and private ranges or plainly invented.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use super::{Attribute, Object, Score, SourceKind, SourceLink, Tag, World, name_id};
use crate::stamp::Stamp;

/// After so many ids, everything but names and dates repeats.
pub const PERIOD: u64 = 100;

/// When the first indicator was created, and the one after the last.
const BEGINS: &str = "2020-10-28 20:00:00";
const ENDS: &str = "2021-10-28 19:00:00";
const MINUTE: i64 = 60_000;
const UPDATED_AFTER: i64 = 10 * MINUTE;
const TOUCHED_AFTER: i64 = 30 * MINUTE;
/// Ids of the rows that hang on generated objects, out of the way of those that are drawn from the counter.
const FIRST_ROW: u64 = 1 << 40;
const ROWS_EACH: u64 = 4;

/// Type ids of `core_types`: FQDN, IP Address, MD5, SHA-256, URL.
const TYPES: [u64; 5] = [11, 15, 18, 24, 30];
/// Status ids of the same; most are Active.
const STATUSES: [u64; 10] = [1, 1, 1, 1, 1, 1, 2, 3, 4, 5];
const COUNTRIES: [&str; 8] = ["NL", "BR", "KE", "JP", "CA", "PL", "NZ", "IN"];
const CONFIDENCES: [&str; 3] = ["low", "medium", "high"];
/// What everything is tagged with, and what every tenth is tagged with.
const TAGS: [&str; 2] = ["generated", "tenth"];

/// How the objects are made.
#[derive(Clone, Debug)]
pub struct Generated {
    object_type: u16,
    count: u64,
    begins: Stamp,
    ends: Stamp,
    tag_ids: [u64; 2],
    attribute_ids: [u64; 2],
    source_id: u64,
    removed: BTreeSet<u64>,
    /// One object for each place in the period, for conditions to be tried on.
    samples: Vec<Object>,
}

impl World {
    /// A library of so many indicators with the ids 1 to `count`, the people of the demo, and two shared data collections:
    /// "Everything" holds all generated indicators (tag `generated`), "Tenth" every tenth (tag `tenth`).
    pub fn generated(count: u64) -> World {
        let mut world = World::empty();
        // Every name below is a literal; `a_generated_world_is_whole` holds that no line of it fails.
        let _ = world.furnish_generated(count);
        world
    }

    /// Lets a user watch so many of the generated indicators, evenly spread over the library.
    pub fn watch_generated(&mut self, user: u64, watched: u64) -> Result<(), String> {
        let count = self.generated.as_ref().map_or(0, |generated| generated.count);
        if watched > count {
            return Err(format!("there are {count} generated objects, not {watched}"));
        }
        for number in 0..watched {
            self.watch(user, "indicators", 1 + number * count / watched)?;
        }
        Ok(())
    }

    fn furnish_generated(&mut self, count: u64) -> Result<(), String> {
        let clock = self.now.to_string();
        self.set_clock(BEGINS)?;
        let (ana, _) = self.furnish_people()?;
        let object_type = self.object_type("indicators")?.id;
        let mut generated = Generated {
            object_type,
            count,
            begins: self.now,
            ends: Stamp::parse(ENDS).unwrap_or_default(),
            tag_ids: TAGS.map(|name| name_id(&mut self.tag_names, name)),
            attribute_ids: ["Country", "Confidence"].map(|name| name_id(&mut self.attribute_names, name)),
            source_id: self.source_named(SourceKind::Connector, None, "Example Feed"),
            removed: BTreeSet::new(),
            samples: Vec::new(),
        };
        generated.samples = (PERIOD..2 * PERIOD).map(|id| generated.object(id)).collect();
        self.generated = Some(generated);
        for (name, tag) in ["Everything", "Tenth"].into_iter().zip(TAGS) {
            let query = json!({"criteria": {}, "filters": {"+and": [{"tags": tag}]}});
            self.add_saved_search(ana, name, &["indicators"], query, true)?;
        }
        self.set_clock(&clock)
    }
}

impl Generated {
    pub fn object_type(&self) -> u16 {
        self.object_type
    }

    /// Their ids are 1 to this.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn has(&self, id: u64) -> bool {
        (1..=self.count).contains(&id) && !self.removed.contains(&id)
    }

    pub fn removed(&self) -> &BTreeSet<u64> {
        &self.removed
    }

    pub fn remove(&mut self, id: u64) {
        if id <= self.count {
            self.removed.insert(id);
        }
    }

    /// One object for each place in the period, by rising place.
    pub fn samples(&self) -> &[Object] {
        &self.samples
    }

    pub fn created_at(&self, id: u64) -> Stamp {
        let span = i128::from(self.ends.millis() - self.begins.millis());
        let since = span * i128::from(id) / i128::from(self.count.max(1));
        self.begins.plus_millis(i64::try_from(since).unwrap_or(0))
    }

    pub fn updated_at(&self, id: u64) -> Stamp {
        self.created_at(id).plus_millis(UPDATED_AFTER)
    }

    pub fn touched_at(&self, id: u64) -> Stamp {
        self.created_at(id).plus_millis(TOUCHED_AFTER)
    }

    pub fn object(&self, id: u64) -> Object {
        let mut object = self.outline(id);
        let tags = TAGS.into_iter().zip(self.tag_ids).take(if id.is_multiple_of(10) { 2 } else { 1 });
        object.tags = tags.map(|(name, id)| Tag { id, name: name.to_owned() }).collect();
        let place = id % PERIOD;
        let values = [pick(&COUNTRIES, place / 7), pick(&CONFIDENCES, place)];
        let named = ["Country", "Confidence"].into_iter().zip(values).zip(self.attribute_ids);
        let rows = (FIRST_ROW + id * ROWS_EACH..).zip(named);
        let attribute = |(row, ((name, value), attribute_id)): (u64, ((&str, &str), u64))| Attribute {
            id: row,
            attribute_id,
            name: name.to_owned(),
            value: value.to_owned(),
            source_id: Some(self.source_id),
            created_at: object.created_at,
            updated_at: object.created_at,
        };
        object.attributes = rows.map(attribute).collect();
        object.sources = vec![SourceLink {
            id: FIRST_ROW + id * ROWS_EACH + 2,
            source_id: self.source_id,
            tlp_id: Some(3),
            created_at: object.created_at,
            updated_at: object.created_at,
        }];
        object
    }

    /// Everything but the lists.
    pub fn outline(&self, id: u64) -> Object {
        let place = id % PERIOD;
        let type_id = pick(&TYPES, place / 3);
        let created_at = self.created_at(id);
        Object {
            object_type: self.object_type,
            id,
            name: name(type_id, id),
            type_id: Some(type_id),
            status_id: Some(pick(&STATUSES, place / 10)),
            description: (place % 20 == 3).then(|| "<p>Seen by <b>Example Feed</b>.</p>".to_owned()),
            score: Score { manual: None, generated: (place * 7 % 11) as f64, updated_at: created_at },
            created_at,
            updated_at: created_at.plus_millis(UPDATED_AFTER),
            touched_at: created_at.plus_millis(TOUCHED_AFTER),
            ..Object::default()
        }
    }
}

fn pick<T: Copy>(from: &[T], place: u64) -> T {
    from[place as usize % from.len()]
}

fn name(type_id: u64, id: u64) -> String {
    // Odd multipliers, so that no two ids give one value.
    let (left, right) = (id.wrapping_mul(0x9e37_79b9_7f4a_7c15), id.wrapping_mul(0xd6e8_feb8_6659_fd93));
    let mut name = String::with_capacity(64);
    // Writing to a String does not fail.
    let _ = match type_id {
        11 => write!(name, "host-{id}.example.net"),
        15 => write!(name, "10.{}.{}.{}", id >> 16 & 255, id >> 8 & 255, id & 255),
        18 => write!(name, "{left:016x}{right:016x}"),
        24 => write!(name, "{left:016x}{right:016x}{:016x}{id:016x}", left ^ right),
        _ => write!(name, "http://www.example.org/{id}"),
    };
    name
}

#[cfg(test)]
mod tests {
    use super::{PERIOD, World};

    #[test]
    fn a_generated_world_is_whole() {
        assert_eq!(World::empty().furnish_generated(10), Ok(()));
        let mut world = World::generated(1000);
        assert_eq!(world.watch_generated(2, 50), Ok(()));
        assert_eq!(world.watchlist(2).count(), 50);
        assert!(world.watch_generated(2, 1001).is_err());
        let object_type = world.object_type("indicators").unwrap().id;
        assert_eq!(world.objects(object_type).count(), 1000);
        for (id, object) in (1..).zip(world.objects(object_type)) {
            assert_eq!((object.id, object.tags.len()), (id, if id % 10 == 0 { 2 } else { 1 }));
            let kind = world.object_type_by_id(object_type).unwrap();
            assert!(kind.type_row(object.type_id).is_some() && kind.status_row(object.status_id).is_some());
            assert!(object.touched_at < world.now());
        }
    }

    #[test]
    fn dates_rise_with_the_id_and_the_rest_repeats() {
        let world = World::generated(5000);
        let generated = world.generated.as_ref().unwrap();
        for id in 1..5000 {
            assert!(generated.touched_at(id) <= generated.touched_at(id + 1));
        }
        let rest = |id: u64| {
            let object = generated.object(id);
            let values: Vec<_> = object.attributes.iter().map(|row| row.value.clone()).collect();
            let tags: Vec<_> = object.tags.iter().map(|tag| tag.name.clone()).collect();
            (object.type_id, object.status_id, object.score.effective(), values, tags, object.description)
        };
        for id in 1..PERIOD {
            assert_eq!(rest(id), rest(id + 7 * PERIOD));
        }
    }

    #[test]
    fn a_change_is_kept_and_the_neighbours_stay_as_they_were() {
        let mut world = World::generated(100);
        world.add_tag("indicators", 7, "new").unwrap();
        world.remove_object("indicators", 9).unwrap();
        assert_eq!(world.add_indicator(0, "late.example", "FQDN"), Ok(101));
        assert!(world.add_indicator(8, "twice.example", "FQDN").is_err());
        assert_eq!(world.find("indicators", 7).unwrap().tags.len(), 2);
        assert_eq!(world.find("indicators", 7).unwrap().touched_at, world.now());
        assert!(world.find("indicators", 9).is_err());
        assert!(world.find("indicators", 8).unwrap().touched_at < world.now());
        let object_type = world.object_type("indicators").unwrap().id;
        assert_eq!((world.objects(object_type).count(), world.stored(object_type).count()), (100, 2));
    }
}
