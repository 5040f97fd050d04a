//! The words that a mapping may use on its left side, and what they mean. A closed list: a misspelt word is an error of the
//! configuration, never a triple nobody asked for.
//!
//! A word has a short name (`landing_page`) and the prefixed name of its property (`dcat:landingPage`). One that leads to
//! something with properties of its own is put before them with a dot: `publisher.name`, `temporal.start`.
//!
//! Start reading at [`find`].

use harvestd_vocab::terms::{adms, cnt, dcat, dct, foaf, harvestd, prefixed, vcard};
use oxrdf::{NamedNodeRef, vocab::rdfs};

/// What a value becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words for people: a literal.
    Text,
    /// An IRI where it is an address, else a literal.
    Thing,
    /// A literal that may be written as a date of a given form.
    Date,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) name: &'static str,
    pub(super) predicate: NamedNodeRef<'static>,
    pub(super) kind: Kind,
}

/// What stands in a description: the dataset, and what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Dataset,
    Publisher,
    Creator,
    RightsHolder,
    Contact,
    Temporal,
    /// The source's own record of the dataset.
    Record,
    Distribution,
}

impl Place {
    /// Those of which a dataset has at most one, said by `place.term`.
    const NESTED: [(Self, &'static str, NamedNodeRef<'static>); 6] = [
        (Self::Publisher, "publisher", dct::PUBLISHER),
        (Self::Creator, "creator", dct::CREATOR),
        (Self::RightsHolder, "rights_holder", dct::RIGHTS_HOLDER),
        (Self::Contact, "contact", dcat::CONTACT_POINT),
        (Self::Temporal, "temporal", dct::TEMPORAL),
        (Self::Record, "record", dcat::CATALOG_RECORD),
    ];

    /// The property that leads there, and the class of what stands there. None for what is there already.
    pub(super) fn leads(self) -> Option<(NamedNodeRef<'static>, NamedNodeRef<'static>)> {
        match self {
            Self::Dataset | Self::Record => None,
            Self::Publisher => Some((dct::PUBLISHER, foaf::AGENT)),
            Self::Creator => Some((dct::CREATOR, foaf::AGENT)),
            Self::RightsHolder => Some((dct::RIGHTS_HOLDER, foaf::AGENT)),
            Self::Contact => Some((dcat::CONTACT_POINT, vcard::KIND)),
            Self::Temporal => Some((dct::TEMPORAL, dct::PERIOD_OF_TIME)),
            Self::Distribution => Some((dcat::HAS_DISTRIBUTION, dcat::DISTRIBUTION)),
        }
    }

    fn terms(self) -> &'static [Term] {
        match self {
            Self::Dataset => DATASET,
            Self::Publisher | Self::Creator | Self::RightsHolder => AGENT,
            Self::Contact => CONTACT,
            Self::Temporal => PERIOD,
            Self::Record => RECORD,
            Self::Distribution => DISTRIBUTION,
        }
    }
}

const fn term(name: &'static str, predicate: NamedNodeRef<'static>, kind: Kind) -> Term {
    Term {
        name,
        predicate,
        kind,
    }
}

use Kind::{Date, Text, Thing};

const TABLE_OF_CONTENTS: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/tableOfContents");
const CONDITIONS_OF_ACCESS: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://schema.org/conditionsOfAccess");

const DATASET: &[Term] = &[
    term("identifier", dct::IDENTIFIER, Text),
    term("title", dct::TITLE, Text),
    term("alternative", dct::ALTERNATIVE, Text),
    term("description", dct::DESCRIPTION, Text),
    term("keyword", dcat::KEYWORD, Text),
    term("theme", dcat::THEME, Thing),
    term("type", dct::TYPE, Thing),
    term("language", dct::LANGUAGE, Thing),
    term("publisher", dct::PUBLISHER, Thing),
    term("creator", dct::CREATOR, Thing),
    term("license", dct::LICENSE, Thing),
    term("access_rights", dct::ACCESS_RIGHTS, Thing),
    term("rights", dct::RIGHTS, Thing),
    term("fee", CONDITIONS_OF_ACCESS, Text),
    term("frequency", dct::ACCRUAL_PERIODICITY, Thing),
    term("issued", dct::ISSUED, Date),
    term("modified", dct::MODIFIED, Date),
    term("created", dct::CREATED, Date),
    term("temporal", dct::TEMPORAL, Text),
    term("spatial", dct::SPATIAL, Thing),
    term("landing_page", dcat::LANDING_PAGE, Thing),
    term("page", foaf::PAGE, Thing),
    term("source", dct::SOURCE, Thing),
    term("relation", dct::RELATION, Thing),
    term("conforms_to", dct::CONFORMS_TO, Thing),
    term("provenance", dct::PROVENANCE, Text),
    term("fields", TABLE_OF_CONTENTS, Text),
    term("extent", dct::EXTENT, Text),
    term("rows", harvestd::ROWS, Text),
    term("comment", rdfs::COMMENT, Text),
    term("version", dcat::VERSION, Text),
    term("version_notes", adms::VERSION_NOTES, Text),
];

