//! The round: addresses that are due are asked, one of a host at a time, hosts side by side, until the daemon stops.
//!
//! What is due stands in the book, so a round goes on where the last process ended, and holds no more in memory than the
//! hosts that are being asked. Start at [`Round::run`]; [`Links::check_now`] is the same by hand.

use super::{Links, book::host_of, check::Checker, trouble::Trouble};
use crate::config::Config;
use crate::network::Network;
use crate::run::now_ms;
use crate::state::{
    StateError,
    links::{HostKey, Key, host_key},
};
use chrono::Utc;
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// After so many addresses of one host, another host has its turn.
const PER_TURN: usize = 20;
/// A kill costs the checks of so long: they are done once more.
const REST_EVERY: Duration = Duration::from_secs(10);

/// What is needed to ask.
#[derive(Clone)]
pub struct Means {
    pub links: Arc<Links>,
    pub network: Arc<Network>,
    pub spool_dir: PathBuf,
}

/// A round without an end.
pub struct Round {
    means: Means,
    stop: CancellationToken,
    /// The last host that had its turn.
    at: HostKey,
    hosts: HashSet<HostKey>,
    turns: JoinSet<(HostKey, Result<(), StateError>)>,
    /// When what was learnt was made durable last.
    rested: Instant,
}

/// An address that was checked by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub url: String,
    /// None: no dataset names it any more.
    pub trouble: Option<Trouble>,
    pub status: Option<u16>,
    pub said: Option<String>,
    pub took_ms: u64,
}

impl Means {
    fn checker(&self) -> Checker {
        Checker::new(self.links.config(), self.spool_dir.clone())
    }

    /// Asks an address and notes what came.
    async fn check(&self, checker: &Checker, at: Key) -> Result<Option<Line>, StateError> {
        let Some(address) = self.links.kept.address(at)? else {
            return Ok(None);
        };
        let before = address.came.as_ref();
        let came = checker.check(&self.network, &address.url, before).await;
        let (status, said, took_ms) = (came.status, came.said.clone(), came.took_ms);
        let trouble = self.links.note(at, came, now_ms())?;
        Ok(Some(Line {
            url: address.url,
            trouble,
            status,
            said,
            took_ms,
        }))
    }
}

impl Round {
    pub fn new(means: Means, stop: CancellationToken) -> Self {
        Self {
            means,
            stop,
            at: [0; 8],
            hosts: HashSet::new(),
            turns: JoinSet::new(),
            rested: Instant::now(),
        }
    }

    /// Goes round until it is stopped. Requests under way are given up then: they are due again at the next start.
    pub async fn run(mut self) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.begin() {
                tracing::error!(%error, "addresses that are due cannot be found");
            }
            self.wait().await;
            if self.rested.elapsed() >= REST_EVERY {
                self.rest().await;
            }
        }
        self.turns.shutdown().await;
        self.rest().await;
    }

    /// Until somebody has had its turn, or it is time to look again.
    async fn wait(&mut self) {
        let every = self.means.links.config().limits.links.look_every_ms;
        let idle = self.turns.is_empty();
        tokio::select! {
            () = self.stop.cancelled() => {}
            Some(ended) = self.turns.join_next() => self.ended(ended),
            () = tokio::time::sleep(Duration::from_millis(every)) => {
                if idle {
                    self.hosts.clear();
                }
            }
        }
    }

    fn ended(&mut self, ended: Result<(HostKey, Result<(), StateError>), tokio::task::JoinError>) {
        match ended {
            Ok((host, Ok(()))) => {
                self.hosts.remove(&host);
            }
            // Such a host stays among those that are being asked until nobody is any more: it would fail again at once.
            Ok((_, Err(error))) => {
                tracing::error!(%error, "what came of an address cannot be remembered");
            }
            Err(panic) => tracing::error!(%panic, "checking addresses of a host failed"),
        }
    }

    /// What was learnt is made durable, and what is not needed any more forgotten.
    async fn rest(&mut self) {
        self.rested = Instant::now();
        let means = self.means.clone();
        let rested = tokio::task::spawn_blocking(move || {
            let robots_ms = means.links.config().limits.network.robots_cache_ms;
            means
                .network
                .forget_visits(Duration::from_millis(robots_ms));
            means.links.kept.make_durable()
        });
        if let Ok(Err(error)) = rested.await {
            tracing::error!(%error, "what came of addresses cannot be made durable");
        }
    }

    /// Gives turns to hosts that are due, as many as may be asked at one time.
    fn begin(&mut self) -> Result<(), StateError> {
        let config = self.means.links.config();
        if !config.links.enabled
            || config
                .links
                .quiet
                .as_ref()
                .is_some_and(|q| q.is_at(Utc::now()))
        {
            return Ok(());
        }
        let most = config.limits.links.hosts_at_once_max;
        let quiet = quiet_now(&config);
        while self.turns.len() < most {
            let skip = |host| self.hosts.contains(&host) || quiet.contains(&host);
            let kept = &self.means.links.kept;
            let Some(host) = kept.host_due(self.at, now_ms(), skip)? else {
                return Ok(());
            };
            self.at = host;
            self.hosts.insert(host);
            let (means, stop) = (self.means.clone(), self.stop.clone());
            self.turns.spawn(async move {
                let turn = stop.run_until_cancelled(turn(&means, host)).await;
                (host, turn.unwrap_or(Ok(())))
            });
        }
        Ok(())
    }
}

