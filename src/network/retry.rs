//! When a question is asked again: after what, how often, and how long from now.
//!
//! Start at [`persist`].

use super::{Asked, error::NetworkError, exchange::Exchange, meters, ms};
use crate::config::NetworkLimits;
use backon::{ExponentialBuilder, Retryable};

/// Tries until there is an answer, an error that asking again will not mend, or `tries_max`.
pub async fn persist(exchange: &Exchange<'_>) -> Result<Asked, NetworkError> {
    let limits = &exchange.source.network.limits;
    let tries_max = limits.tries_max.max(1);
    let mut tries = 0;
    let ask = || {
        tries += 1;
        exchange.once(tries >= tries_max)
    };
    let asked = ask
        .retry(backoff(limits))
        .when(NetworkError::retry)
        // A Retry-After is the least wait; the backoff with its jitter may be longer.
        .adjust(|error, wait| wait.map(|wait| wait.max(error.retry_after.unwrap_or_default())))
        .notify(|error, wait| {
            meters::retried(error.kind.name());
            meters::waited("retry", wait);
            tracing::warn!(source = exchange.source.id, error = %error, wait_ms = wait.as_millis() as u64, "asking again");
        })
        .await;
    asked.map_err(|mut error| {
        if tries > 1 {
            error.doing.push_str(&format!(" ({tries} tries)"));
        }
        error
    })
}

/// Twice as long each time, plus up to as much again by chance, so that many sources do not come back together.
fn backoff(limits: &NetworkLimits) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_factor(2.0)
        .with_min_delay(ms(limits.backoff_first_ms))
        .with_max_delay(ms(limits.backoff_max_ms))
        .with_max_times(limits.tries_max.max(1) - 1)
        .with_jitter()
}
