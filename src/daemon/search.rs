//! A search index that failed when something was published: it is tried again, later and later, until it follows or something
//! else is published. Meanwhile the doors that search say that they cannot. Start at [`Daemon::mend_search`].

use super::Daemon;
use crate::run::{RunError, Writer};
use std::{sync::Arc, time::Duration};

impl Daemon {
    /// Looks after the index of the newest publication until the daemon stops.
    pub(super) async fn mend_search(self: Arc<Self>) {
        let mut published = self.published();
        let limits = self.config().limits.search.clone();
        let first = Duration::from_millis(limits.retry_first_ms);
        let most = Duration::from_millis(limits.retry_max_ms);
        let mut wait = first;
        loop {
            let newest = published.borrow_and_update().clone();
            if newest.is_none_or(|newest| newest.search().is_some()) {
                wait = first;
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    moved = published.changed() => match moved {
                        Ok(()) => continue,
                        Err(_) => return,
                    },
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            if self.clone().search_again().await {
                tracing::info!("the search index is there again");
            }
            wait = (wait * 2).min(most);
        }
    }

    async fn search_again(self: Arc<Self>) -> bool {
        let again = tokio::task::spawn_blocking(move || {
            let mut writer = self.rooms.writer()?;
            let Writer {
                store,
                publisher,
                survey,
                ..
            } = &mut *writer;
            Ok::<_, RunError>(publisher.index_again(store, survey))
        });
        let error = match again.await {
            Ok(Ok(mended)) => return mended,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic.to_string(),
        };
        tracing::error!(error, "the search index could not be tried again");
        false
    }
}
