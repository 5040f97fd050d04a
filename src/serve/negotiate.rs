//! Content negotiation: which of the formats we have fits an Accept header best (RFC 9110, section 12.5.1).
//!
//! Pure: takes the header's text, returns a choice, or the problem that says what there is. Start at [`best`].

use super::problem::Problem;
use oxigraph::io::{JsonLdProfile, RdfFormat};
use oxigraph::sparql::results::QueryResultsFormat;
use serde::{Deserialize, Serialize};

/// One format on offer. The order of offers is our own preference among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer<T> {
    /// What the Content-Type will say; parameters after `;` take no part in the choice.
    pub media_type: &'static str,
    pub format: T,
}

const fn offer<T>(media_type: &'static str, format: T) -> Offer<T> {
    Offer { media_type, format }
}

/// A document, or a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Csv,
}

/// What lists are given in.
pub const JSON_OR_CSV: &[Offer<Form>] = &[
    offer("application/json", Form::Json),
    offer("text/csv; charset=utf-8", Form::Csv),
];

/// The offer that the client likes best, or an answer that says what there is (406).
pub fn best<'o, T>(accept: &str, offers: &'o [Offer<T>]) -> Result<&'o Offer<T>, Problem> {
    choose(accept, offers).ok_or_else(|| Problem::not_acceptable(&on_offer(offers)))
}

/// The offer that the client likes best. Of equals the first offered; None where it accepts none of them.
///
/// An absent or unreadable header accepts everything. A range's `q` counts where it is the most specific that matches.
pub fn choose<'o, T>(accept: &str, offers: &'o [Offer<T>]) -> Option<&'o Offer<T>> {
    let ranges = ranges(accept);
    if ranges.is_empty() {
        return offers.first();
    }
    let mut best: Option<(u16, &Offer<T>)> = None;
    for offer in offers {
        let liking = liking(offer.media_type, &ranges);
        if liking > 0 && best.is_none_or(|(most, _)| liking > most) {
            best = Some((liking, offer));
        }
    }
    best.map(|(_, offer)| offer)
}

/// One range of an Accept header; `q` in thousandths.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    kind: String,
    subtype: String,
    q: u16,
}

fn ranges(accept: &str) -> Vec<Range> {
    accept.split(',').filter_map(range).collect()
}

fn range(text: &str) -> Option<Range> {
    let mut parts = text.split(';').map(str::trim);
    let (kind, subtype) = parts.next()?.split_once('/')?;
    if kind.is_empty() || subtype.is_empty() {
        return None;
    }
    let q = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(Some(1000), |(_, value)| thousandths(value.trim()))?;
    Some(Range {
        kind: kind.to_ascii_lowercase(),
        subtype: subtype.to_ascii_lowercase(),
        q,
    })
}

/// A weight of RFC 9110, section 12.4.2: 0 to 1 with at most three decimals.
fn thousandths(q: &str) -> Option<u16> {
    let (whole, decimals) = q.split_once('.').unwrap_or((q, ""));
    if !matches!(whole, "0" | "1")
        || decimals.len() > 3
        || !decimals.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let decimals = format!("{decimals:0<3}").parse::<u16>().ok()?;
    let value = if whole == "1" {
        1000 + decimals
    } else {
        decimals
    };
    (value <= 1000).then_some(value)
}

fn liking(media_type: &str, ranges: &[Range]) -> u16 {
    let essence = media_type.split(';').next().unwrap_or(media_type);
    let Some((kind, subtype)) = essence.split_once('/') else {
        return 0;
    };
    let mut most = (0, 0);
    for range in ranges {
        let specificity = match (range.kind.as_str(), range.subtype.as_str()) {
            (k, s) if k == kind && s == subtype => 3,
            (k, "*") if k == kind => 2,
            ("*", "*") => 1,
            _ => continue,
        };
        most = most.max((specificity, range.q));
    }
    most.1
}

/// Formats of SELECT and ASK results, the preferred first. The short names at the end are what some clients ask for.
pub const RESULTS: &[Offer<QueryResultsFormat>] = &[
    offer("application/sparql-results+json", QueryResultsFormat::Json),
    offer("application/sparql-results+xml", QueryResultsFormat::Xml),
    offer("text/csv; charset=utf-8", QueryResultsFormat::Csv),
    offer(
        "text/tab-separated-values; charset=utf-8",
        QueryResultsFormat::Tsv,
    ),
    offer("application/json", QueryResultsFormat::Json),
    offer("application/xml", QueryResultsFormat::Xml),
    offer("text/xml", QueryResultsFormat::Xml),
];

/// Formats of graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GraphFormat {
    Turtle,
    NTriples,
    RdfXml,
    JsonLd,
    TriG,
    NQuads,
}

impl GraphFormat {
    pub fn rdf(self) -> RdfFormat {
        match self {
            Self::Turtle => RdfFormat::Turtle,
            Self::NTriples => RdfFormat::NTriples,
            Self::RdfXml => RdfFormat::RdfXml,
            Self::JsonLd => RdfFormat::JsonLd {
                profile: JsonLdProfile::Streaming.into(),
            },
            Self::TriG => RdfFormat::TriG,
            Self::NQuads => RdfFormat::NQuads,
        }
    }

    /// The ending of a file in this format, as in `/catalog.ttl`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Turtle => "ttl",
            Self::NTriples => "nt",
            Self::RdfXml => "rdf",
            Self::JsonLd => "jsonld",
            Self::TriG => "trig",
            Self::NQuads => "nq",
        }
    }

    /// The media type that is registered for this format.
    pub fn media_type(self) -> &'static str {
        GRAPHS
            .iter()
            .find(|offer| offer.format == self)
            .map_or("application/n-triples", |offer| offer.media_type)
    }
}

