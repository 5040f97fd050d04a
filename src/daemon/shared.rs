//! Shared vocabularies are in the store before any source runs: where their tables or settings changed, a run of each.
//!
//! Start at [`Daemon::share`]. What such a run reads is in [`crate::run::shared`].

use super::{Daemon, tell};
use crate::config::{Config, Source};
use crate::report::{Outcome, Report, Trigger};
use crate::run::{self, Order, Progress, RunError, shared};
use std::sync::Arc;

/// A shared vocabulary could not be committed: records that refer to it would lose their publishers' names.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the shared vocabulary {vocabulary:?} could not be committed: {why}")]
    NotComplete { vocabulary: String, why: String },
}

impl From<SharedError> for RunError {
    fn from(error: SharedError) -> Self {
        match error {
            SharedError::Run(error) => error,
            not_complete => Self::Kind(not_complete.to_string()),
        }
    }
}

impl Daemon {
    /// Commits the shared vocabularies that are not in the store as the tables of this program have them. Waits for it.
    /// Whose their IRIs are the writer knows whatever is configured.
    pub(super) fn share(&self, config: &Config) -> Result<(), SharedError> {
        for vocabulary in &config.shared {
            let source = Arc::new(shared::source(config, vocabulary));
            if shared::is_current(&self.rooms, config, &source)? {
                continue;
            }
            let report = self.run_shared(config, &source)?;
            tell(&report);
            if report.outcome != Outcome::Complete {
                return Err(SharedError::NotComplete {
                    vocabulary: vocabulary.clone(),
                    why: report.why.unwrap_or_else(|| report.outcome.to_string()),
                });
            }
        }
        Ok(())
    }

    /// The run, on a thread of its own, since this one may belong to the runtime.
    fn run_shared(&self, config: &Config, source: &Arc<Source>) -> Result<Report, RunError> {
        let runtime = tokio::runtime::Handle::current();
        let order = Order {
            trigger: Trigger::Schedule,
            full: true,
        };
        let progress = Arc::new(Progress::of(order.trigger));
        let running = run::run(&self.rooms, config, source, order, &progress);
        std::thread::scope(|scope| scope.spawn(|| runtime.block_on(running)).join())
            .map_err(|_| RunError::Panic("the run of a shared vocabulary".to_owned()))
    }
}
