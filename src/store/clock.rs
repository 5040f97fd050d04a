//! Sequence numbers and times of activities: numbers without gaps, times that strictly rise whatever the system's clock does.

use super::PAGE;
use crate::log::{Activity, Verb};

/// Hands out sequence numbers and strictly rising times.
pub(super) struct Clock {
    pub seq: u64,
    /// Of the newest activity, microseconds since 1970.
    pub last_us: i64,
    pub now_us: i64,
}

impl Clock {
    pub fn next(&mut self, verb: Verb, entity: String, body: String) -> Activity {
        self.seq += 1;
        let mut us = self.now_us.max(self.last_us + 1);
        if (self.seq - 1).is_multiple_of(PAGE) {
            us = us.div_euclid(1000) * 1000 + 1000;
        }
        self.last_us = us;
        Activity {
            seq: self.seq,
            verb,
            entity,
            published_us: us,
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rise_though_the_clock_was_set_back() {
        const DAY_US: i64 = 24 * 3_600_000_000;
        let mut clock = Clock {
            seq: PAGE - 2,
            last_us: 10 * DAY_US,
            now_us: 9 * DAY_US,
        };
        let mut before = (clock.seq, clock.last_us);
        for _ in 0..5 {
            let next = clock.next(Verb::Update, String::new(), String::new());
            assert_eq!(next.seq, before.0 + 1);
            assert!(next.published_us > before.1, "{before:?}");
            before = (next.seq, next.published_us);
        }
        assert!(
            before.1 < 10 * DAY_US + 10_000,
            "only by as much as is needed"
        );
    }
}
