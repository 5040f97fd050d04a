//! What tells of each record which dataset it is about, under which keys it is found, and the links that were found:
//! rebuilt from the store where it is missing, behind, or was made under other rules.
//!
//! It is as the store is only while [`State::identity_basis`] says by which rules; whoever changes the store takes that
//! word away first and gives it back when all is in. Nothing here reads more than it is asked for. Start there, and at
//! [`State::holders`].

use super::{State, StateError, class_byte, decode_json, digest, encode_json, entries::FORMAT};
use crate::identity::{
    Features, Link, Linked, Standing,
    candidates::{entity_key, keys},
};
use harvestd_vocab::Class;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Record -> its features.
const FEATURES: &str = "identity-features";
/// Key, source and record, one after the other: who has which key. The values say nothing.
const KEYS: &str = "identity-keys";
/// Two records -> their link; and the other way about, with nothing to it.
const LINKS: &str = "identity-links";
/// Datasets that are one with others -> whether it counts for them.
const ONE: &str = "identity-one";
const KEPT: &str = "identity";

/// Bytes of a source in the index.
const SOURCE_BYTES: usize = 6;

/// Under what an IRI is known here: the first 96 bits of its hash.
pub type Tag = [u8; 12];

/// The tag of an IRI.
pub fn tag(iri: &str) -> Tag {
    let mut tag = Tag::default();
    tag.copy_from_slice(&digest(iri.as_bytes())[..size_of::<Tag>()]);
    tag
}

/// A record that has a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Of its source: the same for the same source only.
    pub source: [u8; SOURCE_BYTES],
    pub record: Tag,
}

impl Holder {
    pub fn of(features: &Features) -> Self {
        let mut source = [0; SOURCE_BYTES];
        source.copy_from_slice(&digest(features.source.as_bytes())[..SOURCE_BYTES]);
        let record = tag(&features.record);
        Self { source, record }
    }
}

/// A link as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptLink {
    #[serde(flatten)]
    pub link: Link,
    /// None: found, and not placed among the others yet.
    pub standing: Option<Standing>,
}

impl KeptLink {
    pub fn placed(self) -> Option<Linked> {
        let Self { link, standing } = self;
        standing.map(|standing| Linked { link, standing })
    }
}

/// What the last comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Joined {
    /// Datasets that several records are about.
    pub datasets: u64,
    /// Records that are about these.
    pub records: u64,
    /// Pairs that a person should look at.
    pub listed: u64,
}

impl State {
    /// The rules under which what is kept here was made, if it is as the store is.
    pub fn identity_basis(&self) -> Result<Option<String>, StateError> {
        let basis = self.db.open_tree(KEPT)?.get("basis")?;
        basis.map(|basis| decode_json(&basis)).transpose()
    }

    /// Takes the word away that what is kept here is as the store is. It has to be durable ([`State::make_durable`],
    /// [`State::begin_applying`]) before the store is changed.
    pub fn doubt_identity(&self) -> Result<(), StateError> {
        self.db.open_tree(KEPT)?.remove("basis")?;
        Ok(())
    }

    /// Gives the word that it is. Durable with what the state remembers of the run next.
    pub fn trust_identity(&self, basis: &str, joined: Joined) -> Result<(), StateError> {
        let tree = self.db.open_tree(KEPT)?;
        tree.insert("joined", encode_json(&joined))?;
        tree.insert("basis", encode_json(&basis))?;
        Ok(())
    }

    /// What the last comparison came to. None: nothing was compared yet.
    pub fn joined(&self) -> Result<Option<Joined>, StateError> {
        let joined = self.db.open_tree(KEPT)?.get("joined")?;
        joined.map(|joined| decode_json(&joined)).transpose()
    }

