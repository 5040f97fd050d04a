//! Agencies of Taiwan, whom all sources share: `{base}agent/tw/{key}`. Data: `tables/agency.tsv`.
//!
//! An agency is known by its OID (`2.16.886.101.20003.20069`), by its organisation code (`A41000000G`), or by a full
//! name that the table has. A bare unit name (民政處) is no agency: dozens have it. One whose OID or code the table lacks is
//! learned ([`crate::learned`]). One of whom only a name is known that the table lacks stays contained in its dataset, and
//! what its name says by its beginning (新北市政府地政局) is whom it belongs to.
//!
//! Start reading at [`key`].

use crate::graph::{Edge, Value};
use crate::iris::entity_iri;
use crate::tables::fold;
use crate::terms::{dct, foaf, harvestd, org};
use crate::{Class, Description};
use oxrdf::vocab::rdf;
use oxrdf::{Literal, LiteralRef, NamedNode, TermRef};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The source of what all sources share: agencies and concept schemes.
pub const SOURCE: &str = "tw";

/// Where people look up an OID.
const OID_REPOSITORY: &str = "http://oid-info.com/get/";
/// Organisation codes are in no registry of IRIs, so they are named beside our own concept schemes.
const CODES: &str = "https://w3id.org/harvestd/tw/agency/";

pub(crate) const TABLE: &str = include_str!("../tables/agency.tsv");

/// A row of the table; empty where nothing is known.
#[derive(Debug)]
pub struct Agency {
    pub key: &'static str,
    pub code: &'static str,
    pub oid: &'static str,
    pub zh_hant: &'static str,
    pub english: &'static str,
    /// The key of the agency that it belongs to.
    pub parent: &'static str,
}

struct Agencies {
    all: Vec<Agency>,
    by_identifier: HashMap<&'static str, usize>,
    by_name: HashMap<String, usize>,
}

static AGENCIES: LazyLock<Agencies> = LazyLock::new(|| {
    let mut agencies = Agencies {
        all: Vec::new(),
        by_identifier: HashMap::new(),
        by_name: HashMap::new(),
    };
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = row.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let agency = Agency {
            key: cell(),
            code: cell(),
            oid: cell(),
            zh_hant: cell(),
            english: cell(),
            parent: cell(),
        };
        let at = agencies.all.len();
        for identifier in [agency.key, agency.code, agency.oid] {
            if !identifier.is_empty() {
                agencies.by_identifier.insert(identifier, at);
            }
        }
        agencies.by_name.insert(spelled(agency.zh_hant), at);
        agencies.all.push(agency);
    }
    agencies
});

/// 台 and 臺 are one character where agencies are named.
fn spelled(name: &str) -> String {
    fold(name).replace('台', "臺")
}

/// Every agency of the table.
pub fn all() -> &'static [Agency] {
    &AGENCIES.all
}

/// The key of an agency by its OID or organisation code: the table's, or else the identifier itself, since an
/// identifier that the table has not is as unique. None for what is neither.
pub fn key(identifier: &str) -> Option<Cow<'static, str>> {
    let identifier = identifier.trim();
    match AGENCIES.by_identifier.get(identifier) {
        Some(at) => Some(Cow::Borrowed(AGENCIES.all[*at].key)),
        None if is_oid(identifier) || is_code(identifier) => {
            Some(Cow::Owned(identifier.to_owned()))
        }
        None => None,
    }
}

/// The agency of an OID, organisation code or key in the table.
pub fn known(identifier: &str) -> Option<&'static Agency> {
    let at = AGENCIES.by_identifier.get(identifier.trim())?;
    Some(&AGENCIES.all[*at])
}

/// The agency of an identifier in the table; or else that of a full name there, where the table does not know its
/// identifier of this kind: only 34 rows have an OID, and sources give both.
pub fn known_as<'a>(
    identifier: &str,
    mut names: impl Iterator<Item = &'a str>,
) -> Option<&'static Agency> {
    let is_open = |agency: &&Agency| match is_oid(identifier.trim()) {
        true => agency.oid.is_empty(),
        false => agency.code.is_empty(),
    };
    known(identifier).or_else(|| names.find_map(|name| named(name).filter(is_open)))
}

