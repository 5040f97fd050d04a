//! The one who tells a receiver: batch after batch, each until it is taken or given up.
//!
//! Holds the receiver's keep while a batch is under way, so that nobody else sends meanwhile. Start at
//! [`Courier::work`].

use super::{
    batch::Batch,
    health::{Reached, waiting},
    keep::{Cursor, Dead, Keep, Pending, Standing, Trouble},
    settings::{Webhook, WebhookLimits},
    sign,
};
use crate::{
    diagnosis::health::Book,
    log::Log,
    network::{Delivered, Delivery, Network},
    snapshot::Published,
};
use std::{
    io,
    sync::{Arc, Mutex as Held, PoisonError},
    time::Duration,
};
use tokio::sync::{Mutex, Notify, watch};
use tokio_util::sync::CancellationToken;

const GONE: u16 = 410;
/// After trouble of our own (a disk, the log).
const OWN_TROUBLE: Duration = Duration::from_secs(30);

pub struct Courier {
    pub webhook: Webhook,
    pub limits: WebhookLimits,
    pub keep: Arc<Mutex<Keep>>,
    /// Somebody changed what is kept.
    pub wake: Notify,
    pub log: Log,
    pub health: Arc<Book>,
    /// Of our own IRIs.
    pub base: String,
    pub network: Arc<Network>,
    pub published: watch::Receiver<Option<Arc<Published>>>,
    pub shown: Held<(Standing, usize)>,
}

/// What to do next.
pub(super) enum Next {
    /// Something was done: look again.
    Again,
    /// Nothing, until something is published or somebody asks.
    Rest,
    /// Nothing for so long.
    Wait(Duration),
}

impl Courier {
    /// Works until it is told to stop. A try under way is given up then; it is made again at the next start.
    pub async fn work(self: Arc<Self>, gone: CancellationToken) {
        let mut published = self.published.clone();
        let mut health = self.health.watch();
        loop {
            published.mark_unchanged();
            health.mark_unchanged();
            let next = tokio::select! {
                next = self.step() => next,
                () = gone.cancelled() => return,
            };
            let wait = match next {
                Ok(Next::Again) => continue,
                Ok(Next::Rest) => Duration::MAX,
                Ok(Next::Wait(wait)) => wait,
                Err(error) => {
                    tracing::error!(webhook = self.webhook.id, %error, "a webhook cannot go on");
                    OWN_TROUBLE
                }
            };
            // A batch that waits for its next try is not hurried by a publication.
            let waits = wait != Duration::MAX;
            tokio::select! {
                () = gone.cancelled() => return,
                () = self.wake.notified() => {}
                changed = health.changed(), if !waits => if changed.is_err() { return },
                changed = published.changed(), if !waits => if changed.is_err() { return },
                () = tokio::time::sleep(wait), if waits => {}
            }
        }
    }

