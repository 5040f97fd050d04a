//! What `{base}graph/runs` tells of runs: of each source the newest ones, and how many there were before them.
//!
//! They are no activities. What is said of a run is its writer's business. Start at [`Store::note_run`].

use super::{Store, StoreError};
use oxigraph::model::{
    GraphName, GraphNameRef, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, Term,
    vocab::xsd,
};
use std::sync::atomic::Ordering::Relaxed;

const USED: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("http://www.w3.org/ns/prov#used");
const EARLIER_RUNS: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://w3id.org/harvestd/ns#earlierRuns");
const FAILURES_IN_ROW: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://w3id.org/harvestd/ns#failuresInRow");
const FIRST_ACTIVITY: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://w3id.org/harvestd/ns#firstActivity");
const DOING: &str = "noting a run";

impl Store {
    /// Writes what is said of a run of a source: `{run} prov:used {the source's catalogue}` and more. Where more runs are
    /// told of than are to be, and a quarter, the oldest go, so that not every run looks through all of them.
    pub fn note_run(&mut self, source: &str, said: Vec<Quad>) -> Result<(), StoreError> {
        self.note_instead(source, said, Vec::new())
    }

    /// As [`Self::note_run`], of the failure `in_row` of a row of them: only the first of a row and the newest are told,
    /// so that a source may be dead for years. Those between that changed something stay.
    pub fn note_failure(
        &mut self,
        source: &str,
        mut said: Vec<Quad>,
        in_row: u32,
    ) -> Result<(), StoreError> {
        let number = |n: u32| Literal::new_typed_literal(n.to_string(), xsd::INTEGER);
        let Some(run) = said.first().map(|quad| quad.subject.clone()) else {
            return Ok(());
        };
        let graph = GraphName::NamedNode(self.runs_graph());
        said.push(Quad::new(
            run,
            FAILURES_IN_ROW,
            number(in_row),
            graph.clone(),
        ));
        let mut between = Vec::new();
        if in_row > 2 {
            let before = self.quads.quads_for_pattern(
                None,
                Some(FAILURES_IN_ROW),
                Some(number(in_row - 1).as_ref().into()),
                Some(graph.as_ref()),
            );
            for quad in before {
                let run = quad.map_err(StoreError::storage(DOING))?.subject;
                let told = self.said_of(&run)?;
                let is = |quad: &Quad| {
                    quad.predicate == USED && quad.object == self.catalog(source).into()
                };
                let changed = |quad: &Quad| quad.predicate == FIRST_ACTIVITY;
                if between.is_empty() && told.iter().any(is) && !told.iter().any(changed) {
                    between = told;
                }
            }
        }
        self.note_instead(source, said, between)
    }

    /// Whether a run is told of.
    pub fn tells_of_run(&self, run: &str) -> Result<bool, StoreError> {
        let run = NamedNode::new_unchecked(format!("{}run/{run}", self.base));
        Ok(!self.said_of(&run.into())?.is_empty())
    }

    fn said_of(&self, run: &NamedOrBlankNode) -> Result<Vec<Quad>, StoreError> {
        let graph = self.runs_graph();
        let said = self.quads.quads_for_pattern(
            Some(run.as_ref()),
            None,
            None,
            Some(graph.as_ref().into()),
        );
        said.map(|quad| quad.map_err(StoreError::storage(DOING)))
            .collect()
    }

    /// Notes a run; `instead_of` is what was said of one that is not told of any more.
    fn note_instead(
        &mut self,
        source: &str,
        said: Vec<Quad>,
        instead_of: Vec<Quad>,
    ) -> Result<(), StoreError> {
        let noted_max = self.limits.runs_noted;
        let one_goes = !instead_of.is_empty();
        let told = match self.runs_told.get(source) {
            Some(told) => *told,
            None => self.runs_of(source)?.len(),
        };
        let (mut gone, mut come, mut left) = (instead_of, said, told + usize::from(!one_goes));
        if !one_goes && left > noted_max + noted_max / 4 {
            (gone, left) = self.oldest_runs(source, noted_max - 1)?;
            come.push(self.earlier_quad(source, self.earlier_runs(source)? + (told - left) as u64));
            left += 1;
        }
        let mut transaction = self
            .quads
            .start_transaction()
            .map_err(StoreError::storage(DOING))?;
        for quad in &gone {
            transaction.remove(quad);
        }
        transaction.extend(come.iter().map(Quad::as_ref));
        self.unpublished.store(true, Relaxed);
        transaction.commit().map_err(StoreError::storage(DOING))?;
        self.runs_told.insert(source.to_owned(), left);
        Ok(())
    }

    /// What is said of all runs but the newest `kept`, and of how many there were before, with how many runs are left.
    fn oldest_runs(&self, source: &str, kept: usize) -> Result<(Vec<Quad>, usize), StoreError> {
        let mut runs = self.runs_of(source)?;
        // The name begins with the time of the run: `{milliseconds}-{source}`.
        let started = |run: &NamedNode| {
            let name = run.as_str().rsplit('/').next()?;
            name.split('-').next()?.parse::<u64>().ok()
        };
        runs.sort_by_cached_key(|run| (started(run), run.as_str().to_owned()));
        let left = kept.min(runs.len());
        runs.truncate(runs.len() - left);
        let mut gone = Vec::new();
        for run in runs {
            gone.extend(self.said_of(&run.into())?);
        }
        let before = self.earlier_runs(source)?;
        gone.extend((before > 0).then(|| self.earlier_quad(source, before)));
        Ok((gone, left))
    }

