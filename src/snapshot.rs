//! Published, immutable views of the store: `snapshots/{seq}`, one for each published run.
//!
//! A snapshot is a hard-link checkpoint. It goes when a newer one is published and its last reader has gone.

use crate::state::KeptDigest;
use crate::store::{Head, Store, StoreError};
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::watch;

/// What every interface shows. Sent through a watch channel when a run is published.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    pub generation: u64,
    /// Sequence number of the newest activity in it.
    pub seq: u64,
    /// Commit time of that activity, microseconds since 1970.
    pub published_us: i64,
    /// Directory of the checkpoint, opened read-only by workers. Exists as long as the value is held.
    pub path: PathBuf,
    /// Removed with the value, unless it is the newest one when the daemon stops.
    temporary: bool,
}

impl Published {
    /// A view of a checkpoint that somebody else looks after.
    pub fn of(head: Head, path: PathBuf) -> Self {
        Self {
            generation: head.generation,
            seq: head.seq,
            published_us: head.published_us,
            path,
            temporary: false,
        }
    }
}

impl From<&Published> for Head {
    fn from(published: &Published) -> Self {
        Self {
            generation: published.generation,
            seq: published.seq,
            published_us: published.published_us,
        }
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "an old snapshot could not be removed; it goes at the next start");
        }
        crate::crash_point!("pruned");
    }
}

/// Makes snapshots and tells everyone.
pub struct Publisher {
    dir: PathBuf,
    sender: watch::Sender<Option<Arc<Published>>>,
    /// Distinguishes snapshots of the same head (a run that only changed reports or losers).
    serial: u64,
    /// The newest ones: readers and followers find the one they began with.
    held: VecDeque<Arc<Published>>,
    /// How many beside the newest.
    kept: usize,
    /// Moves with what is published.
    digest: Option<Arc<KeptDigest>>,
}

impl Publisher {
    /// Removes what earlier daemons left; nothing is published yet.
    pub fn open(data_dir: &Path, kept: usize) -> std::io::Result<Self> {
        let dir = data_dir.join("snapshots");
        match std::fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => std::fs::create_dir_all(&dir)?,
        }
        Ok(Self {
            dir,
            sender: watch::channel(None).0,
            serial: 0,
            held: VecDeque::new(),
            kept,
            digest: None,
        })
    }

    pub fn watch(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.sender.subscribe()
    }

    /// From now on the digest moves whenever something is published, never before.
    pub fn with_digest(&mut self, digest: Arc<KeptDigest>) {
        self.digest = Some(digest);
    }

    /// Publishes what the store holds. The store must be flushed.
    pub fn publish(&mut self, store: &Store) -> Result<Arc<Published>, StoreError> {
        let head = store.head();
        self.serial += 1;
        let path = self
            .dir
            .join(format!("{}-{}-{}", head.generation, head.seq, self.serial));
        store.checkpoint(&path)?;
        crate::crash_point!("prune");
        let mut published = Published::of(head, path);
        published.temporary = true;
        let published = Arc::new(published);
        self.held.push_back(published.clone());
        while self.held.len() > self.kept + 1 {
            self.held.pop_front();
        }
        self.sender.send_replace(Some(published.clone()));
        if let Some(digest) = &self.digest
            && let Err(error) = store.changes(|changes| digest.advance(head, changes))
        {
            tracing::error!(%error, "the digest of the state stays behind until the next publication");
        }
        Ok(published)
    }
}
