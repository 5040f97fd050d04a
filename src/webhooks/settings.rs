//! What is configured of a receiver, and the limits of telling it.
//!
//! Pure. Start at [`Webhook`].

use crate::{config::Secret, log::Verb};
use harvestd_vocab::Class;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

/// A receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// As a source's; names what is kept of it.
    pub id: String,
    pub url: Url,
    /// What messages are signed with: the bytes of the key.
    pub secret: Secret,
    /// It is told of changes of the catalogue.
    pub changes: bool,
    /// It is told which sources fall sick and get well.
    pub health: bool,
    /// Told from the log's beginning, and not from the first start on.
    pub from_start: bool,
    /// Which activities it wants; an empty list wants all.
    pub sources: Vec<String>,
    pub classes: Vec<Class>,
    pub verbs: Vec<Verb>,
    /// Private ranges the receiver may be in.
    pub allow_ranges: Vec<IpNet>,
}

/// Limits of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookLimits {
    /// Activities in one message.
    pub batch_activities_max: usize,
    pub connect_ms: u64,
    /// For an answer; the receiver should take a message and work on it afterwards.
    pub total_ms: u64,
    /// Tries of one batch.
    pub tries_max: u32,
    /// Time from the first try of a batch, after which it is given up.
    pub give_up_ms: u64,
    pub backoff_first_ms: u64,
    pub backoff_max_ms: u64,
    /// A Retry-After is obeyed up to this.
    pub retry_after_max_ms: u64,
    /// Batches in a dead-letter list; beyond, the receiver is left alone.
    pub dead_max: usize,
}

impl Default for WebhookLimits {
    fn default() -> Self {
        Self {
            batch_activities_max: 100,
            connect_ms: 10_000,
            total_ms: 20_000,
            tries_max: 12,
            give_up_ms: 259_200_000,
            backoff_first_ms: 5_000,
            backoff_max_ms: 36_000_000,
            retry_after_max_ms: 86_400_000,
            dead_max: 1_000,
        }
    }
}
