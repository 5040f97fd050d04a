//! How addresses are checked, as configured. Why each default is what it is stands in `config/harvestd.toml`.

use crate::schedule::Quiet;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// `[links]`.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkSettings {
    /// The daemon checks by itself.
    pub enabled: bool,
    /// Requests a second to one host.
    pub requests_per_second: f64,
    pub obeys_robots: bool,
    /// Pages about datasets are checked as well.
    pub landing_pages: bool,
    /// When nothing is checked by itself.
    pub quiet: Option<Quiet>,
    /// Private ranges that addresses may be in.
    pub allow_ranges: Vec<IpNet>,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            requests_per_second: 0.5,
            obeys_robots: true,
            landing_pages: false,
            quiet: None,
            allow_ranges: Vec::new(),
        }
    }
}

/// `[limits.links]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkLimits {
    /// After the daemon's start.
    pub begin_after_ms: u64,
    /// How often it is looked for what is due.
    pub look_every_ms: u64,
    /// An address that is well is asked again after this.
    pub period_ms: u64,
    /// A fault counts after so many failures in a row, over so long.
    pub failures_min: u32,
    pub failing_ms_min: u64,
    /// An address that failed is asked again after the first, and after twice as long each time, up to the second.
    pub retry_first_ms: u64,
    pub retry_max_ms: u64,
    /// Hosts that are being asked at one time, each for one address after the other: so many requests are under way at most.
    pub hosts_at_once_max: usize,
    /// Bytes of a file that are looked at.
    pub bytes_max: usize,
    pub connect_ms: u64,
    /// From the first byte sent to the last byte looked at.
    pub total_ms: u64,
    /// Checks that are remembered of one address.
    pub history_max: usize,
    /// Addresses on one page of a list.
    pub page_max: usize,
    /// Sums are counted anew no sooner than so long after they were.
    pub sums_every_ms: u64,
}

impl Default for LinkLimits {
    fn default() -> Self {
        Self {
            begin_after_ms: 600 * SECOND,
            look_every_ms: 10 * SECOND,
            period_ms: 7 * DAY,
            failures_min: 3,
            failing_ms_min: 6 * HOUR,
            retry_first_ms: HOUR,
            retry_max_ms: 30 * DAY,
            hosts_at_once_max: 64,
            bytes_max: 64 * 1024,
            connect_ms: 10 * SECOND,
            total_ms: 30 * SECOND,
            history_max: 8,
            page_max: 1_000,
            sums_every_ms: 10 * SECOND,
        }
    }
}
