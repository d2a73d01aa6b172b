//! Where an object is from, and how far it may be passed on.

use serde::Deserialize;

use super::lenient::{self, Named};

/// A source of an object, in either shape.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Source {
    #[serde(alias = "source_name")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    tlp_id: Option<i64>,
    tlp_name: Option<String>,
    tlp: Option<Named>,
}

/// The TLPs by ThreatQ's numbers, the strictest first.
const TLPS: [&str; 4] = ["red", "amber", "green", "white"];

impl Source {
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| "(no name)".to_owned())
    }

    fn tlp(&self) -> Option<String> {
        let number = self.tlp_id.and_then(|id| usize::try_from(id.checked_sub(1)?).ok());
        let numbered = number.and_then(|place| TLPS.get(place)).map(|name| (*name).to_owned());
        let named = self.tlp_name.clone().or_else(|| self.tlp.clone().map(Named::into_name));
        numbered.or_else(|| named.map(|name| name.to_lowercase()))
    }
}

/// The strictest TLP of several sources. One that is not among ThreatQ's four counts as stricter than white alone.
pub(super) fn strictest(sources: &[Source]) -> Option<String> {
    let strictness = |tlp: &String| TLPS.iter().position(|known| known == tlp).unwrap_or(TLPS.len() - 1);
    sources.iter().filter_map(Source::tlp).min_by_key(strictness)
}
