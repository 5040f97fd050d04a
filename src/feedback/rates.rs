//! How much each client without a token sends: counted in memory, by address. Start at [`Rates::count`].

use super::{FeedbackError, FeedbackLimits};
use crate::network::site;
use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// When each client tried within the last hour.
#[derive(Default)]
pub(super) struct Rates {
    tries: Mutex<HashMap<IpAddr, VecDeque<i64>>>,
}

impl Rates {
    /// Counts a try. One that is refused is not counted.
    pub fn count(
        &self,
        ip: IpAddr,
        now_ms: i64,
        limits: &FeedbackLimits,
    ) -> Result<(), FeedbackError> {
        let ip = site(ip);
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |from_ms: i64| FeedbackError::TooMany {
            whose: "this address",
            retry_after_s: u32::try_from((from_ms + HOUR_MS - now_ms) / 1_000 + 1)
                .unwrap_or(u32::MAX),
        };
        if !tries.contains_key(&ip) && tries.len() >= limits.addresses_max {
            tries.retain(|_, tries| tries.back().is_some_and(|last| last + HOUR_MS > now_ms));
            if tries.len() >= limits.addresses_max {
                return Err(full(now_ms - HOUR_MS + 60_000));
            }
        }
        let own = tries.entry(ip).or_default();
        while own.front().is_some_and(|first| first + HOUR_MS <= now_ms) {
            own.pop_front();
        }
        if own.len() >= limits.per_address_hour_max {
            return Err(full(own.front().copied().unwrap_or(now_ms)));
        }
        own.push_back(now_ms);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_hour_passes() {
        let (rates, limits) = (
            Rates::default(),
            FeedbackLimits {
                per_address_hour_max: 2,
                addresses_max: 2,
                ..FeedbackLimits::default()
            },
        );
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let count = |text, now| rates.count(ip(text), now, &limits);
        count("10.0.0.1", 0).unwrap();
        count("::ffff:10.0.0.1", 1_000).unwrap();
        let refused = count("10.0.0.1", 2_000);
        assert!(
            matches!(
                refused,
                Err(FeedbackError::TooMany {
                    retry_after_s: 3_599,
                    ..
                })
            ),
            "{refused:?}"
        );
        count("2001:db8::1", 2_000).unwrap();
        count("2001:db8::2", 2_000).unwrap();
        assert!(
            count("2001:db8::3", 2_000).is_err(),
            "one /64 is one client"
        );
        assert!(
            count("10.0.0.2", 2_000).is_err(),
            "no third client is counted"
        );
        count("10.0.0.1", HOUR_MS).unwrap();
        count("10.0.0.2", 2 * HOUR_MS).unwrap();
    }
}
