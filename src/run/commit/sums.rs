//! What a run's report says of its commit: counts, and what somebody should know. Pure.

use super::Done;
use crate::describe::{Described, Looped};
use crate::report::{Counts, LOOPED};
use crate::store::Applied;
use harvestd_vocab::Class;

/// What the report says of loops.
pub(super) fn loops_told(looped: &Looped) -> Option<(String, String)> {
    let (id, sign) = looped.first.as_ref()?;
    let text = format!(
        "{} datasets and {} other records came back that had come from here, such as {id} ({sign}); they are not compared",
        looped.datasets, looped.referents
    );
    Some((LOOPED.to_owned(), text))
}

/// Counts what describing left out: what it refused, and what had passed through us.
pub(crate) fn left_out(datasets: &mut Counts, referents: &mut Counts, described: &Described) {
    datasets.refused += described.refused_datasets;
    referents.refused += described.refused_referents;
    datasets.looped += described.looped.datasets;
    referents.looped += described.looped.referents;
}

/// Counts what applying did into the sums of the run.
pub(crate) fn account(datasets: &mut Counts, referents: &mut Counts, applied: &Applied) {
    for (class, tally) in &applied.by_class {
        let counts = if *class == Class::Dataset {
            &mut *datasets
        } else {
            &mut *referents
        };
        counts.new += tally.new;
        counts.changed += tally.changed;
        counts.unchanged += tally.unchanged;
    }
}

/// Datasets, and other records, of the source in the store after a run, from those before it.
pub(crate) fn holds(before: (u64, u64), applied: &Applied) -> (u64, u64) {
    let (mut datasets, mut referents) = before;
    for (class, tally) in &applied.by_class {
        let held = if *class == Class::Dataset {
            &mut datasets
        } else {
            &mut referents
        };
        *held = (*held + tally.new).saturating_sub(tally.deleted);
    }
    (datasets, referents)
}

pub(super) fn losers_told(done: &Done) -> Option<(String, String)> {
    let losers = Some(done.applied.losers).filter(|n| *n > 0)?;
    let text = format!(
        "{losers} new or changed records are about IRIs of which another source's record is published; they are kept in graphs of their own"
    );
    Some(("published-from-another-source".to_owned(), text))
}

pub(super) fn joined_told(done: &Done) -> Option<(String, String)> {
    let joined = done.joined.as_ref();
    let joined = joined.filter(|j| j.datasets > 0 || j.listed > 0)?;
    let text = format!(
        "{} records of all sources are about {} datasets, each published once; {} pairs are listed for a person (`harvestd identity list`)",
        joined.records, joined.datasets, joined.listed
    );
    Some(("one-dataset-once".to_owned(), text))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn described(looped: Looped) -> Described {
        let dir = tempfile::tempdir().unwrap();
        let stage = crate::stage::Stage::begin(dir.path().join("run")).unwrap();
        Described {
            stage: stage.finish().unwrap(),
            upserts: Vec::new(),
            refused: Vec::new(),
            refused_datasets: 1,
            refused_referents: 0,
            looped,
            findings: Vec::new(),
            findings_by_code: Default::default(),
            rows: Default::default(),
            learned: Default::default(),
        }
    }

    #[test]
    fn tallies_are_added_where_they_belong() {
        let mut said = crate::compare::Said::default();
        said.datasets.received = 5;
        let mut applied = Applied::default();
        applied.by_class.insert(
            Class::Dataset,
            crate::store::Tally {
                new: 1,
                changed: 1,
                unchanged: 0,
                deleted: 4,
            },
        );
        applied.by_class.insert(
            Class::Agent,
            crate::store::Tally {
                new: 5,
                ..Default::default()
            },
        );
        let looped = Looped {
            datasets: 2,
            ..Looped::default()
        };
        left_out(&mut said.datasets, &mut said.referents, &described(looped));
        account(&mut said.datasets, &mut said.referents, &applied);
        let c = &said.datasets;
        assert_eq!(
            (c.new, c.changed, c.refused, c.looped, said.referents.new),
            (1, 1, 1, 2, 5)
        );
    }
}
