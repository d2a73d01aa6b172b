//! A part of an object that ThreatQ may deliver, deliver empty, or not deliver: three things, and only the first two say
//! something about the object.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A part of an object.
#[derive(Clone, Debug, Default)]
pub(super) enum Part<T> {
    /// It was not delivered.
    #[default]
    Absent,
    /// It was delivered, and is null.
    Empty,
    /// It was delivered.
    Full(T),
}

impl<T> Part<T> {
    /// What it is, where it is anything.
    pub(super) fn get(&self) -> Option<&T> {
        match self {
            Self::Full(part) => Some(part),
            Self::Absent | Self::Empty => None,
        }
    }

    /// The same part, seen otherwise.
    pub(super) fn map<U>(&self, see: impl FnOnce(&T) -> U) -> Part<U> {
        match self {
            Self::Absent => Part::Absent,
            Self::Empty => Part::Empty,
            Self::Full(part) => Part::Full(see(part)),
        }
    }
}

impl<T> From<Option<T>> for Part<T> {
    /// What is none of it is empty.
    fn from(part: Option<T>) -> Self {
        part.map_or(Self::Empty, Self::Full)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    /// What makes no sense was not delivered, and the object is read without it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::from_str(<&RawValue>::deserialize(deserializer)?.get()) {
            Ok(part) => Ok(Option::into(part)),
            Err(reason) if reason.is_data() => {
                tracing::info!("a part of an object makes no sense, and is not compared: {reason}");
                Ok(Self::Absent)
            }
            Err(reason) => Err(D::Error::custom(reason)),
        }
    }
}
