//! Lookups: questions whose work is small by construction, answered in the daemon's own process.
//!
//! What comes of "this dataset, by its identifier" is a dozen reads of an index; carried to a worker process and back, it
//! waits longer for the two to wake than for its answer. So a query of one narrow shape (`shape.rs`) is read straight from
//! the newest snapshot, within a budget of triples, bytes and time (`read.rs`). Whatever has another shape, goes beyond
//! the budget, or fails in any way goes to a worker as if nothing had been tried, which then also says what is wrong. Never
//! keeps an answer, never writes, and reads no snapshot but the newest. Start at [`Lookups::answer`].
//!
//! 2026-11: the snapshot is held open here as well as in the workers. That costs the engine's cache of the blocks that
//! lookups touch, and no disk: it is closed when the next one is published.

mod read;
mod shape;

use super::{
    answer::{
        self,
        write::{self, Form},
    },
    guard,
    pool::{Answer, Body},
    wire::SparqlQuery,
};
use crate::{config::QueryLimits, snapshot::Published, store::damage};
use oxigraph::store::Store;
use read::{Budget, Found, Over};
use shape::Plan;
use std::{
    sync::{Arc, PoisonError, RwLock, Weak},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// The newest snapshot, open, and what a lookup may cost.
pub struct Lookups {
    budget: Limits,
    open: RwLock<Option<View>>,
}

/// What one lookup may cost. Where triples are 0 there are no lookups.
#[derive(Debug, Clone, Copy)]
struct Limits {
    triples_max: usize,
    longest: Duration,
    /// Of the terms read, and of the answer: a longer one is streamed, which is a worker's business.
    bytes_max: usize,
}

/// A snapshot that is open. The store is closed before the snapshot may go.
struct View {
    store: Store,
    of: Arc<Published>,
}

impl Lookups {
    /// Opens each snapshot as it is published, until dropped. Must be called within a runtime.
    pub fn start(
        limits: &QueryLimits,
        published: watch::Receiver<Option<Arc<Published>>>,
    ) -> Arc<Self> {
        let lookups = Arc::new(Self {
            budget: Limits {
                triples_max: limits.lookup_triples_max,
                longest: Duration::from_millis(limits.lookup_ms_max),
                bytes_max: limits.whole_bytes_max,
            },
            open: RwLock::new(None),
        });
        if limits.lookup_triples_max > 0 {
            tokio::spawn(follow(Arc::downgrade(&lookups), published));
        }
        lookups
    }

    /// The answer, where the query is a lookup and `snapshot` is open. Takes no longer than its budget of time and one
    /// read more, so it may run where others wait. None: a worker has to be asked.
    pub fn answer(&self, asked: &SparqlQuery, snapshot: &Arc<Published>) -> Option<Answer> {
        if !asked.default_graphs.is_empty() || !asked.named_graphs.is_empty() {
            return None;
        }
        if self.budget.triples_max == 0 || !guard::is_plain(&asked.text) {
            return None;
        }
        let query = answer::parse(asked).ok()?;
        let form = Form::of(&query, &asked.accept).ok()?;
        let plan = Plan::of(query)?;
        let began = Instant::now();
        let answered = self.read(&plan, form, began, snapshot);
        let outcome = match &answered {
            Some(_) => "given",
            None => "left",
        };
        metrics::histogram!("harvestd_lookup_seconds", "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        Some(Answer {
            media_type: form.media_type().to_owned(),
            body: Body::Whole(answered?.into()),
        })
    }

    fn read(
        &self,
        plan: &Plan,
        form: Form,
        began: Instant,
        snapshot: &Arc<Published>,
    ) -> Option<Vec<u8>> {
        let Limits {
            triples_max,
            longest,
            bytes_max,
        } = self.budget;
        // Where the next snapshot is just taking its place, nobody waits for it.
        let open = self.open.try_read().ok()?;
        let view = open.as_ref().filter(|view| view.of == *snapshot)?;
        let mut budget = Budget::new(triples_max, bytes_max, began + longest);
        let found = match read::evaluate(&view.store, plan, &mut budget) {
            Ok(found) => found,
            Err(Over::Budget) => return None,
            Err(Over::Storage(error)) => {
                if damage::met(&error).is_none() {
                    tracing::error!(%error, path = %view.of.path.display(), "a snapshot could not be read");
                }
                return None;
            }
        };
        let mut bytes = Vec::new();
        match (found, form) {
            (Found::Table(results), Form::Results(offer)) => {
                write::write_table(results, offer.format, &mut bytes).ok()?;
            }
            (Found::Graph(triples), Form::Graph(offer)) => {
                write::write_triples(triples.into_iter().map(Ok), offer.format, &mut bytes).ok()?;
            }
            _ => return None,
        }
        (bytes.len() < bytes_max).then_some(bytes)
    }

    /// Opens a snapshot and closes the one before: on a thread that may wait.
    fn renew(&self, newest: Option<Arc<Published>>) {
        let view = newest.and_then(|of| match Store::open_read_only(&of.path) {
            Ok(store) => Some(View { store, of }),
            Err(error) => {
                damage::met_in(Some(&of.path), &error);
                tracing::error!(%error, path = %of.path.display(), "a snapshot could not be opened; workers answer lookups too");
                None
            }
        });
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *open, view);
        drop(open);
        drop(before);
    }
}

async fn follow(lookups: Weak<Lookups>, mut published: watch::Receiver<Option<Arc<Published>>>) {
    loop {
        let newest = published.borrow_and_update().clone();
        let Some(lookups) = lookups.upgrade() else {
            return;
        };
        // A panic leaves what was open, which is then no longer the newest.
        let _ = tokio::task::spawn_blocking(move || lookups.renew(newest)).await;
        if published.changed().await.is_err() {
            return;
        }
    }
}
