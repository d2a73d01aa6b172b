//! Counts ids of alerts and messages on their way, to be compared with what the checkpoint says.
//!
//! A million ids must fit into little memory: those that are SHA-256 in hexadecimal, as ours are, take 32 bytes each.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{Checkpoint, hexadecimal};

/// The ids that were counted.
#[derive(Debug, Default)]
pub struct Tally {
    packed: Vec<[u8; 32]>,
    /// Ids of somebody else's making.
    others: Vec<String>,
}

impl Tally {
    /// Counts one alert.
    pub fn add(&mut self, id: &str) {
        match pack(id) {
            Some(packed) => self.packed.push(packed),
            None => self.others.push(id.to_owned()),
        }
    }

    /// Counts an alert that several emails name once.
    pub fn unite(&mut self) {
        self.sort();
        self.packed.dedup();
        self.others.dedup();
    }

    /// Takes out what was counted elsewhere.
    pub fn remove(&mut self, elsewhere: &mut Self) {
        elsewhere.sort();
        self.packed.retain(|id| elsewhere.packed.binary_search(id).is_err());
        self.others.retain(|id| elsewhere.others.binary_search(id).is_err());
    }

    /// How many alerts were counted.
    pub fn count(&self) -> u64 {
        (self.packed.len() + self.others.len()) as u64
    }

    /// Hands each id on; it stops at the first failure.
    pub fn try_for_each<E>(&self, mut each: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        self.packed.iter().try_for_each(|id| each(&hexadecimal(id)))?;
        self.others.iter().try_for_each(|id| each(id))
    }

    /// SHA-256 over the ids, sorted, each followed by a line feed.
    pub fn digest(&mut self) -> String {
        self.sort();
        let mut hasher = Sha256::new();
        let mut line = String::with_capacity(65);
        let mut others = self.others.iter().peekable();
        for packed in &self.packed {
            line.clear();
            for byte in packed {
                // Writing to a String cannot fail.
                let _ = write!(line, "{byte:02x}");
            }
            while let Some(other) = others.next_if(|other| **other < line) {
                hasher.update(other.as_bytes());
                hasher.update(b"\n");
            }
            line.push('\n');
            hasher.update(line.as_bytes());
        }
        for other in others {
            hasher.update(other.as_bytes());
            hasher.update(b"\n");
        }
        hexadecimal(&hasher.finalize())
    }

    /// What is wrong with the alerts that were counted, by the word of their checkpoint: the rule that they break, and how.
    pub fn disagreement(&mut self, checkpoint: &Checkpoint) -> Option<String> {
        let (counted, alerts) = (self.count(), checkpoint.alerts);
        if counted != alerts {
            let twice = self.doubled().map(|id| format!("; alert {id} stands twice")).unwrap_or_default();
            return Some(format!(
                "rule count: its checkpoint counts {alerts} alerts, the stream has {counted}{twice}"
            ));
        }
        (self.digest() != checkpoint.digest).then(|| {
            "rule digest: the alerts in the stream are not those that its checkpoint covers".to_owned()
        })
    }

    /// An id that was counted twice.
    pub(super) fn doubled(&mut self) -> Option<String> {
        self.sort();
        let packed = self.packed.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(hexadecimal(one)),
            _ => None,
        });
        packed.or_else(|| {
            self.others.windows(2).find_map(|pair| match pair {
                [one, other] if one == other => Some(one.clone()),
                _ => None,
            })
        })
    }

    fn sort(&mut self) {
        self.packed.sort_unstable();
        self.others.sort_unstable();
    }
}

/// The bytes of an id that is 64 hexadecimal digits in lower case.
fn pack(id: &str) -> Option<[u8; 32]> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut packed = [0; 32];
    if id.len() != 64 {
        return None;
    }
    for (place, pair) in packed.iter_mut().zip(id.as_bytes().chunks_exact(2)) {
        *place = pair.iter().map(digit).try_fold(0, |sum, digit| Some(sum * 16 + digit?))?;
    }
    Some(packed)
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use crate::record::digest;

    fn tally(ids: &[String]) -> Tally {
        let mut tally = Tally::default();
        for id in ids {
            tally.add(id);
        }
        tally
    }

    #[test]
    fn ids_of_any_form_make_the_digest_of_their_sorted_lines() {
        let mut ids: Vec<String> = (0..50).map(|number| digest([number.to_string().as_str()])).collect();
        let odd = ["", "a", "zz", "0", "5f", "A1"].map(str::to_owned);
        ids.extend(odd);
        ids.push(ids[3].to_uppercase());
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        let mut counted = tally(&ids);
        assert_eq!(counted.count(), 57);
        assert_eq!(counted.digest(), digest(sorted.iter().map(String::as_str)));
        counted.remove(&mut tally(&ids[..50]));
        assert_eq!(counted.count(), 7);
        let mut twice = tally(&[ids.clone(), ids.clone()].concat());
        twice.unite();
        assert_eq!(twice.digest(), digest(sorted.iter().map(String::as_str)));
    }
}
