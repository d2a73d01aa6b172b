//! How much may be done in which time, as people write it: `30/min`.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// So many in a second, a minute or an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rate(Duration);

impl Rate {
    /// From the beginning of one to the beginning of the next.
    pub fn interval(self) -> Duration {
        self.0
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("'{text}' is not a rate such as 30/min, 2/s or 500/h");
        let (count, unit) = text.split_once('/').ok_or_else(refused)?;
        let count: u32 = count.trim().parse().map_err(|_| refused())?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hour" => 3600,
            _ => return Err(refused()),
        };
        Duration::from_secs(seconds).checked_div(count).map(Self).ok_or_else(refused)
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Rate;

    #[test]
    fn a_rate_is_a_number_and_a_unit_of_time() {
        for (text, milliseconds) in [("30/min", 2000), ("2/s", 500), ("500/h", 7200), (" 1 / m ", 60_000)] {
            assert_eq!(text.parse().map(Rate::interval), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for bad in ["", "30", "0/s", "-1/s", "1/d", "1/", "/s", "1.5/s", "1/s/s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