/// The servers of sources that are not to be asked at this hour.
fn quiet_now(config: &Config) -> HashSet<HostKey> {
    let now = Utc::now();
    let sources = config.sources.iter().filter(|source| {
        let quiet = source.quiet.as_ref();
        quiet.is_some_and(|quiet| quiet.is_at(now))
    });
    sources
        .map(|source| host_key(&host_of(source.url.as_str())))
        .collect()
}

/// One host's turn.
async fn turn(means: &Means, host: HostKey) -> Result<(), StateError> {
    let checker = means.checker();
    for _ in 0..PER_TURN {
        let Some(at) = means.links.kept.due_at(host, now_ms())? else {
            return Ok(());
        };
        means.check(&checker, at).await?;
    }
    Ok(())
}

/// Which addresses are checked by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Url(String),
    Dataset(String),
    Source(String),
}

impl Links {
    /// The addresses that are wanted. Their order mixes hosts.
    pub fn wanted(&self, wanted: &Wanted) -> Result<Vec<Key>, StateError> {
        use crate::state::links::key;
        let mut keys = HashSet::new();
        match wanted {
            Wanted::Url(url) => {
                let at = key(url);
                keys.extend(self.kept.address(at)?.map(|_| at));
            }
            Wanted::Dataset(iri) => {
                let dataset = self.dataset(iri)?;
                keys.extend(dataset.iter().flat_map(|d| &d.places).map(|p| key(&p.url)));
            }
            Wanted::Source(id) => {
                for entry in self.kept.datasets() {
                    let (_, dataset) = entry?;
                    if dataset.source == *id {
                        keys.extend(dataset.places.iter().map(|place| key(&place.url)));
                    }
                }
            }
        }
        let mut keys: Vec<Key> = keys.into_iter().collect();
        // By their hashes, and so in no order that means anything.
        keys.sort_unstable();
        Ok(keys)
    }

    /// Asks these addresses now, whatever they are due. Lines come as answers do.
    pub fn check_now(
        means: Means,
        keys: Vec<Key>,
    ) -> impl Stream<Item = Result<Line, StateError>> + Send {
        let checker = Arc::new(means.checker());
        let at_once = means.links.config().limits.links.hosts_at_once_max;
        let checks = stream::iter(keys).map(move |at| {
            let (means, checker) = (means.clone(), checker.clone());
            async move { means.check(&checker, at).await }
        });
        let lines = checks.buffer_unordered(at_once);
        lines.filter_map(async |line| line.transpose())
    }
}