    /// What the last step left, without waiting for one under way.
    pub fn shown(&self) -> (Standing, usize) {
        if let Ok(keep) = self.keep.try_lock() {
            self.show(&keep);
        }
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn show(&self, keep: &Keep) {
        let dead = keep.dead_count().unwrap_or_default();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = (keep.standing(), dead);
    }

    async fn step(&self) -> io::Result<Next> {
        let mut keep = self.keep.lock().await;
        let next = self.step_with(&mut keep).await;
        self.show(&keep);
        next
    }

    async fn step_with(&self, keep: &mut Keep) -> io::Result<Next> {
        let mut standing = keep.standing();
        if standing.disabled.is_some() {
            return Ok(Next::Rest);
        }
        if let Some(next) = self.tell_health(keep, &standing).await? {
            return Ok(next);
        }
        let Some(now) = self.published.borrow().clone() else {
            return Ok(Next::Rest);
        };
        let Some(cursor) = standing.cursor else {
            let seq = if self.webhook.from_start { 0 } else { now.seq };
            standing.cursor = Some(Cursor {
                generation: now.generation,
                seq,
            });
            keep.set(standing)?;
            return Ok(Next::Again);
        };
        if let Some(wait) = waiting(&standing) {
            return Ok(wait);
        }
        if !self.webhook.changes {
            return pass_over(keep, standing, &now);
        }
        if cursor.generation != now.generation {
            let batch = Batch::generation(cursor, now.generation, now.published_us);
            let begin = Cursor {
                generation: now.generation,
                seq: 0,
            };
            return self
                .attempt(keep, standing, batch, Reached::at(cursor, begin))
                .await;
        }
        if standing.pending.is_none() && now.seq <= cursor.seq {
            return Ok(Next::Rest);
        }
        if let Some(kept) = self.first_kept(cursor, now.seq).await? {
            let reached = Cursor {
                seq: kept.seq - 1,
                ..cursor
            };
            // Another message than the one that waited, if one did.
            standing.pending = standing
                .pending
                .filter(|pending| pending.last == reached.seq);
            let batch = Batch::pruned(cursor, reached.seq, kept.published_us);
            return self
                .attempt(keep, standing, batch, Reached::at(cursor, reached))
                .await;
        }
        let up_to = standing.pending.as_ref().map(|pending| pending.last);
        let (last, told) = self.compose(cursor, up_to.unwrap_or(now.seq)).await?;
        let reached = Cursor {
            seq: last,
            ..cursor
        };
        if told.is_empty() {
            standing.cursor = Some(reached);
            standing.pending = None;
            keep.set(standing)?;
            return Ok(Next::Again);
        }
        let batch = Batch::of(cursor, last, &told);
        self.attempt(keep, standing, batch, Reached::at(cursor, reached))
            .await
    }

    /// One try of a batch. Taken, the receiver has come to `reached`.
    pub(super) async fn attempt(
        &self,
        keep: &mut Keep,
        mut standing: Standing,
        batch: Batch,
        reached: Reached,
    ) -> io::Result<Next> {
        let mut pending = standing.pending.take().unwrap_or(Pending {
            last: reached.cursor.map_or(0, |cursor| cursor.seq),
            tries: 0,
            first_try_ms: None,
            next_try_ms: 0,
            health: reached.health,
        });
        // Before it is sent: after a kill the very same batch is tried again, under the same id.
        standing.pending = Some(pending.clone());
        keep.set(standing.clone())?;
        let sent = self.send(&batch.id, &batch.body).await;
        pending.tries += 1;
        let first_try_ms = *pending.first_try_ms.get_or_insert_with(now_ms);
        let (trouble, retry_after) = match sent {
            Ok(delivered) if (200..300).contains(&delivered.status) => {
                standing = Standing {
                    cursor: reached.cursor,
                    health: reached.health.or(standing.health),
                    delivered_ms: Some(now_ms()),
                    ..Standing::default()
                };
                keep.set(standing)?;
                keep.bury(&batch.id)?;
                tracing::debug!(
                    webhook = self.webhook.id,
                    batch = batch.id,
                    "a batch was taken"
                );
                return Ok(Next::Again);
            }
            Ok(delivered) => (refused(delivered.status), delivered.retry_after),
            Err(trouble) => (trouble, None),
        };
        tracing::warn!(
            webhook = self.webhook.id,
            batch = batch.id,
            tries = pending.tries,
            error = trouble.detail,
            "a batch was not taken"
        );
        metrics::counter!("harvestd_webhook_failures_total", "webhook" => self.webhook.id.clone())
            .increment(1);
        let gone = trouble.short == GONE.to_string();
        let too_long = now_ms() - first_try_ms >= millis(self.limits.give_up_ms);
        standing.trouble = Some(trouble.clone());
        if gone {
            standing.disabled = Some("the receiver answered 410 Gone".to_owned());
        } else if pending.tries >= self.limits.tries_max || too_long {
            return self.give_up(keep, standing, &batch, &pending, reached);
        }
        let backoff = self.backoff_ms(pending.tries);
        let asked = retry_after.map_or(0, |wait| {
            i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
        });
        pending.next_try_ms =
            now_ms() + backoff.max(asked.min(millis(self.limits.retry_after_max_ms)));
        standing.pending = Some(pending);
        keep.set(standing)?;
        Ok(Next::Again)
    }

    /// Into the dead-letter list, and on to the next; where the list is full, the receiver is left alone.
    fn give_up(
        &self,
        keep: &mut Keep,
        mut standing: Standing,
        batch: &Batch,
        pending: &Pending,
        reached: Reached,
    ) -> io::Result<Next> {
        if keep.dead_count()? >= self.limits.dead_max {
            standing.pending = Some(pending.clone());
            standing.disabled = Some(format!(
                "{} batches are in the dead-letter list: send them again, then enable it",
                self.limits.dead_max
            ));
            tracing::error!(
                webhook = self.webhook.id,
                "the dead-letter list is full; nothing is sent any more"
            );
            keep.set(standing)?;
            return Ok(Next::Again);
        }
        keep.give_up(&Dead {
            id: batch.id.clone(),
            generation: reached.cursor.map_or(0, |cursor| cursor.generation),
            first: reached.first(),
            last: reached.cursor.map_or(0, |cursor| cursor.seq),
            activities: batch.activities,
            tries: pending.tries,
            gave_up_ms: now_ms(),
            error: standing
                .trouble
                .as_ref()
                .map_or_else(String::new, |t| t.detail.clone()),
            body: batch.body.clone(),
        })?;
        tracing::error!(
            webhook = self.webhook.id,
            batch = batch.id,
            tries = pending.tries,
            "a batch was given up; it is in the dead-letter list"
        );
        standing.pending = None;
        standing.cursor = reached.cursor;
        standing.health = reached.health.or(standing.health);
        keep.set(standing)?;
        Ok(Next::Again)
    }

    /// Doubled with each try, up to the limit; between half of it and all of it, so that receivers are not asked in step.
    fn backoff_ms(&self, tries: u32) -> i64 {
        let doubled = self.limits.backoff_first_ms.saturating_mul(
            1_u64
                .checked_shl(tries.saturating_sub(1))
                .unwrap_or(u64::MAX),
        );
        let whole = doubled.min(self.limits.backoff_max_ms);
        let chance = getrandom::u32().unwrap_or(u32::MAX);
        millis(whole / 2 + (whole / 2).saturating_mul(u64::from(chance)) / u64::from(u32::MAX))
    }

    /// Sends a dead letter again. Err says why it was not taken.
    pub async fn send_again(&self, dead: &Dead) -> Result<(), String> {
        match self.send(&dead.id, &dead.body).await {
            Ok(delivered) if (200..300).contains(&delivered.status) => Ok(()),
            Ok(delivered) => Err(refused(delivered.status).detail),
            Err(trouble) => Err(trouble.detail),
        }
    }

    async fn send(&self, id: &str, body: &str) -> Result<Delivered, Trouble> {
        let url = &self.webhook.url;
        let timestamp_s = now_ms() / 1000;
        let signature = sign::signature(&self.webhook.secret.0, id, timestamp_s, body.as_bytes())
            .ok_or_else(|| Trouble {
            short: "secret".to_owned(),
            detail: "the webhook's secret is none, and nothing is sent unsigned".to_owned(),
        })?;
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp_s.to_string()),
            ("webhook-signature", signature),
        ];
        // A receiver's address may be its password.
        let path = url.path().trim_matches('/');
        let mut secrets = vec![self.webhook.secret.0.clone()];
        secrets.extend(
            [Some(path), url.query()]
                .into_iter()
                .flatten()
                .filter(|s| s.len() > 3)
                .map(str::to_owned),
        );
        let delivery = Delivery {
            url,
            ranges: &self.webhook.allow_ranges,
            headers: &headers,
            body: body.to_owned().into(),
            connect_ms: self.limits.connect_ms,
            total_ms: self.limits.total_ms,
            secrets: &secrets,
        };
        self.network
            .deliver(&delivery)
            .await
            .map_err(|error| Trouble {
                short: error.kind.name().to_owned(),
                detail: error.to_string(),
            })
    }
}

/// Who is not told of changes has always come to the end.
fn pass_over(keep: &mut Keep, mut standing: Standing, now: &Published) -> io::Result<Next> {
    let end = Cursor {
        generation: now.generation,
        seq: now.seq,
    };
    if standing.cursor == Some(end) {
        return Ok(Next::Rest);
    }
    standing.cursor = Some(end);
    standing.pending = None;
    keep.set(standing)?;
    Ok(Next::Again)
}

fn refused(status: u16) -> Trouble {
    let hint = match status {
        300..400 => " (redirects are not followed: configure the address it leads to)",
        _ => "",
    };
    Trouble {
        short: status.to_string(),
        detail: format!("the receiver answered {status}{hint}, expected 200 to 299"),
    }
}

fn millis(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX / 4)
}

pub(super) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