    fn runs_of(&self, source: &str) -> Result<Vec<NamedNode>, StoreError> {
        let catalog = self.catalog(source);
        let used = self.quads.quads_for_pattern(
            None,
            Some(USED),
            Some(catalog.as_ref().into()),
            Some(self.runs_graph().as_ref().into()),
        );
        let mut runs = Vec::new();
        for quad in used {
            let quad = quad.map_err(StoreError::storage(DOING))?;
            if let NamedOrBlankNode::NamedNode(run) = quad.subject {
                runs.push(run);
            }
        }
        Ok(runs)
    }

    /// Runs of a source that are not told of any more.
    fn earlier_runs(&self, source: &str) -> Result<u64, StoreError> {
        let catalog = self.catalog(source);
        let graph = self.runs_graph();
        let said = self
            .quads
            .quads_for_pattern(
                Some(catalog.as_ref().into()),
                Some(EARLIER_RUNS),
                None,
                Some(GraphNameRef::NamedNode(graph.as_ref())),
            )
            .next()
            .transpose()
            .map_err(StoreError::storage(DOING))?;
        let number = said.and_then(|quad| match quad.object {
            Term::Literal(number) => number.value().parse().ok(),
            _ => None,
        });
        Ok(number.unwrap_or_default())
    }

    fn earlier_quad(&self, source: &str, runs: u64) -> Quad {
        let runs = Literal::new_typed_literal(runs.to_string(), xsd::INTEGER);
        let graph = GraphName::NamedNode(self.runs_graph());
        Quad::new(self.catalog(source), EARLIER_RUNS, runs, graph)
    }

    fn catalog(&self, source: &str) -> NamedNode {
        NamedNode::new_unchecked(format!("{}catalog/{source}", self.base))
    }

    pub(super) fn runs_graph(&self) -> NamedNode {
        NamedNode::new_unchecked(format!("{}graph/runs", self.base))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::store::WriteLimits;
    use std::path::Path;

    const BASE: &str = "https://h.example/";

    fn open(dir: &Path) -> Store {
        let limits = WriteLimits {
            batch_triples_max: 1_000,
            flush_triples: 1_000_000,
            segment_activities_max: 100,
            bulk_bytes_min: u64::MAX,
            bulk_batch_quads: 1_000,
            runs_noted: 4,
        };
        Store::open(dir, BASE, limits).unwrap()
    }

    fn note(store: &mut Store, source: &str, at: u64) {
        let run = NamedNode::new_unchecked(format!("{BASE}run/{at}-{source}"));
        let graph = GraphName::NamedNode(store.runs_graph());
        let ended =
            NamedNodeRef::new_unchecked("http://www.w3.org/ns/prov#endedAtTime").into_owned();
        let said = vec![
            Quad::new(
                run.clone(),
                USED.into_owned(),
                store.catalog(source),
                graph.clone(),
            ),
            Quad::new(run, ended, Literal::from(at.to_string()), graph),
        ];
        store.note_run(source, said).unwrap();
    }

    /// Times of the runs that are told of, and how many were before them.
    fn told(store: &Store, source: &str) -> (Vec<u64>, u64) {
        let prefix = format!("{BASE}run/");
        let runs = store.runs_of(source).unwrap();
        let mut times: Vec<u64> = runs
            .iter()
            .map(|run| run.as_str().strip_prefix(&prefix).unwrap())
            .map(|name| name.split_once('-').unwrap().0.parse().unwrap())
            .collect();
        times.sort_unstable();
        (times, store.earlier_runs(source).unwrap())
    }

    #[test]
    fn the_newest_runs_of_each_source_are_told_and_the_others_counted() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        note(&mut store, "other", 1);
        // Three digits after two: the times are compared as numbers.
        for at in 96..=100 {
            note(&mut store, "a", at);
        }
        assert_eq!(told(&store, "a"), (vec![96, 97, 98, 99, 100], 0));
        note(&mut store, "a", 101);
        assert_eq!(told(&store, "a"), (vec![98, 99, 100, 101], 2));
        drop(store);
        let mut store = open(dir.path());
        for at in 102..=120 {
            note(&mut store, "a", at);
            assert!(told(&store, "a").0.len() <= 5);
        }
        let (times, before) = told(&store, "a");
        assert_eq!(times.last(), Some(&120));
        assert_eq!(times.len() as u64 + before, 25);
        assert_eq!(told(&store, "other"), (vec![1], 0));
        let all = store.quads.quads_for_pattern(
            None,
            None,
            None,
            Some(store.runs_graph().as_ref().into()),
        );
        assert_eq!(all.count(), 2 * times.len() + 1 + 2, "nothing else is left");
    }
}
