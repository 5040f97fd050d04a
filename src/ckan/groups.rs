//! Publishers as CKAN's organizations, themes as its groups, licences as its licences. Pure.
//!
//! What has an IRI of its own goes by it. An agent known by its name alone is one organization for each source: whether two
//! sources mean the same office by 民政處 nobody knows. A theme known by its label alone is one group.

use super::{Agent, Source, names};
use crate::facts::{CHINESE_FIRST, Facts, last_part};
use harvestd_vocab::terms::{authority, dcat, dct, foaf, rdfs, skos};
use harvestd_vocab::{concepts, tables};
use serde_json::{Value, json};

/// An organization or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub title: String,
    pub english: Option<String>,
    /// Empty where it has none of its own.
    pub iri: String,
}

/// What one may do with the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    pub id: String,
    pub title: String,
    pub url: Option<String>,
    pub is_open: bool,
}

impl Group {
    fn of(key: &str, name: String, agent: Agent, iri: &str) -> Self {
        Self {
            id: names::id_of(key),
            name,
            title: agent.title,
            english: agent.english,
            iri: iri.to_owned(),
        }
    }

    pub(super) fn as_organization(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "title": self.title, "type": "organization", "description": "",
            "image_url": "", "is_organization": true,
            "approval_status": "approved", "state": "active",
        })
    }

    pub(super) fn as_group(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "title": self.title, "display_name": self.title, "description": "",
            "image_display_url": "",
        })
    }
}

/// Whom the dataset is from: the IRI of an agent that is an entity of its own, the organization, and all that it is called.
pub(super) fn organization(source: &Source<'_>) -> (Option<String>, Option<Group>, Vec<String>) {
    let facts = source.facts;
    let Some(agent) = facts.iri(source.entity, dct::PUBLISHER) else {
        return (None, None, Vec::new());
    };
    let called = |agent: &Agent| {
        let english = agent.english.clone();
        std::iter::once(agent.title.clone())
            .chain(english)
            .collect()
    };
    if let Some(contained) = contained(facts, agent, foaf::NAME) {
        let catalog = source.catalog();
        let key = format!("{catalog}#agent={}", contained.title);
        let name = format!("{}-{}", last_part(catalog), names::hash_of(&key));
        let words = called(&contained);
        let name = names::slug(&name, 100);
        return (None, Some(Group::of(&key, name, contained, "")), words);
    }
    let known = (source.agents)(agent).unwrap_or_else(|| Agent {
        title: agent.to_owned(),
        english: None,
    });
    let words = called(&known);
    let group = Group::of(agent, names::name_of(agent), known, agent);
    (Some(agent.to_owned()), Some(group), words)
}

/// What the dataset is about.
pub(super) fn themes(source: &Source<'_>) -> Vec<Group> {
    let facts = source.facts;
    let mut groups: Vec<Group> = facts
        .iris(source.entity, dcat::THEME)
        .map(|theme| match contained(facts, theme, skos::PREF_LABEL) {
            Some(label) => {
                let key = format!("urn:harvestd:theme:{}", label.title);
                Group::of(&key, names::name_of(&key), label, "")
            }
            None => Group::of(theme, names::theme_name(theme), theme_label(theme), theme),
        })
        .collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups.dedup_by(|a, b| a.name == b.name);
    groups
}

/// The name of a node that the description itself describes.
fn contained(facts: &Facts<'_>, node: &str, label: oxrdf::NamedNodeRef<'_>) -> Option<Agent> {
    let title = facts.text(node, label, CHINESE_FIRST)?.to_owned();
    let english = facts.text_in(node, label, "en").map(str::to_owned);
    Some(Agent {
        english: english.filter(|english| *english != title),
        title,
    })
}

fn theme_label(theme: &str) -> Agent {
    if let Some(concept) = concepts::of_iri(theme) {
        return Agent {
            title: concept.label("zh-hant").to_owned(),
            english: Some(concept.label("en").to_owned()),
        };
    }
    let title = tables::word_of(theme).unwrap_or_else(|| last_part(theme));
    let mut letters = title.chars();
    let title = letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    });
    Agent {
        title,
        english: None,
    }
}

/// The dataset's licence, else that of its first distribution that has one.
pub(super) fn licence(source: &Source<'_>) -> Option<Licence> {
    let facts = source.facts;
    let own = facts.iri(source.entity, dct::LICENSE);
    let of_distributions = || {
        let mut distributions = facts.iris(source.entity, dcat::HAS_DISTRIBUTION);
        distributions.find_map(|distribution| facts.iri(distribution, dct::LICENSE))
    };
    own.or_else(of_distributions)
        .map(|iri| licence_of(facts, iri))
}

/// A licence by its IRI.
pub(super) fn licence_of(facts: &Facts<'_>, iri: &str) -> Licence {
    if let Some(label) = facts
        .word(iri, rdfs::LABEL, CHINESE_FIRST)
        .or_else(|| facts.word(iri, dct::TITLE, CHINESE_FIRST))
    {
        let key = format!("urn:harvestd:licence:{label}");
        return Licence {
            id: names::name_of(&key),
            title: label.to_owned(),
            url: None,
            is_open: false,
        };
    }
    let word = tables::word_of(iri);
    let closed = ["-nc", "-nd"];
    Licence {
        id: match word
            .map(|word| names::slug(word, 60))
            .filter(|slug| slug.len() > 2)
        {
            Some(slug) if slug.starts_with(|c: char| c.is_ascii_lowercase()) => slug,
            _ => names::name_of(iri),
        },
        title: word.map_or_else(
            || iri.to_owned(),
            |word| match iri.strip_prefix(authority::LICENCE) {
                Some(_) => word.to_uppercase(),
                None => word.to_owned(),
            },
        ),
        url: Some(iri.to_owned()),
        is_open: word.is_some_and(|word| !closed.iter().any(|part| word.contains(part))),
    }
}
