//! One dataset with what it contains and names, and what both forms ask of it.
//!
//! Start at [`Entry::of`].

use crate::facts::{Facts, Languages, last_part};
use harvestd_vocab::terms::{dcat, dct};
use oxrdf::Triple;

/// A dataset, by its description and by those of the agents that it names.
pub struct Entry<'t> {
    pub iri: &'t str,
    pub facts: Facts<'t>,
    /// When it changed here last, by the commit: microseconds since 1970. None where the log knows nothing of it.
    pub changed_us: Option<i64>,
}

impl<'t> Entry<'t> {
    pub fn of(iri: &'t str, triples: &'t [Triple], changed_us: Option<i64>) -> Self {
        Self {
            iri,
            facts: Facts::of_triples(triples),
            changed_us,
        }
    }

    pub fn distributions(&self) -> impl Iterator<Item = &'t str> {
        self.facts.iris(self.iri, dcat::HAS_DISTRIBUTION)
    }

    /// The publisher's name.
    pub fn publisher(&self, languages: Languages) -> Option<&str> {
        let mut agents = self.facts.iris(self.iri, dct::PUBLISHER);
        agents.find_map(|agent| self.facts.name(agent, languages))
    }

    /// What a distribution's format is called: its code in the EU's table, or the source's word.
    pub fn format(&self, distribution: &str, languages: Languages) -> Option<&str> {
        let format = self.facts.iri(distribution, dct::FORMAT)?;
        let name = self.facts.name(format, languages);
        name.or_else(|| self.code(format))
    }

    /// What the IRI of something that is described elsewhere ends with.
    pub fn code(&self, iri: &'t str) -> Option<&'t str> {
        (!self.facts.knows(iri)).then(|| last_part(iri))
    }
}
