//! Values of controlled vocabularies: a word, an IRI in some spelling -> the IRI that everyone uses.

use crate::concepts;
use crate::frequency::frequency;
use crate::links;
use crate::properties::Table;
use crate::tables::{self, access_rights, fold, licences, themes};
use crate::terms::{MEDIA_TYPES, authority};
use oxrdf::{NamedNode, NamedNodeRef};

/// What a source's word stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub iri: NamedNode,
    /// The media type (`type/subtype`) that the word of a format says besides.
    pub media_type: Option<&'static str>,
}

impl From<NamedNode> for Meaning {
    fn from(iri: NamedNode) -> Self {
        Self {
            iri,
            media_type: None,
        }
    }
}

/// The meaning of a word. None where the table has it not.
pub(crate) fn meaning(table: Table, word: &str) -> Option<Meaning> {
    let iri = match table {
        Table::AccessRight => access_rights().iri(word),
        Table::Frequency => frequency(word),
        Table::Language => tables::language(word),
        Table::Licence => tables::licence(word),
        Table::Theme => match concepts::theme(word) {
            Some(concept) => return Some(Meaning::from(concept.iri.clone())),
            None => themes().iri(word),
        },
        Table::QualityBadge => concepts::badge(word).map(|badge| badge.iri.as_ref()),
        Table::MediaType => {
            return media_type(word)
                .or_else(|| web(table, word))
                .map(Meaning::from);
        }
        Table::Format => {
            let format = tables::format(word);
            if let Some(format) = format
                && let Some(file_type) = format.file_type
                && file_type.as_str().starts_with(authority::FILE_TYPE)
            {
                let media_type = format.media_type;
                return Some(Meaning {
                    iri: file_type.into_owned(),
                    media_type,
                });
            }
            None
        }
    };
    iri.map(NamedNodeRef::into_owned)
        .or_else(|| web(table, word))
        .map(Meaning::from)
}

/// Does the table have the word, be it to say that it stands for nothing?
pub(crate) fn is_known(table: Table, word: &str) -> bool {
    match table {
        Table::AccessRight => access_rights().cell(word).is_some(),
        Table::Frequency => tables::frequencies().cell(word).is_some(),
        Table::Language => tables::languages().cell(word).is_some(),
        Table::Licence => licences().cell(word).is_some(),
        Table::Theme => themes().cell(word).is_some(),
        Table::Format | Table::MediaType => tables::format(word).is_some(),
        Table::QualityBadge => concepts::badge(word).is_some(),
    }
}

/// A word that is an address on the web stands for itself.
fn web(table: Table, word: &str) -> Option<NamedNode> {
    let link = links::link(word)
        .ok()
        .filter(|link| links::is_http(link.as_str()))?;
    Some(known_spelling(table, link))
}

/// An IRI stays, unless it is another spelling of one that the vocabulary has.
pub(crate) fn known_spelling(table: Table, iri: NamedNode) -> NamedNode {
    if iri.as_str().starts_with(authority::BASE) {
        return iri;
    }
    if let Some(rest) = iri
        .as_str()
        .strip_prefix("https://publications.europa.eu/resource/authority/")
    {
        return NamedNode::new_unchecked(format!("{}{rest}", authority::BASE));
    }
    let known = match table {
        Table::Licence => licences().iri(iri.as_str()),
        Table::Frequency => tables::frequencies().iri(iri.as_str()),
        Table::Language => language_code(iri.as_str()).and_then(tables::language),
        Table::MediaType => return media_type_iri(&iri).unwrap_or(iri),
        Table::Format => media_type_of_iri(iri.as_str())
            .and_then(tables::format)
            .and_then(|format| format.file_type),
        Table::AccessRight | Table::Theme | Table::QualityBadge => None,
    };
    known.map_or(iri, |known| known.into_owned())
}

/// The code in an IRI of the Library of Congress or of Lexvo.
fn language_code(iri: &str) -> Option<&str> {
    let (_, rest) = iri.split_once("://")?;
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let code = rest
        .strip_prefix("id.loc.gov/vocabulary/iso639-")
        .or_else(|| rest.strip_prefix("lexvo.org/id/iso639-"))?
        .split_once('/')?
        .1;
    Some(code.trim_end_matches('/'))
}

const MEDIA_TYPES_SPELLED: [&str; 4] = [
    "http://www.iana.org/assignments/media-types/",
    "https://www.iana.org/assignments/media-types/",
    "http://iana.org/assignments/media-types/",
    "https://iana.org/assignments/media-types/",
];

fn media_type_of_iri(iri: &str) -> Option<&str> {
    MEDIA_TYPES_SPELLED
        .iter()
        .find_map(|base| iri.strip_prefix(base))
}

