//! One dataset once: which records of different sources are about the same dataset, and why.
//!
//! Pure: features of a record come from its normalised body ([`features`]), pairs that may be one from
//! keys they share ([`candidates`]), a score from evidence that is kept with it ([`score`]), clusters from links and from
//! what people decided ([`clusters`]), and from these what has to be published anew ([`plan`]). Records of one source are
//! never linked with each other. Nothing here changes a description: the store does, by the plan that comes out. Start at
//! [`features::Features::of`].

pub mod address;
pub mod agency;
pub mod candidates;
pub mod clusters;
pub mod features;
pub mod plan;
pub mod score;
pub mod title;

pub use clusters::{Decision, Linked, Standing, Verdict};
pub use features::Features;
pub use score::{Evidence, Link};

use serde::{Deserialize, Serialize};

/// From which score on records are one, and from which they are listed for a person. Scores are from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// From here on, records are one. On the sample in `tests/identity.rs`, links from 0.9 on are right 99 times in 100.
    pub merge_min: f64,
    /// From here on, and below `merge_min`, a link is listed for a person to decide.
    pub list_min: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            merge_min: 0.9,
            list_min: 0.7,
        }
    }
}

/// 64 bits of a text, the same on every machine and in every run (FNV-1a, stirred): keys and grams, never proof.
pub(crate) fn hash(kind: u8, parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(kind);
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    stirred(hash)
}

/// Spreads the bits of a number (the finaliser of MurmurHash3).
pub(crate) fn stirred(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
