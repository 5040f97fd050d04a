//! What a description says of its addresses: which there are, and what is to come from each.
//!
//! Reads a description and nothing else. Start at [`Dataset::of`].

use super::sniff::Type;
use crate::encoding;
use crate::facts::{CHINESE_FIRST, Facts, Text, last_part};
use harvestd_vocab::files::fields;
use harvestd_vocab::{
    concepts,
    iris::parse_record_iri,
    tables,
    terms::{cnt, dcat, dct, dqv, foaf, oa},
};
use oxrdf::NamedNodeRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const TABLE_OF_CONTENTS: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/tableOfContents");
/// A description that was cut ends so.
const CUT: &[&str] = &["...", "…"];

/// A dataset with its addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    pub iri: String,
    pub source: String,
    /// IRI of who publishes it.
    pub publisher: Option<String>,
    /// What they are called, where the description says so.
    pub publisher_name: Option<String>,
    /// The badge that the portal gives, by its word.
    pub badge: Option<String>,
    pub places: Vec<Place>,
}

/// An address of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub url: String,
    pub role: Role,
    /// IRI of the distribution; of a landing page, that of the dataset.
    pub distribution: String,
    pub declared: Declared,
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Data come: `dcat:downloadURL`.
    Download,
    /// Data, or a page that leads to them: `dcat:accessURL`.
    Access,
    Landing,
}

/// What a description says of the file at an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Declared {
    /// Its format in the source's words, or by the name of the vocabulary.
    pub format: Option<String>,
    /// Media type, lower case.
    pub media_type: Option<String>,
    /// It is packed in something.
    pub packed: bool,
    /// Name in the Encoding Standard.
    pub encoding: Option<String>,
    pub bytes: Option<u64>,
    /// Names of its fields with what they are called otherwise. Empty: not described.
    pub fields: Vec<(String, Option<String>)>,
    /// The list of fields was cut: there are more.
    pub fields_cut: bool,
}

impl Dataset {
    /// Reads the description of a dataset; None where it is none, or names no address. `base` is that of our own IRIs.
    pub fn of(base: &str, iri: &str, body: &str, landing_pages: bool) -> Option<Self> {
        let facts = Facts::of(body);
        if !facts.is_a(iri, dcat::DATASET) {
            return None;
        }
        let mut places = Vec::new();
        let described = described_fields(&facts, iri);
        for node in facts.iris(iri, dcat::HAS_DISTRIBUTION) {
            let declared = declared(&facts, node, &described);
            let downloads: BTreeSet<&str> = facts.iris(node, dcat::DOWNLOAD_URL).collect();
            let access: BTreeSet<&str> = facts.iris(node, dcat::ACCESS_URL).collect();
            let pages = access.difference(&downloads);
            let roles = downloads.iter().map(|url| (*url, Role::Download));
            let roles = roles.chain(pages.map(|url| (*url, Role::Access)));
            places.extend(roles.map(|(url, role)| Place {
                url: url.to_owned(),
                role,
                distribution: node.to_owned(),
                declared: declared.clone(),
            }));
        }
        if landing_pages {
            places.extend(facts.iris(iri, dcat::LANDING_PAGE).map(|url| Place {
                url: url.to_owned(),
                role: Role::Landing,
                distribution: iri.to_owned(),
                declared: Declared::default(),
            }));
        }
        if places.is_empty() {
            return None;
        }
        let publisher = facts.iri(iri, dct::PUBLISHER);
        let name = publisher.and_then(|publisher| facts.name(publisher, CHINESE_FIRST));
        Some(Self {
            iri: iri.to_owned(),
            source: source_of(&facts, base, iri),
            publisher: publisher.map(str::to_owned),
            publisher_name: name.map(str::to_owned),
            badge: badge(&facts, iri),
            places,
        })
    }
}

fn source_of(facts: &Facts<'_>, base: &str, iri: &str) -> String {
    let records = facts.subjects(foaf::PRIMARY_TOPIC, iri);
    let mut names = records.iter().filter_map(|r| parse_record_iri(base, r));
    names.next().map(|name| name.source).unwrap_or_default()
}

fn badge(facts: &Facts<'_>, iri: &str) -> Option<String> {
    let of = |node: &str| {
        let annotations = facts.iris(node, dqv::HAS_QUALITY_ANNOTATION);
        let mut bodies = annotations.flat_map(|a| facts.iris(a, oa::HAS_BODY));
        bodies.find_map(concepts::of_iri)
    };
    let badge = of(iri).or_else(|| facts.iris(iri, dcat::HAS_DISTRIBUTION).find_map(of));
    badge.map(|badge| badge.label("zh-Hant").to_owned())
}

fn declared(facts: &Facts<'_>, node: &str, of_dataset: &(Fields, bool)) -> Declared {
    let format = facts.iri(node, dct::FORMAT);
    let words = facts.label(node, dct::FORMAT, CHINESE_FIRST);
    let media_type = facts
        .iri(node, dcat::MEDIA_TYPE)
        .and_then(|iri| iri.strip_prefix(harvestd_vocab::terms::MEDIA_TYPES))
        .map(str::to_ascii_lowercase)
        .or_else(|| format.and_then(tables::media_type_of).map(str::to_owned))
        .or_else(|| {
            words
                .and_then(tables::format)?
                .media_type
                .map(str::to_owned)
        });
    let packed = [dcat::COMPRESS_FORMAT, dcat::PACKAGE_FORMAT];
    let own = described_fields(facts, node);
    let (fields, fields_cut) = if own.0.is_empty() {
        of_dataset.clone()
    } else {
        own
    };
    let encoding = facts.text(node, cnt::CHARACTER_ENCODING, CHINESE_FIRST);
    let bytes = facts.texts(node, dcat::BYTE_SIZE).next().map(Text::value);
    Declared {
        format: words.or(format.map(last_part)).map(str::to_owned),
        media_type,
        packed: packed
            .iter()
            .any(|p| facts.values(node, *p).next().is_some()),
        encoding: encoding.and_then(encoding::name_of).map(str::to_owned),
        bytes: bytes
            .and_then(|bytes| bytes.parse().ok())
            .filter(|b| *b > 0),
        fields,
        fields_cut,
    }
}

