//! Was it damage? Behind a damaged block the engine's iterators give errors without end, which a count adds up until its
//! worker has no memory or no time left. So the first time that a worker ended over a snapshot, a process of its own reads
//! all of that, at low priority, and says what it met.
//!
//! Answers nobody. Start at [`Pool::or_damaged`].

use super::{
    pool::{Pool, PoolError},
    running::lower,
    wire::Question,
};
use crate::{snapshot::Published, store::damage};
use std::sync::Arc;
use tokio::{sync::oneshot, time::timeout};

impl Pool {
    /// The error that a question over this snapshot ended with; or that the snapshot is damaged, where it is. A client whose
    /// question took all the memory there is waits a little longer for that; one that waited long already does not.
    pub(super) async fn or_damaged(
        self: &Arc<Self>,
        error: PoolError,
        snapshot: &Arc<Published>,
    ) -> PoolError {
        let waits = match error {
            PoolError::Memory { .. } | PoolError::Died(_) => true,
            PoolError::Deadline(_) => false,
            _ => return error,
        };
        if !is_damaged(snapshot) && snapshot.is_first_doubt() {
            let (told, read) = oneshot::channel();
            let (pool, snapshot) = (Arc::clone(self), Arc::clone(snapshot));
            self.in_background(async move {
                pool.read(&snapshot).await;
                // Nobody need be waiting for it.
                let _ = told.send(());
            });
            if waits {
                let _ = timeout(self.options.deadline, read).await;
            }
        }
        match is_damaged(snapshot) {
            true => PoolError::Damaged,
            false => error,
        }
    }

    /// Has all of a snapshot read by a process of its own, which says what is damaged.
    async fn read(&self, snapshot: &Arc<Published>) {
        let mut child = match self.spawn().await {
            Ok(child) => child,
            Err(error) => return tracing::warn!(%error, "a snapshot could not be read through"),
        };
        lower(child.id());
        let question = Question::Read {
            snapshot: snapshot.path.clone(),
        };
        match timeout(self.options.read, child.begin(&question, snapshot)).await {
            // What was met is known by now.
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a snapshot could not be read through"),
            Err(_) => tracing::warn!("reading a snapshot through took too long"),
        }
        child.kill();
        child.reap().await;
    }
}

/// The tables of a snapshot that is young are the store's.
fn is_damaged(snapshot: &Published) -> bool {
    let data_dir = snapshot.path.ancestors().nth(2);
    let store = data_dir.and_then(|dir| damage::below(&dir.join("store")));
    store.is_some() || damage::below(&snapshot.path).is_some()
}
