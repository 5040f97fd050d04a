//! Before anything is compared: what was answered before is answered again, what is too old is refused, and what is to be
//! deleted must be held. Start at [`Sorted::of`].

use super::Order;
use crate::push::{Answer, Push, PushError, What};
use crate::run::{RunError, catalog, now_ms};
use crate::state::{Had, id_digest};
use crate::store::Store;
use harvestd_harvesters::RecordId;
use oxrdf::Quad;

/// The pushes that are left to be taken in.
pub struct Sorted {
    pub pushes: Vec<Push>,
    pub had: Had,
    /// Receipts that nobody will ask for any more.
    pub old: Vec<Quad>,
    /// The newest version among these pushes, and the one before.
    pub version: Option<u64>,
    pub version_before: Option<u64>,
}

impl Sorted {
    /// Answers what can be answered at once.
    pub fn of(order: &Order<'_>, pushes: Vec<Push>) -> Result<Self, RunError> {
        let had = had(order, &pushes)?;
        let writer = order.rooms.writer()?;
        let source = order.source.id.as_str();
        let old = match order.tidy {
            true => {
                let limits = &order.config.limits.push;
                let before_ms = now_ms().saturating_sub_unsigned(limits.keys_kept_ms);
                writer
                    .store
                    .old_receipts(source, before_ms * 1_000, limits.keys_max)?
            }
            false => Vec::new(),
        };
        let version_before = writer.store.pushed_version(source)?;
        let mut sorted = Self {
            pushes: Vec::with_capacity(pushes.len()),
            had,
            old,
            version: None,
            version_before,
        };
        for push in pushes {
            match sorted.at_once(&writer.store, source, &push)? {
                Some(answer) => {
                    let _ = push.answer.send(answer);
                }
                None => {
                    sorted.version = push.version.or(sorted.version);
                    sorted.pushes.push(push);
                }
            }
        }
        Ok(sorted)
    }

    /// The answer to a push that changes nothing.
    fn at_once(
        &self,
        store: &Store,
        source: &str,
        push: &Push,
    ) -> Result<Option<Result<Answer, PushError>>, RunError> {
        if let Some(key) = &push.key
            && let Some(receipt) = store.receipt(source, key)?
        {
            if receipt.request != push.request {
                return Ok(Some(Err(PushError::KeyUsed)));
            }
            let again = serde_json::from_str::<Answer>(&receipt.answer);
            let again = again.map(|answer| answer.again());
            return Ok(Some(
                again.map_err(|e| PushError::Failed(format!("a kept answer: {e}"))),
            ));
        }
        if let (Some(found), Some(held)) = (push.version, self.version.or(self.version_before))
            && found <= held
        {
            return Ok(Some(Err(PushError::OldVersion { found, held })));
        }
        if let What::Delete(key) = &push.what
            && !self
                .had
                .records
                .contains_key(&id_digest(&RecordId::dataset(key.as_str())))
        {
            return Ok(Some(Err(PushError::NotHeld(key.clone()))));
        }
        Ok(None)
    }
}

/// What is held of the records that the pushes speak of; of a whole catalogue, everything.
fn had(order: &Order<'_>, pushes: &[Push]) -> Result<Had, RunError> {
    let epoch = order.config.epoch(order.source);
    let source = order.source.id.as_str();
    let state = &order.rooms.state;
    if pushes.iter().any(|push| push.what == What::Whole) {
        return Ok(state.had(source, &epoch)?);
    }
    let own = catalog::record(order.source).0;
    let pieces = pushes
        .iter()
        .flat_map(|push| push.read.pieces.iter().map(|piece| &piece.id));
    let gone = pushes.iter().flat_map(|push| &push.read.gone);
    let had = state.had_of(source, &epoch, pieces.chain(gone).chain([&own]))?;
    let (datasets, referents) = order.holds;
    Ok(Had {
        datasets,
        referents,
        ..had
    })
}
