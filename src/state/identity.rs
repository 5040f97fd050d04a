//! What tells of each record which dataset it is about, and the links that were found: rebuilt from the store where it
//! is missing, behind, or was made under other rules.
//!
//! It is as the store is only while [`State::identity_basis`] says by which rules; whoever changes the store takes that
//! word away first and gives it back when all is in. Start there.

use super::{State, StateError, class_byte, decode_json, encode_json};
use crate::identity::{Features, Linked};
use harvestd_vocab::Class;
use serde::{Deserialize, Serialize};

const FEATURES: &str = "identity-features";
const LINKS: &str = "identity-links";
const KEPT: &str = "identity";

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

    /// Takes the word away that what is kept here is as the store is.
    pub fn doubt_identity(&self) -> Result<(), StateError> {
        if self.db.open_tree(KEPT)?.remove("basis")?.is_some() {
            self.db.flush()?;
        }
        Ok(())
    }

    /// Gives the word that it is.
    pub fn trust_identity(&self, basis: &str, joined: Joined) -> Result<(), StateError> {
        let tree = self.db.open_tree(KEPT)?;
        tree.insert("joined", encode_json(&joined))?;
        tree.insert("basis", encode_json(&basis))?;
        self.db.flush()?;
        Ok(())
    }

    /// What the last comparison came to. None: nothing was compared yet.
    pub fn joined(&self) -> Result<Option<Joined>, StateError> {
        let joined = self.db.open_tree(KEPT)?.get("joined")?;
        joined.map(|joined| decode_json(&joined)).transpose()
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

    /// All features, sorted by record.
    pub fn features(&self) -> Result<Vec<Features>, StateError> {
        let entries = self.db.open_tree(FEATURES)?;
        entries.iter().map(|entry| decode_json(&entry?.1)).collect()
    }

    /// All links, sorted by their records.
    pub fn links(&self) -> Result<Vec<Linked>, StateError> {
        let entries = self.db.open_tree(LINKS)?;
        entries.iter().map(|entry| decode_json(&entry?.1)).collect()
    }

    /// Takes out records' features, and puts others in; all others go first where `anew`.
    pub fn set_features<'f>(
        &self,
        anew: bool,
        gone: impl Iterator<Item = &'f str>,
        come: impl Iterator<Item = &'f Features>,
    ) -> Result<(), StateError> {
        let tree = self.db.open_tree(FEATURES)?;
        if anew {
            tree.clear()?;
        }
        let mut batch = sled::Batch::default();
        gone.for_each(|record| batch.remove(record.as_bytes()));
        come.for_each(|f| batch.insert(f.record.as_bytes(), encode_json(f)));
        Ok(tree.apply_batch(batch)?)
    }

    /// The same for links.
    pub fn set_links<'l>(
        &self,
        anew: bool,
        gone: impl Iterator<Item = &'l Linked>,
        come: impl Iterator<Item = &'l Linked>,
    ) -> Result<(), StateError> {
        let tree = self.db.open_tree(LINKS)?;
        if anew {
            tree.clear()?;
        }
        let key = |l: &Linked| format!("{} {}", l.link.a, l.link.b).into_bytes();
        let mut batch = sled::Batch::default();
        gone.for_each(|l| batch.remove(key(l)));
        come.for_each(|l| batch.insert(key(l), encode_json(l)));
        Ok(tree.apply_batch(batch)?)
    }
}
