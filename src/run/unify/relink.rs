//! Which links change with the records that changed: theirs, and those of the records around a key that came to say
//! something, or to say nothing, by the change.
//!
//! Reads of the state what these records' keys lead to, and holds no more than a chunk of records. What the links make
//! one is not seen here. Start at [`Relinking::change`].

use super::{RunError, clusters};
use crate::identity::{
    Features, Link, Linked,
    candidates::{Common, KEY_RECORDS_MAX, keys},
    score::{Surroundings, judge},
};
use crate::state::{Holder, KeptLink, State, StateError, Tag, tag};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    rc::Rc,
};

/// Records that are changed together: a few hundred bytes each, and some twenty keys.
pub const CHUNK: usize = 512;
/// Features of other records that are held while a chunk is linked.
const OTHERS_MAX: usize = 4096;
/// Pairs that are compared together where all are: 24 bytes each.
const PAIRS_ENOUGH: usize = 20_000;

/// Two records, the one that sorts first before the other.
pub type Pair = (Box<str>, Box<str>);

/// Features of a record as they were, and as they are.
pub struct Change {
    pub was: Option<Features>,
    pub is: Option<Features>,
}

/// What relinking came upon.
#[derive(Default)]
pub struct Relinked {
    /// Datasets of records that changed, or whose links did, as their sources have them.
    pub entities: BTreeSet<Box<str>>,
    /// Pairs whose link changed, came or went, and how it was.
    pub before: HashMap<Pair, Option<Linked>>,
}

pub struct Relinking<'a> {
    state: &'a State,
    /// Pairs that a person joined: their links are kept however low they score.
    joins: &'a HashSet<Pair>,
    /// From which score on links are kept.
    list_min: f64,
    relinked: Relinked,
}

impl<'a> Relinking<'a> {
    pub fn new(state: &'a State, joins: &'a HashSet<Pair>, list_min: f64) -> Self {
        Self {
            state,
            joins,
            list_min,
            relinked: Relinked::default(),
        }
    }

    /// Takes changes in, and finds the links again that change with them.
    pub fn change(&mut self, chunk: Vec<Change>) -> Result<(), RunError> {
        let turned = turned(&chunk);
        let before = Groups::new(self.state);
        for key in &turned {
            before.group(*key)?;
        }
        let mut wanted = BTreeMap::new();
        for Change { was, is } in chunk {
            self.state.set_features(was.as_ref(), is.as_ref())?;
            let both = was.iter().chain(&is);
            let entities = both.map(|f| f.entity.clone());
            self.relinked.entities.extend(entities);
            match (was, is) {
                (Some(was), Some(is)) if was.links_as(&is) => {}
                (_, Some(is)) => drop(wanted.insert(tag(&is.record), is)),
                (Some(was), None) => self.replace(&was, &[], &|_| true)?,
                (None, None) => {}
            }
        }
        let after = Groups::new(self.state);
        for key in turned {
            let (was, is) = (before.group(key)?, after.group(key)?);
            for Holder { record, .. } in was.concerned(&is) {
                if !wanted.contains_key(record)
                    && let Some(features) = self.state.features_of(*record)?
                {
                    wanted.insert(*record, features);
                }
            }
        }
        self.link(&wanted)
    }

    /// Finds all links of these records again.
    pub fn link(&mut self, wanted: &BTreeMap<Tag, Features>) -> Result<(), RunError> {
        let groups = Groups::new(self.state);
        let mut others = Others::new(self.state);
        for (own, features) in wanted {
            // A link between two of them is found once, at the first.
            let falls_to = |other: &Tag| other > own || !wanted.contains_key(other);
            let mut found = Vec::new();
            for other in groups.candidates(features)? {
                if falls_to(&other)
                    && let Some(other) = others.get(other)?
                {
                    found.extend(self.judged(features, &other, &groups)?);
                }
            }
            self.replace(features, &found, &falls_to)?;
        }
        Ok(())
    }

