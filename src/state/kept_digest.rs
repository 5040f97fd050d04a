//! The state digest as it is kept: the hash of every entity, by bucket, and where in the log that was true.
//!
//! Rebuildable like everything here: behind the store's head it is brought up to it from the log, and where it cannot be
//! trusted it is computed anew from the store. Moves when a run is published, all at once. Start at
//! [`KeptDigest::advance`].

use super::{
    State, StateError,
    entries::{FORMAT, decode_json, encode_json},
};
use crate::digest::{Bucket, Change, Entity, METHOD, State as Told, Sum, Sums, bucket};
use crate::store::Head;
use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

/// The key of the place in the log. Entities' keys begin with a byte of at most 15.
const HEAD: &str = "head";

/// Every entity's hash, on disk, and the sums, in memory.
pub struct KeptDigest {
    db: super::db::Db,
    tree: sled::Tree,
    now: RwLock<Now>,
}

struct Now {
    /// None: nothing is known yet.
    head: Option<Head>,
    sums: Sums,
    /// The sum of all of them.
    total: Sum,
}

impl Now {
    fn of(head: Option<Head>, sums: Sums) -> Self {
        let total = sums.total();
        Self { head, sums, total }
    }
}

impl State {
    /// The digest as it was left.
    pub fn digest(&self) -> Result<KeptDigest, StateError> {
        let tree = self.db.open_tree("digest")?;
        let mut sums = Sums::default();
        let mut head = None;
        for entry in tree.iter() {
            let (key, value) = entry?;
            if &key[..] == HEAD.as_bytes() {
                let (generation, seq, published_us) = decode_json(&value)?;
                head = Some(Head {
                    generation,
                    seq,
                    published_us,
                });
            } else {
                sums.change(bucket_of(&key)?, None, Some(sum_of(&value)?));
            }
        }
        Ok(KeptDigest {
            db: self.db.clone(),
            tree,
            now: RwLock::new(Now::of(head, sums)),
        })
    }
}

impl KeptDigest {
    /// Where in the log it is true.
    pub fn head(&self) -> Option<Head> {
        self.read().head
    }

    /// Takes in what has changed up to `head`: wholly, or not at all.
    pub fn advance(&self, head: Head, changes: &[Change]) -> Result<(), StateError> {
        if changes.is_empty() && self.head() == Some(head) {
            return Ok(());
        }
        let last: BTreeMap<&str, Option<Sum>> = changes
            .iter()
            .map(|change| (change.entity.as_str(), change.now))
            .collect();
        let mut sums = self.read().sums.clone();
        let mut batch = sled::Batch::default();
        for (entity, now) in last {
            let bucket = bucket(entity);
            let key = key_of(bucket, entity);
            let before = self.tree.get(&key)?.map(|v| sum_of(&v)).transpose()?;
            sums.change(bucket, before, now);
            match now {
                Some(now) => batch.insert(key, value_of(&now)),
                None => batch.remove(key),
            }
        }
        batch.insert(HEAD, head_value(head));
        crate::crash_point!("digest");
        let mut kept = self.now.write().unwrap_or_else(PoisonError::into_inner);
        self.tree.apply_batch(batch)?;
        self.db.flush()?;
        *kept = Now::of(Some(head), sums);
        Ok(())
    }

    /// Forgets everything and begins with these entities. Where they break off, nothing is known.
    pub fn rebuild<E: From<StateError>>(
        &self,
        head: Head,
        entities: impl Iterator<Item = Result<(String, Sum), E>>,
    ) -> Result<(), E> {
        let mut kept = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let mut sums = Sums::default();
        self.tree.clear().map_err(StateError::from)?;
        for entity in entities {
            let (entity, sum) = entity?;
            sums.add(&entity, sum);
            self.tree
                .insert(key_of(bucket(&entity), &entity), value_of(&sum))
                .map_err(StateError::from)?;
        }
        let finish = || {
            self.tree.insert(HEAD, head_value(head))?;
            self.db.flush()
        };
        finish().map_err(StateError::from)?;
        *kept = Now::of(Some(head), sums);
        Ok(())
    }

    /// All buckets, as they are published.
    pub fn told(&self) -> Told {
        let now = self.read();
        let head = now.head.unwrap_or_default();
        Told {
            method: METHOD.to_owned(),
            generation: head.generation,
            seq: head.seq,
            published: (head.seq > 0).then(|| crate::log::date_time(head.published_us)),
            entities: now.sums.entities(),
            sum: now.total,
            buckets: now.sums.buckets().to_vec(),
        }
    }

