//! An instant as ThreatQ writes it: UTC without a zone, to the second or to the millisecond.
//!
//! Follows section 1.5 of the API reference. Fails by returning `None` for text that is no date.

use std::fmt;
use std::time::SystemTime;

const DAY: i64 = 86_400_000;

/// Milliseconds since 1970-01-01 00:00:00 UTC. Displays as the SQL shape does: `.mmm` only when there are milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

impl Stamp {
    pub const fn from_millis(millis: i64) -> Stamp {
        Stamp(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads `YYYY-MM-DD`, `YYYY-MM-DD[ T]HH:MM:SS`, and both with `.fff` and `Z`.
    pub fn parse(text: &str) -> Option<Stamp> {
        let text = text.trim();
        let text = text.strip_suffix('Z').unwrap_or(text);
        let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
        let mut date = date.splitn(3, '-');
        let (year, month, day) =
            (digits(date.next()?, 4)?, digits(date.next()?, 2)?, digits(date.next()?, 2)?);
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut clock = clock.splitn(3, ':');
        let (hour, minute, second) =
            (digits(clock.next()?, 2)?, digits(clock.next()?, 2)?, digits(clock.next()?, 2)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let millis: i64 = format!("{fraction:0<3.3}").parse().ok()?;
        let seconds = hour * 3600 + minute * 60 + second;
        let stamp = Stamp(days_from_civil(year, month, day) * DAY + seconds * 1000 + millis);
        (stamp.civil() == (year, month, day)).then_some(stamp)
    }

    /// The same instant without its milliseconds, as the Solr shape has it.
    pub fn whole_seconds(self) -> Stamp {
        Stamp(self.0.div_euclid(1000) * 1000)
    }

    pub fn plus_millis(self, millis: i64) -> Stamp {
        Stamp(self.0.saturating_add(millis))
    }

    /// The stamp of a moment of the real clock.
    pub fn of(time: SystemTime) -> Stamp {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Appends the text to `out`, with the milliseconds even when there are none or without them. For the rows of large
    /// worlds: a fifth of what `Display` takes.
    pub fn write(self, out: &mut Vec<u8>, millis: bool) {
        let (year, month, day) = self.civil();
        let rest = self.0.rem_euclid(DAY);
        if !(0..=9999).contains(&year) {
            out.extend_from_slice(self.whole_seconds().to_string().as_bytes());
            return;
        }
        two_digits(out, year / 100);
        two_digits(out, year % 100);
        for (mark, number) in [
            (b'-', month),
            (b'-', day),
            (b' ', rest / 3_600_000),
            (b':', rest / 60_000 % 60),
            (b':', rest / 1000 % 60),
        ] {
            out.push(mark);
            two_digits(out, number);
        }
        if millis {
            out.push(b'.');
            out.push(b'0' + (rest % 1000 / 100) as u8);
            two_digits(out, rest % 100);
        }
    }

    /// The text of HTTP's headers (RFC 9110, section 5.6.7): `Thu, 28 Oct 2021 20:32:57 GMT`.
    pub fn http_date(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (year, month, day) = self.civil();
        let weekday = DAYS[self.0.div_euclid(DAY).rem_euclid(7) as usize];
        let month = MONTHS[(month - 1) as usize];
        let text = self.whole_seconds().to_string();
        let clock = text.split(' ').next_back().unwrap_or_default();
        format!("{weekday}, {day:02} {month} {year:04} {clock} GMT")
    }

    fn civil(self) -> (i64, i64, i64) {
        civil_from_days(self.0.div_euclid(DAY))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        let rest = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        match rest % 1000 {
            0 => Ok(()),
            millis => write!(f, ".{millis:03}"),
        }
    }
}

fn two_digits(out: &mut Vec<u8>, number: i64) {
    out.push(b'0' + (number / 10) as u8);
    out.push(b'0' + (number % 10) as u8);
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let plain = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": the year starts in March, 400 years are 146097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = (shifted + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn a_stamp_reads_and_writes_the_same_text() {
        for text in [
            "2021-10-28 20:32:57",
            "2022-01-18 15:17:39.815",
            "2024-02-29 00:00:00",
            "1969-12-31 23:59:59.001",
        ] {
            assert_eq!(Stamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Stamp::parse("2021-10-28T20:32:57Z"), Stamp::parse("2021-10-28 20:32:57.000"));
        assert_eq!(Stamp::parse("2021-10-28").unwrap().to_string(), "2021-10-28 00:00:00");
        assert_eq!(Stamp::parse("2021-10-28 20:32:57.8").unwrap().millis() % 1000, 800);
        assert_eq!(Stamp::parse("2021-10-28 20:32:57").unwrap().millis(), 1_635_453_177_000);
    }

    #[test]
    fn a_stamp_is_written_to_the_second_or_the_millisecond_and_in_the_form_of_headers() {
        let stamp = Stamp::parse("2022-01-08 05:07:09.015").unwrap();
        let written = |millis: bool| {
            let mut out = Vec::new();
            stamp.write(&mut out, millis);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(false), "2022-01-08 05:07:09");
        assert_eq!(written(true), "2022-01-08 05:07:09.015");
        assert_eq!(stamp.http_date(), "Sat, 08 Jan 2022 05:07:09 GMT");
        assert_eq!(Stamp::default().http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn text_that_is_no_date_is_refused() {
        for text in [
            "",
            "NOW",
            "2021-13-01",
            "2021-02-30",
            "2021-10-28 25:00:00",
            "21-10-28",
            "2021-10-28 20:32",
            "2021-10-28 20:32:57.",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }
}
