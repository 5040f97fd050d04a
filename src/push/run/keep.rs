//! Which of the pushed bodies are kept, for describing them again. Start at [`Keep::begin`].

use super::Order;
use crate::describe::Described;
use crate::push::Push;
use crate::run::RunError;
use crate::state::{Had, Parts, id_digest, part_name};
use harvestd_harvesters::RecordId;
use std::collections::HashMap;

/// The records that a run changes, with the hashes of the bytes that they come from.
pub struct Keep(HashMap<[u8; 16], Parts>);

impl Keep {
    /// Before the store is changed: what is kept of records that may change counts no more. `removed` are to go.
    pub fn begin<'r>(
        order: &Order<'_>,
        described: &'r Described,
        removed: impl Iterator<Item = &'r RecordId>,
    ) -> Result<Self, RunError> {
        let changed = described.upserts.iter().map(|(id, _)| id);
        let state = &order.rooms.state;
        state.drop_bodies(&order.source.id, changed.chain(removed))?;
        let hashes = described.upserts.iter();
        Ok(Self(
            hashes
                .map(|(id, parts)| (id_digest(id), parts.clone()))
                .collect(),
        ))
    }

    /// What the pushes say again of records that stay as they are, and of which nothing is kept yet.
    pub fn unchanged<'p>(
        &self,
        order: &Order<'_>,
        pushes: impl Iterator<Item = &'p Push>,
        had: &Had,
    ) -> Result<(), RunError> {
        let (state, source) = (&order.rooms.state, &order.source.id);
        for piece in pushes.flat_map(|push| &push.read.pieces) {
            let name = id_digest(&piece.id);
            let said = (part_name(piece.part), piece.hash);
            let known = had.records.get(&name);
            if !self.0.contains_key(&name)
                && known.is_some_and(|known| known.parts.contains(&said))
                && !state.has_body(source, &piece.id)?
            {
                state.keep_body(source, &piece.id, piece.part, &piece.raw)?;
            }
        }
        Ok(())
    }

    /// When the store is changed: what the changed records come from.
    pub fn finish<'p>(
        self,
        order: &Order<'_>,
        pushes: impl Iterator<Item = &'p Push>,
    ) -> Result<(), RunError> {
        for piece in pushes.flat_map(|push| &push.read.pieces) {
            let said = (part_name(piece.part), piece.hash);
            let parts = self.0.get(&id_digest(&piece.id));
            if parts.is_some_and(|parts| parts.contains(&said)) {
                let (state, source) = (&order.rooms.state, &order.source.id);
                state.keep_body(source, &piece.id, piece.part, &piece.raw)?;
            }
        }
        Ok(())
    }
}
