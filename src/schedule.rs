//! When a source is due.

/// A cron line with its time zone and jitter.
#[derive(Debug, Clone)]
pub struct Schedule {}
