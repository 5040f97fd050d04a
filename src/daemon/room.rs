//! Looking whether there is room to write, every so often; and runs that wait until there is. Start at
//! [`Daemon::look_for_room`].

use super::Daemon;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

impl Daemon {
    /// Looks until the daemon stops.
    pub(super) async fn look_for_room(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            let daemon = self.clone();
            let looked = tokio::task::spawn_blocking(move || daemon.look_once()).await;
            if let Err(error) = looked {
                tracing::error!(%error, "it could not be looked whether there is room to write");
            }
            let wait = tokio::time::sleep(self.look_every());
            let _ = self.stop.run_until_cancelled(wait).await;
        }
    }

    pub(super) fn look_once(&self) {
        let least = self.config().limits.disk_free_bytes_min;
        self.rooms.room.look(least);
    }

    fn look_every(&self) -> Duration {
        Duration::from_millis(self.config().limits.disk_look_every_ms)
    }

    /// Waits until there is room. False: it is not to be waited for any more.
    pub(super) async fn until_room(&self, gone: &CancellationToken) -> bool {
        while self.rooms.room.lacking().is_some() {
            let wait = tokio::time::sleep(self.look_every());
            if gone.run_until_cancelled(wait).await.is_none() {
                return false;
            }
        }
        true
    }
}
