//! What the network counts, by name. The only place that knows these names.

use std::time::Duration;

/// Questions that ended, by `outcome`: `answer`, `not-modified`, or the name of the error's kind.
pub const REQUESTS: &str = "harvestd_network_requests_total";
/// Bytes of bodies, by `form`: `wire` as they came, `decoded` as they were kept.
pub const BYTES: &str = "harvestd_network_bytes_total";
/// Tries beyond the first, by the `cause` of the one before.
pub const RETRIES: &str = "harvestd_network_retries_total";
/// Time waited before asking, by `reason`: `pace` (rate and concurrency) or `retry` (backoff and Retry-After).
pub const WAIT_SECONDS: &str = "harvestd_network_wait_seconds";

pub fn asked(outcome: &'static str) {
    metrics::counter!(REQUESTS, "outcome" => outcome).increment(1);
}

pub fn received(wire: u64, decoded: u64) {
    metrics::counter!(BYTES, "form" => "wire").increment(wire);
    metrics::counter!(BYTES, "form" => "decoded").increment(decoded);
}

pub fn retried(cause: &'static str) {
    metrics::counter!(RETRIES, "cause" => cause).increment(1);
}

pub fn waited(reason: &'static str, wait: Duration) {
    metrics::histogram!(WAIT_SECONDS, "reason" => reason).record(wait.as_secs_f64());
}