/// The OID in an IRI of [`named_by`], or in that of an agency that is shared, here or at another harvestd.
pub fn oid_of_iri(iri: &str) -> Option<&str> {
    let shared = || iri.rsplit_once("/agent/tw/").map(|(_, key)| key);
    let oid = iri.strip_prefix(OID_REPOSITORY).or_else(shared)?;
    is_oid(oid).then_some(oid)
}

/// The IRI by which any source may name the agency of an OID or organisation code, whether the table has it or not; by
/// its OID where that is known. Where agencies are shared it becomes `{base}agent/tw/{key}`.
pub fn named_by(identifier: &str) -> Option<NamedNode> {
    let identifier = identifier.trim();
    let known = known(identifier).map_or("", |agency| agency.oid);
    let oid = if known.is_empty() { identifier } else { known };
    let iri = match is_oid(oid) {
        true => format!("{OID_REPOSITORY}{oid}"),
        false => format!("{CODES}{}", key(identifier)?),
    };
    Some(NamedNode::new_unchecked(iri))
}

/// The key of the agency that an IRI of [`named_by`] names.
pub(crate) fn key_of_iri(iri: &str) -> Option<Cow<'static, str>> {
    let oid = iri.strip_prefix(OID_REPOSITORY).filter(|oid| is_oid(oid));
    let code = || iri.strip_prefix(CODES).filter(|code| is_code(code));
    key(oid.or_else(code)?)
}

/// The agency of a full name in the table.
pub fn named(name: &str) -> Option<&'static Agency> {
    let names = &AGENCIES.by_name;
    let at = names.get(name).or_else(|| names.get(&spelled(name)))?;
    Some(&AGENCIES.all[*at])
}

/// The agency that a name says its bearer belongs to: the longest name in the table that it begins with.
pub fn parent_by_name(name: &str) -> Option<&'static Agency> {
    const NAME_CHARS_MIN: usize = 3;
    const NAME_CHARS_MAX: usize = 30;
    let name = spelled(name);
    let ends = name.char_indices().map(|(at, _)| at);
    let ends = ends.skip(NAME_CHARS_MIN).take(NAME_CHARS_MAX);
    let found = ends
        .filter_map(|end| AGENCIES.by_name.get(&name[..end]))
        .last()?;
    Some(&AGENCIES.all[*found])
}

/// The nearest agency of the table above an OID.
pub fn parent_by_oid(oid: &str) -> Option<&'static Agency> {
    let mut rest = oid;
    while let Some((above, _)) = rest.rsplit_once('.') {
        if let Some(at) = AGENCIES.by_identifier.get(above) {
            return Some(&AGENCIES.all[*at]);
        }
        rest = above;
    }
    None
}

/// `{base}agent/tw/{key}`.
pub fn iri(base: &str, key: &str) -> NamedNode {
    entity_iri(base, SOURCE, Class::Agent, key)
}

/// Arcs of Taiwan (2.16.886), each a number.
pub(crate) fn is_oid(text: &str) -> bool {
    let arcs = text.strip_prefix("2.16.886.").unwrap_or_default();
    let arc = |arc: &str| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 100 && arcs.split('.').all(arc)
}

/// Ten characters, digits and capitals, the last a capital.
fn is_code(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    text.len() == 10 && text.bytes().all(legal) && text.ends_with(|c: char| c.is_ascii_uppercase())
}

/// The key that a literal gives, where it is said to identify an agency: by its datatype, or by being an OID of Taiwan,
/// or by being in the table.
fn key_of_literal(literal: LiteralRef<'_>) -> Option<Cow<'static, str>> {
    let value = literal.value().trim();
    let typed = [harvestd::OID, harvestd::ORGANISATION_CODE].contains(&literal.datatype());
    if typed || is_oid(value) || AGENCIES.by_identifier.contains_key(value) {
        return key(value);
    }
    None
}

/// The better of two keys: one that the table has, else the organisation code, which is there before an OID is.
fn better(a: Cow<'static, str>, b: Cow<'static, str>) -> Cow<'static, str> {
    let rank = |key: &str| {
        let unknown = !AGENCIES.by_identifier.contains_key(key);
        (unknown, is_oid(key))
    };
    if (rank(&b), &b) < (rank(&a), &a) {
        b
    } else {
        a
    }
}

