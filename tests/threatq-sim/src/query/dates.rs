//! The dates that a since-filter may name: a stamp, `NOW`, or a relative expression.
//!
//! Section 7.3 of the API reference says "a date string or a relative expression"; which expressions is a guess:
//! `-7 days`, `7 days ago`, `now`, `today`, `yesterday`.

use crate::stamp::Stamp;

const SECOND: i64 = 1000;
const DAY: i64 = 86_400 * SECOND;

/// The world's clock, and how many hours its naive dates are ahead of UTC.
#[derive(Clone, Copy)]
pub struct Clock {
    pub now: Stamp,
    pub zone_hours: i32,
}

/// The instant that a text means. A date without a zone is meant in the clock's.
pub fn instant(text: &str, clock: Clock) -> Option<Stamp> {
    let Clock { now, zone_hours } = clock;
    let text = text.trim();
    let ahead = if text.ends_with('Z') { 0 } else { i64::from(zone_hours) * 3600 * SECOND };
    match text.to_ascii_lowercase().as_str() {
        // A query comes after the writes it can see, so what was stamped at this very tick is before NOW.
        "now" => Some(now.plus_millis(1)),
        "today" => Some(midnight(now.plus_millis(ahead)).plus_millis(-ahead)),
        "yesterday" => Some(midnight(now.plus_millis(ahead)).plus_millis(-ahead - DAY)),
        lower => {
            let date = Stamp::parse(text).map(|stamp| stamp.plus_millis(-ahead));
            date.or_else(|| relative(lower, now))
        }
    }
}

fn midnight(now: Stamp) -> Stamp {
    Stamp::from_millis(now.millis().div_euclid(DAY) * DAY)
}

fn relative(text: &str, now: Stamp) -> Option<Stamp> {
    let (text, past) = match text.strip_suffix("ago") {
        Some(rest) => (rest.trim(), true),
        None => (text, false),
    };
    let (count, unit) = text.split_once(' ')?;
    let count: i64 = count.parse().ok()?;
    let unit = match unit.trim().trim_end_matches('s') {
        "second" | "sec" => SECOND,
        "minute" | "min" => 60 * SECOND,
        "hour" => 3600 * SECOND,
        "day" => DAY,
        "week" => 7 * DAY,
        _ => return None,
    };
    let distance = count.checked_mul(unit)?;
    Some(now.plus_millis(if past { distance.checked_neg()? } else { distance }))
}

#[cfg(test)]
mod tests {
    use super::{Clock, instant};
    use crate::stamp::Stamp;

    #[test]
    fn relative_dates_are_counted_from_the_clock_of_the_world() {
        let now = Stamp::parse("2021-10-28 20:32:57").unwrap();
        let clock = Clock { now, zone_hours: 0 };
        let at = |text: &str| instant(text, clock).map(|stamp| stamp.to_string());
        assert_eq!(at("NOW").unwrap(), "2021-10-28 20:32:57.001");
        assert_eq!(at("-2 days").unwrap(), "2021-10-26 20:32:57");
        assert_eq!(at("1 hour ago").unwrap(), "2021-10-28 19:32:57");
        assert_eq!(at("yesterday").unwrap(), "2021-10-27 00:00:00");
        assert_eq!(at("2021-01-01").unwrap(), "2021-01-01 00:00:00");
        assert_eq!(at("soon"), None);
        assert_eq!(at("9223372036854775807 days"), None);
    }
    #[test]
    fn a_date_without_a_zone_is_meant_in_the_zone_of_the_clock() {
        let now = Stamp::parse("2021-10-28 23:30:00").unwrap();
        let at = |text: &str| {
            instant(text, Clock { now, zone_hours: 2 }).map(|stamp| stamp.to_string()).unwrap_or_default()
        };
        assert_eq!(at("2021-10-28 20:00:00"), "2021-10-28 18:00:00");
        assert_eq!(at("2021-10-28 20:00:00Z"), "2021-10-28 20:00:00");
        assert_eq!(at("today"), "2021-10-28 22:00:00");
        assert_eq!(at("-1 hour"), "2021-10-28 22:30:00");
    }
}
