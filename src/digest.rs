//! The state digest: what a catalogue holds, in 4,096 sums, so that two catalogues find out where they differ.
//!
//! An entity's hash is SHA-256 of its IRI, one line feed, and its body: the lines of N-Triples of its description as the
//! change log has them, in canonical form, sorted by their bytes, each once and each ended by ` .` and a line feed. The
//! first twelve bits of SHA-256 of the IRI name the entity's bucket. A bucket's sum is the sum of its entities' hashes as
//! big-endian numbers, modulo 2^256. Pure: reads no store. Start at [`hash`] and [`Sums`].

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

mod compare;

pub use compare::{Difference, Side, between};

/// How many buckets there are: twelve bits.
pub const BUCKETS: usize = 4096;

/// The name of what this file does. A digest made in another way cannot be compared.
pub const METHOD: &str = "harvestd-state-1";

/// An entity's hash, or a sum of such.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Sum([u8; 32]);

/// The hash of an entity with this body.
pub fn hash(entity: &str, body: &str) -> Sum {
    let mut sha = Sha256::new();
    sha.update(entity.as_bytes());
    sha.update(b"\n");
    sha.update(body.as_bytes());
    Sum(sha.finalize().into())
}

/// The bucket of an entity.
pub fn bucket(entity: &str) -> u16 {
    let sha = Sha256::digest(entity.as_bytes());
    u16::from_be_bytes([sha[0], sha[1]]) >> 4
}

impl Sum {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Writes 64 hexadecimal digits. There are thousands of sums in an answer: none is made a string of its own.
    fn hex<'t>(&self, text: &'t mut [u8; 64]) -> &'t str {
        let written = hex::encode_to_slice(self.0, text).is_ok();
        let text = written.then(|| std::str::from_utf8(text).ok()).flatten();
        text.unwrap_or_default()
    }

    /// Adds modulo 2^256.
    pub fn add(&mut self, other: &Self) {
        let mut carry = 0;
        for (own, others) in self.0.iter_mut().zip(&other.0).rev() {
            let sum = u16::from(*own) + u16::from(*others) + carry;
            [_, *own] = sum.to_be_bytes();
            carry = sum >> 8;
        }
    }

    /// Takes away modulo 2^256.
    pub fn subtract(&mut self, other: &Self) {
        let mut negative = Self(other.0.map(|byte| !byte));
        let mut one = Self::default();
        one.0[31] = 1;
        negative.add(&one);
        self.add(&negative);
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hex(&mut [0; 64]))
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.hex(&mut [0; 64]))
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bad = || serde::de::Error::custom(format!("{text:?}, expected 64 hexadecimal digits"));
        Self::from_hex(&text).ok_or_else(bad)
    }
}

/// What became of an entity: its hash now. None: it is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub entity: String,
    pub now: Option<Sum>,
}

impl Change {
    /// The change that an activity makes.
    pub fn of(activity: &crate::log::Activity) -> Self {
        let entity = activity.entity.clone();
        let is_there = activity.verb != crate::log::Verb::Delete;
        let now = is_there.then(|| hash(&entity, &activity.body));
        Self { entity, now }
    }
}

/// All buckets, and how many entities they hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    buckets: Vec<Sum>,
    entities: u64,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            buckets: vec![Sum::default(); BUCKETS],
            entities: 0,
        }
    }
}

impl Sums {
    /// An entity of `bucket` that had one hash has another.
    pub fn change(&mut self, bucket: u16, before: Option<Sum>, now: Option<Sum>) {
        let Some(sum) = self.buckets.get_mut(usize::from(bucket)) else {
            return;
        };
        if let Some(before) = before {
            sum.subtract(&before);
            self.entities = self.entities.saturating_sub(1);
        }
        if let Some(now) = now {
            sum.add(&now);
            self.entities += 1;
        }
    }

    pub fn add(&mut self, entity: &str, now: Sum) {
        self.change(bucket(entity), None, Some(now));
    }

    pub fn buckets(&self) -> &[Sum] {
        &self.buckets
    }

    pub fn entities(&self) -> u64 {
        self.entities
    }

    /// The sum over all buckets: one number for the whole catalogue.
    pub fn total(&self) -> Sum {
        let mut total = Sum::default();
        for sum in &self.buckets {
            total.add(sum);
        }
        total
    }
}

/// What `/feed/state` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// [`METHOD`].
    pub method: String,
    pub generation: u64,
    /// Sequence number of the newest activity that is counted.
    pub seq: u64,
    /// The time of that activity, xsd:dateTime. None: there is none yet.
    pub published: Option<String>,
    pub entities: u64,
    /// The sum over all buckets.
    pub sum: Sum,
    pub buckets: Vec<Sum>,
}

/// What `/feed/state?bucket=N` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub method: String,
    pub generation: u64,
    pub seq: u64,
    pub bucket: u16,
    pub sum: Sum,
    /// Sorted by IRI.
    pub entities: Vec<Entity>,
}

/// One entity of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entity {
    pub iri: String,
    pub sha256: Sum,
}

impl PartialOrd for Sum {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sum {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Computed with the tools of a shell:
    /// `printf 'https://e.example/d\n<https://e.example/d> <https://e.example/p> "x" .\n' | sha256sum`.
    #[test]
    fn a_hash_is_what_anybody_computes() {
        let body = "<https://e.example/d> <https://e.example/p> \"x\" .\n";
        let found = hash("https://e.example/d", body).to_string();
        assert_eq!(
            found,
            "3a384da0dafc93fdcd12604a6aa0051658df5e759aa2426b6aedfe7f7797d5e1"
        );
        assert_eq!(bucket("https://e.example/d"), 0x62a);
    }

    #[test]
    fn sums_wrap() {
        let mut most = Sum([0xff; 32]);
        let mut one = Sum::default();
        one.0[31] = 1;
        most.add(&one);
        assert_eq!(most, Sum::default());
        most.subtract(&one);
        assert_eq!(most, Sum([0xff; 32]));
    }

    #[test]
    fn what_is_no_sum_is_refused() {
        for text in ["", "00", &"0".repeat(65), &"g".repeat(64)] {
            assert_eq!(Sum::from_hex(text), None, "{text}");
        }
        let sum = hash("a", "b");
        assert_eq!(Sum::from_hex(&sum.to_string()), Some(sum));
        let json = serde_json::to_string(&sum).unwrap();
        assert_eq!(serde_json::from_str::<Sum>(&json).unwrap(), sum);
    }

    proptest! {
        /// Whatever happened to entities, in whatever order: the sums are those of what is there.
        #[test]
        fn changed_step_by_step_is_summed_at_once(steps in prop::collection::vec((0..20_u8, prop::option::of(0..9_u8)), 0..200)) {
            let (mut sums, mut now) = (Sums::default(), std::collections::BTreeMap::new());
            for (entity, body) in steps {
                let entity = format!("https://e.example/{entity}");
                let next = body.map(|body| hash(&entity, &body.to_string()));
                let before = match next {
                    Some(next) => now.insert(entity.clone(), next),
                    None => now.remove(&entity),
                };
                sums.change(bucket(&entity), before, next);
            }
            let mut at_once = Sums::default();
            for (entity, sum) in &now {
                at_once.add(entity, *sum);
            }
            prop_assert_eq!(sums.entities(), now.len() as u64);
            prop_assert_eq!(sums, at_once);
        }
    }
}
