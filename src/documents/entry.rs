//! One dataset with what it contains and names, to be asked for its values in a stable order.
//!
//! Start at [`Entry::of`].

use harvestd_vocab::terms::{dcat, dct, foaf, rdfs, skos};
use oxrdf::{Literal, NamedNodeRef, NamedOrBlankNode, Term, Triple};
use std::collections::HashMap;

/// Languages in the order in which somebody would have them; an empty one is a text without a language.
pub type Languages = &'static [&'static str];

pub const ENGLISH_FIRST: Languages = &["en", "", "zh-hant", "zh-tw", "zh"];
pub const CHINESE_FIRST: Languages = &["zh-hant", "zh-tw", "zh", "", "en"];

/// The triples of a dataset's description and of the agents that it names, by subject.
pub struct Entry<'t> {
    pub iri: &'t str,
    by_subject: HashMap<&'t str, Vec<&'t Triple>>,
}

impl<'t> Entry<'t> {
    pub fn of(iri: &'t str, triples: &'t [Triple]) -> Self {
        let mut by_subject: HashMap<&str, Vec<&Triple>> = HashMap::new();
        for triple in triples {
            if let NamedOrBlankNode::NamedNode(subject) = &triple.subject {
                by_subject.entry(subject.as_str()).or_default().push(triple);
            }
        }
        for said in by_subject.values_mut() {
            said.sort_by_cached_key(|triple| triple.object.to_string());
        }
        Self { iri, by_subject }
    }

    /// The values of a property, sorted.
    pub fn values(
        &self,
        node: &str,
        predicate: NamedNodeRef<'_>,
    ) -> impl Iterator<Item = &'t Term> {
        let said = self.by_subject.get(node).cloned().unwrap_or_default();
        let predicate = predicate.into_owned();
        said.into_iter()
            .filter(move |triple| triple.predicate == predicate)
            .map(|triple| &triple.object)
    }

    pub fn literals(
        &self,
        node: &str,
        predicate: NamedNodeRef<'_>,
    ) -> impl Iterator<Item = &'t Literal> {
        self.values(node, predicate)
            .filter_map(|value| match value {
                Term::Literal(literal) => Some(literal),
                _ => None,
            })
    }

    pub fn iris(&self, node: &str, predicate: NamedNodeRef<'_>) -> impl Iterator<Item = &'t str> {
        self.values(node, predicate)
            .filter_map(|value| match value {
                Term::NamedNode(iri) => Some(iri.as_str()),
                _ => None,
            })
    }

    /// The text in the language that is liked best; of equals the first.
    pub fn text(
        &self,
        node: &str,
        predicate: NamedNodeRef<'_>,
        languages: Languages,
    ) -> Option<&'t str> {
        let rank = |literal: &&Literal| {
            let language = literal.language().unwrap_or_default();
            let liked = languages
                .iter()
                .position(|liked| language.eq_ignore_ascii_case(liked));
            liked.unwrap_or(languages.len())
        };
        let texts = self.literals(node, predicate);
        texts
            .filter(|text| !text.value().trim().is_empty())
            .min_by_key(rank)
            .map(Literal::value)
    }

    /// What a node is called.
    pub fn label(&self, node: &str, languages: Languages) -> Option<&'t str> {
        [foaf::NAME, skos::PREF_LABEL, rdfs::LABEL, dct::TITLE]
            .into_iter()
            .find_map(|name| self.text(node, name, languages))
    }

    pub fn distributions(&self) -> impl Iterator<Item = &'t str> {
        self.iris(self.iri, dcat::HAS_DISTRIBUTION)
    }

    /// The dataset's own catalogue record.
    pub fn record(&self) -> Option<&'t str> {
        let about = |said: &Vec<&Triple>| {
            said.iter().any(|triple| {
                triple.predicate == foaf::PRIMARY_TOPIC
                    && matches!(&triple.object, Term::NamedNode(topic) if topic.as_str() == self.iri)
            })
        };
        let records = self.by_subject.iter().filter(|(_, said)| about(said));
        records.map(|(record, _)| *record).min()
    }

    /// The publisher's name.
    pub fn publisher(&self, languages: Languages) -> Option<&'t str> {
        self.iris(self.iri, dct::PUBLISHER)
            .find_map(|agent| self.label(agent, languages))
    }

    /// What a distribution's format is called: its code in the EU's table, or the source's word.
    pub fn format(&self, distribution: &str, languages: Languages) -> Option<&'t str> {
        let format = self.iris(distribution, dct::FORMAT).next()?;
        self.label(format, languages).or_else(|| last_part(format))
    }
}

/// What follows the last slash.
pub fn last_part(iri: &str) -> Option<&str> {
    iri.rsplit('/')
        .next()
        .filter(|last| !last.is_empty() && !last.contains('#'))
}