    /// Forgets what is kept here, and puts the features of all records in anew, without any link. Keys are put in at the
    /// end and in order, which takes a fraction of the time; till then they are held, 26 bytes each.
    pub fn fill_identity<E: From<StateError>>(
        &self,
        all: impl Iterator<Item = Result<Features, E>>,
    ) -> Result<(), E> {
        let failed = |e: sled::Error| E::from(StateError::Sled(e));
        for name in [FEATURES, KEYS, LINKS, ONE] {
            self.db.drop_tree(name).map_err(failed)?;
        }
        let tree = self.db.open_tree(FEATURES).map_err(failed)?;
        let mut keys: Vec<Entry> = Vec::new();
        for features in all {
            let features = features?;
            let record = tag(&features.record);
            tree.insert(record, encode_json(&features))
                .map_err(failed)?;
            keys.extend(entries(&features));
        }
        keys.sort_unstable();
        let tree = self.db.open_tree(KEYS).map_err(failed)?;
        for entry in keys {
            tree.insert(entry, &[FORMAT]).map_err(failed)?;
        }
        Ok(())
    }

    /// Sources of which we hold datasets.
    pub fn sources_of_datasets(&self) -> Result<Vec<String>, StateError> {
        let mut sources = Vec::new();
        for name in self.db.tree_names() {
            let Some(id) = name.strip_prefix(b"records:") else {
                continue;
            };
            let tree = self.db.open_tree(&name)?;
            let first = tree.scan_prefix([class_byte(Class::Dataset)]).next();
            if first.transpose()?.is_some() {
                sources.push(String::from_utf8_lossy(id).into_owned());
            }
        }
        Ok(sources)
    }

    /// The features of every record, one after the other, in no order that means anything.
    pub fn features(
        &self,
    ) -> Result<impl Iterator<Item = Result<Features, StateError>> + use<>, StateError> {
        let entries = self.db.open_tree(FEATURES)?.iter();
        Ok(entries.map(|entry| decode_json(&entry?.1)))
    }

    /// The features of a record.
    pub fn features_of(&self, record: Tag) -> Result<Option<Features>, StateError> {
        let found = self.db.open_tree(FEATURES)?.get(record)?;
        found.map(|found| decode_json(&found)).transpose()
    }

    /// The features of the records of a dataset, as its source has it.
    pub fn features_about(&self, entity: &str) -> Result<Vec<Features>, StateError> {
        let mut all = Vec::new();
        for holder in self.holders(entity_key(entity))? {
            all.extend(self.features_of(holder?.record)?);
        }
        all.retain(|features| *features.entity == *entity);
        Ok(all)
    }

    /// The records that have a key, those of one source together.
    pub fn holders(
        &self,
        key: u64,
    ) -> Result<impl Iterator<Item = Result<Holder, StateError>> + use<>, StateError> {
        let entries = self.db.open_tree(KEYS)?.scan_prefix(key.to_be_bytes());
        Ok(entries.map(|entry| Ok(holder(&entry?.0)?.1)))
    }

    /// Every key with each record that has it: key after key, and of a key those of one source together.
    pub fn keys(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u64, Holder), StateError>> + use<>, StateError> {
        let entries = self.db.open_tree(KEYS)?.iter();
        Ok(entries.map(|entry| holder(&entry?.0)))
    }

    /// Features of a record as they were, and as they are.
    pub fn set_features(
        &self,
        was: Option<&Features>,
        is: Option<&Features>,
    ) -> Result<(), StateError> {
        let tree = self.db.open_tree(FEATURES)?;
        match (was, is) {
            (_, Some(is)) => drop(tree.insert(tag(&is.record), encode_json(is))?),
            (Some(was), None) => drop(tree.remove(tag(&was.record))?),
            (None, None) => {}
        }
        let tree = self.db.open_tree(KEYS)?;
        let of = |f: Option<&Features>| f.map(entries).into_iter().flatten().collect();
        let (was, is): (BTreeSet<Entry>, BTreeSet<Entry>) = (of(was), of(is));
        for gone in was.difference(&is) {
            tree.remove(gone)?;
        }
        for come in is.difference(&was) {
            tree.insert(come, &[FORMAT])?;
        }
        Ok(())
    }

