//! The terms that a row of the export is said in.

use oxrdf::NamedNodeRef;

macro_rules! terms {
    ($($vocabulary:ident $base:literal { $($name:ident $local:literal)* })*) => {
        $(pub(super) mod $vocabulary {
            $(pub(in super::super) const $name: super::NamedNodeRef<'static> =
                super::NamedNodeRef::new_unchecked(concat!($base, $local));)*
        })*
    };
}

terms! {
    dcat "http://www.w3.org/ns/dcat#" {
        ACCESS_SERVICE "accessService" ACCESS_URL "accessURL" CATALOG_RECORD "CatalogRecord"
        CONTACT_POINT "contactPoint" DATASET "Dataset" DATA_SERVICE "DataService" DISTRIBUTION "Distribution"
        DOWNLOAD_URL "downloadURL" ENDPOINT_URL "endpointURL" HAS_DISTRIBUTION "distribution"
        LANDING_PAGE "landingPage" SERVES_DATASET "servesDataset" THEME "theme"
    }
    dct "http://purl.org/dc/terms/" {
        ACCESS_RIGHTS "accessRights" ACCRUAL_METHOD "accrualMethod" ACCRUAL_PERIODICITY "accrualPeriodicity"
        DESCRIPTION "description" EXTENT "extent" FORMAT "format" IDENTIFIER "identifier" ISSUED "issued"
        LICENSE "license" MODIFIED "modified" PUBLISHER "publisher" TABLE_OF_CONTENTS "tableOfContents"
        TITLE "title" TYPE "type"
    }
    foaf "http://xmlns.com/foaf/0.1/" { AGENT "Agent" NAME "name" PAGE "page" PRIMARY_TOPIC "primaryTopic" }
    vcard "http://www.w3.org/2006/vcard/ns#" { FN "fn" HAS_TELEPHONE "hasTelephone" INDIVIDUAL "Individual" }
    cnt "http://www.w3.org/2011/content#" { CHARACTER_ENCODING "characterEncoding" }
    dqv "http://www.w3.org/ns/dqv#" {
        HAS_QUALITY_ANNOTATION "hasQualityAnnotation" QUALITY_ANNOTATION "QualityAnnotation"
        QUALITY_ASSESSMENT "qualityAssessment"
    }
    oa "http://www.w3.org/ns/oa#" { BODY_VALUE "bodyValue" HAS_TARGET "hasTarget" MOTIVATED_BY "motivatedBy" }
    schema "http://schema.org/" { CONDITIONS_OF_ACCESS "conditionsOfAccess" }
}
