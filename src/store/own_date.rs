//! The day on which the description of a source's own catalogue changed last: it moves with the description alone.
//!
//! The catalogue is described from the configuration, which has no date, so its record says the day on which it is
//! described (`src/run/catalog.rs`). That is true only where something else has changed as well: a catalogue that is
//! described once more, for other settings or after its state was lost, keeps the day that the store holds. Start at
//! [`Store::keep_own_date`].

use super::{Store, StoreError, lines};
use crate::stage::Staged;
use harvestd_vocab::{Class, shared::CATALOG_KEY};

impl Store {
    /// Gives the body of a source's own catalogue back as it is held, where nothing but its day differs.
    pub(super) fn keep_own_date(&self, staged: &mut Staged) -> Result<(), StoreError> {
        if staged.id.class != Class::Catalog || staged.id.key != CATALOG_KEY {
            return Ok(());
        }
        if let Some(placed) = self.placement(&staged.record)? {
            let held = self.harvested(&placed)?;
            if differs_by_day_alone(&held, &staged.body, &staged.record) {
                staged.body = held;
            }
        }
        Ok(())
    }
}

fn differs_by_day_alone(held: &str, new: &str, record: &str) -> bool {
    let day = format!("<{record}> <http://purl.org/dc/terms/modified> ");
    let (gone, come) = lines::difference(held, new);
    gone.len() == 1 && come.len() == 1 && gone.iter().chain(&come).all(|l| l.starts_with(&day))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use crate::run::catalog;
    use crate::stage::{Stage, Staged};
    use crate::store::{ApplyOptions, Policy, Store, WriteLimits, default_graph_body};
    use harvestd_harvesters::RecordId;
    use harvestd_vocab::{Class, Context, Description, catalog_iri, normalise, terms::dct};
    use oxrdf::{Literal, Triple};

    const BASE: &str = "https://h.example/";

    fn described(title: &str, day: &str) -> Staged {
        let node = catalog_iri(BASE, "s");
        let mut triples = vec![Triple::new(
            node.clone(),
            dct::TITLE,
            Literal::new_simple_literal(title),
        )];
        triples.extend(catalog::changed_on(&node, day));
        let description = Description {
            class: Class::Catalog,
            node: node.into(),
            triples,
        };
        let context = Context {
            base: BASE.to_owned(),
            source: "s".to_owned(),
            language: None,
            offset_minutes: None,
            shared_agencies: false,
        };
        let normal = normalise(description, catalog::KEY, &context).unwrap();
        Staged::new(RecordId::new(Class::Catalog, catalog::KEY), normal, None)
    }

    #[test]
    fn the_day_moves_with_the_description_alone() {
        let dir = tempfile::tempdir().unwrap();
        let limits = WriteLimits {
            batch_triples_max: 1_000,
            flush_triples: 1_000,
            segment_activities_max: 10,
            bulk_bytes_min: 1_000_000,
            bulk_batch_quads: 1_000,
            runs_noted: 10,
        };
        let mut store = Store::open(dir.path(), BASE, limits).unwrap();
        let mut held_after = |title: &str, day: &str| {
            let mut stage = Stage::begin(dir.path().join("stage")).unwrap();
            stage.push(&described(title, day)).unwrap();
            let stage = stage.finish().unwrap();
            let options = ApplyOptions::default();
            let policy = Policy::default();
            let applied = store
                .apply(&stage, &[], &policy, &options, &|_| {})
                .unwrap();
            let body = default_graph_body(store.quads()).unwrap();
            let days = ["2026-11-20", "2026-11-21", "2026-11-22"];
            let said: Vec<&str> = days.into_iter().filter(|day| body.contains(day)).collect();
            (applied.activities.is_some(), said)
        };
        assert_eq!(held_after("a", "2026-11-20"), (true, vec!["2026-11-20"]));
        assert_eq!(held_after("a", "2026-11-21"), (false, vec!["2026-11-20"]));
        assert_eq!(held_after("b", "2026-11-22"), (true, vec!["2026-11-22"]));
    }
}
