//! A worker under question: lent by the pool, given back when its answer is whole, ended when it is not.
//!
//! Start at [`Lease`]; [`pump`] carries long answers.

use super::{
    child::{Begun, Child, ChildError},
    pool::{Piece, Pool},
    wire::{Kind, Question},
};
use crate::snapshot::Published;
use bytes::Bytes;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Instant, timeout, timeout_at},
};

/// How long to wait for the next of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Patience {
    /// In all.
    Until(Instant),
    /// For each piece.
    Stall(Duration),
}

impl Patience {
    pub async fn wait<T>(self, of: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::Until(deadline) => timeout_at(deadline, of).await.ok(),
            Self::Stall(longest) => timeout(longest, of).await.ok(),
        }
    }
}

/// A worker under question. Dropped before its answer is whole, it is ended and a fresh one takes its place: so a client
/// that goes away frees its worker, whatever that is doing.
pub struct Lease {
    pub pool: Arc<Pool>,
    /// The worker and its place. None once it is given back or ended.
    pub held: Option<(Child, OwnedSemaphorePermit)>,
    /// Held by dumps, of which there may be fewer than workers.
    #[expect(dead_code, reason = "held, not read")]
    pub lane: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub async fn begin(
        &mut self,
        question: &Question,
        snapshot: &Arc<Published>,
    ) -> Result<Begun, ChildError> {
        match &mut self.held {
            Some((child, _)) => child.begin(question, snapshot).await,
            None => Err(ChildError::Closed),
        }
    }

    async fn next(&mut self) -> Result<(Kind, Bytes), ChildError> {
        match &mut self.held {
            Some((child, _)) => child.frame().await,
            None => Err(ChildError::Closed),
        }
    }

    pub fn done(mut self) {
        if let Some((child, place)) = self.held.take() {
            self.pool.give_back(child, place);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((mut child, place)) = self.held.take() else {
            return;
        };
        child.kill();
        metrics::counter!("harvestd_workers_ended_total", "pool" => self.pool.options().name)
            .increment(1);
        let pool = Arc::clone(&self.pool);
        self.pool.in_background(async move {
            child.reap().await;
            pool.warm_up(None, place).await;
        });
    }
}

/// Carries an answer from its worker to its reader, until it is whole, it breaks, or either is too slow.
pub async fn pump(mut lease: Lease, patience: Patience, pieces: mpsc::Sender<Piece>) {
    loop {
        let next = tokio::select! {
            next = patience.wait(lease.next()) => next,
            () = pieces.closed() => return,
        };
        let (piece, last) = match next {
            Some(Ok((Kind::Body, bytes))) => (Piece::Bytes(bytes), false),
            Some(Ok((Kind::End, _))) => (Piece::End, true),
            Some(Ok((Kind::Broken, why))) => {
                tracing::warn!(why = %String::from_utf8_lossy(&why), "an answer broke after it had begun");
                return lease.done();
            }
            Some(Ok((kind, _))) => {
                return tracing::error!(?kind, "a worker sent a frame out of turn");
            }
            Some(Err(error)) => {
                lease.pool.clone().diagnose(lease, error).await;
                return;
            }
            None => {
                lease.pool.clone().out_of_time(lease);
                return tracing::warn!("an answer was cut at its deadline");
            }
        };
        if last {
            lease.done();
            // The client may take its time now.
            let _ = pieces.send(piece).await;
            return;
        }
        match patience.wait(pieces.send(piece)).await {
            Some(Ok(())) => {}
            Some(Err(_)) => return,
            None => return tracing::warn!("a client read too slowly, and its answer was cut"),
        }
    }
}
