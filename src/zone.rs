//! A time zone by its name in the IANA database: for times that do not say which zone they are in, and for showing times.
//!
//! Where clocks go back an hour comes twice, and where they go forward one is left out. A time is then taken for the
//! earlier of the two it may be, and a window begins early enough for both, so that nothing falls between. The only home
//! of chrono-tz, which brings the zones' history with it.
//!
//! Fails where there is no zone of that name.

use std::fmt::{self, Write};

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// No clock goes back or forward by more.
const LARGEST_STEP: TimeDelta = TimeDelta::hours(3);

/// The guide's form of a time.
const FORM: &str = "%Y-%m-%d %H:%M:%S";

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// The zone of this name, such as `Europe/Berlin`; UTC where there is no name.
    pub fn named(name: Option<&str>) -> Result<Self, String> {
        let refused = |name| format!("'{name}' is not a time zone such as UTC or Europe/Berlin");
        name.map_or(Ok(Self(Tz::UTC)), |name| name.parse().map(Self).map_err(|_| refused(name)))
    }

    /// A time as a clock in this zone shows it: as the guide has it for UTC, with the zone's abbreviation for others.
    pub fn show(self, time: DateTime<Utc>) -> String {
        let local = time.with_timezone(&self.0);
        let abbreviation = if self.0 == Tz::UTC { String::new() } else { local.format(" %Z").to_string() };
        format!("{}{abbreviation}", local.format(FORM))
    }

    /// The same in a form of one's own.
    ///
    /// Fails when it is no form.
    pub fn form(self, time: DateTime<Utc>, form: &str) -> Result<String, fmt::Error> {
        let mut shown = String::new();
        write!(shown, "{}", time.with_timezone(&self.0).format(form))?;
        Ok(shown)
    }

    /// The instant that a clock in this zone means; the earlier one, where it shows the same time twice.
    pub fn instant(self, shown: NaiveDateTime) -> DateTime<Utc> {
        if self.0 == Tz::UTC {
            // The usual case, in every row of every list.
            return shown.and_utc();
        }
        let found = self.0.from_local_datetime(&shown).earliest();
        // A time that was left out is read as if the clock had not gone forward yet.
        found.map_or_else(|| shown.and_utc() - self.ahead(shown.and_utc() - LARGEST_STEP), |at| at.to_utc())
    }

    /// A time on a clock in this zone such that no later instant is shown as an earlier time.
    pub fn earliest_shown(self, since: DateTime<Utc>) -> NaiveDateTime {
        let (now, soon) = (self.ahead(since), self.ahead(since + LARGEST_STEP));
        (since + now.min(soon)).naive_utc()
    }

    /// How far the zone is ahead of UTC at an instant.
    fn ahead(self, at: DateTime<Utc>) -> TimeDelta {
        let offset = self.0.offset_from_utc_datetime(&at.naive_utc()).fix();
        TimeDelta::seconds(offset.local_minus_utc().into())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

    use super::Zone;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn shown(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_is_read_by_its_zone_on_the_two_odd_nights_as_well() {
        let new_york = Zone::named(Some("America/New_York")).unwrap();
        for (clock, instant) in [
            ("2021-10-28T16:32:57.818", "2021-10-28T20:32:57.818Z"),
            ("2021-11-07T00:59:59", "2021-11-07T04:59:59Z"),
            // Shown twice.
            ("2021-11-07T01:30:00", "2021-11-07T05:30:00Z"),
            ("2021-11-07T02:00:00", "2021-11-07T07:00:00Z"),
            // Never shown.
            ("2021-03-14T02:30:00", "2021-03-14T07:30:00Z"),
            ("2021-03-14T03:00:00", "2021-03-14T07:00:00Z"),
        ] {
            assert_eq!(new_york.instant(shown(clock)), at(instant), "{clock}");
        }
        assert_eq!(
            Zone::named(None).unwrap().instant(shown("2021-10-28T20:32:57")),
            at("2021-10-28T20:32:57Z")
        );
        assert!(Zone::named(Some("Berlin")).is_err() && Zone::named(Some("")).is_err());
    }

    #[test]
    fn a_time_is_shown_in_its_zone_and_says_which() {
        let time = at("2021-10-28T20:32:57.818Z");
        assert_eq!(Zone::named(None).unwrap().show(time), "2021-10-28 20:32:57");
        assert_eq!(Zone::named(Some("Europe/Berlin")).unwrap().show(time), "2021-10-28 22:32:57 CEST");
        assert_eq!(Zone::named(Some("Asia/Kolkata")).unwrap().form(time, "%H:%M").unwrap(), "02:02");
        assert!(Zone::named(None).unwrap().form(time, "%").is_err());
    }

    #[test]
    fn a_window_begins_before_everything_that_is_shown_after_it() {
        for name in ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"] {
            let zone = Zone::named(Some(name)).unwrap();
            // Every ten minutes of two days around each night on which some of these clocks are set.
            for day in ["2021-03-13", "2021-03-27", "2021-04-03", "2021-10-02", "2021-10-30", "2021-11-06"] {
                let begin = at(&format!("{day}T00:00:00Z"));
                for minute in (0..2 * 24 * 60).step_by(10) {
                    let since = begin + TimeDelta::minutes(minute);
                    let start = zone.earliest_shown(since);
                    for later in (0..300).step_by(10) {
                        let later = since + TimeDelta::minutes(later);
                        let clock = later.with_timezone(&zone.0).naive_local();
                        assert!(clock >= start, "{name}: {since} {later}");
                        assert!(zone.instant(clock) <= later, "{name}: {later}");
                    }
                    assert!(zone.instant(start) <= since, "{name}: {since}");
                }
            }
        }
    }
}
