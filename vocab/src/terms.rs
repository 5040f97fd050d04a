//! IRIs of the vocabularies in use, one constant each, one module a vocabulary.
//!
//! Nothing else in the house spells an IRI of a vocabulary out. `rdf`, `rdfs` and `xsd` beyond what is here come from
//! `oxrdf::vocab`.

macro_rules! vocabulary {
    ($(#[$doc:meta])* $module:ident = $base:literal { $($name:ident: $local:literal,)* }) => {
        $(#[$doc])*
        pub mod $module {
            use oxrdf::NamedNodeRef;
            /// What the IRIs of this vocabulary begin with.
            pub const NS: &str = $base;
            /// The local names of all that is listed here.
            pub const NAMES: &[&str] = &[$($local),*];
            $(
                #[doc = concat!("<", $base, $local, ">")]
                pub const $name: NamedNodeRef<'static> =
                    NamedNodeRef::new_unchecked(concat!($base, $local));
            )*
        }
    };
}

vocabulary! {
    /// Data Catalog Vocabulary 3.
    dcat = "http://www.w3.org/ns/dcat#" {
        CATALOG: "Catalog", CATALOG_RECORD: "CatalogRecord", DATASET: "Dataset",
        DATASET_SERIES: "DatasetSeries", DATA_SERVICE: "DataService", DISTRIBUTION: "Distribution",
        RELATIONSHIP: "Relationship", RESOURCE: "Resource", ROLE: "Role",
        ACCESS_SERVICE: "accessService", ACCESS_URL: "accessURL", BBOX: "bbox",
        BYTE_SIZE: "byteSize", HAS_CATALOG: "catalog", CENTROID: "centroid",
        COMPRESS_FORMAT: "compressFormat", CONTACT_POINT: "contactPoint", HAS_DATASET: "dataset",
        HAS_DISTRIBUTION: "distribution", DOWNLOAD_URL: "downloadURL", END_DATE: "endDate",
        ENDPOINT_DESCRIPTION: "endpointDescription", ENDPOINT_URL: "endpointURL",
        FIRST: "first", HAD_ROLE: "hadRole", HAS_VERSION: "hasVersion", IN_SERIES: "inSeries",
        IS_VERSION_OF: "isVersionOf", KEYWORD: "keyword", LANDING_PAGE: "landingPage", LAST: "last",
        MEDIA_TYPE: "mediaType", PACKAGE_FORMAT: "packageFormat", PREV: "prev",
        PREVIOUS_VERSION: "previousVersion", QUALIFIED_RELATION: "qualifiedRelation",
        RECORD: "record", SERVES_DATASET: "servesDataset", HAS_SERVICE: "service",
        SERIES_MEMBER: "seriesMember", SPATIAL_RESOLUTION_IN_METERS: "spatialResolutionInMeters",
        START_DATE: "startDate", TEMPORAL_RESOLUTION: "temporalResolution", THEME: "theme",
        THEME_TAXONOMY: "themeTaxonomy", VERSION: "version",
    }
}

vocabulary! {
    /// Properties that DCAT-AP itself defines.
    dcatap = "http://data.europa.eu/r5r/" {
        APPLICABLE_LEGISLATION: "applicableLegislation", AVAILABILITY: "availability",
        HVD_CATEGORY: "hvdCategory",
    }
}

vocabulary! {
    /// DCMI Metadata Terms.
    dct = "http://purl.org/dc/terms/" {
        LICENSE_DOCUMENT: "LicenseDocument", LINGUISTIC_SYSTEM: "LinguisticSystem",
        LOCATION: "Location", MEDIA_TYPE: "MediaType",
        MEDIA_TYPE_OR_EXTENT: "MediaTypeOrExtent", PERIOD_OF_TIME: "PeriodOfTime",
        PROVENANCE_STATEMENT: "ProvenanceStatement", RIGHTS_STATEMENT: "RightsStatement",
        STANDARD: "Standard", FREQUENCY: "Frequency",
        ABSTRACT: "abstract", ACCESS_RIGHTS: "accessRights",
        ACCRUAL_PERIODICITY: "accrualPeriodicity", ALTERNATIVE: "alternative",
        CONFORMS_TO: "conformsTo", CONTRIBUTOR: "contributor", CREATED: "created",
        CREATOR: "creator", DATE: "date", DESCRIPTION: "description", EXTENT: "extent",
        FORMAT: "format", HAS_PART: "hasPart", HAS_VERSION: "hasVersion",
        IDENTIFIER: "identifier", IS_PART_OF: "isPartOf", IS_REFERENCED_BY: "isReferencedBy",
        IS_VERSION_OF: "isVersionOf", ISSUED: "issued", LANGUAGE: "language", LICENSE: "license",
        MODIFIED: "modified", PROVENANCE: "provenance", PUBLISHER: "publisher",
        REFERENCES: "references", RELATION: "relation", REPLACES: "replaces",
        RIGHTS: "rights", RIGHTS_HOLDER: "rightsHolder", SOURCE: "source", SPATIAL: "spatial",
        SUBJECT: "subject", TABLE_OF_CONTENTS: "tableOfContents", TEMPORAL: "temporal", TITLE: "title", TYPE: "type", VALID: "valid",
    }
}

vocabulary! {
    /// Friend of a Friend.
    foaf = "http://xmlns.com/foaf/0.1/" {
        AGENT: "Agent", DOCUMENT: "Document", ORGANIZATION: "Organization", PERSON: "Person",
        HOMEPAGE: "homepage", MBOX: "mbox", NAME: "name", PAGE: "page", PHONE: "phone",
        PRIMARY_TOPIC: "primaryTopic",
    }
}

vocabulary! {
    /// vCard Ontology.
    vcard = "http://www.w3.org/2006/vcard/ns#" {
        INDIVIDUAL: "Individual", KIND: "Kind", ORGANIZATION: "Organization", VOICE: "Voice",
        FN: "fn", HAS_ADDRESS: "hasAddress", HAS_EMAIL: "hasEmail",
        HAS_ORGANIZATION_NAME: "hasOrganizationName", HAS_TELEPHONE: "hasTelephone",
        HAS_UID: "hasUID", HAS_URL: "hasURL", HAS_VALUE: "hasValue", NOTE: "note",
        ORGANIZATION_NAME: "organization-name", ORGANIZATION_UNIT: "organization-unit",
        ROLE: "role", STREET_ADDRESS: "street-address", LOCALITY: "locality",
        POSTAL_CODE: "postal-code", COUNTRY_NAME: "country-name",
    }
}

vocabulary! {
    /// Simple Knowledge Organization System.
    skos = "http://www.w3.org/2004/02/skos/core#" {
        CONCEPT: "Concept", CONCEPT_SCHEME: "ConceptScheme", ALT_LABEL: "altLabel",
        CLOSE_MATCH: "closeMatch", DEFINITION: "definition", EXACT_MATCH: "exactMatch",
        HAS_TOP_CONCEPT: "hasTopConcept", TOP_CONCEPT_OF: "topConceptOf",
        IN_SCHEME: "inScheme", NOTATION: "notation", NOTE: "note", PREF_LABEL: "prefLabel",
    }
}

vocabulary! {
    /// Asset Description Metadata Schema.
    adms = "http://www.w3.org/ns/adms#" {
        IDENTIFIER_CLASS: "Identifier", IDENTIFIER: "identifier",
        REPRESENTATION_TECHNIQUE: "representationTechnique", SAMPLE: "sample",
        SCHEMA_AGENCY: "schemaAgency", STATUS: "status", VERSION_NOTES: "versionNotes",
    }
}

vocabulary! {
    /// Software Package Data Exchange, RDF terms.
    spdx = "http://spdx.org/rdf/terms#" {
        CHECKSUM_CLASS: "Checksum", ALGORITHM: "algorithm", CHECKSUM: "checksum",
        CHECKSUM_VALUE: "checksumValue",
    }
}

vocabulary! {
    /// Provenance Ontology.
    prov = "http://www.w3.org/ns/prov#" {
        ACTIVITY: "Activity", AGENT_CLASS: "Agent", ATTRIBUTION: "Attribution", ENTITY: "Entity",
        ACTED_ON_BEHALF_OF: "actedOnBehalfOf", AGENT: "agent", ENDED_AT_TIME: "endedAtTime", GENERATED: "generated",
        QUALIFIED_ATTRIBUTION: "qualifiedAttribution", STARTED_AT_TIME: "startedAtTime",
        USED: "used", WAS_ASSOCIATED_WITH: "wasAssociatedWith",
        WAS_ATTRIBUTED_TO: "wasAttributedTo", WAS_DERIVED_FROM: "wasDerivedFrom",
        WAS_GENERATED_BY: "wasGeneratedBy",
    }
}

vocabulary! {
    /// ISA Location Core Vocabulary.
    locn = "http://www.w3.org/ns/locn#" {
        ADDRESS: "address", GEOMETRY_CLASS: "Geometry", GEOGRAPHIC_NAME: "geographicName",
        GEOMETRY: "geometry",
    }
}

vocabulary! {
    /// OGC GeoSPARQL.
    geosparql = "http://www.opengis.net/ont/geosparql#" {
        GEOMETRY_CLASS: "Geometry", AS_GEO_JSON: "asGeoJSON", AS_WKT: "asWKT",
        GEO_JSON_LITERAL: "geoJSONLiteral", HAS_GEOMETRY: "hasGeometry",
        WKT_LITERAL: "wktLiteral",
    }
}

vocabulary! {
    /// OWL-Time, as far as DCAT-AP uses it.
    time = "http://www.w3.org/2006/time#" {
        HAS_BEGINNING: "hasBeginning", HAS_END: "hasEnd", IN_XSD_DATE: "inXSDDate",
        IN_XSD_DATE_TIME: "inXSDDateTime", IN_XSD_DATE_TIME_STAMP: "inXSDDateTimeStamp",
        IN_XSD_G_YEAR: "inXSDgYear", IN_XSD_G_YEAR_MONTH: "inXSDgYearMonth",
    }
}

vocabulary! {
    /// schema.org, under the http spelling that its own RDF uses.
    schema = "http://schema.org/" {
        DATASET: "Dataset", DATA_DOWNLOAD: "DataDownload", CONTENT_URL: "contentUrl",
        NAME: "name", URL: "url", START_DATE: "startDate", END_DATE: "endDate",
        RATING: "Rating", RATING_VALUE: "ratingValue", BEST_RATING: "bestRating", EMAIL: "email",
        CONDITIONS_OF_ACCESS: "conditionsOfAccess", IS_ACCESSIBLE_FOR_FREE: "isAccessibleForFree",
    }
}

vocabulary! {
    /// Data Quality Vocabulary.
    dqv = "http://www.w3.org/ns/dqv#" {
        DIMENSION: "Dimension", METRIC: "Metric", EXPECTED_DATA_TYPE: "expectedDataType",
        IN_DIMENSION: "inDimension",
        QUALITY_ANNOTATION: "QualityAnnotation", QUALITY_MEASUREMENT: "QualityMeasurement",
        QUALITY_METADATA: "QualityMetadata", USER_QUALITY_FEEDBACK: "UserQualityFeedback",
        QUALITY_ASSESSMENT: "qualityAssessment",
        COMPUTED_ON: "computedOn", HAS_QUALITY_ANNOTATION: "hasQualityAnnotation",
        HAS_QUALITY_MEASUREMENT: "hasQualityMeasurement",
        HAS_QUALITY_METADATA: "hasQualityMetadata", IS_MEASUREMENT_OF: "isMeasurementOf",
        VALUE: "value",
    }
}

vocabulary! {
    /// Web Annotation, for quality annotations.
    oa = "http://www.w3.org/ns/oa#" {
        BODY_VALUE: "bodyValue", HAS_BODY: "hasBody", HAS_TARGET: "hasTarget", MOTIVATED_BY: "motivatedBy",
        ANNOTATION: "Annotation", EDITING: "editing", ASSESSING: "assessing", COMMENTING: "commenting",
        TEXTUAL_BODY: "TextualBody", HAS_SOURCE: "hasSource", HAS_PURPOSE: "hasPurpose",
    }
}

vocabulary! {
    /// Organization Ontology.
    org = "http://www.w3.org/ns/org#" {
        ORGANIZATION: "Organization", IDENTIFIER: "identifier",
        SUB_ORGANIZATION_OF: "subOrganizationOf",
    }
}

vocabulary! {
    /// Representing Content in RDF: the character encoding of a file.
    cnt = "http://www.w3.org/2011/content#" {
        CHARACTER_ENCODING: "characterEncoding",
    }
}

vocabulary! {
    /// Activity Streams 2.
    activity = "https://www.w3.org/ns/activitystreams#" {
        CREATE: "Create", DELETE: "Delete", UPDATE: "Update", OBJECT: "object",
        PUBLISHED: "published",
    }
}

vocabulary! {
    /// Linked Data Event Streams.
    ldes = "https://w3id.org/ldes#" {
        EVENT_STREAM: "EventStream", RETENTION_POLICY: "retentionPolicy",
        TIMESTAMP_PATH: "timestampPath", VERSION_OF_PATH: "versionOfPath",
    }
}

vocabulary! {
    /// TREE hypermedia.
    tree = "https://w3id.org/tree#" {
        COLLECTION: "Collection", NODE_CLASS: "Node", GREATER_THAN_RELATION: "GreaterThanRelation",
        GREATER_THAN_OR_EQUAL_TO_RELATION: "GreaterThanOrEqualToRelation",
        LESS_THAN_RELATION: "LessThanRelation", RELATION_CLASS: "Relation", MEMBER: "member",
        NODE: "node", PATH: "path", RELATION: "relation", SHAPE: "shape", VALUE: "value",
        VIEW: "view",
    }
}

vocabulary! {
    /// Hydra Core Vocabulary.
    hydra = "http://www.w3.org/ns/hydra/core#" {
        COLLECTION: "Collection", PAGED_COLLECTION: "PagedCollection",
        PARTIAL_COLLECTION_VIEW: "PartialCollectionView", FIRST: "first",
        FIRST_PAGE: "firstPage", ITEMS_PER_PAGE: "itemsPerPage", LAST: "last",
        LAST_PAGE: "lastPage", MEMBER: "member", NEXT: "next", NEXT_PAGE: "nextPage",
        PREVIOUS: "previous", PREVIOUS_PAGE: "previousPage", TOTAL_ITEMS: "totalItems",
        VIEW: "view",
    }
}

vocabulary! {
    /// ODRL, as far as DCAT-AP uses it.
    odrl = "http://www.w3.org/ns/odrl/2/" {
        POLICY: "Policy", HAS_POLICY: "hasPolicy",
    }
}

vocabulary! {
    /// RDF Schema, as far as descriptions use it.
    rdfs = "http://www.w3.org/2000/01/rdf-schema#" {
        COMMENT: "comment", LABEL: "label", SEE_ALSO: "seeAlso",
    }
}

vocabulary! {
    /// XML Schema datatypes.
    xsd = "http://www.w3.org/2001/XMLSchema#" {
        ANY_URI: "anyURI", BOOLEAN: "boolean", DATE: "date", DATE_TIME: "dateTime",
        DECIMAL: "decimal", DOUBLE: "double", DURATION: "duration", G_YEAR: "gYear",
        G_YEAR_MONTH: "gYearMonth", HEX_BINARY: "hexBinary", INTEGER: "integer",
        NON_NEGATIVE_INTEGER: "nonNegativeInteger", STRING: "string",
    }
}

vocabulary! {
    /// SHACL, its core.
    sh = "http://www.w3.org/ns/shacl#" {
        AND: "and", ALTERNATIVE_PATH: "alternativePath", BLANK_NODE: "BlankNode", BLANK_NODE_OR_IRI: "BlankNodeOrIRI",
        BLANK_NODE_OR_LITERAL: "BlankNodeOrLiteral", CLASS: "class", CLOSED: "closed", DATATYPE: "datatype",
        DEACTIVATED: "deactivated", DISJOINT: "disjoint", EQUALS: "equals", FLAGS: "flags", HAS_VALUE: "hasValue",
        IGNORED_PROPERTIES: "ignoredProperties", IN: "in", INFO: "Info", INVERSE_PATH: "inversePath", IRI: "IRI",
        IRI_OR_LITERAL: "IRIOrLiteral", LANGUAGE_IN: "languageIn", LESS_THAN: "lessThan",
        LESS_THAN_OR_EQUALS: "lessThanOrEquals", LITERAL: "Literal", MAX_COUNT: "maxCount",
        MAX_EXCLUSIVE: "maxExclusive", MAX_INCLUSIVE: "maxInclusive", MAX_LENGTH: "maxLength", MESSAGE: "message",
        MIN_COUNT: "minCount", MIN_EXCLUSIVE: "minExclusive", MIN_INCLUSIVE: "minInclusive", MIN_LENGTH: "minLength",
        NODE: "node", NODE_KIND: "nodeKind", NODE_SHAPE: "NodeShape", NOT: "not", ONE_OR_MORE_PATH: "oneOrMorePath",
        OR: "or", PATH: "path", PATTERN: "pattern", PROPERTY: "property", PROPERTY_SHAPE: "PropertyShape",
        QUALIFIED_MAX_COUNT: "qualifiedMaxCount", QUALIFIED_MIN_COUNT: "qualifiedMinCount",
        QUALIFIED_VALUE_SHAPE: "qualifiedValueShape", SEVERITY: "severity",
        QUALIFIED_VALUE_SHAPES_DISJOINT: "qualifiedValueShapesDisjoint", TARGET_CLASS: "targetClass",
        TARGET_NODE: "targetNode", TARGET_OBJECTS_OF: "targetObjectsOf", TARGET_SUBJECTS_OF: "targetSubjectsOf",
        UNIQUE_LANG: "uniqueLang", VIOLATION: "Violation", WARNING: "Warning", XONE: "xone",
        ZERO_OR_MORE_PATH: "zeroOrMorePath", ZERO_OR_ONE_PATH: "zeroOrOnePath",
    }
}

/// What the IRIs of the EU's authority tables begin with, each with its slash.
pub mod authority {
    pub const BASE: &str = "http://publications.europa.eu/resource/authority/";
    pub const ACCESS_RIGHT: &str = "http://publications.europa.eu/resource/authority/access-right/";
    pub const DATA_THEME: &str = "http://publications.europa.eu/resource/authority/data-theme/";
    pub const DISTRIBUTION_TYPE: &str =
        "http://publications.europa.eu/resource/authority/distribution-type/";
    pub const FILE_TYPE: &str = "http://publications.europa.eu/resource/authority/file-type/";
    pub const FREQUENCY: &str = "http://publications.europa.eu/resource/authority/frequency/";
    pub const LANGUAGE: &str = "http://publications.europa.eu/resource/authority/language/";
    pub const LICENCE: &str = "http://publications.europa.eu/resource/authority/licence/";
}

/// Taiwan's Open Government Data License, version 1.0: 政府資料開放授權條款-第1版.
pub const TAIWAN_LICENCE: &str = "https://data.gov.tw/license";

/// What the IRIs of IANA's media types begin with.
pub const MEDIA_TYPES: &str = "https://www.iana.org/assignments/media-types/";

vocabulary! {
    /// Our own: only what no vocabulary above can say. `fields`: the fields of a file, as the source lists them;
    /// `provision`: how the data come to the portal; `rows`: how many records a file has. `statedFrequency`: how often a
    /// dataset is updated, in the source's word; `updateInterval`: the same as a duration. `defines`: a concept scheme that
    /// a catalogue contains. `oid`, `organisationCode`: datatypes of Taiwan's identifiers of agencies. Types of rights
    /// statements: open to everybody, on application, against payment, not open; and what there is to pay. Of a correction
    /// made by hand: what the source says (`harvested`), what the correction expects of it (`expected`), what is
    /// `published` instead, and how the one stands to the other (`standing`).
    harvestd = "https://w3id.org/harvestd/ns#" {
        FIELDS: "fields", PROVISION: "provision", ROWS: "rows",
        STATED_FREQUENCY: "statedFrequency", UPDATE_INTERVAL: "updateInterval", DEFINES: "defines",
        OID: "oid", ORGANISATION_CODE: "organisationCode",
        AGENT_RECORD: "AgentRecord", OPEN_ACCESS: "OpenAccess", ON_APPLICATION: "OnApplication", PAID: "Paid",
        NOT_OPEN: "NotOpen", FEE: "Fee",
        EXPECTED: "expected", HARVESTED: "harvested", PUBLISHED: "published", STANDING: "standing",
    }
}

/// What short names begin with: prefix, what it stands for, and which names of that vocabulary are in use.
const PREFIXES: [(&str, &str, &[&str]); 20] = [
    ("dcat", dcat::NS, dcat::NAMES),
    ("dcatap", dcatap::NS, dcatap::NAMES),
    ("dct", dct::NS, dct::NAMES),
    ("foaf", foaf::NS, foaf::NAMES),
    ("vcard", vcard::NS, vcard::NAMES),
    ("skos", skos::NS, skos::NAMES),
    ("adms", adms::NS, adms::NAMES),
    ("spdx", spdx::NS, spdx::NAMES),
    ("prov", prov::NS, prov::NAMES),
    ("locn", locn::NS, locn::NAMES),
    ("geo", geosparql::NS, geosparql::NAMES),
    ("schema", schema::NS, schema::NAMES),
    ("dqv", dqv::NS, dqv::NAMES),
    ("cnt", cnt::NS, cnt::NAMES),
    ("odrl", odrl::NS, odrl::NAMES),
    ("oa", oa::NS, oa::NAMES),
    ("org", org::NS, org::NAMES),
    ("rdfs", rdfs::NS, rdfs::NAMES),
    ("harvestd", harvestd::NS, harvestd::NAMES),
    (
        "rdf",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        &["type"],
    ),
];

/// An IRI for people: `dct:title`, or the IRI itself where no prefix of ours fits.
pub fn prefixed(iri: &str) -> String {
    PREFIXES
        .iter()
        .find_map(|(prefix, base, _)| {
            iri.strip_prefix(base)
                .map(|local| format!("{prefix}:{local}"))
        })
        .unwrap_or_else(|| iri.to_owned())
}

/// The inverse of [`prefixed`], for names that are in use: `dct:title` -> its IRI. None for any other.
pub fn expanded(short: &str) -> Option<String> {
    let (prefix, local) = short.split_once(':')?;
    let (_, base, names) = PREFIXES.iter().find(|(known, ..)| *known == prefix)?;
    names.contains(&local).then(|| format!("{base}{local}"))
}

/// Every short name that [`expanded`] knows.
pub fn short_names() -> impl Iterator<Item = String> {
    PREFIXES
        .iter()
        .flat_map(|(prefix, _, names)| names.iter().map(move |local| format!("{prefix}:{local}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_and_iris_say_the_same() {
        let mut count = 0;
        for short in short_names() {
            let iri = expanded(&short);
            assert_eq!(iri.as_deref().map(prefixed), Some(short));
            count += 1;
        }
        assert!(count > 200, "{count}");
        assert_eq!(expanded("dct:titel"), None);
        assert_eq!(expanded("nobody:title"), None);
        assert_eq!(prefixed("https://e.example/p"), "https://e.example/p");
    }
}
