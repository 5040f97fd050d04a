//! Another configuration, taken over while everything runs: all of it, or nothing.
//!
//! What may fail comes first, and what was done by then is taken back. Start at [`Daemon::configure`].

use super::{Daemon, Place, open, push};
use crate::config::{Config, Source};
use crate::identity::Thresholds;
use crate::overrides::Overrides;
use crate::run::{RunError, Writer, corrections::lay};
use crate::snapshot::SnapshotLimits;
use crate::store::{Applied, Policy};
use crate::webhooks::Prepared;
use std::sync::{Arc, PoisonError};

/// What the writer goes by, as configured; corrections are laid apart from these.
struct Rules {
    policy: Policy,
    thresholds: Thresholds,
    snapshots_kept: usize,
    snapshots: SnapshotLimits,
}

impl Rules {
    fn of(config: &Config) -> Self {
        Self {
            policy: open::policy(config),
            thresholds: config.identity,
            snapshots_kept: config.limits.snapshots_kept,
            snapshots: config.limits.snapshots.clone(),
        }
    }

    /// The writer goes by these from now on. Gives those before.
    fn set(self, writer: &mut Writer) -> Self {
        let publisher = &mut writer.publisher;
        let (snapshots_kept, snapshots) = publisher.set_policy(self.snapshots_kept, self.snapshots);
        Self {
            policy: std::mem::replace(&mut writer.policy, self.policy),
            thresholds: std::mem::replace(&mut writer.thresholds, self.thresholds),
            snapshots_kept,
            snapshots,
        }
    }
}

impl Daemon {
    /// Takes over a configuration: new sources begin, changed ones change at their next run, removed ones stop being
    /// asked while everything held of them stays. A source that pushes from now on, or does not any more, begins anew.
    /// Waits for a commit under way.
    ///
    /// # Errors
    /// Where something of it cannot be done. The configuration before is in force then, whole.
    pub async fn configure(self: &Arc<Self>, config: Config) -> Result<(), RunError> {
        let daemon = self.clone();
        tokio::task::spawn_blocking(move || {
            let hooks = daemon.prepare(&config)?;
            daemon.share(&config)?;
            daemon.change(config, hooks)
        })
        .await
        .map_err(|e| RunError::Panic(e.to_string()))?
    }

    /// The same at the start, after the shared vocabularies.
    pub(super) fn take_over(self: &Arc<Self>, config: Config) -> Result<(), RunError> {
        let hooks = self.prepare(&config)?;
        self.change(config, hooks)
    }

    fn prepare(&self, config: &Config) -> Result<Prepared, RunError> {
        let (hooks, limits) = (&config.webhooks, &config.limits.webhooks);
        Ok(self.webhooks.prepare(hooks, limits, &self.stop)?)
    }

    fn change(self: &Arc<Self>, config: Config, hooks: Prepared) -> Result<(), RunError> {
        self.hand_over(&config)?;
        // Nothing fails from here on.
        self.webhooks.configure(hooks, &self.tasks);
        let config = Arc::new(config);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config.clone();
        self.rooms.network.reconfigured(&config.sources);
        let mut places = self.places();
        places.retain(|id, place| {
            let stays = config.source(id).is_some();
            if !stays {
                place.gone.cancel();
            }
            stays
        });
        for source in &config.sources {
            let source = Arc::new(source.clone());
            match places.get_mut(&source.id) {
                Some(place) if place.source.is_pushed() == source.is_pushed() => {
                    place.source = source;
                    place.look.notify_one();
                }
                Some(place) => *place = self.begin_anew(source, place),
                None => {
                    let place = self.begin(source);
                    places.insert(place.source.id.clone(), place);
                }
            }
        }
        self.feedback.configure(&config);
        self.links.configure(config.clone());
        self.inbox.configure(config.clone(), push::places(&places));
        Ok(())
    }

    /// Takes over other corrections, and nothing else.
    pub(super) fn correct_to(&self, overrides: Arc<Overrides>) -> Result<(), RunError> {
        let mut config = (*self.config()).clone();
        config.overrides = overrides;
        self.hand_over(&config)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        Ok(())
    }

    /// Another task for a source that is run in another way from now on: it begins when the old one has
    /// ended, and what is asked for until then waits.
    fn begin_anew(self: &Arc<Self>, source: Arc<Source>, old: &Place) -> Place {
        old.gone.cancel();
        let mut place = self.begin(source);
        place.begun_ms = old.begun_ms;
        place
    }

    /// Which snapshots stay, who wins, and corrections: what these change is published at once.
    fn hand_over(&self, config: &Config) -> Result<(), RunError> {
        let writer = &mut *self.rooms.writer()?;
        let rules = Rules::of(config).set(writer);
        if writer.overrides == config.overrides {
            return Ok(());
        }
        let before = writer.overrides.clone();
        match self.correct(writer, &config.overrides) {
            Ok(applied) => {
                let (corrections, activities) = (config.overrides.len(), applied.activities);
                tracing::info!(corrections, ?activities, "the corrections are in force");
                Ok(())
            }
            Err(error) => {
                rules.set(writer);
                // Some may be laid already, whatever the writer says.
                if let Err(error) = self.correct(writer, &before) {
                    tracing::error!(%error, "taking back the corrections of a refused configuration");
                }
                Err(error)
            }
        }
    }

    fn correct(
        &self,
        writer: &mut Writer,
        overrides: &Arc<Overrides>,
    ) -> Result<Applied, RunError> {
        let applied = lay(writer, overrides)?;
        self.rooms.state.moved_on(writer.store.head())?;
        writer.publish()?;
        Ok(applied)
    }
}
