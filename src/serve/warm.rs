//! Keeps the pool's idle workers warm: as many as there are places, each with the newest snapshot open, so that no question
//! waits for that.
//!
//! Asks nothing on anybody's behalf. Start at [`keep_warm`].

use super::{
    child::{Begun, Child, ChildError},
    pool::{Pool, lock},
    wire::Question,
};
use crate::snapshot::Published;
use std::sync::{Arc, Weak};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

/// Looks after each publication, until the pool is gone.
pub(super) async fn keep_warm(
    pool: Weak<Pool>,
    mut published: watch::Receiver<Option<Arc<Published>>>,
) {
    loop {
        published.mark_unchanged();
        match pool.upgrade() {
            Some(pool) => pool.refresh(),
            None => return,
        }
        if published.changed().await.is_err() {
            return;
        }
    }
}

impl Pool {
    /// An idle worker.
    pub(super) fn warm(&self) -> Option<Child> {
        loop {
            let mut child = lock(&self.idle).pop()?;
            if !child.has_ended() {
                return Some(child);
            }
            tracing::warn!(
                pool = self.options.name,
                said = child.last_words(),
                "an idle worker had ended"
            );
        }
    }

    /// Gives a child back: at once where it has the newest snapshot open, else after it has opened it.
    pub(super) fn give_back(self: &Arc<Self>, child: Child, place: OwnedSemaphorePermit) {
        let newest = self.published.borrow().clone();
        if self.options.warm && (newest.is_none() || child.holds() == newest.as_ref()) {
            self.rest(child, place);
        } else {
            self.in_background(Arc::clone(self).warm_up(Some(child), place));
        }
    }

    /// Puts a child among the idle.
    fn rest(self: &Arc<Self>, child: Child, place: OwnedSemaphorePermit) {
        lock(&self.idle).push(child);
        drop(place);
        // What was published while the place was taken passed this child by, or another that found no place.
        self.refresh();
    }

    /// Starts workers that are missing, and opens the newest snapshot in those idle that have another.
    pub(super) fn refresh(self: &Arc<Self>) {
        for (child, place) in self.due() {
            self.in_background(Arc::clone(self).warm_up(child, place));
        }
    }

    /// The idle workers without the newest snapshot and those that are missing, each with its place. Under one lock: who
    /// looks at the same time must not find a place taken by somebody who only looks.
    fn due(&self) -> Vec<(Option<Child>, OwnedSemaphorePermit)> {
        let newest = self.published.borrow().clone();
        let mut due = Vec::new();
        let mut idle = lock(&self.idle);
        loop {
            let stale = idle
                .iter()
                .position(|child| child.holds() != newest.as_ref());
            if stale.is_none() && idle.len() >= self.free() {
                return due;
            }
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                return due;
            };
            let child = stale.map(|at| idle.swap_remove(at));
            // A question took a place meanwhile; giving it back, its worker looks again.
            if child.is_none() && idle.len() > self.free() {
                return due;
            }
            due.push((child, place));
        }
    }

    /// Puts a child with the newest snapshot open among the idle.
    pub(super) async fn warm_up(
        self: Arc<Self>,
        child: Option<Child>,
        place: OwnedSemaphorePermit,
    ) {
        if !self.options.warm {
            if let Some(mut child) = child {
                child.kill();
                child.reap().await;
            }
            return;
        }
        match self.warmed(child).await {
            Ok(child) => self.rest(child, place),
            // The place is free again: the next question tries to start a worker, and says so if it cannot.
            Err(error) => {
                tracing::error!(pool = self.options.name, %error, "a worker could not be made ready")
            }
        }
    }

    async fn warmed(&self, child: Option<Child>) -> Result<Child, ChildError> {
        let mut child = match child {
            Some(child) => child,
            None => self.spawn().await?,
        };
        let newest = self.published.borrow().clone();
        if let Some(newest) = newest.filter(|newest| child.holds() != Some(newest)) {
            let question = Question::Open {
                snapshot: newest.path.clone(),
            };
            let opening = child.begin(&question, &newest);
            match timeout(self.options.deadline, opening).await {
                Ok(Ok(Begun::Whole(..))) => {}
                Ok(Ok(Begun::Refused(refused))) => return Err(ChildError::Answer(refused.detail)),
                Ok(Ok(Begun::Stream(_))) => {
                    return Err(ChildError::Answer("a stream, expected nothing".to_owned()));
                }
                Ok(Err(e)) => return Err(e),
                Err(_) => {
                    return Err(ChildError::Answer(format!(
                        "no answer within {:?}",
                        self.options.deadline
                    )));
                }
            }
        }
        Ok(child)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{config::QueryLimits, serve::pool::PoolOptions};
    use std::{sync::mpsc, thread, time::Duration};

    /// A runtime that ends takes no more work: what is given to it is dropped, and the place is free again at once.
    #[test]
    fn nobody_looks_for_ever_while_the_process_ends() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (_publish, published) = watch::channel(None);
        let options = PoolOptions::for_queries("/bin/false".into(), &QueryLimits::default());
        let pool = runtime.block_on(async { Pool::start(options, published) });
        let handle = runtime.handle().clone();
        drop(runtime);
        let (say, told) = mpsc::channel();
        thread::spawn(move || {
            let _within = handle.enter();
            pool.refresh();
            say.send(pool.free()).unwrap();
        });
        let free = told.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(free, QueryLimits::default().workers);
    }
}
