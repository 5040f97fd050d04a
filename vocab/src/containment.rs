//! What belongs to a description, and what it only refers to.
//!
//! A description is the entity's node and what it contains; nothing else decides ownership. The store walks the same
//! edges as the normaliser, by [`contains`].

use crate::Class;
use crate::terms::{
    adms, dcat, dct, dqv, geosparql, harvestd, locn, prov, skos, spdx, time, vcard,
};
use oxrdf::NamedNodeRef;

/// Which rules these are. Raised whenever what belongs to a description changes: a store that was written under others
/// states everything again in a new generation of its log.
pub const VERSION: u32 = 1;

/// A named node further than this from its entity is a reference, whatever leads to it. Former blank nodes are named
/// under the record and belong to it at any depth.
pub const DEPTH_MAX: usize = 4;

/// A named object of these is a part of its subject, with a life no longer than the subject's.
///
/// Left out on purpose: `dct:spatial`, `dct:rights`, `dct:license`, `dct:conformsTo`, `dct:publisher`,
/// `dcat:accessService`: where their object has an IRI, it is shared between datasets (a place, a licence, an
/// organisation). Were it contained, one record would own it and the others would lose its IRI to a name under their
/// own. `foaf:page` and `dcat:landingPage` are left out for the same reason: of a document, the IRI is all that matters.
/// Where the object is a blank node it is named under the record, and contained for that.
///
/// What a source says of a node that is only referred to has no owner and is dropped; a finding says so, one a record.
const CONTAINMENT: [NamedNodeRef<'static>; 22] = [
    dcat::HAS_DISTRIBUTION,
    adms::SAMPLE,
    dcat::CONTACT_POINT,
    dct::TEMPORAL,
    dct::PROVENANCE,
    dcat::BBOX,
    dcat::CENTROID,
    locn::GEOMETRY,
    locn::ADDRESS,
    geosparql::HAS_GEOMETRY,
    spdx::CHECKSUM,
    adms::IDENTIFIER,
    dqv::HAS_QUALITY_ANNOTATION,
    dqv::HAS_QUALITY_MEASUREMENT,
    dqv::HAS_QUALITY_METADATA,
    prov::QUALIFIED_ATTRIBUTION,
    dcat::QUALIFIED_RELATION,
    vcard::HAS_ADDRESS,
    time::HAS_BEGINNING,
    time::HAS_END,
    harvestd::DEFINES,
    skos::HAS_TOP_CONCEPT,
];

/// Links from a collection to its members. They belong to the member's description, so that no description grows
/// with the catalogue.
///
/// November 2026: `dcat:servesDataset` is none of them any more. It is what a service says of itself, and stands where
/// the service stands: in a catalogue in pages often on another page than the dataset, whose description would then
/// hold the link or not, as the pages' boundaries fall. A catalogue repeats itself on each page, with the members that
/// stand there. A service that serves a whole catalogue pays for it in the size of its own description.
const MEMBERSHIP: [NamedNodeRef<'static>; 4] = [
    dcat::HAS_DATASET,
    dcat::HAS_SERVICE,
    dcat::RECORD,
    dcat::HAS_CATALOG,
];

/// What the record of an entity is typed as: by that, and by `foaf:primaryTopic`, it is found.
///
/// November 2026: the record of an agent is no `dcat:CatalogRecord`, and no catalogue lists it (`dcat:record`): DCAT-AP
/// wants the topic of one to be a `dcat:Resource`, and lists of catalogue records to be lists of these. It has a class of
/// ours, because an agent has a record like everything else: who says it under which key, and the name under which its
/// parts are known. A class that documents on the web have as well (`foaf:Document`) would let a source's page about an
/// agency pass for our record of it.
pub const RECORD_CLASSES: [NamedNodeRef<'static>; 2] =
    [dcat::CATALOG_RECORD, harvestd::AGENT_RECORD];

/// The one of [`RECORD_CLASSES`] for the record of such an entity.
pub fn record_class(class: Class) -> NamedNodeRef<'static> {
    match class {
        Class::Agent => harvestd::AGENT_RECORD,
        Class::Catalog | Class::DatasetSeries | Class::DataService | Class::Dataset => {
            dcat::CATALOG_RECORD
        }
    }
}

/// Is the named object of this predicate a part of its subject?
pub fn is_containment(predicate: NamedNodeRef<'_>) -> bool {
    CONTAINMENT.contains(&predicate)
}

/// The containment predicates, for walking them backwards.
pub fn containment_predicates() -> &'static [NamedNodeRef<'static>] {
    &CONTAINMENT
}

/// Does a triple with this predicate belong to the description of its object?
pub fn is_membership(predicate: NamedNodeRef<'_>) -> bool {
    MEMBERSHIP.contains(&predicate)
}

/// The membership predicates, for finding the triples that point to a member.
pub fn membership_predicates() -> &'static [NamedNodeRef<'static>] {
    &MEMBERSHIP
}

/// Is `iri` the name of a former blank node of this record: `{record}#…`?
pub fn is_own_name(record: &str, iri: &str) -> bool {
    iri.strip_prefix(record)
        .is_some_and(|rest| rest.starts_with('#'))
}

/// The one rule of the walk: does the description of the record `record` go on from a node at `depth` (the entity and
/// the record stand at 0) over `predicate` into the named node `object`?
pub fn contains(record: &str, depth: usize, predicate: NamedNodeRef<'_>, object: &str) -> bool {
    is_own_name(record, object) || (depth < DEPTH_MAX && is_containment(predicate))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use oxrdf::vocab::rdf;

    #[test]
    fn parts_are_contained_and_shared_things_are_not() {
        assert!(is_containment(dcat::HAS_DISTRIBUTION));
        assert!(!is_containment(dct::PUBLISHER));
        assert!(is_membership(dcat::HAS_DATASET));
        assert!(!is_membership(dcat::SERVES_DATASET));
        assert!(!is_membership(dcat::HAS_DISTRIBUTION));
    }

    /// Whoever changes the rules raises [`VERSION`] and takes over the new number here.
    #[test]
    fn the_version_belongs_to_these_rules() {
        let lists = CONTAINMENT.iter().chain(&[rdf::NIL]).chain(&MEMBERSHIP);
        let mut rules: u64 = 0xcbf2_9ce4_8422_2325;
        let depth = [u8::try_from(DEPTH_MAX).unwrap()];
        let names = lists.flat_map(|name| name.as_str().bytes().chain([b' ']));
        // FNV-1a.
        for byte in names.chain(depth) {
            rules = (rules ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        assert_eq!((VERSION, rules), (1, 4_495_457_139_920_925_705));
    }

    #[test]
    fn depth_ends_at_four_except_for_own_names() {
        let record = "https://example.org/record/s/1";
        assert!(contains(record, 3, dcat::HAS_DISTRIBUTION, "http://x/d"));
        assert!(!contains(record, 4, dcat::HAS_DISTRIBUTION, "http://x/d"));
        assert!(contains(
            record,
            9,
            dct::RELATION,
            "https://example.org/record/s/1#a"
        ));
        assert!(!is_own_name(record, "https://example.org/record/s/12#a"));
    }
}
