//! What runs share, and the one who changes the store. Start at [`Rooms`].

use super::RunError;
use crate::answers::Answers;
use crate::config::{Limits, Source};
use crate::diagnosis;
use crate::gate::book::Book;
use crate::identity::Thresholds;
use crate::network::Network;
use crate::overrides::{Overrides, Standings};
use crate::parts::Parts;
use crate::quality::Survey;
use crate::report::{Account, Reports};
use crate::room::Room;
use crate::snapshot::Publisher;
use crate::state::{KeptDigest, State};
use crate::store::{Policy, Store, StoreError};
use harvestd_vocab::Agencies;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::watch;

/// What runs share.
pub struct Rooms {
    pub network: Arc<Network>,
    pub writer: Mutex<Writer>,
    /// How corrections stand: asked without waiting for the writer.
    pub standings: watch::Receiver<Arc<Standings>>,
    pub state: State,
    pub digest: Arc<KeptDigest>,
    pub answers: Answers,
    pub parts: Parts,
    pub reports: Reports,
    pub book: Book,
    /// Which sources are sick.
    pub health: Arc<diagnosis::health::Book>,
    /// Whether anything may be written.
    pub room: Room,
    /// Spooled answers and staged changes; emptied at start.
    pub spool_dir: PathBuf,
}

impl Rooms {
    /// Where the rows of a run's report go.
    pub(crate) fn account(&self, limits: &Limits, source: &Source) -> Account {
        let (bytes_max, examples_max) = (limits.report_rows_bytes_max, limits.report_rows_max);
        Account::new(&self.spool_dir, bytes_max, examples_max)
            .hiding(crate::network::secrets(source))
    }

    /// Waits for the writer: never on a thread that others need.
    pub fn writer(&self) -> Result<MutexGuard<'_, Writer>, RunError> {
        self.writer
            .lock()
            .map_err(|_| RunError::Panic("the writer is poisoned: restart the daemon".to_owned()))
    }

    /// Publishes what is committed, if anything is that is not published. Most of what that takes is the flush before, and
    /// nobody waits for it: the writer is held only for what was committed since.
    pub fn publish(&self) -> Result<(), RunError> {
        let flushing = {
            let writer = self.writer()?;
            writer
                .store
                .is_unpublished()
                .then(|| writer.store.flushing())
        };
        let Some(flushing) = flushing else {
            return Ok(());
        };
        flushing()?;
        self.writer()?.publish()
    }
}

impl Writer {
    /// Publishes what is committed, if anything is that is not published.
    pub fn publish(&mut self) -> Result<(), RunError> {
        if self.store.is_unpublished() {
            self.store.flush()?;
            self.measured()?;
        }
        Ok(())
    }

    /// Publishes what the store holds, measured. The store must be flushed.
    pub fn measured(&mut self) -> Result<(), StoreError> {
        let sums = self.survey.follow(&mut self.store, chrono::Utc::now());
        self.publisher.measured(sums);
        self.publisher.publish(&self.store, &self.survey)?;
        Ok(())
    }
}

/// The one who changes the store and publishes it.
pub struct Writer {
    pub store: Store,
    pub publisher: Publisher,
    /// How good the datasets are.
    pub survey: Survey,
    /// Who wins; it holds the corrections as well.
    pub policy: Policy,
    pub thresholds: Thresholds,
    /// The corrections that are in force.
    pub overrides: Arc<Overrides>,
    /// The agencies that the shared vocabulary holds beyond its table.
    pub agencies: Agencies,
    /// How they stand, for whoever asks.
    pub standings: watch::Sender<Arc<Standings>>,
}
