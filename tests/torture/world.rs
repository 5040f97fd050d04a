//! What the sources would say if they were asked now: who has which dataset in which revision, and what is wrong with the
//! next answer. How each says it is in `render.rs`.

use super::dice::Dice;
use std::collections::BTreeMap;

/// A whole list in one document; pages of CKAN; a graph in Turtle; a feed of changes; a centre that pushes.
pub const SOURCES: [&str; 5] = ["full", "paged", "graph", "feed", "centre"];
/// Datasets of `graph` below this key have the IRI of `full`'s dataset of the same key.
pub const SHARED: u32 = 6;
const KEYS: usize = 45;

/// Key -> revision.
pub type Datasets = BTreeMap<u32, u32>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Status,
    Html,
    /// Fewer bytes than the header says.
    Cut,
    /// A chunked body that breaks off.
    Broken,
}

pub const FAULTS: [Fault; 4] = [Fault::Status, Fault::Html, Fault::Cut, Fault::Broken];

/// One source's side.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    pub now: Datasets,
    /// When each was last changed, by a clock of our own.
    pub changed: BTreeMap<u32, u64>,
    /// All changes: time, key, its revision or None where it went.
    pub log: Vec<(u64, u32, Option<u32>)>,
    /// Things in the place of records that are none.
    pub junk: usize,
    /// Datasets that are said twice.
    pub twice: Vec<u32>,
    /// What is wrong with the answer after so many good ones of a run.
    pub fault: Option<(Fault, usize)>,
    pub asked: usize,
    /// Answers ever given.
    pub served: u32,
    clock: u64,
    revision: u32,
}

impl Catalogue {
    fn set(&mut self, key: u32, says: bool) {
        self.clock += 1;
        self.revision += 1;
        let revision = says.then_some(self.revision);
        match revision {
            Some(revision) => {
                self.now.insert(key, revision);
                self.changed.insert(key, self.clock);
            }
            None => {
                if self.now.remove(&key).is_none() {
                    return;
                }
            }
        }
        self.log.push((self.clock, key, revision));
    }

    fn some(&self, dice: &mut Dice, most: usize) -> Vec<u32> {
        let keys: Vec<u32> = self.now.keys().copied().collect();
        let count = if keys.is_empty() {
            0
        } else {
            1 + dice.below(most)
        };
        (0..count).map(|_| *dice.of(&keys)).collect()
    }

    /// Something happens at the source. Says what.
    pub fn happens(&mut self, dice: &mut Dice) -> String {
        match dice.below(12) {
            0..=3 => {
                let keys: Vec<u32> = (0..=dice.below(8))
                    .map(|_| dice.below(KEYS) as u32)
                    .collect();
                keys.iter().for_each(|key| self.set(*key, true));
                format!("adds or changes {keys:?}")
            }
            4..=5 => {
                let keys = self.some(dice, 20);
                keys.iter().for_each(|key| self.set(*key, true));
                format!("changes {keys:?}")
            }
            6..=7 => {
                let keys = self.some(dice, 4);
                keys.iter().for_each(|key| self.set(*key, false));
                format!("loses {keys:?}")
            }
            8 => {
                let keys = self.some(dice, KEYS);
                keys.iter().for_each(|key| self.set(*key, false));
                format!("loses many, {keys:?}")
            }
            9 if dice.one_in(3) => {
                let keys: Vec<u32> = self.now.keys().copied().collect();
                keys.iter().for_each(|key| self.set(*key, false));
                "loses everything".to_owned()
            }
            9 => {
                self.twice = self.some(dice, 2);
                format!("says {:?} twice", self.twice)
            }
            10 => {
                self.junk = 1 + dice.below(2);
                format!("has {} records that are none", self.junk)
            }
            _ => {
                self.fault = Some((*dice.of(&FAULTS), dice.below(3)));
                format!("will fail: {:?}", self.fault)
            }
        }
    }

    /// Its faults pass with the run that met them.
    pub fn mends(&mut self) {
        (self.junk, self.fault, self.asked) = (0, None, 0);
        self.twice.clear();
    }
}

/// The title of a dataset: no two of different datasets are alike.
pub fn title(source: &str, key: u32, revision: u32) -> String {
    let word = blake3::hash(format!("{source} {key}").as_bytes()).to_hex();
    format!("{source} {key} {} r{revision}", &word[..10])
}

/// The source, key and revision that a title tells.
pub fn told(title: &str) -> Option<((&'static str, u32), u32)> {
    let words: Vec<&str> = title.split(' ').collect();
    let [source, key, _, revision] = words.as_slice() else {
        return None;
    };
    let source = SOURCES.into_iter().find(|known| known == source)?;
    let revision = revision.strip_prefix('r')?.parse().ok()?;
    Some(((source, key.parse().ok()?), revision))
}
