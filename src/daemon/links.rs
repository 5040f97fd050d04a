//! Addresses in the catalogue, checked while the daemon runs: the book follows what is published, and the round goes on.
//! Start at [`Daemon::check_links`].

use super::Daemon;
use crate::links::{
    Links,
    follow::FollowError,
    round::{Line, Means, Round, Wanted},
};
use crate::run::Rooms;
use crate::run::now_ms;
use crate::snapshot::Published;
use crate::state::StateError;
use crate::store::{Head, body_of};
use crate::store_read;
use futures_util::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Lines that whoever asked for a check has not taken yet.
const LINES_AHEAD: usize = 64;

impl Daemon {
    /// Checks what is due until the daemon stops. A daemon that has just started has other work first.
    pub(super) async fn check_links(self: Arc<Self>) {
        let begin_after = Duration::from_millis(self.config().limits.links.begin_after_ms);
        let waited = self
            .stop
            .run_until_cancelled(tokio::time::sleep(begin_after));
        if waited.await.is_none() {
            return;
        }
        let checks = self.checks();
        let round = Round::new(checks.means(), self.stop.clone());
        let mut published = self.published();
        let following = async {
            loop {
                published.borrow_and_update();
                if self.config().links.enabled {
                    checks.follow().await;
                }
                if published.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = round.run() => {}
            () = following => {}
        }
    }

    fn checks(&self) -> Checks {
        Checks {
            rooms: self.rooms.clone(),
            links: self.links.clone(),
            published: self.published.clone(),
            stop: self.stop.clone(),
        }
    }

    /// Checks addresses for somebody. What is known of them is brought up to what is published first.
    pub(super) fn checked_now(&self, wanted: Wanted) -> mpsc::Receiver<Line> {
        let (lines, taken) = mpsc::channel(LINES_AHEAD);
        let (checks, stop) = (self.checks(), self.stop.clone());
        self.tasks.spawn(async move {
            let checking = async {
                checks.follow().await;
                if let Err(error) = checks.check_each(&wanted, &lines).await {
                    tracing::error!(%error, "checking addresses by hand failed");
                }
            };
            stop.run_until_cancelled(checking).await;
        });
        taken
    }
}

/// What of the daemon is needed to check.
#[derive(Clone)]
struct Checks {
    rooms: Arc<Rooms>,
    links: Arc<Links>,
    published: watch::Receiver<Option<Arc<Published>>>,
    stop: CancellationToken,
}

impl Checks {
    fn means(&self) -> Means {
        Means {
            links: self.links.clone(),
            network: self.rooms.network.clone(),
            spool_dir: self.rooms.spool_dir.clone(),
        }
    }

    /// Brings the book up to what is published. Where it cannot be, that is told, and what was known before stays.
    async fn follow(&self) {
        let _turn = self.links.turn_to_follow().await;
        let checks = self.clone();
        let followed = tokio::task::spawn_blocking(move || checks.followed()).await;
        match followed {
            Ok(Ok(looked)) if looked > 0 => {
                tracing::debug!(looked, "addresses follow what is published")
            }
            Ok(Ok(_) | Err(FollowError::Stopped)) => {}
            Ok(Err(error)) => tracing::error!(%error, "addresses stay behind what is published"),
            Err(panic) => tracing::error!(%panic, "addresses stay behind what is published"),
        }
    }

    fn followed(&self) -> Result<u64, FollowError> {
        let Some(published) = self.published.borrow().clone() else {
            return Ok(0);
        };
        let (log, quads) = {
            let writer = self.rooms.writer();
            let writer = writer.map_err(|error| FollowError::Store(error.to_string()))?;
            (writer.store.log().clone(), writer.store.quads().clone())
        };
        let stopped = || self.stop.is_cancelled();
        let every = || {
            store_read::scan(&quads).map(|described| {
                let described = described.map_err(|error| error.to_string())?;
                Ok((described.entity.into_string(), body_of(&described.triples)))
            })
        };
        let to = Head::from(published.as_ref());
        self.links.follow(&log, to, now_ms(), &stopped, every)
    }

    async fn check_each(
        &self,
        wanted: &Wanted,
        lines: &mpsc::Sender<Line>,
    ) -> Result<(), StateError> {
        let keys = self.links.wanted(wanted)?;
        let mut checked = std::pin::pin!(Links::check_now(self.means(), keys));
        while let Some(line) = checked.next().await {
            // Whoever does not listen any more wants no more.
            if lines.send(line?).await.is_err() {
                break;
            }
        }
        self.links.make_durable()
    }
}
