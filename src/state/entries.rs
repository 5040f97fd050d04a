//! Keys and values of the state, as bytes. The first byte of every value is the format it is written in.

use super::{Parts, StateError};
use harvestd_harvesters::RecordId;
use harvestd_vocab::Class;
use serde::{Deserialize, Serialize};

/// First byte of every entry.
pub(super) const FORMAT: u8 = 1;

/// The key under which a run remembers a record.
pub fn id_digest(id: &RecordId) -> [u8; 16] {
    digest(&key_of(id))
}

/// The hash of a part's name.
pub fn part_name(name: &str) -> [u8; 8] {
    let mut out = [0; 8];
    out.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..8]);
    out
}

/// The first 128 bits of BLAKE3.
pub fn digest(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    out
}

pub(super) fn class_byte(class: Class) -> u8 {
    class as u8
}

pub(super) fn key_of(id: &RecordId) -> Vec<u8> {
    let mut key = Vec::with_capacity(id.key.len() + 1);
    key.push(class_byte(id.class));
    key.extend_from_slice(id.key.as_bytes());
    key
}

pub(super) fn record_of(key: &[u8]) -> Result<RecordId, StateError> {
    let (class, key) = key
        .split_first()
        .ok_or_else(|| StateError::Entry("an empty key".to_owned()))?;
    let class = Class::ALL.into_iter().find(|c| class_byte(*c) == *class);
    let class =
        class.ok_or_else(|| StateError::Entry("a record of an unknown class".to_owned()))?;
    let key = std::str::from_utf8(key).map_err(|e| StateError::Entry(e.to_string()))?;
    Ok(RecordId::new(class, key))
}

pub(super) fn encode_parts(parts: &Parts) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + parts.len() * 24);
    out.push(FORMAT);
    for (name, hash) in parts {
        out.extend_from_slice(name);
        out.extend_from_slice(hash);
    }
    out
}

pub(super) fn decode_parts(value: &[u8]) -> Result<Parts, StateError> {
    let bad = || StateError::Entry(format!("{} bytes of part hashes", value.len()));
    let (format, rest) = value.split_first().ok_or_else(bad)?;
    let (chunks, tail) = rest.as_chunks::<24>();
    if *format != FORMAT || !tail.is_empty() {
        return Err(bad());
    }
    Ok(chunks
        .iter()
        .map(|chunk| {
            let (mut name, mut hash) = ([0; 8], [0; 16]);
            name.copy_from_slice(&chunk[..8]);
            hash.copy_from_slice(&chunk[8..]);
            (name, hash)
        })
        .collect())
}

pub(super) fn encode_json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = vec![FORMAT];
    out.extend(serde_json::to_vec(value).unwrap_or_default());
    out
}

pub(super) fn decode_json<T: for<'de> Deserialize<'de>>(value: &[u8]) -> Result<T, StateError> {
    serde_json::from_slice(value.get(1..).unwrap_or_default())
        .map_err(|e| StateError::Entry(e.to_string()))
}
