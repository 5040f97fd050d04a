//! The IRIs we give: records, entities without an IRI of their own, catalogues. And the way back.
//!
//! `{base}record/{source}/{key}` for datasets, `{base}record/{source}/{segment}:{key}` for the other classes;
//! `{base}{segment}/{source}/{key}` for entities; `{base}catalog/{source}` for a source's own catalogue. Keys are
//! percent-encoded: everything but unreserved characters (RFC 3986 §2.3), so that `:`, `/` and `*` in an IRI are ours.

use crate::Class;
use oxrdf::NamedNode;

/// Keys longer than this, in bytes, are shortened in IRIs.
pub const KEY_BYTES_MAX: usize = 200;
/// How much of a shortened key stays legible, in bytes before encoding.
const KEY_BYTES_LEGIBLE: usize = 80;

/// The IRI of a record. `base` is a valid IRI with a slash at its end.
pub fn record_iri(base: &str, source: &str, class: Class, key: &str) -> NamedNode {
    let mut iri = String::with_capacity(base.len() + source.len() + key.len() + 24);
    iri.push_str(base);
    iri.push_str("record/");
    encode(source, &mut iri);
    iri.push('/');
    if class != Class::Dataset {
        iri.push_str(class.segment());
        iri.push(':');
    }
    encode_key(key, &mut iri);
    NamedNode::new_unchecked(iri)
}

/// The IRI we give to an entity that has none: `{base}{segment}/{source}/{key}`.
pub fn entity_iri(base: &str, source: &str, class: Class, key: &str) -> NamedNode {
    let mut iri = String::with_capacity(base.len() + source.len() + key.len() + 24);
    iri.push_str(base);
    iri.push_str(class.segment());
    iri.push('/');
    encode(source, &mut iri);
    iri.push('/');
    encode_key(key, &mut iri);
    NamedNode::new_unchecked(iri)
}

/// The IRI of a source's own catalogue: `{base}catalog/{source}`.
pub fn catalog_iri(base: &str, source: &str) -> NamedNode {
    let mut iri = format!("{base}catalog/");
    encode(source, &mut iri);
    NamedNode::new_unchecked(iri)
}

/// What a record's IRI says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordName {
    pub source: String,
    pub class: Class,
    pub key: RecordKey,
}

/// The key in a record's IRI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordKey {
    Whole(String),
    /// The key was too long for an IRI. This is its encoded, shortened form; the key itself is the `dct:identifier`
    /// of the record.
    Shortened(String),
}

/// The inverse of [`record_iri`]. A fragment (the name of a former blank node) is left out of account. None where the
/// IRI is not one that [`record_iri`] gives.
pub fn parse_record_iri(base: &str, iri: &str) -> Option<RecordName> {
    let rest = iri.strip_prefix(base)?.strip_prefix("record/")?;
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let (source, rest) = rest.split_once('/')?;
    let (class, key) = match rest.split_once(':') {
        Some((segment, key)) => {
            let class = Class::ALL.into_iter().find(|c| c.segment() == segment)?;
            (class, key)
        }
        None => (Class::Dataset, rest),
    };
    if key.is_empty() || key.contains(['/', ':']) {
        return None;
    }
    let key = if key.contains('*') {
        RecordKey::Shortened(key.to_owned())
    } else {
        RecordKey::Whole(decode(key)?)
    };
    Some(RecordName {
        source: decode(source)?,
        class,
        key,
    })
}

/// A key longer than [`KEY_BYTES_MAX`] becomes its beginning, `*`, and 32 hexadecimal digits of its BLAKE3 hash. So do
/// `.` and `..`, which clients would take for relative path segments.
fn encode_key(key: &str, out: &mut String) {
    if key.len() <= KEY_BYTES_MAX && key != "." && key != ".." {
        return encode(key, out);
    }
    if key.len() > KEY_BYTES_MAX {
        let legible = (0..=KEY_BYTES_LEGIBLE)
            .rev()
            .find(|at| key.is_char_boundary(*at));
        encode(&key[..legible.unwrap_or_default()], out);
    }
    out.push('*');
    out.push_str(&blake3::hash(key.as_bytes()).to_hex()[..32]);
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            push_percent_encoded(byte, out);
        }
    }
}

/// `%` and two hexadecimal digits in upper case (RFC 3986 §2.1).
pub(crate) fn push_percent_encoded(byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let [high, low, tail @ ..] = tail else {
                return None;
            };
            let high = char::from(*high).to_digit(16)?;
            let low = char::from(*low).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "https://example.org/";

    #[test]
    fn keys_are_encoded_so_that_colons_and_slashes_are_ours() {
        let iri = record_iri(BASE, "moi", Class::Dataset, "a/b:c 資料");
        assert_eq!(
            iri.as_str(),
            "https://example.org/record/moi/a%2Fb%3Ac%20%E8%B3%87%E6%96%99"
        );
        let iri = record_iri(BASE, "moi", Class::Agent, "2.16.886");
        assert_eq!(
            iri.as_str(),
            "https://example.org/record/moi/agent:2.16.886"
        );
        let iri = entity_iri(BASE, "moi", Class::DatasetSeries, "x y");
        assert_eq!(iri.as_str(), "https://example.org/series/moi/x%20y");
        assert_eq!(
            catalog_iri(BASE, "moi").as_str(),
            "https://example.org/catalog/moi"
        );
    }

    #[test]
    fn long_keys_are_shortened_and_stay_apart() {
        let a = "資".repeat(300);
        let b = format!("{a}b");
        let (ia, ib) = (
            record_iri(BASE, "s", Class::Dataset, &a),
            record_iri(BASE, "s", Class::Dataset, &b),
        );
        assert_ne!(ia, ib);
        assert!(ia.as_str().len() < 400, "{ia}");
        let name = parse_record_iri(BASE, ia.as_str()).unwrap();
        assert!(matches!(name.key, RecordKey::Shortened(_)), "{name:?}");
    }

    #[test]
    fn dots_are_no_path_segments() {
        for key in [".", ".."] {
            let iri = record_iri(BASE, "s", Class::Dataset, key);
            assert!(
                iri.as_str().starts_with("https://example.org/record/s/*"),
                "{iri}"
            );
        }
    }

    #[test]
    fn what_is_not_ours_is_not_parsed() {
        for iri in [
            "https://example.org/dataset/s/k",
            "https://other.org/record/s/k",
            "https://example.org/record/s",
            "https://example.org/record/s/",
            "https://example.org/record/s/thing:k",
            "https://example.org/record/s/a/b",
            "https://example.org/record/s/%zz",
        ] {
            assert_eq!(parse_record_iri(BASE, iri), None, "{iri}");
        }
    }

    proptest! {
        #[test]
        fn parse_is_the_inverse(source in "[a-z][a-z0-9-]{0,20}", key in "\\PC{1,60}", n in 0usize..5) {
            let class = Class::ALL[n];
            let iri = record_iri(BASE, &source, class, &key);
            prop_assert!(NamedNode::new(iri.as_str()).is_ok());
            let name = parse_record_iri(BASE, &format!("{}#x-1", iri.as_str())).unwrap();
            prop_assert_eq!(name.source, source);
            prop_assert_eq!(name.class, class);
            match name.key {
                RecordKey::Whole(k) => prop_assert_eq!(k, key),
                RecordKey::Shortened(_) => prop_assert!(key.len() > KEY_BYTES_MAX || key == "." || key == ".."),
            }
        }
    }
}