fn media_type_iri(iri: &NamedNode) -> Option<NamedNode> {
    media_type(media_type_of_iri(iri.as_str())?)
}

/// The IANA IRI of a media type, or of a format's label or extension.
pub(crate) fn media_type(word: &str) -> Option<NamedNode> {
    if let Some(known) = tables::format(word).and_then(|format| format.media_type) {
        return Some(iana(known));
    }
    let folded = fold(word);
    let essence = folded.split(';').next()?.trim_end();
    let (kind, subtype) = essence.split_once('/')?;
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    (KINDS.contains(&kind) && token(subtype) && !subtype.contains(['#', '^']))
        .then(|| iana(essence))
}

/// The IANA IRI of `type/subtype`.
pub(crate) fn iana(media_type: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{MEDIA_TYPES}{media_type}"))
}

/// The top-level media types (RFC 6838 §4.2.7 and its registry).
const KINDS: [&str; 11] = [
    "application",
    "audio",
    "example",
    "font",
    "haptics",
    "image",
    "message",
    "model",
    "multipart",
    "text",
    "video",
];

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(table: Table, word: &str) -> Option<String> {
        meaning(table, word).map(|m| m.iri.into_string())
    }

    fn spelled(table: Table, iri: &str) -> String {
        known_spelling(table, NamedNode::new(iri).unwrap()).into_string()
    }

    #[test]
    fn words_have_meanings() {
        let eu = authority::BASE;
        for (table, word, expected) in [
            (Table::Format, "CSV", "file-type/CSV"),
            (Table::Format, "application/geo+json", "file-type/GEOJSON"),
            (Table::Licence, "cc-by", "licence/CC_BY"),
            (Table::Licence, "CC BY 4.0", "licence/CC_BY_4_0"),
            (
                Table::Licence,
                "https://creativecommons.org/licenses/by/4.0/deed.zh_TW",
                "licence/CC_BY_4_0",
            ),
            (Table::AccessRight, "公開", "access-right/PUBLIC"),
            (Table::Theme, "交通", "data-theme/TRAN"),
            (Table::Language, "zh-TW", "language/ZHO"),
            (Table::Frequency, "每1日", "frequency/DAILY"),
        ] {
            assert_eq!(of(table, word), Some(format!("{eu}{expected}")), "{word}");
        }
        assert_eq!(
            of(Table::MediaType, "Text/CSV; charset=big5").unwrap(),
            format!("{MEDIA_TYPES}text/csv")
        );
        assert_eq!(
            of(Table::MediaType, "application/x-thing").unwrap(),
            format!("{MEDIA_TYPES}application/x-thing")
        );
        assert_eq!(
            of(Table::Licence, "https://a.tw/terms").unwrap(),
            "https://a.tw/terms"
        );
        for (table, word) in [
            (Table::Format, "其他"),
            (Table::MediaType, "Dicionário"),
            (Table::MediaType, "and/or"),
            (Table::Licence, "notspecified"),
            (Table::AccessRight, "付費"),
            (Table::AccessRight, "免費"),
            (Table::Format, "API"),
            (Table::Theme, "javascript:alert(1)"),
        ] {
            assert_eq!(of(table, word), None, "{word}");
        }
    }

    #[test]
    fn iris_stay_or_take_the_known_spelling() {
        let eu = authority::BASE;
        for (table, iri, expected) in [
            (
                Table::Theme,
                "https://publications.europa.eu/resource/authority/data-theme/TRAN",
                format!("{eu}data-theme/TRAN"),
            ),
            (
                Table::Theme,
                "http://example.org/theme",
                "http://example.org/theme".to_owned(),
            ),
            (
                Table::Language,
                "http://id.loc.gov/vocabulary/iso639-1/en",
                format!("{eu}language/ENG"),
            ),
            (
                Table::Language,
                "http://lexvo.org/id/iso639-3/eng",
                format!("{eu}language/ENG"),
            ),
            (
                Table::Frequency,
                "http://purl.org/cld/freq/daily",
                format!("{eu}frequency/DAILY"),
            ),
            (
                Table::MediaType,
                "http://www.iana.org/assignments/media-types/text/csv",
                format!("{MEDIA_TYPES}text/csv"),
            ),
            (
                Table::Format,
                "https://www.iana.org/assignments/media-types/text/csv",
                format!("{eu}file-type/CSV"),
            ),
            (
                Table::Licence,
                "http://creativecommons.org/licenses/by-sa/4.0",
                format!("{eu}licence/CC_BYSA_4_0"),
            ),
        ] {
            assert_eq!(spelled(table, iri), expected, "{iri}");
        }
    }
}