const DISTRIBUTION: &[Term] = &[
    term("identifier", dct::IDENTIFIER, Text),
    term("title", dct::TITLE, Text),
    term("description", dct::DESCRIPTION, Text),
    term("access_url", dcat::ACCESS_URL, Thing),
    term("download_url", dcat::DOWNLOAD_URL, Thing),
    term("format", dct::FORMAT, Thing),
    term("media_type", dcat::MEDIA_TYPE, Thing),
    term("encoding", cnt::CHARACTER_ENCODING, Text),
    term("byte_size", dcat::BYTE_SIZE, Text),
    term("extent", dct::EXTENT, Text),
    term("rows", harvestd::ROWS, Text),
    term("license", dct::LICENSE, Thing),
    term("rights", dct::RIGHTS, Thing),
    term("language", dct::LANGUAGE, Thing),
    term("issued", dct::ISSUED, Date),
    term("modified", dct::MODIFIED, Date),
    term("conforms_to", dct::CONFORMS_TO, Thing),
    term("page", foaf::PAGE, Thing),
    term("fields", TABLE_OF_CONTENTS, Text),
    term("comment", rdfs::COMMENT, Text),
];

const AGENT: &[Term] = &[
    term("name", foaf::NAME, Text),
    term("identifier", dct::IDENTIFIER, Text),
    term("homepage", foaf::HOMEPAGE, Thing),
    term("email", foaf::MBOX, Text),
    term("phone", foaf::PHONE, Text),
    term("type", dct::TYPE, Thing),
];

const CONTACT: &[Term] = &[
    term("name", vcard::FN, Text),
    term("organization", vcard::ORGANIZATION_NAME, Text),
    term("email", vcard::HAS_EMAIL, Text),
    term("phone", vcard::HAS_TELEPHONE, Text),
    term("page", vcard::HAS_URL, Thing),
];

const PERIOD: &[Term] = &[
    term("start", dcat::START_DATE, Date),
    term("end", dcat::END_DATE, Date),
];

const RECORD: &[Term] = &[
    term("issued", dct::ISSUED, Date),
    term("modified", dct::MODIFIED, Date),
    term("source", dct::SOURCE, Thing),
];

/// The term of a word of a dataset's mapping, or what would be right instead.
pub(super) fn find(word: &str) -> Result<(Place, &'static Term), String> {
    if let Some((before, after)) = word.split_once('.')
        && let Some((place, ..)) = Place::NESTED
            .iter()
            .find(|(_, name, predicate)| *name == before || prefixed(predicate.as_str()) == before)
    {
        return find_at(*place, after).map(|term| (*place, term));
    }
    find_at(Place::Dataset, word)
        .map(|term| (Place::Dataset, term))
        .map_err(|expected| {
            let nested: Vec<_> = Place::NESTED.iter().map(|(_, name, _)| *name).collect();
            format!(
                "{expected}; {}, each with a dot and a word after it; distribution as a table",
                nested.join(", ")
            )
        })
}

/// The term of a word at one place.
pub(super) fn find_at(place: Place, word: &str) -> Result<&'static Term, String> {
    let terms = place.terms();
    terms
        .iter()
        .find(|term| term.name == word || prefixed(term.predicate.as_str()) == word)
        .ok_or_else(|| {
            let names: Vec<_> = terms.iter().map(|term| term.name).collect();
            let nearest = names.iter().min_by_key(|name| distance(name, word));
            let hint = nearest
                .filter(|name| distance(name, word) <= 3)
                .map_or_else(String::new, |name| format!("{name:?} perhaps; "));
            format!("{hint}one of {}", names.join(", "))
        })
}

/// How many letters must change to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let local = b.split_once(':').map_or(b, |(_, local)| local);
    let b: Vec<char> = local.chars().flat_map(snake).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = before + usize::from(x != *y);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

/// `landingPage` is as near to `landing_page` as it looks.
fn snake(c: char) -> Vec<char> {
    match c.is_ascii_uppercase() {
        true => vec!['_', c.to_ascii_lowercase()],
        false => vec![c],
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn short_and_prefixed_names_mean_the_same() {
        for (short, long) in [
            ("title", "dct:title"),
            ("landing_page", "dcat:landingPage"),
            ("publisher.name", "dct:publisher.foaf:name"),
            ("contact.email", "dcat:contactPoint.vcard:hasEmail"),
            ("temporal.start", "dct:temporal.dcat:startDate"),
            ("record.modified", "dcat:CatalogRecord.dct:modified"),
            ("fee", "schema:conditionsOfAccess"),
        ] {
            assert_eq!(find(short).unwrap(), find(long).unwrap());
        }
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_nearest() {
        let expected = find("dct:titel").unwrap_err();
        assert!(
            expected.starts_with("\"title\" perhaps; one of "),
            "{expected}"
        );
        let expected = find("landingPages").unwrap_err();
        assert!(
            expected.starts_with("\"landing_page\" perhaps; "),
            "{expected}"
        );
        let expected = find("publisher.nam").unwrap_err();
        assert!(
            expected.starts_with("\"name\" perhaps; one of name, "),
            "{expected}"
        );
        let expected = find("xyzzyxyzzy").unwrap_err();
        assert!(expected.starts_with("one of identifier, "), "{expected}");
    }
}
