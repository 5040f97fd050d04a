//! Signed messages to those who want to be told of changes (Standard Webhooks 1.0).
//!
//! Each receiver is told every published activity that it wants, in order, at least once. A batch is never overtaken: it
//! is tried again until it is taken or given up, and what is given up lies in the receiver's dead-letter list until the
//! operator sends it again. Never writes to the store. Start at [`Webhooks::configure`]; the way of one batch is in
//! [`courier`].

mod batch;
mod courier;
mod health;
mod keep;
mod next;
mod settings;
mod sign;

pub use keep::Dead;
pub use settings::{Webhook, WebhookLimits};
pub use sign::{key, signature};

use crate::{diagnosis::health::Book, log::Log, network::Network, snapshot::Published};
use courier::Courier;
use keep::{Keep, Standing};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

/// All receivers that are configured.
pub struct Webhooks {
    dir: PathBuf,
    log: Log,
    health: Arc<Book>,
    base: String,
    network: Arc<Network>,
    published: watch::Receiver<Option<Arc<Published>>>,
    hooks: Mutex<BTreeMap<String, Hook>>,
    /// Deliver, or only show and send again by hand.
    delivers: bool,
}

/// One receiver and what works for it.
#[derive(Clone)]
struct Hook {
    courier: Arc<Courier>,
    limits: WebhookLimits,
    gone: CancellationToken,
}

/// All receivers as they are to be.
pub struct Prepared(BTreeMap<String, Hook>);

/// How a receiver is, for the operator and, but for the address and the whole error, for everybody.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WebhookStatus {
    pub id: String,
    /// Without path and query, which may be secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The last activity that was delivered, given up, or not wanted: `1-42`. None: nothing was looked at yet.
    pub cursor: Option<String>,
    /// Published activities after it.
    pub lag: Option<u64>,
    /// Tries of the batch that is waiting.
    pub tries: u32,
    /// When it is tried again, milliseconds since 1970.
    pub next_try_ms: Option<i64>,
    /// Why the last try failed, in one word or by its status. None: it did not.
    pub last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error_detail: Option<String>,
    /// Why nothing is sent any more, until the operator enables it again.
    pub disabled: Option<String>,
    pub delivered_ms: Option<i64>,
    /// Batches in the dead-letter list.
    pub dead: usize,
}

/// What cannot be done for a receiver.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("no webhook is called {0:?}")]
    Unknown(String),
    #[error("no batch of {hook:?} is called {batch:?} in its dead-letter list")]
    UnknownBatch { hook: String, batch: String },
    #[error("{batch} was sent again and not taken: {why}")]
    NotTaken { batch: String, why: String },
    #[error("what is kept of webhook {hook:?}: {source}")]
    Io { hook: String, source: io::Error },
}

impl Webhooks {
    pub fn new(
        data_dir: &Path,
        log: Log,
        health: Arc<Book>,
        public_url: &Url,
        published: watch::Receiver<Option<Arc<Published>>>,
        delivers: bool,
    ) -> Self {
        Self {
            dir: data_dir.join("webhooks"),
            log,
            health,
            base: public_url.to_string(),
            network: Arc::new(Network::new(public_url)),
            published,
            hooks: Mutex::default(),
            delivers,
        }
    }

    /// Opens what is kept of those that are configured: what [`Self::configure`] takes over. Nothing changes by it.
    ///
    /// # Errors
    /// Where what is kept of a receiver cannot be read.
    pub fn prepare(
        &self,
        configured: &[Webhook],
        limits: &WebhookLimits,
        stop: &CancellationToken,
    ) -> Result<Prepared, WebhookError> {
        let hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = BTreeMap::new();
        for webhook in configured {
            let old = hooks.get(&webhook.id);
            if let Some(same) = old.filter(|h| h.courier.webhook == *webhook && h.limits == *limits)
            {
                next.insert(webhook.id.clone(), same.clone());
                continue;
            }
            // One and the same keep, so that the old courier's last try ends before the new one's first.
            let (keep, shown) = match old {
                Some(old) => (old.courier.keep.clone(), old.courier.shown()),
                None => {
                    let keep = self.keep(&webhook.id)?;
                    let shown = (keep.standing(), keep.dead_count().unwrap_or_default());
                    (Arc::new(tokio::sync::Mutex::new(keep)), shown)
                }
            };
            let courier = Courier {
                webhook: webhook.clone(),
                limits: limits.clone(),
                keep,
                wake: Notify::new(),
                shown: Mutex::new(shown),
                log: self.log.clone(),
                health: self.health.clone(),
                base: self.base.clone(),
                network: self.network.clone(),
                published: self.published.clone(),
            };
            let hook = Hook {
                courier: Arc::new(courier),
                limits: limits.clone(),
                gone: stop.child_token(),
            };
            next.insert(webhook.id.clone(), hook);
        }
        Ok(Prepared(next))
    }

