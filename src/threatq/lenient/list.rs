//! A list, row by row as it arrives: what is not kept of it takes no room.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Hands on each row of a list. Fails on what is no list, and where a row is refused.
pub(in crate::threatq) fn each_row<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    each: impl FnMut(T) -> Result<(), String>,
) -> Result<(), D::Error> {
    deserializer.deserialize_seq(RowVisitor { each, row: PhantomData })
}

struct RowVisitor<T, F> {
    each: F,
    row: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T) -> Result<(), String>> Visitor<'de> for RowVisitor<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(row) = sequence.next_element()? {
            (self.each)(row).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
