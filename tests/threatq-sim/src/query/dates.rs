//! The dates that a since-filter may name: a stamp, `NOW`, or a relative expression.
//!
//! Section 7.3 of the API reference says "a date string or a relative expression"; which expressions is a guess:
//! `-7 days`, `7 days ago`, `now`, `today`, `yesterday`.

use crate::stamp::Stamp;

const SECOND: i64 = 1000;
const DAY: i64 = 86_400 * SECOND;

/// The instant that a text means at `now`.
pub fn instant(text: &str, now: Stamp) -> Option<Stamp> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        // A query comes after the writes it can see, so what was stamped at this very tick is before NOW.
        "now" => Some(now.plus_millis(1)),
        "today" => Some(midnight(now)),
        "yesterday" => Some(midnight(now).plus_millis(-DAY)),
        lower => Stamp::parse(text).or_else(|| relative(lower, now)),
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
    use super::instant;
    use crate::stamp::Stamp;

    #[test]
    fn relative_dates_are_counted_from_the_clock_of_the_world() {
        let now = Stamp::parse("2021-10-28 20:32:57").unwrap();
        let at = |text: &str| instant(text, now).map(|stamp| stamp.to_string());
        assert_eq!(at("NOW").unwrap(), "2021-10-28 20:32:57.001");
        assert_eq!(at("-2 days").unwrap(), "2021-10-26 20:32:57");
        assert_eq!(at("1 hour ago").unwrap(), "2021-10-28 19:32:57");
        assert_eq!(at("yesterday").unwrap(), "2021-10-27 00:00:00");
        assert_eq!(at("2021-01-01").unwrap(), "2021-01-01 00:00:00");
        assert_eq!(at("soon"), None);
        assert_eq!(at("9223372036854775807 days"), None);
    }
}