    /// Every link, one after the other, in no order that means anything.
    pub fn links(
        &self,
    ) -> Result<impl Iterator<Item = Result<KeptLink, StateError>> + use<>, StateError> {
        let entries = self.db.open_tree(LINKS)?.iter();
        Ok(entries.filter_map(|entry| match entry {
            Ok((_, value)) => (value.len() > 1).then(|| decode_json(&value)),
            Err(e) => Some(Err(e.into())),
        }))
    }

    /// The links of a record.
    pub fn links_of(&self, record: &str) -> Result<Vec<KeptLink>, StateError> {
        let tree = self.db.open_tree(LINKS)?;
        let own = tag(record);
        let mut links = Vec::new();
        for entry in tree.scan_prefix(own) {
            let (key, value) = entry?;
            if value.len() > 1 {
                links.push(decode_json(&value)?);
            } else if let Some(value) = tree.get([&key[own.len()..], &own].concat())? {
                links.push(decode_json(&value)?);
            }
        }
        Ok(links)
    }

    /// Is there a link between the two?
    pub fn is_linked(&self, a: &str, b: &str) -> Result<bool, StateError> {
        let tree = self.db.open_tree(LINKS)?;
        Ok(tree.contains_key([tag(a), tag(b)].concat())?)
    }

    pub fn set_link(&self, kept: &KeptLink) -> Result<(), StateError> {
        let tree = self.db.open_tree(LINKS)?;
        let (a, b) = (tag(&kept.link.a), tag(&kept.link.b));
        tree.insert([a, b].concat(), encode_json(kept))?;
        tree.insert([b, a].concat(), &[FORMAT])?;
        Ok(())
    }

    pub fn remove_link(&self, a: &str, b: &str) -> Result<(), StateError> {
        let tree = self.db.open_tree(LINKS)?;
        let (a, b) = (tag(a), tag(b));
        tree.remove([a, b].concat())?;
        tree.remove([b, a].concat())?;
        Ok(())
    }

    /// Is the dataset one with others? Then also whether it is the one that is counted for all of them.
    pub fn is_one(&self, entity: &str) -> Result<Option<bool>, StateError> {
        let found = self.db.open_tree(ONE)?.get(tag(entity))?;
        found.map(|found| decode_json(&found)).transpose()
    }

    pub fn set_one(&self, entity: &str, one: Option<bool>) -> Result<(), StateError> {
        let tree = self.db.open_tree(ONE)?;
        match one {
            Some(counts) => tree.insert(tag(entity), encode_json(&counts))?,
            None => tree.remove(tag(entity))?,
        };
        Ok(())
    }
}

/// Key, source and record, one after the other.
type Entry = [u8; 8 + SOURCE_BYTES + size_of::<Tag>()];

/// What stands in the index for a record.
fn entries(features: &Features) -> impl Iterator<Item = Entry> + use<> {
    let Holder { source, record } = Holder::of(features);
    let mut keys = keys(features);
    keys.push(entity_key(&features.entity));
    keys.into_iter().map(move |key| {
        let mut entry = [0; size_of::<Entry>()];
        entry[..8].copy_from_slice(&key.to_be_bytes());
        entry[8..8 + SOURCE_BYTES].copy_from_slice(&source);
        entry[8 + SOURCE_BYTES..].copy_from_slice(&record);
        entry
    })
}

fn holder(entry: &[u8]) -> Result<(u64, Holder), StateError> {
    let bad = || StateError::Entry(format!("a key of {} bytes in the index", entry.len()));
    let (key, rest) = entry.split_first_chunk::<8>().ok_or_else(bad)?;
    let (source, record) = rest.split_first_chunk::<SOURCE_BYTES>().ok_or_else(bad)?;
    let holder = Holder {
        source: *source,
        record: record.try_into().map_err(|_| bad())?,
    };
    Ok((u64::from_be_bytes(*key), holder))
}
