//! What is kept of the addresses in the catalogue: what came from each, when it is asked again, and which datasets name it.
//!
//! All of it can be asked again, so it is never truth. What an entry means is [`crate::links`]'s; here they are keys and
//! values. Start at [`State::addresses`].

use super::{
    State, StateError,
    entries::{FORMAT, decode_json, digest, encode_json},
};
use crate::links::book::Address;
use crate::links::declared::Dataset;
use crate::store::Head;
use harvestd_vocab::quality::Reach;
use std::ops::Bound;

const HEAD: &str = "head";

/// The key of an address or of a dataset.
pub type Key = [u8; 16];
/// The key of a host: the first bytes of the hash of its name.
pub type HostKey = [u8; 8];

/// The key of this text.
pub fn key(text: &str) -> Key {
    digest(text.as_bytes())
}

/// The key of this host.
pub fn host_key(host: &str) -> HostKey {
    let mut out = [0; 8];
    out.copy_from_slice(&key(host)[..8]);
    out
}

/// The addresses and the datasets that name them. Cheap to clone.
#[derive(Clone)]
pub struct KeptLinks {
    db: super::db::Db,
    addresses: sled::Tree,
    datasets: sled::Tree,
    /// The address's key, then the key of a dataset that names it.
    uses: sled::Tree,
    /// The host's key, when it is due, the address's key.
    due: sled::Tree,
    /// Whether each address leads to something: a byte of each, so that counting reads nothing of what came.
    reach: sled::Tree,
    /// Datasets of which an address leads to something now, or no more, each with the number of that news.
    moved: sled::Tree,
}

/// A dataset to be measured anew, since another of its addresses leads to something than did before.
#[derive(Debug, Clone)]
pub struct Moved {
    dataset: Key,
    number: sled::IVec,
    /// None: it names no address any more.
    pub iri: Option<String>,
}

impl State {
    pub fn addresses(&self) -> Result<KeptLinks, StateError> {
        Ok(KeptLinks {
            db: self.db.clone(),
            addresses: self.db.open_tree("links")?,
            datasets: self.db.open_tree("links:datasets")?,
            uses: self.db.open_tree("links:uses")?,
            due: self.db.open_tree("links:due")?,
            reach: self.db.open_tree("links:reach")?,
            moved: self.db.open_tree("links:moved")?,
        })
    }
}

impl KeptLinks {
    /// Up to where in the log the datasets are known. None: nothing is known.
    pub fn head(&self) -> Result<Option<Head>, StateError> {
        let Some(value) = self.uses.get(HEAD)? else {
            return Ok(None);
        };
        let (generation, seq, published_us) = decode_json(&value)?;
        Ok(Some(Head {
            generation,
            seq,
            published_us,
        }))
    }

    pub fn set_head(&self, head: Head) -> Result<(), StateError> {
        let value = encode_json(&(head.generation, head.seq, head.published_us));
        self.uses.insert(HEAD, value)?;
        self.make_durable()
    }

    pub fn make_durable(&self) -> Result<(), StateError> {
        self.db.flush()?;
        Ok(())
    }

    pub fn address(&self, key: Key) -> Result<Option<Address>, StateError> {
        let value = self.addresses.get(key)?;
        value.map(|value| decode_json(&value)).transpose()
    }

    /// Puts an address in the place of what was known of it; durable with what is flushed next.
    pub fn set_address(&self, key: Key, now: &Address) -> Result<(), StateError> {
        let host = host_key(&now.host);
        self.set_reach(key, now.reach())?;
        if let Some(before) = self.address(key)? {
            self.due.remove(due_key(host, before.due_ms, key))?;
        }
        self.addresses.insert(key, encode_json(now))?;
        self.due.insert(due_key(host, now.due_ms, key), &[FORMAT])?;
        Ok(())
    }

    fn remove_address(&self, key: Key) -> Result<(), StateError> {
        if let Some(before) = self.address(key)? {
            self.due
                .remove(due_key(host_key(&before.host), before.due_ms, key))?;
            self.addresses.remove(key)?;
            self.reach.remove(key)?;
        }
        Ok(())
    }

    /// Before the address itself: a kill between costs a measurement too many, and none too few.
    fn set_reach(&self, address: Key, now: Option<bool>) -> Result<(), StateError> {
        let now = now.map(|leads| [FORMAT, u8::from(leads)]);
        if self.reach.get(address)?.as_deref() == now.as_ref().map(<[u8; 2]>::as_slice) {
            return Ok(());
        }
        for used in self.uses.scan_prefix(address).keys() {
            let dataset = key_of(used?.get(16..).unwrap_or_default())?;
            let mut number = vec![FORMAT];
            number.extend(self.db.generate_id()?.to_be_bytes());
            self.moved.insert(dataset, number)?;
        }
        match now {
            Some(now) => self.reach.insert(address, &now)?,
            None => self.reach.remove(address)?,
        };
        Ok(())
    }

    /// Does this address lead to something? None: nobody knows yet.
    pub fn reach(&self, url: &str) -> Result<Option<Reach>, StateError> {
        let known = self.reach.get(key(url))?;
        Ok(known.map(|known| match *known == [FORMAT, 1] {
            true => Reach::Reachable,
            false => Reach::Unreachable,
        }))
    }

    /// Is there news for who counts?
    pub fn has_moved(&self) -> bool {
        !self.moved.is_empty()
    }

    /// The datasets that are to be measured anew.
    pub fn moved(&self) -> Result<Vec<Moved>, StateError> {
        let all = self.moved.iter().map(|entry| {
            let (dataset, number) = entry?;
            let dataset = key_of(&dataset)?;
            let iri = self.dataset(dataset)?.map(|dataset| dataset.iri);
            Ok(Moved {
                dataset,
                number,
                iri,
            })
        });
        all.collect()
    }

