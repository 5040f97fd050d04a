//! Records that go: out of the default graph, or out of a graph of their own. Where one was the winner, the best of the others
//! takes its place. Start at [`Applying::delete`].

use super::StoreError;
use super::apply::Applying;
use super::lines::quads;
use super::place::Placed;
use crate::log::Verb;
use harvestd_vocab::Class;
use oxigraph::model::GraphName;

impl Applying<'_> {
    pub(super) fn delete(&mut self, class: Class, record: &str) -> Result<(), StoreError> {
        let before = self.seq();
        let Some(mut placed) = self.store.placement(record)? else {
            return Ok(());
        };
        if self.batch.touched.contains(placed.entity.as_str()) {
            self.commit()?;
            let Some(again) = self.store.placement(record)? else {
                return Ok(());
            };
            placed = again;
        }
        self.was = None;
        if let Some(id) = self.store.record_id(record)? {
            self.keep_replaced(&id, Some(&placed))?;
        }
        self.remove(&placed)?;
        self.applied.by_class.entry(class).or_default().deleted += 1;
        let (entity, won) = (placed.entity.clone(), placed.wins());
        self.tell(before, record, entity.as_str(), None, won);
        self.commit_if_full()
    }

    /// Takes a record away; where it was the winner, the best of the others takes its place.
    pub(super) fn remove(&mut self, placed: &Placed) -> Result<(), StoreError> {
        if let Some(kept) = self.store.stated(placed.entity.as_str())? {
            return self.remove_from(&kept, placed);
        }
        if !placed.wins() {
            self.batch.touched.insert(placed.entity.as_str().to_owned());
            return self.empty(placed);
        }
        let entity = placed.entity.as_str();
        let old = self.store.winner_body(placed.entity.as_ref())?;
        let others = self
            .store
            .records_of(entity)?
            .into_iter()
            .filter(|p| p.record != placed.record);
        let mut heirs: Vec<Placed> = others.collect();
        heirs.sort_by_key(|p| std::cmp::Reverse(self.rank(p)));
        if placed.origin.is_some() {
            self.empty(placed)?;
        }
        let Some(heir) = heirs.first() else {
            let graph = GraphName::DefaultGraph;
            self.batch.gone.extend(quads(&old, &graph)?);
            self.batch.touched.insert(entity.to_owned());
            self.batch
                .activities
                .push((Verb::Delete, entity.to_owned(), String::new()));
            return Ok(());
        };
        let body = self.store.harvested(heir)?;
        let new = self.projected(&body, entity, heir.name())?;
        self.empty(heir)?;
        self.batch.come.extend(heir.markers());
        self.replace(true, entity, &old, new).map(|_| ())
    }

    /// Removes a record's own graph.
    pub(super) fn empty(&mut self, placed: &Placed) -> Result<(), StoreError> {
        if placed.kept || placed.origin.is_some() {
            let body = self.store.own_graph(placed)?;
            self.batch.gone.extend(quads(&body, &placed.graph())?);
            self.batch.emptied.push(placed.record.clone());
        }
        Ok(())
    }
}