type Fields = Vec<(String, Option<String>)>;

/// The fields that are listed of a node, and whether the list was cut.
fn described_fields(facts: &Facts<'_>, node: &str) -> (Fields, bool) {
    let listed = facts.text(node, TABLE_OF_CONTENTS, CHINESE_FIRST);
    let listed = listed.unwrap_or_default().trim();
    let cut = listed.contains("詳內") || CUT.iter().any(|end| listed.ends_with(end));
    let owned = |(name, said): (&str, Option<&str>)| (name.to_owned(), said.map(str::to_owned));
    let mut all: Fields = fields(listed).into_iter().map(owned).collect();
    if cut {
        all.pop();
    }
    (all, cut)
}

impl Declared {
    /// What first bytes fit to the declared type. Empty: any do, or nothing is declared that can be told by them.
    pub fn fitting(&self) -> &'static [Type] {
        const NONE: &[Type] = &[];
        let Some(media_type) = self.media_type.as_deref() else {
            return NONE;
        };
        match media_type {
            _ if self.packed => &[Type::Zip, Type::Gzip, Type::Archive],
            "text/csv" | "text/tab-separated-values" => &[Type::Csv, Type::Text],
            "application/json" => &[Type::Json],
            "application/xml" | "text/xml" => &[Type::Xml],
            "text/html" | "application/xhtml+xml" => &[Type::Html, Type::Xml],
            "text/plain" => &[Type::Text, Type::Csv, Type::Json, Type::Xml],
            "application/zip" => &[Type::Zip],
            "application/gzip" => &[Type::Gzip],
            "application/x-7z-compressed" | "application/vnd.rar" => &[Type::Archive],
            "application/pdf" => &[Type::Pdf],
            "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint" => {
                &[Type::Office]
            }
            "application/vnd.google-earth.kmz" => &[Type::Zip],
            _ if media_type.ends_with("+json") => &[Type::Json],
            _ if media_type.ends_with("+xml") => &[Type::Xml],
            _ if media_type.starts_with("image/") && media_type != "image/svg+xml" => {
                &[Type::Image]
            }
            _ if media_type.contains("openxmlformats") || media_type.contains("opendocument") => {
                &[Type::Zip]
            }
            _ => NONE,
        }
    }

    /// Is a web page meant?
    pub fn is_page(&self) -> bool {
        self.media_type
            .as_deref()
            .is_some_and(|m| m.contains("html"))
    }

    /// Is it a form that programs read row by row or member by member?
    pub fn is_structured(&self) -> bool {
        let shapes = [Type::Csv, Type::Json, Type::Xml];
        !self.packed
            && !self.is_page()
            && self.fitting().first().is_some_and(|t| shapes.contains(t))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const DATASET: &str = "https://a.example/1";

    fn of(more: &str) -> Option<Dataset> {
        let dcat = "http://www.w3.org/ns/dcat#";
        let body = format!(
            "<{DATASET}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{dcat}Dataset> .\n\
             <{DATASET}> <{dcat}distribution> <{DATASET}#d> .\n\
             <https://hub.example/record/a/1> <http://xmlns.com/foaf/0.1/primaryTopic> <{DATASET}> .\n{more}"
        );
        Dataset::of("https://hub.example/", DATASET, &body, true)
    }

    #[test]
    fn a_distribution_says_what_is_to_come() {
        let d = format!("<{DATASET}#d>");
        let dcat = "http://www.w3.org/ns/dcat#";
        let found = of(&format!(
            "{d} <{dcat}downloadURL> <https://f.example/1.csv> .\n{d} <{dcat}accessURL> <https://f.example/1.csv> .\n\
             {d} <{dcat}accessURL> <https://f.example/page> .\n<{DATASET}> <{dcat}landingPage> <https://f.example/> .\n\
             {d} <http://purl.org/dc/terms/format> <http://publications.europa.eu/resource/authority/file-type/CSV> .\n\
             {d} <http://www.w3.org/2011/content#characterEncoding> \"big-5\" .\n{d} <{dcat}byteSize> \"12\" .\n\
             <{DATASET}> <http://purl.org/dc/terms/tableOfContents> \"name(站名);lon(經度)\" .\n"
        ))
        .unwrap();
        assert_eq!(found.source, "a");
        let told: Vec<_> = found
            .places
            .iter()
            .map(|p| (p.url.as_str(), p.role))
            .collect();
        assert_eq!(
            told,
            [
                ("https://f.example/1.csv", Role::Download),
                ("https://f.example/page", Role::Access),
                ("https://f.example/", Role::Landing)
            ]
        );
        let declared = &found.places[0].declared;
        assert_eq!(declared.media_type.as_deref(), Some("text/csv"));
        assert_eq!(declared.encoding.as_deref(), Some("Big5"));
        assert_eq!(declared.bytes, Some(12));
        assert_eq!(
            declared.fields[0],
            ("name".to_owned(), Some("站名".to_owned()))
        );
        assert!(declared.is_structured() && !declared.fields_cut);
    }

    #[test]
    fn without_an_address_there_is_nothing_to_check() {
        assert_eq!(of(""), None);
        assert_eq!(Dataset::of("https://hub.example/", DATASET, "", true), None);
    }
}
