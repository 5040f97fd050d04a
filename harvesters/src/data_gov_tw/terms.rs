//! Terms that only this export needs, beside those of the vocabulary.

use oxrdf::NamedNodeRef;

/// How a dataset comes into the portal.
pub(super) const ACCRUAL_METHOD: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/accrualMethod");
/// What a dataset's files hold.
pub(super) const TABLE_OF_CONTENTS: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/tableOfContents");
/// What an annotation says, as text.
pub(super) const BODY_VALUE: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://www.w3.org/ns/oa#bodyValue");
/// Why an annotation of quality was made.
pub(super) const QUALITY_ASSESSMENT: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://www.w3.org/ns/dqv#qualityAssessment");
/// What has to be paid.
pub(super) const CONDITIONS_OF_ACCESS: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://schema.org/conditionsOfAccess");
