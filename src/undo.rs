//! Taking a committed run back: which records it changed, what they were before, and which later runs built on it.
//!
//! What is taken back is what the source's records said. Which records are one dataset, and which corrections lie over them,
//! is worked out anew from them as after any run. This file reads the journal and decides; `src/run/by_hand.rs` commits.
//! Start at [`Plan::of`].

pub mod journal;

use crate::stage::{Stage, StageFiles, Staged};
use crate::state::id_digest;
use harvestd_harvesters::RecordId;
use harvestd_vocab::iris::record_iri;
use journal::{Before, Entry, Frame, Journal};
use std::{
    collections::{HashMap, HashSet},
    io,
};

/// A run that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    pub run: String,
    pub at_ms: i64,
    /// Records that it brought, changed or took away.
    pub records: u64,
}

/// The runs of a source that can be taken back, oldest first.
pub fn kept(journal: &Journal, generation: u64, source: &str) -> io::Result<Vec<Kept>> {
    let mut all: Vec<Kept> = Vec::new();
    for frame in journal.frames(generation, source)? {
        let Frame { head, entries } = frame?;
        let records = entries.len() as u64;
        match all.last_mut().filter(|kept| kept.run == head.run) {
            Some(kept) => kept.records += records,
            None => all.push(Kept {
                run: head.run,
                at_ms: head.at_ms,
                records,
            }),
        }
    }
    Ok(all)
}

/// What taking a run back comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The run, and the later ones that go with it; oldest first.
    pub runs: Vec<String>,
    /// Later runs that changed the same records again, and are not among `runs`; oldest first.
    pub later: Vec<String>,
    /// Runs after the first of `runs`, and the records that they changed.
    after: HashMap<[u8; 16], String>,
    touched: HashSet<[u8; 16]>,
}

impl Plan {
    /// What there is to do for `run`. None: nothing is kept of it. `with_later`: later runs that changed the same records
    /// go as well, and those that built on them.
    pub fn of(
        journal: &Journal,
        generation: u64,
        source: &str,
        run: &str,
        with_later: bool,
    ) -> io::Result<Option<Self>> {
        let mut runs: Vec<(String, Vec<[u8; 16]>)> = Vec::new();
        for frame in journal.frames(generation, source)? {
            let Frame { head, entries } = frame?;
            if runs.is_empty() && head.run != run {
                continue;
            }
            let ids = entries.iter().map(|entry| id_digest(&entry.id));
            match runs.last_mut().filter(|(last, _)| *last == head.run) {
                Some((_, all)) => all.extend(ids),
                None => runs.push((head.run, ids.collect())),
            }
        }
        let mut runs = runs.into_iter();
        let Some((first, ids)) = runs.next() else {
            return Ok(None);
        };
        let mut plan = Self {
            runs: vec![first],
            touched: ids.into_iter().collect(),
            ..Self::default()
        };
        for (later, ids) in runs {
            let builds = ids.iter().any(|id| plan.touched.contains(id));
            match (builds, with_later) {
                (true, true) => {
                    plan.touched.extend(ids);
                    plan.runs.push(later);
                    continue;
                }
                (true, false) => plan.later.push(later.clone()),
                (false, _) => {}
            }
            plan.after
                .extend(ids.into_iter().map(|id| (id, later.clone())));
        }
        Ok(Some(plan))
    }

    /// The later run that changed a record which stays, if one did.
    pub fn changed_after(&self, id: &RecordId) -> Option<&str> {
        let id = id_digest(id);
        let stays = !self.touched.contains(&id);
        self.after.get(&id).filter(|_| stays).map(String::as_str)
    }

    /// Stages what the records of `source` were before the first of the runs.
    pub fn stage(
        &self,
        journal: &Journal,
        generation: u64,
        (base, source): (&str, &str),
        mut stage: Stage,
    ) -> io::Result<Were> {
        let mut done: HashSet<[u8; 16]> = HashSet::new();
        let (mut held, mut none) = (Vec::new(), Vec::new());
        for frame in journal.frames(generation, source)? {
            let Frame { head, entries } = frame?;
            if !self.runs.contains(&head.run) {
                continue;
            }
            for Entry { id, before } in entries {
                if !done.insert(id_digest(&id)) {
                    continue;
                }
                match before {
                    Some(before) => {
                        let staged = staged(base, source, id, before);
                        stage.push(&staged)?;
                        held.push(staged.id);
                    }
                    None => none.push(id),
                }
            }
        }
        Ok(Were {
            stage: stage.finish()?,
            held,
            none,
        })
    }
}

