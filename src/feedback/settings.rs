//! What the configuration says of feedback. Why each default is what it is stands in `config/harvestd.toml`.

use serde::{Deserialize, Serialize};

/// `[feedback]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedbackSettings {
    /// Whoever has no token may send something as well.
    pub open: bool,
}

/// `[limits.feedback]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedbackLimits {
    /// Bytes of one request's body.
    pub body_bytes_max: usize,
    /// Bytes of one text or value.
    pub text_bytes_max: usize,
    /// Values of one correction: those found, and those that should be there, each.
    pub values_max: usize,
    /// What waits for the operator; one more is answered 503.
    pub open_max: usize,
    /// Bytes of all that is kept: it is in memory too. Beyond, 503.
    pub kept_bytes_max: u64,
    /// What one centre may send on one day, UTC; beyond, 429.
    pub per_centre_day_max: usize,
    /// Tries of one client without a token within an hour; beyond, 429.
    pub per_address_hour_max: usize,
    /// Clients that are counted at one time; further ones are answered 429.
    pub addresses_max: usize,
    /// What was sent or decided becomes visible in SPARQL no later than so long afterwards.
    pub publish_every_ms: u64,
    /// Entries of one page of a list or feed.
    pub page_max: usize,
}

impl Default for FeedbackLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 65_536,
            text_bytes_max: 8_192,
            values_max: 50,
            open_max: 10_000,
            kept_bytes_max: 67_108_864,
            per_centre_day_max: 1_000,
            per_address_hour_max: 20,
            addresses_max: 10_000,
            publish_every_ms: 5_000,
            page_max: 200,
        }
    }
}
