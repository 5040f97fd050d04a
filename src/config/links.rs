//! The `[links]` table: whether and how the addresses in the catalogue are checked.

use super::{source, table::Table};
use crate::links::LinkSettings;

/// Reads the table over the defaults.
pub(super) fn read(table: Table<'_>) -> LinkSettings {
    let defaults = LinkSettings::default();
    let range = "a range of addresses, as 10.1.0.0/16";
    let settings = LinkSettings {
        enabled: table.boolean("enabled").unwrap_or(defaults.enabled),
        requests_per_second: table
            .number("requests_per_second", 0.001..=1_000.0)
            .unwrap_or(defaults.requests_per_second),
        obeys_robots: source::robots(&table).unwrap_or(defaults.obeys_robots),
        landing_pages: table
            .boolean("landing_pages")
            .unwrap_or(defaults.landing_pages),
        quiet: source::quiet(&table, source::zone(&table)),
        allow_ranges: table.list("allow_ranges", range, |text| text.parse().ok()),
    };
    table.finish();
    settings
}
