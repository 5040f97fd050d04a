//! What the daemon must hold, in memory: what each source's records say, which of them a person keeps, what each run
//! replaced. It judges what became of a run; it never asks the daemon.

use super::{
    look::{Name, Seen},
    world::{Catalogue, Datasets, SHARED},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub struct Model {
    pub held: BTreeMap<Name, u32>,
    /// Records that a person keeps although their source does not name them.
    pub kept: BTreeSet<Name>,
    /// Runs that can be taken back, oldest first.
    pub runs: Vec<Run>,
    /// Sources whose runs were killed, and how many runs there were before.
    pub killed: Vec<(&'static str, usize)>,
    /// Of a run that was killed or failed nobody knows whether it saw that they are named again: they may stay or go.
    pub soft: BTreeSet<Name>,
    /// Datasets that there were once, and what they said last.
    pub gone: BTreeMap<Name, u32>,
    /// What a source said in runs that were killed or broke off: the next run may go on with those answers.
    pub earlier: BTreeMap<&'static str, Vec<Datasets>>,
    /// Nothing may have happened at the source since it was harvested whole, as far as its kept answers go.
    pub settled: BTreeSet<&'static str>,
}

/// What a run replaced.
#[derive(Debug, Clone)]
pub struct Run {
    pub name: String,
    pub source: &'static str,
    pub before: BTreeMap<Name, Option<u32>>,
}

impl Model {
    pub fn of(&self, source: &str) -> Datasets {
        let own = self.held.iter().filter(|((of, _), _)| *of == source);
        own.map(|((_, key), revision)| (*key, *revision)).collect()
    }

    /// What is published of what is held: the ministry speaks for a dataset that the graph has as well.
    pub fn published(&self) -> BTreeMap<Name, u32> {
        let loses = |(source, key): &Name| {
            *source == "graph" && *key < SHARED && self.held.contains_key(&("full", *key))
        };
        let held = self.held.iter().filter(|(name, _)| !loses(name));
        held.map(|(name, revision)| (*name, *revision)).collect()
    }

    /// Takes over what became of one source's records, and remembers what it replaced.
    pub fn becomes(&mut self, source: &'static str, seen: &Seen, run: Option<&str>) {
        let own = |held: &BTreeMap<Name, u32>| -> BTreeMap<Name, u32> {
            let own = held.iter().filter(|((of, _), _)| *of == source);
            own.map(|(name, revision)| (*name, *revision)).collect()
        };
        let (was, is) = (own(&self.held), own(&seen.held));
        let names: BTreeSet<Name> = was.keys().chain(is.keys()).copied().collect();
        let changed = names
            .into_iter()
            .filter(|name| was.get(name) != is.get(name));
        let before: BTreeMap<_, _> = changed
            .map(|name| (name, was.get(&name).copied()))
            .collect();
        for name in before.keys() {
            let Some(revision) = is.get(name) else {
                self.gone.extend(self.held.remove_entry(name));
                continue;
            };
            self.held.insert(*name, *revision);
            self.gone.remove(name);
        }
        if !before.is_empty() {
            // Of what a killed run changed nobody says which run it was: it can be built on, and not taken back.
            self.runs.push(Run {
                name: run.unwrap_or_default().to_owned(),
                source,
                before,
            });
        }
    }

    /// A source named these: whether a person keeps them plays no part any more, if the run that saw it is `known` to have
    /// been committed.
    pub fn named(&mut self, source: &'static str, said: &Datasets, known: bool) {
        for name in said.keys().map(|key| (source, *key)) {
            let kept = self.kept.remove(&name);
            match known {
                true => self.soft.remove(&name),
                false => kept && self.soft.insert(name),
            };
        }
    }

    /// A run of a source that said this did not come to its end.
    pub fn broke_off(&mut self, source: &'static str, said: Datasets) {
        self.earlier.entry(source).or_default().push(said);
    }

    /// What the records are to be when the run is taken back.
    pub fn undone(&self, run: &Run) -> BTreeMap<Name, u32> {
        let mut held = self.held.clone();
        for (name, before) in &run.before {
            match before {
                Some(revision) => held.insert(*name, *revision),
                None => held.remove(name),
            };
        }
        held
    }

    /// Did a later run change one of its records again?
    pub fn is_built_on(&self, run: &Run) -> bool {
        let mut later = self.runs.iter().rev();
        later
            .by_ref()
            .take_while(|other| other.name != run.name)
            .any(|other| {
                other
                    .before
                    .keys()
                    .any(|name| run.before.contains_key(name))
            })
    }

    /// A run of a source has ended. Is what is seen what may have come of it? Counts what was looked at.
    pub fn judge(
        &self,
        source: &'static str,
        said: &Catalogue,
        seen: &Seen,
        report: &Value,
    ) -> u64 {
        let mut checks = self.judge_report(source, seen, report);
        if is_resumed(report) {
            return checks + self.judge_resumed(source, &said.now, seen);
        }
        let outcome = report["outcome"].as_str().unwrap();
        let why = report["why"].to_string();
        let (was, is) = (self.of(source), of(seen, source));
        for (key, revision) in &said.now {
            checks += 1;
            match outcome {
                "complete" => assert_eq!(is.get(key), Some(revision), "{source} {key}"),
                "failed" => assert_eq!(is.get(key), was.get(key), "{source} {key}: {why}"),
                _ if !report["held"].is_null() => {
                    assert_eq!(is.get(key), Some(revision), "{source} {key}: {why}");
                }
                _ => assert!(
                    is.get(key) == Some(revision) || is.get(key) == was.get(key),
                    "{source} {key}: {why}"
                ),
            }
        }
        let goes = outcome == "complete" && !self.holds(source, said, report);
        for (key, revision) in was.iter().filter(|(key, _)| !said.now.contains_key(key)) {
            checks += 1;
            let name = (source, *key);
            if self.soft.contains(&name) {
                continue;
            }
            let stays = match goes {
                _ if source == "feed" && outcome == "complete" => {
                    // The feed says itself what is no more; what a person restored may come and go with its pages.
                    self.kept.contains(&name) && is.contains_key(key)
                }
                true => self.kept.contains(&name),
                false => true,
            };
            let expected = stays.then_some(revision);
            assert_eq!(
                is.get(key),
                expected,
                "{source} {key}, not named any more: {why}"
            );
        }
        let others = is
            .keys()
            .find(|key| !said.now.contains_key(key) && !was.contains_key(key));
        assert_eq!(others, None, "{source} has what nobody said");
        checks
    }

    /// Must what is not named any more stay, by rules that hold whatever the gate knows?
    fn holds(&self, source: &str, said: &Catalogue, report: &Value) -> bool {
        let was = self.of(source);
        let kept: BTreeSet<u32> = self
            .kept
            .iter()
            .chain(&self.soft)
            .filter(|(of, _)| *of == source)
            .map(|(_, key)| *key)
            .collect();
        let absent = was
            .keys()
            .filter(|key| !said.now.contains_key(key) && !kept.contains(key));
        let absent = absent.count();
        let changes = report["completeness"] == "changes" || report["completeness"].is_null();
        // What a feed withdraws it says in so many words, and that is no absence.
        if !changes && absent > 0 && source != "feed" {
            // What is no record is said in lists and pages alone.
            let junk = said.junk > 0 && source != "graph";
            let at_risk = junk || said.fault.is_some() && report["outcome"] != "complete";
            let much = said.now.is_empty() || absent > was.len() / 2;
            assert!(
                !at_risk && !much,
                "{source}: {absent} of {} went: {report:#}",
                was.len()
            );
        }
        changes
    }

    /// The sums of a report agree, with each other and with what is seen.
    fn judge_report(&self, source: &str, seen: &Seen, report: &Value) -> u64 {
        let count = |name: &str| report["counts"][name].as_u64().unwrap();
        let parts = [
            "new",
            "changed",
            "unchanged",
            "refused",
            "unreadable",
            "duplicate",
            "filtered",
            "looped",
        ];
        if report["outcome"] == "failed" {
            return 0;
        }
        let sum: u64 = parts.iter().map(|name| count(name)).sum();
        assert_eq!(sum, count("received"), "{report:#}");
        let is = of(seen, source);
        assert_eq!(count("holds"), is.len() as u64, "{report:#}");
        let was = self.of(source);
        let new = is.keys().filter(|key| !was.contains_key(key)).count() as u64;
        let went = was.keys().filter(|key| !is.contains_key(key)).count() as u64;
        let changed = is
            .iter()
            .filter(|(key, r)| was.get(key).is_some_and(|w| w != *r));
        let changed = changed.count() as u64;
        assert_eq!(
            (count("new"), count("changed")),
            (new, changed),
            "{report:#}"
        );
        assert_eq!(count("gone") + count("absent"), went, "{report:#}");
        if report["outcome"] == "complete" {
            assert_eq!(
                report["disagreements"],
                Value::Array(Vec::new()),
                "{report:#}"
            );
        }
        5
    }

    /// A run went on with what an earlier one was answered: each record is as one of them was told. Of what comes in pages
    /// none went: two halves of two runs prove nothing. One document is whole, whoever was given it.
    fn judge_resumed(&self, source: &'static str, said: &Datasets, seen: &Seen) -> u64 {
        let is = of(seen, source);
        let lost = self
            .of(source)
            .into_keys()
            .find(|key| !is.contains_key(key));
        assert!(
            lost.is_none() || source != "paged",
            "{source} {lost:?} went in a run of two"
        );
        self.judge_killed(source, said, seen)
    }

    /// What a source's run replaces is noted before it is committed: one that was killed between the two changed nothing, and
    /// is told of as built on what was.
    pub fn may_be_built_on(&self, run: &Run) -> bool {
        let later = |(of, at): &&(&'static str, usize)| {
            *of == run.source && self.runs.iter().take(*at).any(|r| r.name == run.name)
        };
        self.killed.iter().any(|killed| later(&killed))
    }

    /// A run was killed. Each record is as it was, or as it was to be.
    pub fn judge_killed(&self, source: &'static str, to_be: &Datasets, seen: &Seen) -> u64 {
        let (was, is) = (self.of(source), of(seen, source));
        let keys: BTreeSet<&u32> = was.keys().chain(is.keys()).chain(to_be.keys()).collect();
        let earlier: &[Datasets] = self.earlier.get(source).map_or(&[], Vec::as_slice);
        for key in &keys {
            let told = earlier.iter().chain([&was, to_be]);
            assert!(
                told.map(|all| all.get(key)).any(|told| told == is.get(key)),
                "{source} {key} was {:?}, was to be {:?}, is {:?}",
                was.get(key),
                to_be.get(key),
                is.get(key)
            );
        }
        keys.len() as u64
    }
}

/// Did the run go on with answers to an earlier one?
pub fn is_resumed(report: &Value) -> bool {
    let noticed = report["noticed"].as_array().unwrap();
    noticed.iter().any(|notice| notice[0] == "resumed")
}

/// What is seen of one source.
pub fn of(seen: &Seen, source: &str) -> Datasets {
    let own = seen.held.iter().filter(|((of, _), _)| *of == source);
    own.map(|((_, key), revision)| (*key, *revision)).collect()
}
