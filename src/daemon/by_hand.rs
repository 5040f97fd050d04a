//! Changes of a source's records by hand: its own task makes them, between two runs. What there is to change is told
//! here as well. Start at [`Daemon::order_change`].

use super::{Asked, Daemon, desk::not_taken};
use crate::config::Source;
use crate::gate::book::Told;
use crate::report::Trigger;
use crate::run::{
    Progress,
    by_hand::{ChangeError, Changed, Wanted, change},
};
use crate::serve::desk::{DeskError, HeldList, HeldRecord};
use crate::undo::{self, Kept};
use harvestd_harvesters::RecordId;
use harvestd_vocab::iris::record_iri;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

impl From<ChangeError> for DeskError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Run(error) => Self::Failed(error.to_string()),
            refused => Self::Refused(refused.to_string()),
        }
    }
}

impl Daemon {
    pub(super) fn order_change(
        &self,
        id: &str,
        wanted: Wanted,
    ) -> Result<oneshot::Receiver<Result<Changed, DeskError>>, DeskError> {
        self.may_write()?;
        let places = self.places();
        let place = places.get(id);
        let place = place.ok_or_else(|| DeskError::Unknown(id.to_owned()))?;
        let (answer, changed) = oneshot::channel();
        if let Some(running) = place.running.as_ref().filter(|running| running.yields) {
            running.stop();
        }
        let sent = place.orders.try_send(Asked::Change { wanted, answer });
        sent.map_err(|e| not_taken(id, &e))?;
        Ok(changed)
    }

    /// By the source's task.
    pub(super) async fn change_now(
        self: &Arc<Self>,
        id: &str,
        wanted: Wanted,
        gone: &CancellationToken,
    ) -> Result<Changed, DeskError> {
        let progress = Arc::new(Progress::of(Trigger::Undo));
        let source = self.with(id, |place| {
            // The place may be another's now.
            if gone.is_cancelled() {
                return None;
            }
            place.running = Some(progress);
            Some(place.source.clone())
        });
        let source = source.flatten().ok_or(DeskError::Stopping)?;
        let changed = self.clone().changed(source, wanted).await;
        let holds = self.rooms.state.datasets(id);
        self.with(id, |place| {
            place.running = None;
            place.holds = holds.unwrap_or(place.holds);
        });
        if let Ok(Changed {
            report: Some(report),
            ..
        }) = &changed
        {
            super::tell(report);
        }
        changed
    }

    async fn changed(
        self: Arc<Self>,
        source: Arc<Source>,
        wanted: Wanted,
    ) -> Result<Changed, DeskError> {
        let config = self.config();
        let done = tokio::task::spawn_blocking(move || {
            change(&self.rooms, &config, &source, &wanted).map_err(DeskError::from)
        });
        done.await.map_err(|e| DeskError::Failed(e.to_string()))?
    }

    pub(super) fn held_list(&self, id: &str) -> Result<HeldList, DeskError> {
        if self.config().source(id).is_none() {
            return Err(DeskError::Unknown(id.to_owned()));
        }
        let failed = |e: std::io::Error| DeskError::Failed(e.to_string());
        let page = self.rooms.book.page(id).map_err(failed)?;
        let told = self.rooms.book.of(id).unwrap_or_else(|| Told {
            source: id.to_owned(),
            held: None,
            kept: 0,
        });
        let listed = page.held.map(|held| held.records).unwrap_or_default();
        Ok(HeldList {
            records: self.told_of(id, listed)?,
            kept_records: self.told_of(id, page.kept)?,
            told,
        })
    }

    fn told_of(&self, source: &str, ids: BTreeSet<RecordId>) -> Result<Vec<HeldRecord>, DeskError> {
        let failed = |e: &dyn std::error::Error| DeskError::Failed(e.to_string());
        let writer = self.rooms.writer().map_err(|e| failed(&e))?;
        let store = &writer.store;
        let told = |id: RecordId| {
            let record = record_iri(store.base(), source, id.class, &id.key).into_string();
            let found = store.title_of(&record).map_err(|e| failed(&e))?;
            let (about, title) = found.unzip();
            Ok(HeldRecord {
                id,
                record,
                about,
                title: title.flatten(),
            })
        };
        ids.into_iter().map(told).collect()
    }

    pub(super) fn kept_runs(&self, id: &str) -> Result<Vec<Kept>, DeskError> {
        if self.config().source(id).is_none() {
            return Err(DeskError::Unknown(id.to_owned()));
        }
        let (journal, generation, _) = self.journal()?;
        let kept = undo::kept(&journal, generation, id);
        kept.map_err(|e| DeskError::Failed(e.to_string()))
    }

    pub(super) fn gone_from(&self, iri: &str) -> Result<String, DeskError> {
        let (journal, generation, base) = self.journal()?;
        let found = undo::gone(&journal, generation, &base, iri);
        let found = found.map_err(|e| DeskError::Failed(e.to_string()))?;
        let none = || DeskError::Refused(ChangeError::NeverHeld(iri.to_owned()).to_string());
        found.map(|(source, ..)| source).ok_or_else(none)
    }

    fn journal(&self) -> Result<(undo::journal::Journal, u64, String), DeskError> {
        let writer = self.rooms.writer();
        let writer = writer.map_err(|e| DeskError::Failed(e.to_string()))?;
        let store = &writer.store;
        let generation = store.head().generation;
        Ok((store.journal().clone(), generation, store.base().to_owned()))
    }
}