    /// These are measured. What came meanwhile stays.
    pub fn settle(&self, measured: &[Moved]) -> Result<(), StateError> {
        for one in measured {
            let none: Option<sled::IVec> = None;
            let swapped =
                self.moved
                    .compare_and_swap(one.dataset, Some(one.number.clone()), none)?;
            // Another number: there is news of it since.
            drop(swapped);
        }
        Ok(())
    }

    /// The addresses after a key, in the order of their keys.
    pub fn after(
        &self,
        after: Option<Key>,
    ) -> impl Iterator<Item = Result<(Key, Address), StateError>> + use<> {
        entries(&self.addresses, after)
    }

    /// The next host after this one that has an address that is due, in a circle.
    pub fn host_due(
        &self,
        after: HostKey,
        now_ms: i64,
        skip: impl Fn(HostKey) -> bool,
    ) -> Result<Option<HostKey>, StateError> {
        let (mut at, mut round) = (after, false);
        loop {
            match self.host_after(at)? {
                Some(host) => {
                    if round && host > after {
                        return Ok(None);
                    }
                    if !skip(host) && self.first_due(host)? <= now_ms {
                        return Ok(Some(host));
                    }
                    at = host;
                }
                None if round => return Ok(None),
                // The first of all has no host before it but one that hashes to nothing.
                None => (at, round) = ([0; 8], true),
            }
        }
    }

    fn host_after(&self, host: HostKey) -> Result<Option<HostKey>, StateError> {
        let end = [&host[..], &[0xff; 24]].concat();
        let next = self
            .due
            .range((Bound::Excluded(end), Bound::Unbounded))
            .next();
        let Some((key, _)) = next.transpose()? else {
            return Ok(None);
        };
        Ok(key.get(..8).and_then(|host| host.try_into().ok()))
    }

    /// When the first address of a host is due.
    fn first_due(&self, host: HostKey) -> Result<i64, StateError> {
        let first = self.due.scan_prefix(host).keys().next().transpose()?;
        let due = first.and_then(|key| key.get(8..16)?.try_into().ok());
        Ok(due.map_or(i64::MAX, i64::from_be_bytes))
    }

    /// The address of a host that has been due for longest.
    pub fn due_at(&self, host: HostKey, now_ms: i64) -> Result<Option<Key>, StateError> {
        let Some(entry) = self.due.scan_prefix(host).keys().next().transpose()? else {
            return Ok(None);
        };
        let due = entry.get(8..16).and_then(|due| due.try_into().ok());
        if due.map_or(i64::MAX, i64::from_be_bytes) > now_ms {
            return Ok(None);
        }
        key_of(entry.get(16..).unwrap_or_default()).map(Some)
    }

    pub fn dataset(&self, key: Key) -> Result<Option<Dataset>, StateError> {
        let value = self.datasets.get(key)?;
        value.map(|value| decode_json(&value)).transpose()
    }

    pub fn set_dataset(&self, key: Key, now: &Dataset) -> Result<(), StateError> {
        self.datasets.insert(key, encode_json(now))?;
        Ok(())
    }

    pub fn remove_dataset(&self, key: Key) -> Result<(), StateError> {
        self.datasets.remove(key)?;
        Ok(())
    }

    /// All datasets that name an address.
    pub fn datasets(&self) -> impl Iterator<Item = Result<(Key, Dataset), StateError>> + use<> {
        self.datasets_after(None)
    }

    /// Those after a key, in the order of their keys.
    pub fn datasets_after(
        &self,
        after: Option<Key>,
    ) -> impl Iterator<Item = Result<(Key, Dataset), StateError>> + use<> {
        entries(&self.datasets, after)
    }

    pub fn set_use(&self, address: Key, dataset: Key) -> Result<(), StateError> {
        self.uses.insert([address, dataset].concat(), &[FORMAT])?;
        Ok(())
    }

    /// A dataset does not name an address any more. One that nobody names is forgotten.
    pub fn remove_use(&self, address: Key, dataset: Key) -> Result<(), StateError> {
        self.uses.remove([address, dataset].concat())?;
        if self.uses.scan_prefix(address).next().is_none() {
            self.remove_address(address)?;
        }
        Ok(())
    }

    /// Datasets that name an address, no more than so many.
    pub fn named_by(&self, address: Key, most: usize) -> Result<Vec<Dataset>, StateError> {
        let mut named = Vec::new();
        for used in self.uses.scan_prefix(address).keys().take(most) {
            named.extend(self.dataset(key_of(used?.get(16..).unwrap_or_default())?)?);
        }
        Ok(named)
    }
}

fn entries<T: serde::de::DeserializeOwned>(
    tree: &sled::Tree,
    after: Option<Key>,
) -> impl Iterator<Item = Result<(Key, T), StateError>> + use<T> {
    let from = after.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec()));
    tree.range((from, Bound::Unbounded)).map(|entry| {
        let (key, value) = entry?;
        Ok((key_of(&key)?, decode_json(&value)?))
    })
}

/// Times are after 1970, so that their bytes sort as they do.
fn due_key(host: HostKey, due_ms: i64, address: Key) -> Vec<u8> {
    [&host[..], &due_ms.max(0).to_be_bytes(), &address].concat()
}

fn key_of(bytes: &[u8]) -> Result<Key, StateError> {
    let odd = |_| StateError::Entry(format!("a key of {} bytes", bytes.len()));
    bytes.try_into().map_err(odd)
}
