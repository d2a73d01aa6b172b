//! Which objects of a generated world a condition holds for, found without looking at them.
//!
//! Rests on the two promises of `world::generated`: dates rise with the id, and the rest but the name repeats. A
//! condition that these do not answer (a name, a mention, one of several windows) has no stretch and costs a look at
//! every object.

use super::condition::{Bound, Compare, Condition, DateColumn, Field, Subject};
use crate::stamp::Stamp;
use crate::world::{Generated, PERIOD};

const PLACES: usize = PERIOD as usize;

/// The ids from `first` to `last` whose place in the period is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    first: u64,
    last: u64,
    places: [bool; PLACES],
}

impl Stretch {
    /// All of them.
    pub fn whole(generated: &Generated) -> Stretch {
        Stretch { first: 1, last: generated.count(), places: [true; PLACES] }
    }

    pub fn of(condition: &Condition, subject: &Subject, generated: &Generated) -> Option<Stretch> {
        let part = |part: &Condition| Stretch::of(part, subject, generated);
        match condition {
            Condition::All(parts) => {
                let both = |all: Stretch, next: Stretch| all.both(&next);
                let parts = parts.iter().map(part).collect::<Option<Vec<_>>>()?;
                Some(parts.into_iter().fold(Stretch::whole(generated), both))
            }
            Condition::Any(parts) => {
                let mut parts = parts.iter().map(part);
                let Some(first) = parts.next() else {
                    return Some(Stretch::nothing());
                };
                parts.try_fold(first?, |any, next| any.either(&next?))
            }
            Condition::Field(field, compare) => Stretch::of_field(*field, compare, subject, generated),
        }
    }

    fn of_field(
        field: Field,
        compare: &Compare,
        subject: &Subject,
        generated: &Generated,
    ) -> Option<Stretch> {
        let count = generated.count();
        Some(match (field, compare) {
            (Field::Name | Field::Mentions, _) => return None,
            (Field::Id, Compare::Number(bound, wanted)) => {
                Stretch::window(count, *bound, wanted, |id| id as f64)
            }
            (Field::Date(column), Compare::Instant(bound, wanted)) => {
                let date: fn(&Generated, u64) -> Stamp = match column {
                    DateColumn::Created => Generated::created_at,
                    DateColumn::Updated => Generated::updated_at,
                    DateColumn::Touched => Generated::touched_at,
                    DateColumn::Published | DateColumn::Happened => return Some(Stretch::nothing()),
                };
                Stretch::window(count, *bound, wanted, |id| date(generated, id).whole_seconds())
            }
            (Field::Id | Field::Date(_), _) => Stretch::nothing(),
            _ => {
                let mut stretch = Stretch { places: [false; PLACES], ..Stretch::whole(generated) };
                for (place, sample) in stretch.places.iter_mut().zip(generated.samples()) {
                    *place = field.any(sample, subject, |given| compare.holds(given));
                }
                stretch
            }
        })
    }

    fn nothing() -> Stretch {
        Stretch { first: 1, last: 0, places: [false; PLACES] }
    }

    /// Where a value that rises with the id stands in this relation to another.
    fn window<T: PartialOrd>(count: u64, bound: Bound, wanted: &T, value: impl Fn(u64) -> T) -> Stretch {
        let at_least = first(1, count + 1, |id| value(id) >= *wanted);
        let above = first(1, count + 1, |id| value(id) > *wanted);
        let (first, last) = match bound {
            Bound::Equal => (at_least, above - 1),
            Bound::Above => (above, count),
            Bound::AtLeast => (at_least, count),
            Bound::Below => (1, at_least - 1),
            Bound::AtMost => (1, above - 1),
        };
        Stretch { first, last, places: [true; PLACES] }
    }

    fn both(&self, other: &Stretch) -> Stretch {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        Stretch {
            first,
            last,
            places: std::array::from_fn(|place| self.places[place] && other.places[place]),
        }
    }

    /// Only when one window holds for both.
    fn either(&self, other: &Stretch) -> Option<Stretch> {
        let places = std::array::from_fn(|place| self.places[place] || other.places[place]);
        let one_window = (self.first, self.last) == (other.first, other.last);
        one_window.then_some(Stretch { places, ..*self })
    }

    pub fn holds(&self, id: u64) -> bool {
        (self.first..=self.last).contains(&id) && self.places[(id % PERIOD) as usize]
    }

    /// How many ids of the stretch are at most this, as a function made ready for many.
    pub fn counter(&self) -> impl Fn(u64) -> u64 + use<> {
        let mut upto = [0; PLACES];
        let mut sum = 0;
        for (count, wanted) in upto.iter_mut().zip(self.places) {
            sum += u64::from(wanted);
            *count = sum;
        }
        let (first, last) = (self.first, self.last);
        let from_zero = move |id: u64| id / PERIOD * sum + upto[(id % PERIOD) as usize];
        move |id| if id < first || last < first { 0 } else { from_zero(id.min(last)) - from_zero(first - 1) }
    }
}

/// The first number from `low` on for which something holds that then holds for all greater ones; `high` when none
/// below does.
pub fn first(low: u64, high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