    /// The sum of everything. None: it is true of another place in the log.
    pub fn sum_at(&self, head: Head) -> Option<Sum> {
        let now = self.read();
        (now.head == Some(head)).then_some(now.total)
    }

    /// The sum of everything, and where in the log it is true.
    pub fn sum(&self) -> (Head, Sum) {
        let now = self.read();
        (now.head.unwrap_or_default(), now.total)
    }

    /// The entities of one bucket; None where there is no such bucket.
    pub fn bucket(&self, number: u16) -> Result<Option<Bucket>, StateError> {
        let now = self.read();
        let Some(sum) = now.sums.buckets().get(usize::from(number)) else {
            return Ok(None);
        };
        let head = now.head.unwrap_or_default();
        let mut entities = Vec::new();
        for entry in self.tree.scan_prefix(number.to_be_bytes()) {
            let (key, value) = entry?;
            let iri = std::str::from_utf8(key.get(2..).unwrap_or_default())
                .map_err(|e| StateError::Entry(e.to_string()))?;
            entities.push(Entity {
                iri: iri.to_owned(),
                sha256: sum_of(&value)?,
            });
        }
        Ok(Some(Bucket {
            method: METHOD.to_owned(),
            generation: head.generation,
            seq: head.seq,
            bucket: number,
            sum: *sum,
            entities,
        }))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Now> {
        self.now.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(bucket: u16, entity: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(entity.len() + 2);
    key.extend_from_slice(&bucket.to_be_bytes());
    key.extend_from_slice(entity.as_bytes());
    key
}

fn bucket_of(key: &[u8]) -> Result<u16, StateError> {
    match key {
        [a, b, ..] if *a < 16 => Ok(u16::from_be_bytes([*a, *b])),
        _ => Err(StateError::Entry("a digest of no bucket".to_owned())),
    }
}

fn value_of(sum: &Sum) -> Vec<u8> {
    let mut value = vec![FORMAT];
    value.extend_from_slice(sum.as_bytes());
    value
}

fn sum_of(value: &[u8]) -> Result<Sum, StateError> {
    let bytes = value.get(1..).and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(Sum::from_bytes)
        .ok_or_else(|| StateError::Entry(format!("a digest of {} bytes", value.len())))
}

fn head_value(head: Head) -> Vec<u8> {
    encode_json(&(head.generation, head.seq, head.published_us))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::digest::hash;

    fn head(seq: u64) -> Head {
        Head {
            generation: 1,
            seq,
            published_us: 1,
        }
    }

    fn change(entity: &str, body: Option<&str>) -> Change {
        Change {
            entity: entity.to_owned(),
            now: body.map(|body| hash(entity, body)),
        }
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let open = || State::open(dir.path(), Head::default(), 1 << 20).unwrap().0;
        let state = open();
        let digest = state.digest().unwrap();
        assert_eq!(digest.head(), None);
        let first = [change("a", Some("1")), change("b", Some("1"))];
        digest.advance(head(2), &first).unwrap();
        let then = [
            change("a", Some("2")),
            change("b", None),
            change("a", Some("3")),
            change("c", None),
        ];
        digest.advance(head(5), &then).unwrap();
        let told = digest.told();
        assert_eq!((told.entities, told.seq), (1, 5));
        assert_eq!(told.sum, hash("a", "3"));
        drop((digest, state));

        let again = open().digest().unwrap();
        assert_eq!(again.told(), told);
        let listed = again.bucket(bucket("a")).unwrap().unwrap();
        assert_eq!(listed.entities.len(), 1);
        assert_eq!(listed.entities[0].sha256, hash("a", "3"));
        assert_eq!(again.bucket(4096).unwrap(), None);
    }

    #[test]
    fn rebuilding_forgets_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path(), Head::default(), 1 << 20).unwrap().0;
        let digest = state.digest().unwrap();
        digest.advance(head(1), &[change("a", Some("1"))]).unwrap();
        let new = || Ok::<_, StateError>(("b".to_owned(), hash("b", "1")));
        let broken = [new(), Err(StateError::Entry("broken".to_owned()))];
        assert!(digest.rebuild(head(9), broken.into_iter()).is_err());
        assert_eq!(state.digest().unwrap().head(), None, "begun and not ended");
        digest.rebuild(head(9), [new()].into_iter()).unwrap();
        let told = digest.told();
        assert_eq!((told.seq, told.entities, told.sum), (9, 1, hash("b", "1")));
    }
}
