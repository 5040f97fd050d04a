//! Published, immutable views of the store: `snapshots/{seq}`, one for each published run.

use std::path::PathBuf;

/// What every interface shows. Sent through a `tokio::sync::watch` channel when a run is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub generation: u64,
    /// Sequence number of the newest activity in it.
    pub seq: u64,
    /// Commit time of that activity, microseconds since 1970.
    pub published_us: i64,
    /// Directory of the checkpoint, opened read-only by workers. Exists as long as the value is held.
    pub path: PathBuf,
}
