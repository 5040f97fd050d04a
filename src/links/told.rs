//! What is told of addresses: sums, lists, one address with its history, and the national checks dataset by dataset.
//!
//! Reads the book; asks nobody. Start at [`Links::sums`] and [`Links::list`].

use super::{
    Links,
    book::{Address, NAMED_BY_MAX, Owner, Try},
    declared::{Dataset, Declared, Role},
    judge::{Came, Checks, Verdict, judge},
    trouble::{Trouble, Words},
};
use crate::state::{
    StateError,
    links::{Key, key},
};
use harvestd_vocab::quality::Reach;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
};

/// All addresses, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Milliseconds since 1970.
    pub counted_ms: i64,
    pub known: u64,
    /// Something was learnt of so many.
    pub checked: u64,
    /// So many failed often and long enough.
    pub broken: u64,
    /// By code of trouble; those that were never checked are `unchecked`.
    pub troubles: Vec<Count>,
    pub hosts: Vec<Count>,
    /// An address that several sources name counts for each of them.
    pub sources: Vec<Count>,
    pub publishers: Vec<Count>,
}

/// So many addresses of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub name: String,
    pub addresses: u64,
    /// Something was wrong the last time.
    pub faulty: u64,
    pub broken: u64,
}

/// Which addresses are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// None: any. `Some(None)`: those that were never checked.
    pub trouble: Option<Option<Trouble>>,
    pub host: Option<String>,
    pub source: Option<String>,
    /// Name or IRI, as the list has it.
    pub publisher: Option<String>,
    /// Named by this dataset.
    pub dataset: Option<String>,
    pub broken: Option<bool>,
}

/// What `unchecked` is called among troubles.
pub const UNCHECKED: &str = "unchecked";

/// An address in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub url: String,
    pub host: String,
    pub of: Vec<Owner>,
    /// None: it was never checked.
    pub trouble: Option<Trouble>,
    pub broken: bool,
    pub failures: u32,
    pub first_failed_ms: Option<i64>,
    pub checked_ms: Option<i64>,
    pub due_ms: i64,
    pub status: Option<u16>,
    pub redirects: usize,
    pub landed: Option<String>,
    pub media_type: Option<String>,
    /// What the first bytes are.
    pub found: Option<super::sniff::Type>,
    pub encoding: Option<String>,
    pub said: Option<String>,
}

/// Everything of one address.
#[derive(Debug, Clone, Serialize)]
pub struct Whole {
    #[serde(flatten)]
    pub row: Row,
    pub words: Option<&'static Words>,
    pub came: Option<Came>,
    /// The newest last.
    pub history: Vec<Try>,
    /// How it fares for each dataset that names it, at most [`NAMED_BY_MAX`].
    pub places: Vec<Fares>,
}

/// How an address fares for one dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fares {
    pub dataset: String,
    pub distribution: String,
    pub url: String,
    pub role: Role,
    /// Of the portal that gives one.
    pub badge: Option<String>,
    pub declared: Declared,
    pub checked_ms: Option<i64>,
    /// It leads to something, as those see it who count: one bad minute changes nothing. None: nobody knows yet.
    pub leads: Option<bool>,
    /// None: it was never checked.
    pub verdict: Option<Verdict>,
}

/// The national checks of one dataset, beside the badge that the portal gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    pub dataset: String,
    pub source: String,
    pub publisher: String,
    pub badge: Option<String>,
    /// Of all its addresses together: one that fails fails it.
    #[serde(flatten)]
    pub checks: Checks,
    pub places: Vec<Fares>,
}

impl Row {
    fn of(address: &Address) -> Self {
        let came = address.came.as_ref();
        Self {
            url: address.url.clone(),
            host: address.host.clone(),
            of: address.of.clone(),
            trouble: address.trouble,
            broken: address.broken,
            failures: address.failures,
            first_failed_ms: address.first_failed_ms,
            checked_ms: address.checked_ms,
            due_ms: address.due_ms,
            status: came.and_then(|came| came.status),
            redirects: came.map_or(0, |came| came.redirects),
            landed: came.and_then(|came| came.landed.clone()),
            media_type: came.and_then(|came| came.media_type.clone()),
            found: came.and_then(|came| came.look.kind),
            encoding: came.and_then(|came| came.look.encoding.clone()),
            said: came.and_then(|came| came.said.clone()),
        }
    }
}

