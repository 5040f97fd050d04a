//! How a source may be asked for the details of single records.

use crate::config::{Details, table::Table};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;

impl Default for Details {
    fn default() -> Self {
        Self {
            per_run_max: 2_000,
            per_commit_max: 1_000,
            run_ms_max: HOUR,
            requests_per_second: None,
            retry_first_ms: DAY,
            retry_max_ms: 30 * DAY,
            failures_in_row_max: 20,
        }
    }
}

/// The `[source.details]` table of a source.
pub(super) fn read(source: &Table<'_>) -> Details {
    let mut details = Details::default();
    let Some(table) = source.table("details") else {
        return details;
    };
    let whole = |key, least: u64, most: u64, place: &mut u64| {
        let found = table.whole(key, i128::from(least)..=i128::from(most));
        if let Some(found) = found.and_then(|n| u64::try_from(n).ok()) {
            *place = found;
        }
    };
    whole("per_run_max", 0, 10_000_000, &mut details.per_run_max);
    whole("per_commit_max", 1, 10_000_000, &mut details.per_commit_max);
    whole("run_ms_max", SECOND, 7 * DAY, &mut details.run_ms_max);
    whole("retry_first_ms", 0, 365 * DAY, &mut details.retry_first_ms);
    whole("retry_max_ms", 0, 365 * DAY, &mut details.retry_max_ms);
    whole(
        "failures_in_row_max",
        1,
        10_000,
        &mut details.failures_in_row_max,
    );
    details.requests_per_second = table.number("requests_per_second", 0.01..=1_000.0);
    if details.retry_max_ms < details.retry_first_ms {
        let expected = format!(
            "no less than retry_first_ms, which is {}",
            details.retry_first_ms
        );
        table.problem(
            table.place_of("retry_max_ms"),
            "retry_max_ms",
            details.retry_max_ms.to_string(),
            expected,
        );
    }
    table.finish();
    details
}
