//! Waiting for news of a source whose feed says where to wait, while nothing else is to be done for it: what another
//! harvestd publishes is here at once, and not only when the source is due.
//!
//! One question waits at a time, and the next is put when it is answered. What fails is tried again later and later.
//! Start at [`Daemon::news`]; what an answer means is the connector's word.

use super::Daemon;
use crate::config::Source;
use crate::encoding;
use crate::network::{Asked, Spooled};
use crate::report::{Outcome, Report};
use chrono::Utc;
use harvestd_harvesters::{Answer, Harvester, News, Request};
use std::{future, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};

/// The least time between what the network may wait for and what a question may.
const SPARE_MS: u64 = 1_000;

/// What a source's task has heard of its source.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// Everything up to there was harvested.
    heard: Option<String>,
    /// The news that is being harvested.
    fresh: Option<String>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Ear {
    /// A run on the news has ended.
    pub(super) fn done(&mut self, report: Option<&Report>, source: Option<&Source>) {
        let fresh = self.fresh.take();
        match (report, source) {
            (Some(report), _) if report.outcome == Outcome::Complete => {
                self.heard = fresh;
                self.failures = 0;
            }
            (_, Some(source)) => {
                self.wait(source);
            }
            (_, None) => {}
        }
    }

    /// Waits with the next question, twice as long as the last time.
    fn wait(&mut self, source: &Source) -> Duration {
        let follow = &source.follow;
        let doubled = follow
            .retry_first_ms
            .saturating_mul(1 << self.failures.min(32));
        let wait = Duration::from_millis(doubled.min(follow.retry_max_ms));
        self.failures = self.failures.saturating_add(1);
        self.not_before = Instant::now().checked_add(wait);
        wait
    }
}

impl Daemon {
    /// Returns when the source has something new. Never, where it says of nothing where to wait for it.
    pub(super) async fn news(&self, id: &str, ear: &mut Ear) {
        loop {
            let Some((source, harvester, question)) = self.question(id, ear) else {
                return future::pending().await;
            };
            if let Some(at) = ear.not_before {
                sleep_until(at).await;
                ear.not_before = None;
            }
            match self.heard(&source, harvester, question).await {
                Ok(News { heard, any }) if any => {
                    ear.fresh = Some(heard);
                    return;
                }
                Ok(_) => ear.failures = 0,
                Err(error) => {
                    let wait_ms = ear.wait(&source).as_millis() as u64;
                    tracing::info!(
                        source = id,
                        error,
                        wait_ms,
                        "no news can be had; asking again"
                    );
                }
            }
        }
    }

    /// The next question, where the source is one to be waited for.
    fn question(&self, id: &str, ear: &Ear) -> Option<(Arc<Source>, Arc<dyn Harvester>, Request)> {
        let (source, paused) = self.with(id, |place| (place.source.clone(), place.paused))?;
        let may = source.enabled && source.schedule.is_some() && source.follow.listen && !paused;
        let quiet = source.quiet.as_ref();
        let may = may && !quiet.is_some_and(|quiet| quiet.is_at(Utc::now()));
        let state = may.then(|| self.rooms.state.source(id).ok())??;
        let door = state.listens?.parse().ok()?;
        let harvester = source.open(&self.config().limits).ok()?;
        let wait_ms = source.network.limits.read_ms.saturating_sub(SPARE_MS);
        let wait_ms = source.follow.wait_ms.min(wait_ms).max(1);
        let question = harvester.listen(&door, ear.heard.as_deref(), wait_ms)?;
        Some((source, harvester.into(), question))
    }

    async fn heard(
        &self,
        source: &Source,
        harvester: Arc<dyn Harvester>,
        question: Request,
    ) -> Result<News, String> {
        let spool_dir = &self.rooms.spool_dir;
        let asked = self
            .rooms
            .network
            .ask(source, &question, None, spool_dir)
            .await;
        let Asked::Answer(spooled) = asked.map_err(|e| e.to_string())? else {
            return Err("not modified, unasked".to_owned());
        };
        let read = tokio::task::spawn_blocking(move || read(&*harvester, &question, &spooled));
        read.await.map_err(|e| e.to_string())?
    }
}

fn read(harvester: &dyn Harvester, request: &Request, spooled: &Spooled) -> Result<News, String> {
    let (media_type, charset) = (spooled.media_type.as_deref(), spooled.charset.as_deref());
    let decoded = encoding::open(spooled.file.path(), media_type, charset);
    let mut decoded = decoded.map_err(|e| e.to_string())?;
    let answer = Answer {
        request,
        status: spooled.status,
        url: spooled.url.clone(),
        media_type: spooled.media_type.clone(),
        link_next: None,
        body: &mut *decoded.reader,
    };
    harvester.hear(answer).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::config::{Config, Outside};
    use crate::report::Trigger;

    fn source() -> Source {
        let text = "public_url = \"https://hub.example/\"\n[[source]]\nid = \"m\"\nkind = \"ldes\"\n\
                    url = \"https://other.example/feed\"\ntitle = { en = \"M\" }\n\
                    [source.follow]\nretry_first_ms = 100\nretry_max_ms = 350\n";
        let config = Config::parse("c.toml", text, &Outside::default()).unwrap();
        config.sources[0].clone()
    }

    #[test]
    fn waits_grow_up_to_the_last() {
        let (source, mut ear) = (source(), Ear::default());
        let waits: Vec<u64> = (0..40)
            .map(|_| ear.wait(&source).as_millis() as u64)
            .collect();
        assert_eq!(waits[..4], [100, 200, 350, 350]);
        assert!(waits[4..].iter().all(|wait| *wait == 350));
    }

    #[test]
    fn what_failed_is_not_heard() {
        let (source, mut ear) = (source(), Ear::default());
        let mut report = Report::begin("m", "ldes", Trigger::News, 1);
        ear.fresh = Some("1-2".to_owned());
        report.outcome = Outcome::Failed;
        ear.done(Some(&report), Some(&source));
        assert_eq!((&ear.heard, ear.failures), (&None, 1));
        assert!(ear.not_before.is_some(), "and is not asked for at once");
        ear.fresh = Some("1-3".to_owned());
        report.outcome = Outcome::Complete;
        ear.done(Some(&report), Some(&source));
        assert_eq!((ear.heard.as_deref(), ear.failures), (Some("1-3"), 0));
    }
}
