//! A published description, read: the values of a node, in the language that is wanted, and the names of what it refers to.
//!
//! For those who say it again in other forms. Pure, and changes nothing. Start at [`Reading::of`].

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use harvestd_vocab::terms::{dct, foaf, rdfs, skos};
use oxigraph::{
    io::{RdfFormat, RdfParseError, RdfParser},
    model::{NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple},
};
use std::collections::HashMap;

/// One description.
pub struct Reading {
    /// What is described.
    pub iri: String,
    own: Vec<Triple>,
    said: HashMap<String, Vec<(NamedNode, Term)>>,
}

impl Reading {
    /// `own` is the description as N-Triples, `named` are names of what it refers to.
    ///
    /// # Errors
    /// Where either is no N-Triples: what comes out of a store of ours is.
    pub fn of(iri: &str, own: &str, named: &str) -> Result<Self, RdfParseError> {
        let own = triples(own)?;
        let mut said: HashMap<String, Vec<(NamedNode, Term)>> = HashMap::new();
        for triple in own.iter().cloned().chain(triples(named)?) {
            if let NamedOrBlankNode::NamedNode(subject) = triple.subject {
                let values = said.entry(subject.into_string()).or_default();
                values.push((triple.predicate, triple.object));
            }
        }
        Ok(Self {
            iri: iri.to_owned(),
            own,
            said,
        })
    }

    /// The description itself, without the names of others. Empty where nothing is held under the IRI.
    pub fn triples(&self) -> &[Triple] {
        &self.own
    }

    /// What a node has of a property, in the order of the text.
    pub fn values<'a>(
        &'a self,
        node: &str,
        property: NamedNodeRef<'a>,
    ) -> impl Iterator<Item = &'a Term> {
        let said = self.said.get(node).map_or(&[][..], Vec::as_slice);
        said.iter()
            .filter(move |(predicate, _)| predicate.as_ref() == property)
            .map(|(_, object)| object)
    }

    /// The IRIs among them.
    pub fn iris<'a>(
        &'a self,
        node: &str,
        property: NamedNodeRef<'a>,
    ) -> impl Iterator<Item = &'a str> {
        self.values(node, property).filter_map(|term| match term {
            Term::NamedNode(iri) => Some(iri.as_str()),
            _ => None,
        })
    }

    /// The literals among them.
    pub fn texts<'a>(
        &'a self,
        node: &str,
        property: NamedNodeRef<'a>,
    ) -> impl Iterator<Item = &'a str> {
        self.values(node, property).filter_map(|term| match term {
            Term::Literal(text) => Some(text.value()),
            _ => None,
        })
    }

    /// One literal: in a language whose tag begins so, or without a language, or else the first.
    pub fn text<'a>(
        &'a self,
        node: &str,
        property: NamedNodeRef<'a>,
        language: &str,
    ) -> Option<&'a str> {
        let mut best: Option<(u8, &str)> = None;
        for term in self.values(node, property) {
            let Term::Literal(literal) = term else {
                continue;
            };
            let rank = match literal.language() {
                Some(tag) if primary(tag).eq_ignore_ascii_case(language) => 0,
                None => 1,
                Some(_) => 2,
            };
            if best.is_none_or(|(best, _)| rank < best) {
                best = Some((rank, literal.value()));
            }
        }
        best.map(|(_, text)| text)
    }

    /// The name of a node, where anything here says one.
    pub fn name<'a>(&'a self, node: &str, language: &str) -> Option<&'a str> {
        [foaf::NAME, skos::PREF_LABEL, rdfs::LABEL, dct::TITLE]
            .into_iter()
            .find_map(|property| self.text(node, property, language))
    }

    /// The text of the first value of a property: its own, or the name of the node that it is.
    pub fn label<'a>(
        &'a self,
        node: &str,
        property: NamedNodeRef<'a>,
        language: &str,
    ) -> Option<&'a str> {
        let own = self.text(node, property, language);
        own.or_else(|| {
            self.iris(node, property)
                .find_map(|value| self.name(value, language))
        })
    }

    /// Is the node described here?
    pub fn tells_of(&self, node: &str) -> bool {
        self.said.contains_key(node)
    }
}

fn triples(text: &str) -> Result<Vec<Triple>, RdfParseError> {
    let parser = RdfParser::from_format(RdfFormat::NTriples);
    let quads = parser.for_slice(text.as_bytes());
    let triples = quads.map(|quad| quad.map(Triple::from));
    triples.collect::<Result<_, _>>().map_err(Into::into)
}

fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// The last part of an IRI: `CSV` of `…/file-type/CSV`.
pub fn last_part(iri: &str) -> &str {
    let end = iri.trim_end_matches(['/', '#']);
    end.rsplit(['/', '#']).next().unwrap_or(end)
}

/// A date or time as Taiwan's standards write it: `2026-11-21 08:00:00`, in UTC+8, or the date alone. What is neither
/// stays what it is.
pub fn taiwan_time(text: &str) -> String {
    const WRITTEN: &str = "%Y-%m-%d %H:%M:%S";
    if let (Ok(time), Some(zone)) = (DateTime::parse_from_rfc3339(text), taiwan()) {
        return time.with_timezone(&zone).format(WRITTEN).to_string();
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return time.format(WRITTEN).to_string();
    }
    match NaiveDate::parse_from_str(text.get(..10).unwrap_or(text), "%Y-%m-%d") {
        Ok(date) => date.to_string(),
        Err(_) => text.to_owned(),
    }
}

/// UTC+8, all year.
pub fn taiwan() -> Option<FixedOffset> {
    FixedOffset::east_opt(8 * 3_600)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_wanted_language_comes_first() {
        let own = "<http://a/1> <http://purl.org/dc/terms/title> \"Toilets\"@en .\n\
                   <http://a/1> <http://purl.org/dc/terms/title> \"公廁\"@zh-hant .\n\
                   <http://a/1> <http://purl.org/dc/terms/publisher> <http://a/office> .\n";
        let named = "<http://a/office> <http://xmlns.com/foaf/0.1/name> \"環保局\"@zh-hant .\n";
        let reading = Reading::of("http://a/1", own, named).unwrap();
        assert_eq!(reading.text("http://a/1", dct::TITLE, "zh"), Some("公廁"));
        assert_eq!(
            reading.text("http://a/1", dct::TITLE, "en"),
            Some("Toilets")
        );
        assert_eq!(
            reading.text("http://a/1", dct::TITLE, "fr"),
            Some("Toilets")
        );
        assert_eq!(
            reading.label("http://a/1", dct::PUBLISHER, "zh"),
            Some("環保局")
        );
        assert_eq!(reading.triples().len(), 3);
    }

    #[test]
    fn times_as_taiwan_writes_them() {
        for (text, expected) in [
            ("2026-11-20T16:00:00Z", "2026-11-21 00:00:00"),
            ("2026-11-20T16:00:00.5+08:00", "2026-11-20 16:00:00"),
            ("2026-11-20T16:00:00", "2026-11-20 16:00:00"),
            ("2026-11-20", "2026-11-20"),
            ("民國115年", "民國115年"),
        ] {
            assert_eq!(taiwan_time(text), expected);
        }
    }
}