    /// Finds the links of all records, where the state holds none: key after key, since few lead from one source to
    /// another.
    pub fn link_all(&self) -> Result<(), RunError> {
        let mut pairs: Vec<[Tag; 2]> = Vec::new();
        let mut of_key: Vec<Holder> = Vec::new();
        let mut last = None;
        for entry in self.state.keys()? {
            let (key, holder) = entry?;
            if last.replace(key) != Some(key) {
                pairs.extend(across(&of_key));
                of_key.clear();
            }
            // One more than are compared tells as much as all of them.
            if of_key.len() <= KEY_RECORDS_MAX {
                of_key.push(holder);
            }
            if pairs.len() >= PAIRS_ENOUGH {
                self.link_pairs(&mut pairs)?;
            }
        }
        pairs.extend(across(&of_key));
        self.link_pairs(&mut pairs)
    }

    fn link_pairs(&self, pairs: &mut Vec<[Tag; 2]>) -> Result<(), RunError> {
        pairs.sort_unstable();
        pairs.dedup();
        let groups = Groups::new(self.state);
        let mut others = Others::new(self.state);
        for [a, b] in pairs.drain(..) {
            let (Some(a), Some(b)) = (others.get(a)?, others.get(b)?) else {
                continue;
            };
            if let Some(link) = self.judged(&a, &b, &groups)? {
                let standing = None;
                self.state.set_link(&KeptLink { link, standing })?;
            }
        }
        Ok(())
    }

    /// The link between two records, if it is one to be kept.
    fn judged(
        &self,
        a: &Features,
        b: &Features,
        groups: &Groups<'_>,
    ) -> Result<Option<Link>, RunError> {
        if a.entity == b.entity {
            return Ok(None);
        }
        let link = judge(a, b, &groups.common());
        groups.trouble()?;
        Ok(link.filter(|l| l.score >= self.list_min || self.joins.contains(&pair(l))))
    }

    pub fn ended(self) -> Relinked {
        self.relinked
    }

    /// Puts these links in the place of those that the record had with the others that are asked about.
    fn replace(
        &mut self,
        features: &Features,
        found: &[Link],
        about: &dyn Fn(&Tag) -> bool,
    ) -> Result<(), RunError> {
        let other = |l: &Link| tag(if l.a == features.record { &l.b } else { &l.a });
        let mut old: HashMap<Pair, KeptLink> = HashMap::new();
        for kept in self.state.links_of(&features.record)? {
            if about(&other(&kept.link)) {
                old.insert(pair(&kept.link), kept);
            }
        }
        for link in found {
            let was = old.remove(&pair(link));
            if was.as_ref().is_some_and(|was| was.link == *link) {
                continue;
            }
            self.touch(link, was)?;
            self.state.set_link(&KeptLink {
                link: link.clone(),
                standing: None,
            })?;
        }
        for gone in old.into_values() {
            let link = gone.link.clone();
            self.touch(&link, Some(gone))?;
            self.state.remove_link(&link.a, &link.b)?;
        }
        Ok(())
    }

    fn touch(&mut self, link: &Link, was: Option<KeptLink>) -> Result<(), RunError> {
        let before = self.relinked.before.entry(pair(link));
        before.or_insert_with(|| was.and_then(KeptLink::placed));
        for record in [&link.a, &link.b] {
            let features = self.state.features_of(tag(record))?;
            self.relinked.entities.extend(features.map(|f| f.entity));
        }
        Ok(())
    }
}

/// The pairs of a key's records that are of different sources; none of a key that says nothing.
fn across(holders: &[Holder]) -> Vec<[Tag; 2]> {
    let mut pairs = Vec::new();
    if holders.len() > KEY_RECORDS_MAX {
        return pairs;
    }
    for (n, a) in holders.iter().enumerate() {
        let others = holders[n + 1..].iter().filter(|b| b.source != a.source);
        pairs.extend(others.map(|b| [a.record.min(b.record), a.record.max(b.record)]));
    }
    pairs
}

pub fn pair(link: &Link) -> Pair {
    (link.a.clone(), link.b.clone())
}

/// Does the link rest on a decision alone? Then it is made again from the decision.
pub fn is_decided(link: &Link) -> bool {
    link.evidence.iter().any(|e| &*e.code == clusters::DECIDED)
}

