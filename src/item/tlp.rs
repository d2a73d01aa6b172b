//! How much of an item is told, by its TLP.

use crate::config::{Details, Tlp};
use crate::exit::Status;
use crate::record::Alert;

/// What is told of items: everything, or of some that they are there, or nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Discretion {
    details: Details,
    hide: Vec<Tlp>,
    refuse: Vec<Tlp>,
}

impl Discretion {
    /// By the settings of a section; what it leaves out is told.
    pub(crate) fn new(
        details: Option<Details>,
        hide_tlp: Option<Vec<Tlp>>,
        refuse_tlp: Option<Vec<Tlp>>,
    ) -> Self {
        let (hide, refuse) = (hide_tlp.unwrap_or_default(), refuse_tlp.unwrap_or_default());
        Self { details: details.unwrap_or_default(), hide, refuse }
    }

    /// Whether nothing is told of any item but that it is there.
    pub(crate) fn hides_all(&self) -> bool {
        self.details == Details::Hide
    }

    /// Whether nothing is told of items of this TLP but that they are there.
    pub(crate) fn hides(&self, tlp: Tlp) -> bool {
        self.hides_all() || self.hide.contains(&tlp)
    }

    /// Whether items of this TLP are not told at all.
    pub(crate) fn refuses(&self, tlp: Tlp) -> bool {
        self.refuse.contains(&tlp)
    }
}

/// What it means for a source that so many of its alerts are told to nobody, which is said.
pub(crate) fn told_to_nobody(source: &str, alerts: u64, told: &str) -> Status {
    if alerts == 0 {
        return Status::Done;
    }
    let (are, their) = if alerts == 1 { (" is", "its") } else { ("s are", "their") };
    tracing::warn!("source '{source}': {alerts} alert{are} {told} to nobody: {their} TLP is refused");
    Status::Refused
}

/// The object's TLP. A word that is not known is treated as the strictest.
pub(crate) fn tlp(alert: &Alert) -> Tlp {
    let Some(word) = &alert.object.tlp else {
        return Tlp::None;
    };
    let word = word.trim().to_lowercase();
    match word.strip_prefix("tlp:").unwrap_or(&word) {
        "white" | "clear" => Tlp::White,
        "green" => Tlp::Green,
        "amber" => Tlp::Amber,
        "amber+strict" | "amber strict" => Tlp::AmberStrict,
        _ => Tlp::Red,
    }
}
