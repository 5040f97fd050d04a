//! Which datasets there are and were, when each last changed here, and whose it is: the change log, remembered as far as
//! lists need it.
//!
//! Takes activities in their order and keeps a hundred bytes or two of each dataset, those that are gone included. Reads no
//! log and no store itself, and knows no door. Start at [`Chronicle::apply`].

use crate::log::{Activity, Verb};
use harvestd_vocab::{
    iris::parse_record_iri,
    terms::{dcat, dct, foaf},
};
use oxigraph::model::{Term, vocab::rdf};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::RangeBounds,
    str::FromStr,
    sync::Arc,
};

/// One dataset, as its newest activity leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The IRI under which it is, or was, published.
    pub iri: Arc<str>,
    /// Number of the activity with which it came.
    pub first: u64,
    /// Number and time (microseconds since 1970) of its newest activity.
    pub seq: u64,
    pub changed_us: i64,
    pub gone: bool,
    /// An identifier that the dataset has of itself: one of the form that Taiwan's agencies give, where it has such a one.
    pub identifier: Option<Arc<str>>,
    /// IRI of its publisher.
    pub publisher: Option<Arc<str>>,
    /// The source whose record is published.
    pub winner: Option<Arc<str>>,
    /// The sources whose catalogues list it.
    pub sources: BTreeSet<Arc<str>>,
    /// Those that listed it once and do not now.
    pub left: BTreeSet<Arc<str>>,
    /// IRIs of those who published it once and do not now.
    pub once_of: BTreeSet<Arc<str>>,
}

impl Entry {
    /// Takes over what stays of the entry before.
    fn follows(&mut self, before: Self) {
        // What comes again stands where what is new stands.
        if !before.gone || self.gone {
            self.first = before.first;
        }
        if self.gone {
            self.publisher.clone_from(&before.publisher);
        }
        self.left.extend(before.left);
        self.left.extend(before.sources);
        let listed = &self.sources;
        self.left.retain(|source| !listed.contains(source));
        self.once_of.extend(before.once_of);
        self.once_of.extend(before.publisher);
        if let Some(publisher) = &self.publisher {
            self.once_of.remove(publisher);
        }
    }
}

/// All datasets of one generation of the log, up to one activity.
#[derive(Debug, Clone)]
pub struct Chronicle {
    /// That of our IRIs.
    base: Arc<str>,
    pub generation: u64,
    /// The newest activity that is in it.
    pub seq: u64,
    datasets: HashMap<Arc<str>, Entry>,
    by_first: BTreeMap<u64, Arc<str>>,
    by_change: BTreeMap<u64, Arc<str>>,
    /// Names that many datasets share are kept once.
    names: HashSet<Arc<str>>,
}

impl Chronicle {
    /// Nothing yet. `base` has a slash at its end.
    pub fn new(base: &str, generation: u64) -> Self {
        Self {
            base: base.into(),
            generation,
            seq: 0,
            datasets: HashMap::new(),
            by_first: BTreeMap::new(),
            by_change: BTreeMap::new(),
            names: HashSet::new(),
        }
    }

    /// The next activity. What is about something else than a dataset only counts.
    pub fn apply(&mut self, activity: &Activity) {
        self.seq = self.seq.max(activity.seq);
        let known = self.datasets.remove(activity.entity.as_str());
        let said = match activity.verb {
            Verb::Delete => None,
            _ => self.read(&activity.entity, &activity.body),
        };
        if known.is_none() && said.is_none() {
            return;
        }
        let iri = match &known {
            Some(before) => Arc::clone(&before.iri),
            None => activity.entity.as_str().into(),
        };
        let said = said.unwrap_or_else(Said::gone);
        let mut entry = Entry {
            iri: Arc::clone(&iri),
            first: activity.seq,
            seq: activity.seq,
            changed_us: activity.published_us,
            gone: said.gone,
            identifier: said.identifier,
            publisher: said.publisher,
            winner: said.winner,
            sources: said.sources,
            left: BTreeSet::new(),
            once_of: BTreeSet::new(),
        };
        if let Some(before) = known {
            self.by_change.remove(&before.seq);
            self.by_first.remove(&before.first);
            entry.follows(before);
        }
        self.by_first.insert(entry.first, Arc::clone(&iri));
        self.by_change.insert(entry.seq, Arc::clone(&iri));
        self.datasets.insert(iri, entry);
    }

