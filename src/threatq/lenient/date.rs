//! Dates in the forms that ThreatQ writes: with and without a fraction and a zone; without one they are in the zone that
//! its appliance is set to, which should be UTC.

use std::sync::OnceLock;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

use crate::zone::Zone;

/// The zone of the one ThreatQ that a program talks to; UTC where none is set. Rows are read in many places, all of them
/// from that ThreatQ.
static ZONE: OnceLock<Zone> = OnceLock::new();

/// Sets the zone, before anything is read.
pub(in crate::threatq) fn set_zone(zone: Zone) {
    // A second ThreatQ in one program would be a bug; the first one's zone stays.
    let _ = ZONE.set(zone);
}

/// The beginning of a window as ThreatQ reads it.
pub(in crate::threatq) fn window_from(since: DateTime<Utc>) -> String {
    let shown = ZONE.get().map_or_else(|| since.naive_utc(), |zone| zone.earliest_shown(since));
    shown.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn instant(shown: NaiveDateTime) -> DateTime<Utc> {
    ZONE.get().map_or_else(|| shown.and_utc(), |zone| zone.instant(shown))
}

/// The time that a text says.
///
/// None where it says none, and outside of the years that can be reckoned with.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let date = usual_date(text.as_bytes()).or_else(|| any_date(text));
    date.filter(|date| (1970..=9999).contains(&date.year()))
}

/// The form that ThreatQ is known to use, `2021-10-28 20:32:57` with or without a fraction; dates are most of the work of
/// reading a row.
fn usual_date(text: &[u8]) -> Option<DateTime<Utc>> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b' ', h1, h2, b':', n1, n2, b':', s1, s2, fraction @ ..] =
        text
    else {
        return None;
    };
    let year = i32::try_from(digits(&[*y1, *y2, *y3, *y4])?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?)?;
    let nanos = match fraction {
        [] => 0,
        [b'.', fraction @ ..] if (1..=9).contains(&fraction.len()) => {
            digits(fraction)? * 10_u32.pow(9 - u32::try_from(fraction.len()).ok()?)
        }
        _ => return None,
    };
    let time =
        day.and_hms_nano_opt(digits(&[*h1, *h2])?, digits(&[*n1, *n2])?, digits(&[*s1, *s2])?, nanos)?;
    Some(instant(time))
}

/// The number that at most nine digits write.
fn digits(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

fn any_date(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(zoned) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Some(zoned.to_utc());
    }
    for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"] {
        if let Ok(naive) = NaiveDateTime::parse_from_str(text, form) {
            return Some(instant(naive));
        }
    }
    let midnight = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?;
    Some(instant(midnight))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_come_in_many_forms_and_all_are_utc() {
        let expected = "2021-10-28T20:32:57+00:00";
        for text in [
            "2021-10-28 20:32:57",
            "2021-10-28T20:32:57",
            "2021-10-28T20:32:57Z",
            "2021-10-28 20:32:57Z",
            "2021-10-28T22:32:57+02:00",
        ] {
            assert_eq!(parse(text).unwrap().to_rfc3339(), expected, "{text}");
        }
        assert_eq!(parse("2021-10-28 20:32:57.815").unwrap().to_rfc3339(), "2021-10-28T20:32:57.815+00:00");
        assert_eq!(parse("2021-10-28").unwrap().to_rfc3339(), "2021-10-28T00:00:00+00:00");
        assert!(parse("").is_none() && parse("soon").is_none());
        assert!(parse("-262143-01-01 00:00:00").is_none() && parse("+12021-10-28 00:00:00").is_none());
        // The form that is read without chrono's help keeps to the calendar.
        for text in
            ["2021-02-29 00:00:00", "2021-10-28 24:00:00", "2021-10-28 20:32:57.", "2021-1O-28 20:32:57"]
        {
            assert!(parse(text).is_none(), "{text}");
        }
        let nine = parse("2021-10-28 20:32:57.000000001").unwrap();
        assert_eq!(nine.timestamp_subsec_nanos(), 1);
    }
}
