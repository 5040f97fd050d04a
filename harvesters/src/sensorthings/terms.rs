//! Terms that only SensorThings needs, beside those of the vocabulary.

use oxrdf::NamedNodeRef;

const fn term(iri: &'static str) -> NamedNodeRef<'static> {
    NamedNodeRef::new_unchecked(iri)
}

/// SOSA, W3C's ontology of sensors and observations: many Observations that share what is observed.
pub(super) const OBSERVATION_COLLECTION: NamedNodeRef<'static> =
    term("http://www.w3.org/ns/sosa/ObservationCollection");
/// What is observed.
pub(super) const OBSERVED_PROPERTY: NamedNodeRef<'static> =
    term("http://www.w3.org/ns/sosa/observedProperty");
/// Something that can be observed, where it has no IRI of its own.
pub(super) const OBSERVABLE_PROPERTY: NamedNodeRef<'static> =
    term("http://www.w3.org/ns/sosa/ObservableProperty");
/// QUDT: the unit in which results are given.
pub(super) const HAS_UNIT: NamedNodeRef<'static> = term("http://qudt.org/schema/qudt/hasUnit");
/// A unit that has no IRI of its own.
pub(super) const UNIT: NamedNodeRef<'static> = term("http://qudt.org/schema/qudt/Unit");
/// How a unit is written.
pub(super) const SYMBOL: NamedNodeRef<'static> = term("http://qudt.org/schema/qudt/symbol");
/// A postal address, as it is written.
pub(super) const ADDRESS: NamedNodeRef<'static> = term("http://www.w3.org/ns/locn#Address");
pub(super) const FULL_ADDRESS: NamedNodeRef<'static> =
    term("http://www.w3.org/ns/locn#fullAddress");
/// What an annotation says, as text.
pub(super) const BODY_VALUE: NamedNodeRef<'static> = term("http://www.w3.org/ns/oa#bodyValue");
/// Why an annotation of quality was made.
pub(super) const QUALITY_ASSESSMENT: NamedNodeRef<'static> =
    term("http://www.w3.org/ns/dqv#qualityAssessment");
/// The specifications, by the names that their documents give themselves.
pub(super) const SENSORTHINGS_1_0: NamedNodeRef<'static> =
    term("http://www.opengis.net/doc/is/sensorthings/1.0");
pub(super) const SENSORTHINGS_1_1: NamedNodeRef<'static> =
    term("http://www.opengis.net/doc/is/sensorthings/1.1");