    /// Takes over what is configured: new receivers begin, changed ones change between two tries, removed ones are not
    /// told any more, and what is kept of them stays. Must be called within a runtime, and nothing else may be taken over
    /// after it was prepared.
    pub fn configure(&self, Prepared(next): Prepared, tasks: &TaskTracker) {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, old) in &*hooks {
            if next
                .get(id)
                .is_none_or(|hook| !Arc::ptr_eq(&hook.courier, &old.courier))
            {
                old.gone.cancel();
            }
        }
        if self.delivers {
            for (id, hook) in &next {
                if hooks
                    .get(id)
                    .is_none_or(|old| !Arc::ptr_eq(&hook.courier, &old.courier))
                {
                    tasks.spawn(hook.courier.clone().work(hook.gone.clone()));
                }
            }
        }
        *hooks = next;
    }

    fn keep(&self, id: &str) -> Result<Keep, WebhookError> {
        Keep::open(self.dir.join(id)).map_err(|source| WebhookError::Io {
            hook: id.to_owned(),
            source,
        })
    }

    fn hook(&self, id: &str) -> Result<Arc<Courier>, WebhookError> {
        let hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        let hook = hooks.get(id);
        hook.map(|hook| hook.courier.clone())
            .ok_or_else(|| WebhookError::Unknown(id.to_owned()))
    }

    /// Every receiver, by its id. From memory.
    pub fn status(&self) -> Vec<WebhookStatus> {
        let hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.values().map(|hook| hook.courier.status()).collect()
    }

    /// The dead-letter list of a receiver, the oldest first.
    pub async fn dead(&self, id: &str) -> Result<Vec<Dead>, WebhookError> {
        let hook = self.hook(id)?;
        let keep = hook.keep.lock().await;
        keep.dead().map_err(|source| WebhookError::Io {
            hook: id.to_owned(),
            source,
        })
    }

    /// Sends batches of the dead-letter list again, the oldest first, under their first ids: one, or all. What is taken
    /// leaves the list. Ends at the first that is not taken. Says which were taken.
    pub async fn resend(&self, id: &str, batch: Option<&str>) -> Result<Vec<String>, WebhookError> {
        let hook = self.hook(id)?;
        let keep = hook.keep.lock().await;
        let broken = |source| WebhookError::Io {
            hook: id.to_owned(),
            source,
        };
        let mut dead = keep.dead().map_err(broken)?;
        if let Some(batch) = batch {
            dead.retain(|dead| dead.id == batch);
            if dead.is_empty() {
                return Err(WebhookError::UnknownBatch {
                    hook: id.to_owned(),
                    batch: batch.to_owned(),
                });
            }
        }
        let mut taken = Vec::new();
        for one in dead {
            if let Err(why) = hook.send_again(&one).await {
                return Err(WebhookError::NotTaken { batch: one.id, why });
            }
            keep.bury(&one.id).map_err(broken)?;
            tracing::info!(
                webhook = id,
                batch = one.id,
                "a dead letter was sent again and taken"
            );
            taken.push(one.id);
        }
        drop(keep);
        hook.wake.notify_one();
        Ok(taken)
    }

    /// Takes up again where a receiver was left: it said 410, its dead-letter list was full, or a try waits long.
    pub async fn enable(&self, id: &str) -> Result<(), WebhookError> {
        let hook = self.hook(id)?;
        let mut keep = hook.keep.lock().await;
        let mut standing = keep.standing();
        standing.disabled = None;
        if let Some(pending) = &mut standing.pending {
            (pending.tries, pending.first_try_ms, pending.next_try_ms) = (0, None, 0);
        }
        keep.set(standing).map_err(|source| WebhookError::Io {
            hook: id.to_owned(),
            source,
        })?;
        drop(keep);
        hook.wake.notify_one();
        Ok(())
    }
}

impl Courier {
    fn status(&self) -> WebhookStatus {
        let (standing, dead) = self.shown();
        let Standing {
            cursor,
            pending,
            trouble,
            disabled,
            delivered_ms,
            ..
        } = standing;
        let published = self.published.borrow().clone();
        let lag = published.zip(cursor).map(|(now, cursor)| {
            if now.generation == cursor.generation {
                now.seq.saturating_sub(cursor.seq)
            } else {
                now.seq
            }
        });
        let url = &self.webhook.url;
        let pending = pending.filter(|pending| pending.tries > 0);
        WebhookStatus {
            id: self.webhook.id.clone(),
            server: Some(url.origin().ascii_serialization()),
            cursor: cursor.map(|c| format!("{}-{}", c.generation, c.seq)),
            lag,
            tries: pending.as_ref().map_or(0, |pending| pending.tries),
            next_try_ms: pending
                .filter(|_| disabled.is_none())
                .map(|pending| pending.next_try_ms),
            last_error: trouble.as_ref().map(|trouble| trouble.short.clone()),
            last_error_detail: trouble.map(|trouble| trouble.detail),
            disabled,
            delivered_ms,
            dead,
        }
    }
}
