//! How the feed of another harvestd is waited for.

use crate::config::{Follow, table::Table};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

impl Default for Follow {
    fn default() -> Self {
        Self {
            listen: true,
            wait_ms: 25 * SECOND,
            retry_first_ms: SECOND,
            retry_max_ms: 5 * MINUTE,
        }
    }
}

/// The `[source.follow]` table of a source.
pub(super) fn read(source: &Table<'_>) -> Follow {
    let mut follow = Follow::default();
    let Some(table) = source.table("follow") else {
        return follow;
    };
    let whole = |key, least: u64, most: u64, place: &mut u64| {
        let found = table.whole(key, i128::from(least)..=i128::from(most));
        if let Some(found) = found.and_then(|n| u64::try_from(n).ok()) {
            *place = found;
        }
    };
    follow.listen = table.boolean("listen").unwrap_or(follow.listen);
    whole("wait_ms", 100, 10 * MINUTE, &mut follow.wait_ms);
    whole("retry_first_ms", 10, HOUR, &mut follow.retry_first_ms);
    whole("retry_max_ms", 10, 24 * HOUR, &mut follow.retry_max_ms);
    if follow.retry_max_ms < follow.retry_first_ms {
        let expected = format!(
            "no less than retry_first_ms, which is {}",
            follow.retry_first_ms
        );
        table.problem(
            table.place_of("retry_max_ms"),
            "retry_max_ms",
            follow.retry_max_ms.to_string(),
            expected,
        );
    }
    table.finish();
    follow
}
