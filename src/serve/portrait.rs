//! An entity for readers of their own: schema.org for crawlers, Croissant for machine learning, a page for people. What is known of it here, and which
//! forms there are.
//!
//! Pure: reads no store and no clock. Start at [`Portrait`] and [`Said`].

pub mod croissant;
pub mod page;
pub(super) mod places;
pub mod schema_org;

use crate::facts::{CHINESE_FIRST, Facts, Text};
use harvestd_vocab::terms::dcat;
use oxigraph::model::NamedNodeRef;
use serde::{Deserialize, Serialize};

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
pub struct Said<'t> {
    pub entity: String,
    /// Where people find it here: its own IRI where that is ours, else that of its record. Absolute.
    pub address: String,
    /// When it changed here last: an RFC 3339 time.
    pub committed: Option<String>,
    pub facts: Facts<'t>,
    /// What the nodes are called that it refers to.
    pub names: Facts<'t>,
}

impl Said<'_> {
    /// The words in the language that comes first in a portrait, else in any.
    pub fn text(&self, node: &str, property: NamedNodeRef<'_>) -> Option<&Text<'_>> {
        self.facts.best(node, property, CHINESE_FIRST)
    }

    /// What a node is called: one that is described, or that is referred to.
    pub fn called(&self, node: &str) -> Option<&Text<'_>> {
        let own = self.facts.called(node, CHINESE_FIRST);
        own.or_else(|| self.names.called(node, CHINESE_FIRST))
    }

    /// The catalogues that list it as their dataset.
    pub fn catalogues(&self) -> Vec<&str> {
        self.facts.subjects(dcat::HAS_DATASET, &self.entity)
    }

    pub fn is_dataset(&self) -> bool {
        self.facts.is_a(&self.entity, dcat::DATASET)
    }
}