impl Checked {
    /// Does this address of it lead to something? None: nobody knows yet.
    pub fn reach(&self, url: &str) -> Option<Reach> {
        let place = self.places.iter().find(|place| place.url == url)?;
        Some(match place.leads? {
            true => Reach::Reachable,
            false => Reach::Unreachable,
        })
    }
}

impl Filter {
    fn fits(&self, address: &Address) -> bool {
        let owned = |wanted: &Option<String>, of: fn(&Owner) -> &String| {
            let any = |wanted| address.of.iter().any(|owner| of(owner) == wanted);
            wanted.as_ref().is_none_or(any)
        };
        self.trouble
            .is_none_or(|trouble| trouble == address.trouble)
            && self.host.as_ref().is_none_or(|host| *host == address.host)
            && self.broken.is_none_or(|broken| broken == address.broken)
            && owned(&self.source, |owner| &owner.source)
            && owned(&self.publisher, |owner| &owner.publisher)
    }
}

impl Links {
    /// Counts all addresses, unless that was done a moment ago. Reads the whole book: never on a thread that others need.
    pub fn sums(&self, now_ms: i64) -> Result<Arc<Sums>, StateError> {
        let every = self.config().limits.links.sums_every_ms;
        let every = i64::try_from(every).unwrap_or(i64::MAX);
        // Whoever comes meanwhile waits for the same count.
        let mut kept = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sums) = kept
            .as_ref()
            .filter(|sums| now_ms - sums.counted_ms < every)
        {
            return Ok(sums.clone());
        }
        let sums = Arc::new(self.counted(now_ms)?);
        metrics::gauge!("harvestd_links_known").set(sums.known as f64);
        metrics::gauge!("harvestd_links_broken").set(sums.broken as f64);
        *kept = Some(sums.clone());
        Ok(sums)
    }

    fn counted(&self, now_ms: i64) -> Result<Sums, StateError> {
        let mut by: [BTreeMap<String, Count>; 4] = Default::default();
        let mut all = Count::default();
        let mut checked = 0;
        for entry in self.kept.after(None) {
            let (_, address) = entry?;
            let faulty = address.trouble.is_some_and(Trouble::is_fault);
            let add = |count: &mut Count| {
                count.addresses += 1;
                count.faulty += u64::from(faulty);
                count.broken += u64::from(address.broken);
            };
            add(&mut all);
            checked += u64::from(address.trouble.is_some());
            let trouble = address.trouble.map_or(UNCHECKED, Trouble::code);
            let sources: BTreeSet<&str> = address.of.iter().map(|of| of.source.as_str()).collect();
            let publishers: BTreeSet<&str> =
                address.of.iter().map(|of| of.publisher.as_str()).collect();
            let names = [
                BTreeSet::from([trouble]),
                BTreeSet::from([address.host.as_str()]),
                sources,
                publishers,
            ];
            for (counts, names) in by.iter_mut().zip(names) {
                for name in names {
                    add(counts.entry(name.to_owned()).or_default());
                }
            }
        }
        let [troubles, hosts, sources, publishers] = by.map(listed);
        Ok(Sums {
            counted_ms: now_ms,
            known: all.addresses,
            checked,
            broken: all.broken,
            troubles,
            hosts,
            sources,
            publishers,
        })
    }

    /// Addresses after a place in the list, at most so many, and where the next ones begin.
    pub fn list(
        &self,
        filter: &Filter,
        after: Option<Key>,
        most: usize,
    ) -> Result<(Vec<Row>, Option<Key>), StateError> {
        let mut rows = Vec::new();
        let mut last = None;
        let mut take = |at: Key, address: &Address| {
            if !filter.fits(address) {
                return false;
            }
            if rows.len() == most {
                return true;
            }
            rows.push(Row::of(address));
            last = Some(at);
            false
        };
        let mut more = false;
        if let Some(dataset) = &filter.dataset {
            let named = self.kept.dataset(key(dataset))?;
            let places = named.iter().flat_map(|dataset| &dataset.places);
            let keys: BTreeSet<Key> = places.map(|place| key(&place.url)).collect();
            for at in keys
                .into_iter()
                .filter(|at| after.is_none_or(|after| *at > after))
            {
                if let Some(address) = self.kept.address(at)? {
                    more |= take(at, &address);
                }
            }
        } else {
            for entry in self.kept.after(after) {
                let (at, address) = entry?;
                if take(at, &address) {
                    more = true;
                    break;
                }
            }
        }
        Ok((rows, last.filter(|_| more)))
    }

    /// Everything of one address. None: nobody names it.
    pub fn whole(&self, url: &str) -> Result<Option<Whole>, StateError> {
        let Some(address) = self.address(url)? else {
            return Ok(None);
        };
        let mut places = Vec::new();
        for dataset in self.kept.named_by(key(url), NAMED_BY_MAX)? {
            let ours = dataset.places.iter().filter(|place| place.url == url);
            places.extend(ours.map(|place| fares(&dataset, place, Some(&address))));
        }
        Ok(Some(Whole {
            row: Row::of(&address),
            words: address.trouble.map(Trouble::words),
            came: address.came,
            history: address.history,
            places,
        }))
    }

    /// The national checks of one dataset. None: it names no address.
    pub fn checks_of(&self, iri: &str) -> Result<Option<Checked>, StateError> {
        let dataset = self.dataset(iri)?;
        dataset.map(|dataset| self.checks(&dataset)).transpose()
    }

    /// The national checks of datasets, in the order of their keys; of one source or publisher where that is wanted.
    pub fn checks_after(
        &self,
        filter: &Filter,
        after: Option<Key>,
        most: usize,
    ) -> Result<(Vec<Checked>, Option<Key>), StateError> {
        let (mut all, mut last) = (Vec::new(), None);
        for entry in self.kept.datasets_after(after) {
            let (at, dataset) = entry?;
            let publisher = dataset
                .publisher_name
                .as_ref()
                .or(dataset.publisher.as_ref());
            let fits = filter.source.as_ref().is_none_or(|s| *s == dataset.source)
                && filter
                    .publisher
                    .as_ref()
                    .is_none_or(|p| Some(p) == publisher);
            if !fits {
                continue;
            }
            if all.len() == most {
                return Ok((all, last));
            }
            all.push(self.checks(&dataset)?);
            last = Some(at);
        }
        Ok((all, None))
    }

    fn checks(&self, dataset: &Dataset) -> Result<Checked, StateError> {
        let mut places = Vec::new();
        for place in &dataset.places {
            let address = self.kept.address(key(&place.url))?;
            places.push(fares(dataset, place, address.as_ref()));
        }
        let checks = places
            .iter()
            .filter_map(|p| Some(p.verdict.as_ref()?.checks));
        Ok(Checked {
            dataset: dataset.iri.clone(),
            source: dataset.source.clone(),
            publisher: dataset
                .publisher_name
                .clone()
                .or(dataset.publisher.clone())
                .unwrap_or_default(),
            badge: dataset.badge.clone(),
            checks: checks.fold(Checks::default(), together),
            places,
        })
    }
}

