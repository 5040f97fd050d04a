//! Snapshots that nobody published anything after: what they hold grows all the same, since the store compacts the files
//! that it shares with them. And what can no longer be taken back, and what quality is on another day, with the same look. Start at
//! [`Daemon::look_at_snapshots`].

use super::Daemon;
use crate::quality::today;
use crate::run::{RunError, now_ms};
use std::{sync::Arc, time::Duration};

impl Daemon {
    /// Lets go what the policy does not keep, every so often, until the daemon stops.
    pub(super) async fn look_at_snapshots(self: Arc<Self>) {
        loop {
            let every = Duration::from_millis(self.config().limits.snapshots.look_every_ms);
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            let daemon = self.clone();
            let looked = tokio::task::spawn_blocking(move || {
                let mut writer = daemon.rooms.writer()?;
                // What was on time yesterday may be late today, and each day has its figure. And addresses fall silent.
                let is_over = writer.survey.day().is_some_and(|day| day != today());
                if is_over || writer.survey.has_news() {
                    writer.store.flush()?;
                    writer.measured()?;
                }
                writer.publisher.thin(&writer.store);
                let (generation, days) = (writer.store.head().generation, limit(&daemon));
                let journal = writer.store.journal().clone();
                drop(writer);
                journal
                    .prune(generation, days, now_ms())
                    .map_err(RunError::io("removing what can no longer be taken back"))?;
                Ok::<_, RunError>(())
            });
            let error = match looked.await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(panic) => panic.to_string(),
            };
            tracing::error!(error, "old snapshots could not be looked through");
        }
    }
}

fn limit(daemon: &Daemon) -> u64 {
    daemon.config().limits.undo_days
}
