//! A worker under question: lent by the pool, given back when its answer is whole, ended when it is not.
//!
//! Start at [`Lease`]; [`pump`] carries long answers.

use super::{
    child::{Begun, Child, ChildError},
    places::Place,
    pool::{Piece, Pool},
    running::{Impatient, Running},
    wire::{Kind, Question, Refused},
};
use crate::{snapshot::Published, store::damage};
use bytes::Bytes;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
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
    /// The worker. None once it is given back or ended.
    pub child: Option<Child>,
    /// The question, and the place that it has.
    pub running: Arc<Running>,
    /// Held by dumps, of which there may be fewer than workers.
    #[expect(dead_code, reason = "held, not read")]
    pub lane: Option<Place>,
}

impl Lease {
    pub async fn begin(
        &mut self,
        question: &Question,
        snapshot: &Arc<Published>,
    ) -> Result<Begun, ChildError> {
        match &mut self.child {
            Some(child) => child.begin(question, snapshot).await,
            None => Err(ChildError::Closed),
        }
    }

    async fn next(&mut self) -> Result<(Kind, Bytes), ChildError> {
        match &mut self.child {
            Some(child) => child.frame().await,
            None => Err(ChildError::Closed),
        }
    }

    pub fn done(mut self) {
        self.charge();
        if let Some(place) = self.running.take_place()
            && let Some(child) = self.child.take()
        {
            self.pool.give_back(child, place);
        }
    }

    /// What the worker has used is the client's.
    fn charge(&self) {
        if let Some(child) = &self.child {
            self.running.charge(child.used());
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // While it can still be asked.
        self.charge();
        let Some(mut child) = self.child.take() else {
            return;
        };
        self.pool.is_over(&self.running);
        let place = self.running.take_place();
        child.kill();
        metrics::counter!("harvestd_workers_ended_total", "pool" => self.pool.options().name)
            .increment(1);
        let pool = Arc::clone(&self.pool);
        self.pool.in_background(async move {
            child.reap().await;
            if let Some(place) = place {
                pool.warm_up(None, place).await;
            }
        });
    }
}

/// An answer broke after it had begun: its reader sees that, and the log why.
fn broke(why: &[u8]) {
    let refused: Option<Refused> = serde_json::from_slice(why).ok();
    let damaged = refused
        .as_ref()
        .and_then(|refused| refused.damaged.as_deref());
    damaged.into_iter().for_each(damage::note);
    let why = refused.map(|refused| refused.detail).unwrap_or_default();
    tracing::warn!(why, "an answer broke after it had begun");
}

/// Carries an answer from its worker to its reader, until it is whole, it breaks, or either is too slow.
pub async fn pump(mut lease: Lease, patience: Patience, pieces: mpsc::Sender<Piece>) {
    let (pool, running) = (Arc::clone(&lease.pool), Arc::clone(&lease.running));
    loop {
        let next = tokio::select! {
            next = running.within(&pool, patience, lease.next()) => next,
            () = pieces.closed() => return,
        };
        let (piece, last) = match next {
            Ok(Ok((Kind::Body, bytes))) => (Piece::Bytes(bytes), false),
            Ok(Ok((Kind::End, _))) => (Piece::End, true),
            Ok(Ok((Kind::Broken, why))) => {
                broke(&why);
                return lease.done();
            }
            Ok(Ok((kind, _))) => {
                return tracing::error!(?kind, "a worker sent a frame out of turn");
            }
            Ok(Err(error)) => {
                let held = lease
                    .child
                    .as_ref()
                    .and_then(|child| child.holds().cloned());
                let error = pool.diagnose(lease, error).await;
                if let Some(snapshot) = held {
                    pool.or_damaged(error, &snapshot).await;
                }
                return;
            }
            Err(why) => {
                let error = pool.out_of_patience(lease, why);
                return tracing::warn!(%error, "an answer was cut");
            }
        };
        if last {
            lease.done();
            // The client may take its time now.
            let _ = pieces.send(piece).await;
            return;
        }
        running.waits_for_reader(true);
        let sent = running.within(&pool, patience, pieces.send(piece)).await;
        running.waits_for_reader(false);
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(Impatient::Deadline) => {
                return tracing::warn!("a client read too slowly, and its answer was cut");
            }
            Err(Impatient::GaveWay(_)) => {
                return tracing::warn!(
                    "a slow client's answer was cut: its worker's place was another's"
                );
            }
        }
    }
}