/// The key of the agency that a description of class Agent is about.
pub(crate) fn key_of_description(description: &Description) -> Option<Cow<'static, str>> {
    let identifiers = description.triples.iter().filter_map(|triple| {
        let identifies = triple.predicate == org::IDENTIFIER || triple.predicate == dct::IDENTIFIER;
        match triple.object.as_ref() {
            TermRef::Literal(literal) if identifies && triple.subject == description.node => {
                key_of_literal(literal)
            }
            _ => None,
        }
    });
    identifiers.reduce(better)
}

/// The key of the agency that a node without an IRI stands for.
pub(crate) fn key_of_node(edges: &[Edge]) -> Option<Cow<'static, str>> {
    let identifiers = edges.iter().filter_map(|edge| match &edge.value {
        Value::Literal(literal)
            if edge.predicate == org::IDENTIFIER || edge.predicate == dct::IDENTIFIER =>
        {
            key_of_literal(literal.as_ref())
        }
        _ => None,
    });
    identifiers.reduce(better)
}

/// The literals by which a node is named.
pub(crate) fn names(edges: &[Edge]) -> impl Iterator<Item = &Literal> {
    edges.iter().filter_map(|edge| match &edge.value {
        Value::Literal(literal) if edge.predicate == foaf::NAME => Some(literal),
        _ => None,
    })
}