    /// The dataset of an IRI, also one that is gone.
    pub fn get(&self, iri: &str) -> Option<&Entry> {
        self.datasets.get(iri)
    }

    /// In the order in which they came: those that change stay where they are.
    pub fn in_order(&self) -> impl Iterator<Item = &Entry> {
        self.by_first
            .values()
            .filter_map(|iri| self.datasets.get(iri))
    }

    /// By their newest activities, the oldest first, also those that are gone.
    pub fn by_change(
        &self,
        range: impl RangeBounds<u64>,
    ) -> impl DoubleEndedIterator<Item = &Entry> {
        self.by_change
            .range(range)
            .filter_map(|(_, iri)| self.datasets.get(iri))
    }

    /// Every source that lists or listed a dataset.
    pub fn sources(&self) -> BTreeSet<Arc<str>> {
        let all = self.datasets.values();
        all.flat_map(|entry| entry.sources.iter().chain(&entry.left))
            .cloned()
            .collect()
    }

    /// What a body says of its entity. None: it is no dataset.
    fn read(&mut self, entity: &str, body: &str) -> Option<Said> {
        let mut said = Said::default();
        let mut is_dataset = false;
        for line in body.lines() {
            let Some((subject, predicate, object)) = parts(line) else {
                continue;
            };
            let own = subject == entity;
            let about = iri(object) == Some(entity);
            if own && predicate == rdf::TYPE.as_str() {
                is_dataset |= iri(object) == Some(dcat::DATASET.as_str());
            } else if own && predicate == dct::PUBLISHER.as_str() && said.publisher.is_none() {
                said.publisher = iri(object).map(|publisher| self.name(publisher));
            } else if own && predicate == dct::IDENTIFIER.as_str() {
                let better = said
                    .identifier
                    .as_deref()
                    .is_none_or(|had| !is_national(had));
                if let Ok(Term::Literal(value)) = Term::from_str(object)
                    && !value.value().is_empty()
                    && better
                    && (said.identifier.is_none() || is_national(value.value()))
                {
                    said.identifier = Some(value.value().into());
                }
            } else if about && predicate == dcat::HAS_DATASET.as_str() {
                let source = subject
                    .strip_prefix(&*self.base)
                    .and_then(|rest| rest.strip_prefix("catalog/"))
                    .filter(|source| !source.contains('/'))
                    .map(|source| self.name(source));
                said.sources.extend(source);
            } else if about && predicate == foaf::PRIMARY_TOPIC.as_str() {
                let record = parse_record_iri(&self.base, subject);
                said.winner = record.map(|record| self.name(&record.source));
            }
        }
        is_dataset.then_some(said)
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        name
    }
}

#[derive(Default)]
struct Said {
    gone: bool,
    identifier: Option<Arc<str>>,
    publisher: Option<Arc<str>>,
    winner: Option<Arc<str>>,
    sources: BTreeSet<Arc<str>>,
}

impl Said {
    fn gone() -> Self {
        Self {
            gone: true,
            ..Self::default()
        }
    }
}

/// Subject and predicate without brackets, and the object as it stands, of a line of N-Triples without blank nodes.
fn parts(line: &str) -> Option<(&str, &str, &str)> {
    let (subject, rest) = line.strip_prefix('<')?.split_once("> <")?;
    let (predicate, object) = rest.split_once("> ")?;
    Some((subject, predicate, object.strip_suffix(" .")?))
}

fn iri(object: &str) -> Option<&str> {
    object.strip_prefix('<')?.strip_suffix('>')
}

/// Organisation code, hyphen, number, as 資料集詮釋資料標準規範 (2015) has it, and as agencies really write it: nine
/// characters or ten, six or more.
pub fn is_national(identifier: &str) -> bool {
    let plain = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    identifier.split_once('-').is_some_and(|(code, number)| {
        (9..=10).contains(&code.len())
            && number.len() >= 6
            && plain(code)
            && number.split('-').all(plain)
    })
}

#[cfg(test)]
mod tests;
