//! The newest raw bytes of what was pushed, which nobody can be asked for again: what a changed mapping is applied to.
//!
//! A body is here only if the store holds the record as it says: whoever changes the store takes away the bodies of what
//! may change, first, and puts the new ones in when all is in. What is lost over a kill is missing, never wrong.
//! Start at [`State::keep_body`].

use super::{FORMAT, State, StateError, id_digest, key_of, record_of};
use harvestd_harvesters::RecordId;

/// sled wants values well under 100 KB.
const CHUNK_BYTES: usize = 60_000;
/// zstd level of kept bodies.
const LEVEL: i32 = 3;
const PREFIX: &str = "bodies:";

/// A record as it was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub id: RecordId,
    pub part: String,
    pub raw: Vec<u8>,
}

impl State {
    /// Takes away the bodies of records that are about to change. Durable with whatever is flushed next.
    pub fn drop_bodies<'r>(
        &self,
        source: &str,
        records: impl Iterator<Item = &'r RecordId>,
    ) -> Result<(), StateError> {
        let tree = self.db.open_tree(name(source))?;
        let mut batch = sled::Batch::default();
        for record in records {
            for key in tree.scan_prefix(id_digest(record)).keys() {
                batch.remove(key?);
            }
        }
        Ok(tree.apply_batch(batch)?)
    }

    /// Keeps the body of a record that the store holds as it says. Durable with whatever is flushed next.
    pub fn keep_body(
        &self,
        source: &str,
        id: &RecordId,
        part: &str,
        raw: &[u8],
    ) -> Result<(), StateError> {
        let odd = |e: std::io::Error| StateError::Entry(e.to_string());
        let (key, key_len) = (key_of(id), u16::try_from(key_of(id).len()));
        let (key_len, part_len) = key_len
            .ok()
            .zip(u8::try_from(part.len()).ok())
            .ok_or_else(|| StateError::Entry(format!("a name too long: {id}, {part}")))?;
        let mut bytes = key_len.to_be_bytes().to_vec();
        bytes.extend(key);
        bytes.push(part_len);
        bytes.extend(part.as_bytes());
        bytes.extend(zstd::encode_all(raw, LEVEL).map_err(odd)?);
        let mut batch = sled::Batch::default();
        for (n, chunk) in (0_u32..).zip(bytes.chunks(CHUNK_BYTES)) {
            let place = [&id_digest(id)[..], &n.to_be_bytes()].concat();
            batch.insert(place, [&[FORMAT], chunk].concat());
        }
        Ok(self.db.open_tree(name(source))?.apply_batch(batch)?)
    }

    /// Is a body of the record kept?
    pub fn has_body(&self, source: &str, id: &RecordId) -> Result<bool, StateError> {
        let tree = self.db.open_tree(name(source))?;
        let first = tree.scan_prefix(id_digest(id)).next();
        Ok(first.transpose()?.is_some())
    }

    /// All bodies of a source, in no particular order.
    pub fn bodies(
        &self,
        source: &str,
    ) -> Result<impl Iterator<Item = Result<Body, StateError>> + use<>, StateError> {
        let tree = self.db.open_tree(name(source))?;
        let mut chunks = tree.iter().peekable();
        Ok(std::iter::from_fn(move || {
            let (first, mut bytes) = match chunks.next()? {
                Ok((key, value)) => (key, value.get(1..).unwrap_or_default().to_vec()),
                Err(e) => return Some(Err(e.into())),
            };
            let record = first.get(..16)?.to_vec();
            while let Some(next) =
                chunks.next_if(|next| next.as_ref().is_ok_and(|(key, _)| key.starts_with(&record)))
            {
                match next {
                    Ok((_, value)) => bytes.extend(value.get(1..).unwrap_or_default()),
                    Err(e) => return Some(Err(e.into())),
                }
            }
            Some(body_of(&bytes))
        }))
    }

    /// Forgets all bodies of a source: others than pushes change its records.
    pub fn forget_bodies(&self, source: &str) -> Result<(), StateError> {
        self.db.drop_tree(name(source))?;
        Ok(())
    }

    /// Forgets the bodies of all sources.
    pub(super) fn forget_all_bodies(&self) -> Result<(), StateError> {
        let names = self.db.tree_names().into_iter();
        for name in names.filter(|name| name.starts_with(PREFIX.as_bytes())) {
            self.db.drop_tree(name)?;
        }
        Ok(())
    }
}

/// Does the tree of this name hold bodies?
pub(super) fn are_in(tree: &[u8]) -> bool {
    tree.starts_with(PREFIX.as_bytes())
}

fn name(source: &str) -> String {
    format!("{PREFIX}{source}")
}

fn body_of(bytes: &[u8]) -> Result<Body, StateError> {
    let odd = || StateError::Entry(format!("{} bytes of a pushed body", bytes.len()));
    let (len, rest) = bytes.split_first_chunk::<2>().ok_or_else(odd)?;
    let (key, rest) = rest
        .split_at_checked(u16::from_be_bytes(*len).into())
        .ok_or_else(odd)?;
    let (len, rest) = rest.split_first().ok_or_else(odd)?;
    let (part, packed) = rest.split_at_checked((*len).into()).ok_or_else(odd)?;
    Ok(Body {
        id: record_of(key)?,
        part: String::from_utf8(part.to_vec()).map_err(|_| odd())?,
        raw: zstd::decode_all(packed).map_err(|_| odd())?,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::store::Head;
    use harvestd_vocab::Class;

    #[test]
    fn bodies_of_any_size_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let (state, _) = State::open(dir.path(), Head::default(), 1 << 20).unwrap();
        // Hardly to be compressed: several chunks.
        let mut large = Vec::new();
        for n in 0_u32..40_000 {
            large.extend(&blake3::hash(&n.to_be_bytes()).as_bytes()[..8]);
        }
        let one = RecordId::dataset("one");
        let all = [
            (one.clone(), "package", b"{}".to_vec()),
            (RecordId::dataset("large"), "rdf", large),
            (RecordId::new(Class::Agent, "one"), "agent", Vec::new()),
        ];
        for (id, part, raw) in &all {
            state.keep_body("a", id, part, raw).unwrap();
        }
        state.keep_body("b", &one, "rdf", b"other").unwrap();
        let read = |source: &str| {
            let bodies = state.bodies(source).unwrap();
            let mut read: Vec<_> = bodies
                .map(|body| body.unwrap())
                .map(|body| (body.id, body.part, body.raw))
                .collect();
            read.sort();
            read
        };
        let mut expected = all.map(|(id, part, raw)| (id, part.to_owned(), raw));
        expected.sort();
        assert_eq!(read("a"), expected);
        state
            .drop_bodies("a", [&expected[1].0].into_iter())
            .unwrap();
        assert!(!state.has_body("a", &expected[1].0).unwrap());
        assert_eq!(read("a").len(), 2);
        state.forget_bodies("a").unwrap();
        assert_eq!((read("a").len(), read("b").len()), (0, 1));
        // A store that is behind the state was put back.
        let newer = Head {
            generation: 1,
            seq: 9,
            published_us: 9,
        };
        state.moved_on(newer).unwrap();
        drop(state);
        let older = Head { seq: 3, ..newer };
        let (state, _) = State::open(dir.path(), older, 1 << 20).unwrap();
        assert_eq!(state.bodies("b").unwrap().count(), 0);
    }
}