/// The keys that a record lost or won.
fn turned(chunk: &[Change]) -> BTreeSet<u64> {
    let mut turned = BTreeSet::new();
    let of =
        |features: &Option<Features>| -> BTreeSet<u64> { features.iter().flat_map(keys).collect() };
    for Change { was, is } in chunk {
        turned.extend(of(was).symmetric_difference(&of(is)));
    }
    turned
}

/// The records of a key. Of a key that says nothing no more are held than tell so.
struct Group {
    holders: Vec<Holder>,
    /// Two of one source have it.
    common: bool,
}

impl Group {
    fn read(state: &State, key: u64) -> Result<Self, StateError> {
        let mut group = Self {
            holders: Vec::new(),
            common: false,
        };
        for holder in state.holders(key)? {
            let holder = holder?;
            let last = group.holders.last();
            group.common |= last.is_some_and(|last| last.source == holder.source);
            group.holders.push(holder);
            if group.common && !group.leads() {
                break;
            }
        }
        Ok(group)
    }

    /// Is each of its records compared with the others?
    fn leads(&self) -> bool {
        self.holders.len() <= KEY_RECORDS_MAX
    }

    /// The records whose links may be others now that the key's records are these, beside those that changed. Of those
    /// that did not change both sides have the same, and the side taken here is whole.
    fn concerned<'g>(&'g self, now: &'g Self) -> &'g [Holder] {
        let side = match (self.leads(), now.leads()) {
            (true, false) => self,
            (false, true) => now,
            _ if self.common == now.common => return &[],
            _ if self.common => now,
            _ => self,
        };
        &side.holders
    }
}

/// The records of keys, each key read once.
struct Groups<'a> {
    state: &'a State,
    read: RefCell<HashMap<u64, Rc<Group>>>,
    trouble: RefCell<Option<StateError>>,
}

impl<'a> Groups<'a> {
    fn new(state: &'a State) -> Self {
        Self {
            state,
            read: RefCell::default(),
            trouble: RefCell::default(),
        }
    }

    fn group(&self, key: u64) -> Result<Rc<Group>, StateError> {
        if let Some(group) = self.read.borrow().get(&key) {
            return Ok(group.clone());
        }
        let group = Rc::new(Group::read(self.state, key)?);
        self.read.borrow_mut().insert(key, group.clone());
        Ok(group)
    }

    /// The records of other sources that share a key with this one.
    fn candidates(&self, features: &Features) -> Result<BTreeSet<Tag>, StateError> {
        let own = Holder::of(features);
        let mut candidates = BTreeSet::new();
        for key in keys(features) {
            let group = self.group(key)?;
            if group.leads() {
                let others = group.holders.iter().filter(|h| h.source != own.source);
                candidates.extend(others.map(|h| h.record));
            }
        }
        Ok(candidates)
    }

    /// What is common around two records; what could not be read is told by [`Groups::trouble`].
    fn common(&self) -> impl Surroundings {
        Common(|key| match self.group(key) {
            Ok(group) => group.common,
            Err(e) => {
                *self.trouble.borrow_mut() = Some(e);
                false
            }
        })
    }

    fn trouble(&self) -> Result<(), StateError> {
        self.trouble.take().map_or(Ok(()), Err)
    }
}

/// Features of records that may be the same as others, a bounded number of them at a time.
struct Others<'a> {
    state: &'a State,
    read: HashMap<Tag, Option<Rc<Features>>>,
}

impl<'a> Others<'a> {
    fn new(state: &'a State) -> Self {
        Self {
            state,
            read: HashMap::new(),
        }
    }

    fn get(&mut self, record: Tag) -> Result<Option<Rc<Features>>, StateError> {
        if let Some(features) = self.read.get(&record) {
            return Ok(features.clone());
        }
        if self.read.len() >= OTHERS_MAX {
            self.read.clear();
        }
        let features = self.state.features_of(record)?.map(Rc::new);
        self.read.insert(record, features.clone());
        Ok(features)
    }
}