/// What records were before the runs that are taken back.
pub struct Were {
    pub stage: StageFiles,
    /// The staged ones.
    pub held: Vec<RecordId>,
    /// Those that there were not.
    pub none: Vec<RecordId>,
}

/// A record as it was.
pub fn staged(base: &str, source: &str, id: RecordId, before: Before) -> Staged {
    let record = record_iri(base, source, id.class, &id.key).into_string();
    let Before {
        entity,
        mirrors,
        body,
    } = before;
    Staged::of(id, entity, record, mirrors, body)
}

/// The newest words of a record that is not held any more, by its IRI or by that of what it is about: of which source, when
/// and by which run it went.
pub fn gone(
    journal: &Journal,
    generation: u64,
    base: &str,
    iri: &str,
) -> io::Result<Option<(String, journal::Head, Entry)>> {
    let mut newest: Option<(String, journal::Head, Entry)> = None;
    for source in journal.sources(generation)? {
        for frame in journal.frames(generation, &source)? {
            let Frame { head, entries } = frame?;
            for entry in entries {
                let Some(before) = &entry.before else {
                    continue;
                };
                let is = before.entity == iri
                    || record_iri(base, &source, entry.id.class, &entry.id.key).as_str() == iri;
                if is
                    && newest
                        .as_ref()
                        .is_none_or(|(_, at, _)| at.at_ms <= head.at_ms)
                {
                    newest = Some((source.clone(), head.clone(), entry));
                }
            }
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use journal::Head;

    fn journal(dir: &std::path::Path, runs: &[(&str, &[&str])]) -> Journal {
        let journal = Journal::new(dir);
        for (at_ms, (run, keys)) in (1..).zip(runs) {
            let entries: Vec<Entry> = keys
                .iter()
                .map(|key| Entry {
                    id: RecordId::dataset(*key),
                    before: None,
                })
                .collect();
            let head = Head {
                run: (*run).to_owned(),
                at_ms,
                seq: 0,
            };
            journal.append(1, "a", &head, &entries).unwrap();
        }
        journal
    }

    #[test]
    fn later_runs_are_named_or_taken_along() {
        let dir = tempfile::tempdir().unwrap();
        let runs: &[(&str, &[&str])] = &[
            ("1", &["x"]),
            ("2", &["x", "y"]),
            ("3", &["z"]),
            // A run of two commits, of which the second one builds on run 2.
            ("4", &["z"]),
            ("4", &["y"]),
            ("5", &["z"]),
        ];
        let journal = journal(dir.path(), runs);
        let plan = |run, with| Plan::of(&journal, 1, "a", run, with).unwrap();
        assert_eq!(plan("0", false), None);
        let alone = plan("2", false).unwrap();
        assert_eq!(
            (alone.runs, alone.later),
            (vec!["2".to_owned()], vec!["4".to_owned()])
        );
        let with = plan("2", true).unwrap();
        assert_eq!(with.runs, ["2", "4", "5"], "5 built on 4");
        assert!(with.later.is_empty());
        let last = plan("5", false).unwrap();
        assert_eq!((last.runs.len(), last.later.len()), (1, 0));
        let kept = kept(&journal, 1, "a").unwrap();
        assert_eq!((kept.len(), kept[3].records), (5, 2));
    }

    #[test]
    fn what_a_later_run_changed_beside_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let journal = journal(dir.path(), &[("1", &["x"]), ("2", &["y"])]);
        let plan = Plan::of(&journal, 1, "a", "1", false).unwrap().unwrap();
        assert_eq!(plan.changed_after(&RecordId::dataset("y")), Some("2"));
        assert_eq!(plan.changed_after(&RecordId::dataset("x")), None);
    }
}