/// Formats of graphs, the preferred first.
pub const GRAPHS: &[Offer<GraphFormat>] = &[
    offer("text/turtle; charset=utf-8", GraphFormat::Turtle),
    offer("application/n-triples", GraphFormat::NTriples),
    offer("application/rdf+xml", GraphFormat::RdfXml),
    offer("application/ld+json", GraphFormat::JsonLd),
    offer("application/trig", GraphFormat::TriG),
    offer("application/n-quads", GraphFormat::NQuads),
    offer("application/json", GraphFormat::JsonLd),
    offer("application/xml", GraphFormat::RdfXml),
    offer("text/xml", GraphFormat::RdfXml),
];

/// Names for the parameter `format`, for those who cannot set a header, with what the header would say. The first two
/// fit the answer to any query.
pub const NAMED: &[(&str, &str)] = &[
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("csv", "text/csv"),
    ("tsv", "text/tab-separated-values"),
    ("ttl", "text/turtle"),
    ("nt", "application/n-triples"),
];

/// What clients send beside their Accept header: the words of SPARQLWrapper and of Virtuoso.
const ALSO_NAMED: &[(&str, &str)] = &[
    ("turtle", "text/turtle"),
    ("n3", "text/turtle"),
    ("json-ld", "application/ld+json"),
    ("rdf", "application/rdf+xml"),
    ("rdf+xml", "application/rdf+xml"),
];

/// The Accept header that a value of the parameter `format` stands for: one of the names, or a media type.
pub fn named(format: &str) -> Option<String> {
    // A plus sign that was not encoded arrives as a space.
    let format = format.replace(' ', "+");
    if format.contains('/') {
        return Some(format);
    }
    let mut all = NAMED.iter().chain(ALSO_NAMED);
    let found = all.find(|(name, _)| *name == format);
    found.map(|(_, media_type)| (*media_type).to_owned())
}

/// The media types of `offers` in words, for an answer 406.
pub fn on_offer<T>(offers: &[Offer<T>]) -> String {
    offers
        .iter()
        .map(|offer| offer.media_type.split(';').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn formats_have_the_names_that_clients_send() {
        for (name, expected) in [
            ("json", "application/json"),
            ("turtle", "text/turtle"),
            ("json-ld", "application/ld+json"),
            ("rdf xml", "application/rdf+xml"),
            ("application/rdf xml", "application/rdf+xml"),
        ] {
            assert_eq!(named(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(named("tutle"), None);
    }

    #[track_caller]
    fn check<T: PartialEq>(accept: &str, offers: &[Offer<T>], expected: Option<&str>) {
        let chosen =
            choose(accept, offers).map(|offer| offer.media_type.split(';').next().unwrap());
        assert_eq!(chosen, expected, "Accept: {accept}");
    }

    #[test]
    fn everything_gives_our_preference() {
        for accept in [
            "",
            "*/*",
            "application/*",
            "*/*;q=0.1",
            "nonsense",
            "a/b;q=7",
        ] {
            check(accept, RESULTS, Some("application/sparql-results+json"));
        }
        check("*/*", GRAPHS, Some("text/turtle"));
        check("text/html;q=0.9, */*;q=0.1", GRAPHS, Some("text/turtle"));
    }

    #[test]
    fn weights_decide() {
        check(
            "text/csv, application/sparql-results+json;q=0.5",
            RESULTS,
            Some("text/csv"),
        );
        check(
            "application/sparql-results+xml;q=0.8,application/sparql-results+json;q=0.7",
            RESULTS,
            Some("application/sparql-results+xml"),
        );
        check(
            "*/*;q=0.5, application/rdf+xml",
            GRAPHS,
            Some("application/rdf+xml"),
        );
        check(
            "text/turtle;q=0.333, application/n-triples;q=0.334",
            GRAPHS,
            Some("application/n-triples"),
        );
    }

    #[test]
    fn the_most_specific_range_counts() {
        check(
            "application/*;q=0.9, application/sparql-results+json;q=0, */*;q=0.1",
            RESULTS,
            Some("application/sparql-results+xml"),
        );
        check(
            "text/turtle;q=0, */*",
            GRAPHS,
            Some("application/n-triples"),
        );
    }

    #[test]
    fn nothing_fits() {
        check("text/html", RESULTS, None);
        check("application/sparql-results+json;q=0", RESULTS, None);
        check("application/sparql-results+json", GRAPHS, None);
        check("text/csv", GRAPHS, None);
    }

    #[test]
    fn case_parameters_and_short_names() {
        check("Text/CSV; charset=UTF-8; Q=1", RESULTS, Some("text/csv"));
        check("application/json", RESULTS, Some("application/json"));
        check(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            RESULTS,
            Some("application/xml"),
        );
        check(
            "application/ld+json;profile=\"http://www.w3.org/ns/json-ld#compacted\"",
            GRAPHS,
            Some("application/ld+json"),
        );
    }

    #[test]
    fn a_format_names_its_own_media_type() {
        assert_eq!(GraphFormat::RdfXml.media_type(), "application/rdf+xml");
        assert_eq!(GraphFormat::JsonLd.media_type(), "application/ld+json");
        for offer in GRAPHS {
            assert_eq!(
                offer.format.rdf().file_extension(),
                offer.format.extension()
            );
        }
    }
}
