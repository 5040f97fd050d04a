//! What DCAT-AP 3 expects of a predicate: how its values are said again, and what its object is.

use crate::containment::{is_containment, is_membership};
use crate::terms::{
    adms, authority, cnt, dcat, dcatap, dct, dqv, foaf, locn, oa, odrl, prov, rdfs, schema, skos,
    spdx, vcard,
};
use oxrdf::NamedNodeRef;
use std::collections::HashMap;
use std::sync::LazyLock;

/// How the values of a predicate are said again. [`crate::mapping`] does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// As they are; literals canonical.
    Plain,
    /// Words for people: cleaned, and in a language.
    Text,
    /// A date or time, typed.
    Date,
    /// A word of one of the tables.
    Controlled(Table),
    /// A literal; an IRI becomes one.
    Identifier,
    /// A dataset of the source: by our IRI, where the source's is none that anybody can go to (`urn:…`).
    Dataset,
    /// A link, or else a finding.
    Link,
    /// A link where it is one, and words where it is not.
    LinkOrText,
    Email,
    Telephone,
    /// An agent: a name alone becomes an agent of that name.
    Agent,
    /// A contact: a name or address alone becomes a contact.
    Contact,
    /// A period: `start/end` becomes one.
    Period,
    Integer,
    Decimal,
    Duration,
    ChecksumAlgorithm,
    ChecksumValue,
    /// Words for people that may be HTML.
    Markup,
    /// The name of a character encoding.
    Encoding,
    /// Whether the data are free: yes, no, or a word for it.
    Free,
    /// What has to be paid.
    Charge,
}

/// The controlled vocabularies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    AccessRight,
    Format,
    Frequency,
    Language,
    Licence,
    MediaType,
    QualityBadge,
    Theme,
}

impl Table {
    /// The code of the finding for a word that the table has not.
    pub fn unmapped(self) -> &'static str {
        match self {
            Self::AccessRight => "unmapped-access-right",
            Self::Format => "unmapped-format",
            Self::Frequency => "unmapped-frequency",
            Self::Language => "unmapped-language",
            Self::Licence => "unmapped-licence",
            Self::MediaType => "unmapped-media-type",
            Self::QualityBadge => "unmapped-quality-badge",
            Self::Theme => "unmapped-theme",
        }
    }

    /// What would have been right.
    pub fn expected(self) -> &'static str {
        match self {
            Self::AccessRight => authority::ACCESS_RIGHT,
            Self::Format => authority::FILE_TYPE,
            Self::Frequency => authority::FREQUENCY,
            Self::Language => authority::LANGUAGE,
            Self::Licence => "the IRI of a licence",
            Self::MediaType => crate::terms::MEDIA_TYPES,
            Self::QualityBadge => "a quality badge of data.gov.tw",
            Self::Theme => authority::DATA_THEME,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Property {
    /// Is the predicate one of ours, hence a valid IRI?
    pub known: bool,
    pub rule: Rule,
    /// The class of a contained object that has no type of its own.
    pub range: Option<NamedNodeRef<'static>>,
    /// By which a word becomes a node: see [`LABELS`].
    pub label: Option<NamedNodeRef<'static>>,
    pub containment: bool,
    pub membership: bool,
}

/// What is known of a predicate. Of those not listed: nothing, and their values stay as they are.
pub(crate) fn of(predicate: &str) -> &'static Property {
    static OTHER: Property = Property {
        known: false,
        rule: Rule::Plain,
        range: None,
        label: None,
        containment: false,
        membership: false,
    };
    PROPERTIES.get(predicate).unwrap_or(&OTHER)
}

static PROPERTIES: LazyLock<HashMap<&'static str, Property>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for (rule, predicates) in RULES {
        for predicate in *predicates {
            all.insert(predicate.as_str(), property(*predicate, *rule));
        }
    }
    let bare = crate::containment::containment_predicates()
        .iter()
        .chain(crate::containment::membership_predicates())
        .chain(RANGES.iter().map(|(predicate, _)| predicate));
    for predicate in bare {
        all.entry(predicate.as_str())
            .or_insert_with(|| property(*predicate, Rule::Plain));
    }
    all
});

fn property(predicate: NamedNodeRef<'static>, rule: Rule) -> Property {
    let range = RANGES
        .iter()
        .find(|(p, _)| *p == predicate)
        .map(|(_, class)| *class);
    let label = LABELS
        .iter()
        .find(|(_, predicates)| predicates.contains(&predicate))
        .map(|(label, _)| *label);
    Property {
        known: true,
        rule,
        range,
        label,
        containment: is_containment(predicate),
        membership: is_membership(predicate),
    }
}

