//! How much of what a fetch finds is reported, for this one run: flags without a key in the file.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use clap::Args;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// Flags of both fetchers.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Scope {
    /// Without a state: report what was touched since then as if nothing were known
    #[arg(long, value_name = "TIME|DURATION", conflicts_with_all = ["baseline", "backfill"])]
    pub since: Option<Moment>,
    /// Remember everything as it is now, and report nothing
    #[arg(long, conflicts_with = "backfill")]
    pub baseline: bool,
    /// Where something is looked at for the first time, report what was touched since then
    #[arg(long, value_name = "TIME|DURATION")]
    pub backfill: Option<Moment>,
    /// Report, but let nothing be remembered: no marks, no checkpoint
    #[arg(long)]
    pub dry_run: bool,
    /// End after so many alerts, and let nothing be remembered
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

impl Scope {
    /// Whether what is found is remembered.
    pub fn remembers(self) -> bool {
        self.closes() && self.since.is_none()
    }

    /// Whether a source that was fetched whole gets its checkpoint.
    pub fn closes(self) -> bool {
        !self.dry_run && self.limit.is_none()
    }

    /// Whether something that nothing is known of is news, when it is looked at for the first time.
    pub fn reaches(self, touched_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let from = self.since.or(self.backfill).map(|moment| moment.before(now));
        from.zip(touched_at).is_some_and(|(from, touched_at)| touched_at >= from)
    }

    /// Whether there is such news at all.
    pub fn looks_back(self) -> bool {
        self.since.is_some() || self.backfill.is_some()
    }
}

/// A length of time: a number and `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub TimeDelta);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a length of time such as 90s, 15m, 24h or 7d");
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return Err(wrong()),
        };
        TimeDelta::try_seconds(i64::from(number) * seconds).map(Self).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A point in time, or how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long before now.
    Ago(Span),
    /// Then.
    At(DateTime<Utc>),
}

impl Moment {
    /// The point in time, seen from now.
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Ago(Span(span)) => now.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC),
            Self::At(moment) => moment,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = text.parse() {
            return Ok(Self::Ago(span));
        }
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(moment.to_utc()));
        }
        let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok();
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        naive.or_else(day).map(|naive| Self::At(naive.and_utc())).ok_or_else(|| {
            format!(
                "'{text}' is neither a time such as 2021-10-28T20:32:57Z nor a length of time such as 24h"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, Span};

    #[test]
    fn spans_have_one_number_and_one_unit() {
        assert_eq!("90s".parse::<Span>().unwrap().0.num_seconds(), 90);
        assert_eq!("7d".parse::<Span>().unwrap().0.num_hours(), 168);
        for wrong in ["", "h", "24", "-1h", "1h30m", "1 h", "24µ", "99999999999d"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_are_times_or_spans() {
        let now = "2021-10-29T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("24h", "2021-10-28T00:00:00Z"),
            ("2021-10-28", "2021-10-28T00:00:00Z"),
            ("2021-10-28 20:32:57", "2021-10-28T20:32:57Z"),
            ("2021-10-28T22:32:57+02:00", "2021-10-28T20:32:57Z"),
        ] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(
                moment.before(now),
                expected.parse::<chrono::DateTime<chrono::Utc>>().unwrap(),
                "{text}"
            );
        }
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
