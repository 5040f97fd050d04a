//! An entity for readers of their own: schema.org for crawlers, Croissant for machine learning, a page for people. What is known of it here, and which
//! forms there are.
//!
//! Pure: reads no store and no clock. Start at [`Portrait`] and [`Said`].

pub mod croissant;
mod fields;
pub mod page;
mod places;
pub mod schema_org;

pub use fields::fields;

use harvestd_vocab::terms::{dcat, dct, foaf, rdfs, skos, vcard};
use oxigraph::model::{Literal, NamedNodeRef, NamedOrBlankNode, Term, Triple, vocab::rdf};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whose words come first where there is room for one language: Chinese, then words without a language, then English.
const LANGUAGES: [&str; 3] = ["zh", "", "en"];

/// A form that is not the description itself in RDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Portrait {
    /// JSON-LD in the words of schema.org: datasets only.
    SchemaOrg,
    /// Croissant 1.0: datasets that can be loaded only.
    Croissant,
    /// HTML, with that of schema.org in it.
    Page,
}

impl Portrait {
    /// By what `format` says.
    pub fn named(format: &str) -> Option<Self> {
        match format {
            "schemaorg" => Some(Self::SchemaOrg),
            "croissant" => Some(Self::Croissant),
            "html" => Some(Self::Page),
            _ => None,
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::SchemaOrg | Self::Croissant => "application/ld+json",
            Self::Page => "text/html; charset=utf-8",
        }
    }
}

/// What is known of an entity here.
#[derive(Debug, Default)]
pub struct Said {
    pub entity: String,
    /// Where people find it here: its own IRI where that is ours, else that of its record. Absolute.
    pub address: String,
    /// When it changed here last: an RFC 3339 time.
    pub committed: Option<String>,
    by_subject: BTreeMap<String, Vec<(String, Term)>>,
    /// What the nodes are called that it refers to.
    pub names: BTreeMap<String, Vec<Literal>>,
}

impl Said {
    pub fn of(entity: &str, triples: Vec<Triple>) -> Self {
        let mut by_subject: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for triple in triples {
            if let NamedOrBlankNode::NamedNode(subject) = triple.subject {
                let said = by_subject.entry(subject.into_string()).or_default();
                said.push((triple.predicate.into_string(), triple.object));
            }
        }
        for said in by_subject.values_mut() {
            said.sort_by_cached_key(|(property, value)| (property.clone(), value.to_string()));
        }
        Self {
            entity: entity.to_owned(),
            by_subject,
            ..Self::default()
        }
    }

    /// Everything that is said of a node, by property.
    pub fn all(&self, node: &str) -> &[(String, Term)] {
        self.by_subject.get(node).map_or(&[], Vec::as_slice)
    }

    /// The nodes that are referred to and not described.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let values = self.by_subject.values().flatten();
        let iris = values.filter_map(|(property, value)| match value {
            Term::NamedNode(iri) if *property != rdf::TYPE.as_str() => Some(iri.as_str()),
            _ => None,
        });
        iris.filter(|iri| !self.by_subject.contains_key(*iri))
    }

    pub fn values<'s>(
        &'s self,
        node: &str,
        property: NamedNodeRef<'_>,
    ) -> impl Iterator<Item = &'s Term> + use<'s> {
        let property = property.as_str().to_owned();
        let said = self.by_subject.get(node).map_or(&[][..], Vec::as_slice);
        said.iter()
            .filter(move |(of, _)| *of == property)
            .map(|(_, value)| value)
    }

    pub fn iris<'s>(
        &'s self,
        node: &str,
        property: NamedNodeRef<'_>,
    ) -> impl Iterator<Item = &'s str> + use<'s> {
        self.values(node, property).filter_map(|value| match value {
            Term::NamedNode(iri) => Some(iri.as_str()),
            _ => None,
        })
    }

    pub fn literals<'s>(
        &'s self,
        node: &str,
        property: NamedNodeRef<'_>,
    ) -> impl Iterator<Item = &'s Literal> + use<'s> {
        self.values(node, property).filter_map(|value| match value {
            Term::Literal(literal) => Some(literal),
            _ => None,
        })
    }

    /// The words in the language that comes first in [`LANGUAGES`], else in any.
    pub fn text<'s>(&'s self, node: &str, property: NamedNodeRef<'_>) -> Option<&'s Literal> {
        self.literals(node, property).min_by_key(|text| rank(text))
    }

    /// What a node is called: one that is described, or that is referred to.
    pub fn called(&self, node: &str) -> Option<&Literal> {
        let own = NAMES.iter().find_map(|name| self.text(node, *name));
        own.or_else(|| self.names.get(node)?.iter().min_by_key(|text| rank(text)))
    }

    /// The catalogues that list it as their dataset.
    pub fn catalogues(&self) -> impl Iterator<Item = &str> {
        let lists = |(property, value): &(String, Term)| {
            *property == dcat::HAS_DATASET.as_str()
                && matches!(value, Term::NamedNode(node) if node.as_str() == self.entity)
        };
        let subjects = self.by_subject.iter();
        subjects
            .filter(move |(_, said)| said.iter().any(lists))
            .map(|(node, _)| node.as_str())
    }

    pub fn is_a(&self, node: &str, class: NamedNodeRef<'_>) -> bool {
        self.iris(node, rdf::TYPE)
            .any(|found| found == class.as_str())
    }

    pub fn is_dataset(&self) -> bool {
        self.is_a(&self.entity, dcat::DATASET)
    }
}

/// Properties that say what something is called, the best first.
pub const NAMES: [NamedNodeRef<'_>; 5] = [
    dct::TITLE,
    foaf::NAME,
    skos::PREF_LABEL,
    rdfs::LABEL,
    vcard::FN,
];

fn rank(text: &Literal) -> usize {
    let language = text.language().unwrap_or_default();
    let primary = language.split('-').next().unwrap_or_default();
    let known = LANGUAGES.iter().position(|known| *known == primary);
    known.unwrap_or(LANGUAGES.len())
}

/// An address that may be followed: no other scheme leads out of a page of ours.
pub fn is_web(iri: &str) -> bool {
    iri.starts_with("http://") || iri.starts_with("https://")
}