const RULES: &[(Rule, &[NamedNodeRef<'static>])] = &[
    (
        Rule::Text,
        &[
            dct::TITLE,
            dct::ALTERNATIVE,
            dcat::KEYWORD,
            foaf::NAME,
            vcard::FN,
            vcard::ORGANIZATION_NAME,
            vcard::ORGANIZATION_UNIT,
            adms::VERSION_NOTES,
            rdfs::LABEL,
            rdfs::COMMENT,
            skos::PREF_LABEL,
            skos::ALT_LABEL,
            skos::DEFINITION,
            locn::GEOGRAPHIC_NAME,
        ],
    ),
    (Rule::Markup, &[dct::DESCRIPTION, dct::ABSTRACT]),
    (
        Rule::Date,
        &[
            dct::ISSUED,
            dct::MODIFIED,
            dct::CREATED,
            dct::VALID,
            dcat::START_DATE,
            dcat::END_DATE,
        ],
    ),
    (Rule::Identifier, &[dct::IDENTIFIER]),
    (Rule::Dataset, &[dcat::SERVES_DATASET]),
    (
        Rule::Controlled(Table::Frequency),
        &[dct::ACCRUAL_PERIODICITY],
    ),
    (Rule::Controlled(Table::Format), &[dct::FORMAT]),
    (
        Rule::Controlled(Table::MediaType),
        &[
            dcat::MEDIA_TYPE,
            dcat::COMPRESS_FORMAT,
            dcat::PACKAGE_FORMAT,
        ],
    ),
    (Rule::Controlled(Table::Licence), &[dct::LICENSE]),
    (Rule::Controlled(Table::Language), &[dct::LANGUAGE]),
    (Rule::Controlled(Table::Theme), &[dcat::THEME]),
    (Rule::Controlled(Table::AccessRight), &[dct::ACCESS_RIGHTS]),
    (
        Rule::Link,
        &[
            dcat::ACCESS_URL,
            dcat::DOWNLOAD_URL,
            dcat::LANDING_PAGE,
            dcat::ENDPOINT_URL,
            dcat::ENDPOINT_DESCRIPTION,
            foaf::PAGE,
            foaf::HOMEPAGE,
            vcard::HAS_URL,
        ],
    ),
    (
        Rule::LinkOrText,
        &[
            dct::CONFORMS_TO,
            dct::SOURCE,
            dct::RELATION,
            dct::REFERENCES,
            dct::IS_REFERENCED_BY,
            dct::IS_PART_OF,
            dct::HAS_PART,
            dct::HAS_VERSION,
            dct::IS_VERSION_OF,
            dct::REPLACES,
            dct::RIGHTS,
            dct::PROVENANCE,
            dct::SPATIAL,
            dct::TYPE,
            dct::SUBJECT,
            rdfs::SEE_ALSO,
            adms::STATUS,
            dcatap::AVAILABILITY,
            dcatap::HVD_CATEGORY,
            dcatap::APPLICABLE_LEGISLATION,
        ],
    ),
    (Rule::Email, &[vcard::HAS_EMAIL, foaf::MBOX]),
    (Rule::Telephone, &[vcard::HAS_TELEPHONE, foaf::PHONE]),
    (
        Rule::Agent,
        &[
            dct::PUBLISHER,
            dct::CREATOR,
            dct::CONTRIBUTOR,
            dct::RIGHTS_HOLDER,
        ],
    ),
    (Rule::Contact, &[dcat::CONTACT_POINT]),
    (Rule::Period, &[dct::TEMPORAL]),
    (Rule::Integer, &[dcat::BYTE_SIZE]),
    (Rule::Decimal, &[dcat::SPATIAL_RESOLUTION_IN_METERS]),
    (Rule::Duration, &[dcat::TEMPORAL_RESOLUTION]),
    (Rule::ChecksumAlgorithm, &[spdx::ALGORITHM]),
    (Rule::ChecksumValue, &[spdx::CHECKSUM_VALUE]),
    (Rule::Encoding, &[cnt::CHARACTER_ENCODING]),
    (Rule::Free, &[schema::IS_ACCESSIBLE_FOR_FREE]),
    (Rule::Charge, &[schema::CONDITIONS_OF_ACCESS]),
    (
        Rule::Controlled(Table::QualityBadge),
        &[oa::HAS_BODY, oa::BODY_VALUE],
    ),
];

/// The class of a contained object that says no type itself.
const RANGES: &[(NamedNodeRef<'static>, NamedNodeRef<'static>)] = &[
    (dcat::HAS_DISTRIBUTION, dcat::DISTRIBUTION),
    (adms::SAMPLE, dcat::DISTRIBUTION),
    (dcat::CONTACT_POINT, vcard::KIND),
    (dct::TEMPORAL, dct::PERIOD_OF_TIME),
    (dct::SPATIAL, dct::LOCATION),
    (dct::PUBLISHER, foaf::AGENT),
    (dct::CREATOR, foaf::AGENT),
    (dct::CONTRIBUTOR, foaf::AGENT),
    (dct::RIGHTS_HOLDER, foaf::AGENT),
    (dct::PROVENANCE, dct::PROVENANCE_STATEMENT),
    (dct::RIGHTS, dct::RIGHTS_STATEMENT),
    (dct::ACCESS_RIGHTS, dct::RIGHTS_STATEMENT),
    (dct::LICENSE, dct::LICENSE_DOCUMENT),
    (dct::CONFORMS_TO, dct::STANDARD),
    (dct::FORMAT, dct::MEDIA_TYPE_OR_EXTENT),
    (dcat::MEDIA_TYPE, dct::MEDIA_TYPE),
    (dcat::COMPRESS_FORMAT, dct::MEDIA_TYPE),
    (dcat::PACKAGE_FORMAT, dct::MEDIA_TYPE),
    (dct::ACCRUAL_PERIODICITY, dct::FREQUENCY),
    (dct::LANGUAGE, dct::LINGUISTIC_SYSTEM),
    (dcat::THEME, skos::CONCEPT),
    (dct::TYPE, skos::CONCEPT),
    (adms::STATUS, skos::CONCEPT),
    (dcatap::AVAILABILITY, skos::CONCEPT),
    (dcatap::HVD_CATEGORY, skos::CONCEPT),
    (spdx::CHECKSUM, spdx::CHECKSUM_CLASS),
    (adms::IDENTIFIER, adms::IDENTIFIER_CLASS),
    (dcat::QUALIFIED_RELATION, dcat::RELATIONSHIP),
    (dcat::ACCESS_SERVICE, dcat::DATA_SERVICE),
    (prov::QUALIFIED_ATTRIBUTION, prov::ATTRIBUTION),
    (dqv::HAS_QUALITY_ANNOTATION, dqv::QUALITY_ANNOTATION),
    (dqv::HAS_QUALITY_MEASUREMENT, dqv::QUALITY_MEASUREMENT),
    (foaf::PAGE, foaf::DOCUMENT),
    (odrl::HAS_POLICY, odrl::POLICY),
];

/// **Words that stand where DCAT-AP wants a node.** A word for which the tables have an IRI becomes that IRI. Any other
/// (`其他` as a format, the sentence that is a licence, the name of a place) becomes a node of its own, named under the
/// record, of the class in [`RANGES`] and with the word as its label, by the predicate that stands here:
/// `<distribution> dct:format <{record}#format-…> . <{record}#format-…> a dct:MediaTypeOrExtent ; rdfs:label "其他"`.
/// So nothing that the source says is lost, the shape of the data is always the same, and a question for labels finds
/// the words of all sources. Agents, contacts and periods are made of words in the same way, with predicates of their
/// own. A link that is none (`www.a.tw`) is no word for anything: it stays a literal, with a finding.
const LABELS: &[(NamedNodeRef<'static>, &[NamedNodeRef<'static>])] = &[
    (
        rdfs::LABEL,
        &[
            dct::FORMAT,
            dcat::MEDIA_TYPE,
            dcat::COMPRESS_FORMAT,
            dcat::PACKAGE_FORMAT,
            dct::LICENSE,
            dct::RIGHTS,
            dct::ACCESS_RIGHTS,
            dct::ACCRUAL_PERIODICITY,
            dct::LANGUAGE,
            dct::PROVENANCE,
            dct::CONFORMS_TO,
            dct::TEMPORAL,
        ],
    ),
    (
        skos::PREF_LABEL,
        &[
            dcat::THEME,
            dct::SPATIAL,
            dct::TYPE,
            adms::STATUS,
            dcatap::AVAILABILITY,
            dcatap::HVD_CATEGORY,
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_predicate_has_one_rule() {
        let all: Vec<_> = RULES
            .iter()
            .flat_map(|(_, predicates)| *predicates)
            .collect();
        let unique: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(all.len(), unique.len());
        assert_eq!(of(dct::ISSUED.as_str()).rule, Rule::Date);
        assert!(of(dcat::RECORD.as_str()).membership);
        assert!(of(dcat::HAS_DISTRIBUTION.as_str()).containment);
        assert_eq!(of("http://example.org/p").rule, Rule::Plain);
        for predicate in LABELS.iter().flat_map(|(_, predicates)| *predicates) {
            let property = of(predicate.as_str());
            assert!(property.range.is_some(), "{predicate}: a label of what?");
            assert_ne!(property.rule, Rule::Plain, "{predicate}");
        }
    }
}