/// The name of a node that has a name, perhaps a type, and nothing else.
pub(crate) fn only_name(edges: &[Edge]) -> Option<&str> {
    let mut name = None;
    for edge in edges.iter().filter(|edge| edge.predicate != rdf::TYPE) {
        match &edge.value {
            Value::Literal(literal) if edge.predicate == foaf::NAME && name.is_none() => {
                name = Some(literal.value());
            }
            _ => return None,
        }
    }
    name
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use oxrdf::{BlankNode, NamedOrBlankNode, Triple};
    use std::collections::HashSet;

    #[test]
    fn the_table_is_whole() {
        let mut identifiers = HashSet::new();
        let mut names = HashSet::new();
        for agency in all() {
            assert!(!agency.zh_hant.is_empty(), "{agency:?}");
            assert!(names.insert(spelled(agency.zh_hant)), "{agency:?}");
            assert!(agency.code.is_empty() || is_code(agency.code), "{agency:?}");
            assert!(agency.oid.is_empty() || is_oid(agency.oid), "{agency:?}");
            assert!(
                [agency.code, agency.oid].contains(&agency.key),
                "{agency:?}"
            );
            for identifier in [agency.code, agency.oid] {
                let first = identifier.is_empty() || identifiers.insert(identifier);
                assert!(first, "{agency:?}");
            }
            let parent = all().iter().any(|a| a.key == agency.parent);
            assert!(agency.parent.is_empty() || parent, "{agency:?}");
            assert_ne!(agency.parent, agency.key, "{agency:?}");
        }
        assert!(all().len() > 190);
    }

    #[test]
    fn one_agency_by_oid_code_and_name() {
        let oid = "2.16.886.101.20003.20069";
        assert_eq!(key(oid).unwrap(), oid);
        assert_eq!(key("A41000000G").unwrap(), oid);
        assert_eq!(named("國家發展委員會").unwrap().key, oid);
        assert_eq!(named("台北市政府").unwrap().key, "379000000A");
        assert_eq!(key("A00099999X").unwrap(), "A00099999X");
        for none in [
            "民政處",
            "2.16.886.",
            "2.16.887.1",
            "A41000000",
            "a41000000g",
            "",
        ] {
            assert_eq!(key(none), None, "{none}");
        }
        assert!(named("民政處").is_none());
    }

    #[test]
    fn a_full_name_tells_whose_an_unknown_identifier_is() {
        let of = |identifier, name| known_as(identifier, [name].into_iter()).map(|a| a.zh_hant);
        let unknown = "2.16.886.101.90099";
        assert_eq!(of(unknown, "新北市政府"), Some("新北市政府"));
        assert_eq!(of("382000000A", "別的名稱"), Some("新北市政府"));
        // The table knows the OID of the council: whoever has another is another.
        assert_eq!(of(unknown, "國家發展委員會"), None);
        assert_eq!(of("A00099999X", "新北市政府"), None);
        assert_eq!(of(unknown, "民政處"), None);
        let shared = iri("https://h.example/", unknown).into_string();
        assert_eq!(oid_of_iri(&shared), Some(unknown));
        let named = named_by(unknown).unwrap().into_string();
        assert_eq!(oid_of_iri(&named), Some(unknown));
        assert_eq!(oid_of_iri("https://h.example/agent/tw/382000000A"), None);
    }

    #[test]
    fn parents_by_name_and_oid() {
        let by_name = |name| parent_by_name(name).map(|a| a.zh_hant);
        assert_eq!(by_name("新北市政府地政局"), Some("新北市政府"));
        assert_eq!(by_name("經濟部水利署第一河川分署"), Some("經濟部水利署"));
        assert_eq!(by_name("台中市政府主計處"), Some("臺中市政府"));
        assert_eq!(by_name("新北市政府"), None);
        assert_eq!(by_name("民政處"), None);
        let by_oid = |oid| parent_by_oid(oid).map(|a| a.zh_hant);
        assert_eq!(
            by_oid("2.16.886.101.20003.20069.20001.3"),
            Some("國家發展委員會")
        );
        assert_eq!(by_oid("2.16.886.101.20003.20069"), Some("行政院"));
        assert_eq!(by_oid("2.16.886.105"), None);
    }

    #[test]
    fn an_identifier_makes_a_name_that_leads_back() {
        let named = |identifier| named_by(identifier).map(NamedNode::into_string);
        let development = "http://oid-info.com/get/2.16.886.101.20003.20069";
        for same in ["2.16.886.101.20003.20069", "A41000000G"] {
            assert_eq!(named(same).as_deref(), Some(development));
        }
        let key = key_of_iri(development);
        assert_eq!(key.as_deref(), Some("2.16.886.101.20003.20069"));
        for unknown in ["2.16.886.101.99999.1", "A01010000C", "Z99010000A"] {
            assert_eq!(key_of_iri(&named(unknown).unwrap()).unwrap(), unknown);
        }
        assert_eq!(named("民政處"), None);
        for none in [
            "http://oid-info.com/get/1.2.3",
            "https://e.example/A01010000C",
        ] {
            assert_eq!(key_of_iri(none), None);
        }
    }

    #[test]
    fn a_description_of_an_agency_says_which() {
        let node = NamedOrBlankNode::from(BlankNode::new_unchecked("a"));
        let said = |value: &str, datatype| Literal::new_typed_literal(value, datatype);
        let describe = |literals: Vec<Literal>| Description {
            class: Class::Agent,
            node: node.clone(),
            triples: literals
                .into_iter()
                .map(|l| Triple::new(node.clone(), org::IDENTIFIER, l))
                .collect(),
        };
        let both = describe(vec![
            said("2.16.886.101.90001.1", harvestd::OID),
            said("A00099999X", harvestd::ORGANISATION_CODE),
        ]);
        assert_eq!(key_of_description(&both).unwrap(), "A00099999X");
        let bare = describe(vec![Literal::new_simple_literal("A00099999X")]);
        assert_eq!(key_of_description(&bare), None);
        let known = describe(vec![Literal::new_simple_literal("A41000000G")]);
        assert_eq!(
            key_of_description(&known).unwrap(),
            "2.16.886.101.20003.20069"
        );
    }
}