fn fares(dataset: &Dataset, place: &super::declared::Place, address: Option<&Address>) -> Fares {
    let came = address.and_then(|address| address.came.as_ref());
    let verdict = came.map(|came| judge(&place.url, place.role, &place.declared, came));
    Fares {
        dataset: dataset.iri.clone(),
        distribution: place.distribution.clone(),
        url: place.url.clone(),
        role: place.role,
        badge: dataset.badge.clone(),
        declared: place.declared.clone(),
        checked_ms: address.and_then(|address| address.checked_ms),
        leads: address.and_then(Address::reach),
        verdict,
    }
}

fn together(all: Checks, one: Checks) -> Checks {
    let both = |a: Option<bool>, b: Option<bool>| match (a, b) {
        (Some(a), Some(b)) => Some(a && b),
        (a, b) => a.or(b),
    };
    Checks {
        linkable: both(all.linkable, one.linkable),
        downloadable: both(all.downloadable, one.downloadable),
        structure: both(all.structure, one.structure),
        encoding_match: both(all.encoding_match, one.encoding_match),
        desc_match: both(all.desc_match, one.desc_match),
    }
}

/// Those with the most that is broken first.
fn listed(counts: BTreeMap<String, Count>) -> Vec<Count> {
    let named = |(name, count)| Count { name, ..count };
    let mut all: Vec<Count> = counts.into_iter().map(named).collect();
    all.sort_by_key(|c| std::cmp::Reverse((c.broken, c.faulty, c.addresses)));
    all
}
