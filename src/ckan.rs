//! A dataset as CKAN's package (Action API, version 3): from its description to the JSON that `package_show` gives, and to the
//! words and facets by which it is found.
//!
//! Pure: a description comes in, a package goes out; who an agent is, is asked of the caller. What CKAN would refuse to import
//! (tags of one character, dates with a zone, addresses that are no mail addresses) is never said in those fields. Start at
//! [`Package::of`].

pub mod dates;
mod extras;
mod groups;
pub mod names;
mod resources;
pub mod tags;

pub use groups::{Group, Licence};

use crate::facts::{CHINESE_FIRST, Facts, last_part};
use extras::Extra;
use harvestd_vocab::terms::{dcat, dcatap, dct, foaf, harvestd, vcard};
use resources::Resource;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use tags::Tag;

/// What a package is made from.
pub struct Source<'a> {
    /// Base of our own IRIs, with a slash at its end.
    pub base: &'a str,
    pub entity: &'a str,
    pub facts: &'a Facts<'a>,
    /// Commit time of the dataset's first activity since it is here, microseconds since 1970.
    pub created_us: i64,
    /// The same of its last.
    pub modified_us: i64,
    /// What an agent that is an entity of its own is called.
    pub agents: &'a dyn Fn(&str) -> Option<Agent>,
}

impl Source<'_> {
    /// IRI of the record that speaks for the dataset.
    fn record(&self) -> Option<&str> {
        let records = self.facts.subjects(foaf::PRIMARY_TOPIC, self.entity);
        records.first().copied()
    }

    /// IRI of the catalogue of the source whose record speaks.
    fn catalog(&self) -> &str {
        let catalogs = self
            .record()
            .map(|record| self.facts.subjects(dcat::RECORD, record));
        catalogs
            .and_then(|catalogs| catalogs.first().copied())
            .unwrap_or(self.base)
    }
}

/// What an agent is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub title: String,
    pub english: Option<String>,
}

/// A dataset, rendered, and what it is found by.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    pub iri: String,
    pub id: String,
    pub name: String,
    pub title: String,
    /// IRI of the publisher, where that is an entity of its own.
    pub publisher: Option<String>,
    pub organization: Option<Group>,
    pub groups: Vec<Group>,
    pub tags: Vec<String>,
    pub licence: Option<Licence>,
    /// As CKAN shows them: `CSV`.
    pub formats: BTreeSet<String>,
    /// `open`, `on-application`, `paid`, `not-open`.
    pub access: Option<&'static str>,
    /// Sources whose catalogues list it.
    pub sources: Vec<String>,
    /// High-value categories, by the ends of their IRIs.
    pub high_value: Vec<String>,
    /// By the ends of their IRIs: `DAILY`, `ZHO`.
    pub frequency: Option<String>,
    pub languages: Vec<String>,
    /// IRIs of the distributions, and CKAN's ids of them.
    pub resources: Vec<String>,
    pub words: Words,
    pub created_us: i64,
    pub modified_us: i64,
    /// When its data changed last, as it is told of the dataset and its files, else when they were issued; of one that tells
    /// nothing, as `modified_us`.
    pub dated_us: i64,
    /// What `package_show` gives as its result: JSON.
    pub json: Vec<u8>,
}

/// Whom a dataset is from, and the sources whose catalogues list it.
pub fn parties(source: &Source<'_>) -> (Option<Group>, Vec<String>) {
    let (_, organization, _) = groups::organization(source);
    (organization, sources(source))
}

fn told_date(facts: &Facts<'_>, node: &str) -> Option<i64> {
    let newest = |property| {
        let files = facts.iris(node, dcat::HAS_DISTRIBUTION);
        let texts = std::iter::once(node)
            .chain(files)
            .flat_map(|node| facts.texts(node, property));
        texts.filter_map(|text| dates::read(text.value())).max()
    };
    newest(dct::MODIFIED).or_else(|| newest(dct::ISSUED))
}

/// Texts to search in, in every language they come in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    pub title: Vec<String>,
    pub notes: Vec<String>,
    pub tags: Vec<String>,
    pub organization: Vec<String>,
    /// Identifiers and names.
    pub ids: Vec<String>,
}

impl Package {
    /// The package of a dataset; None for a description of anything else. A series is typed as a dataset as well, and is none.
    pub fn of(source: &Source<'_>) -> Result<Option<Self>, serde_json::Error> {
        let (facts, node) = (source.facts, source.entity);
        if !facts.is_a(node, dcat::DATASET) || facts.is_a(node, dcat::DATASET_SERIES) {
            return Ok(None);
        }
        let id = names::id_of(node);
        let title = facts
            .text(node, dct::TITLE, CHINESE_FIRST)
            .unwrap_or(node)
            .to_owned();
        let keywords: Vec<String> = facts
            .texts(node, dcat::KEYWORD)
            .map(|text| text.value().to_owned())
            .collect();
        let (publisher, organization, called) = groups::organization(source);
        let times = Written {
            created: dates::ckan(source.created_us),
            modified: dates::ckan(source.modified_us),
        };
        let resources = resources::of(source, &id, &times);
        let formats = resources.iter().filter_map(Resource::format);
        let mut package = Self {
            name: names::name_of(node),
            tags: tags::of(&keywords),
            groups: groups::themes(source),
            licence: groups::licence(source),
            access: access(facts, node),
            sources: sources(source),
            high_value: facts
                .iris(node, dcatap::HVD_CATEGORY)
                .map(|iri| last_part(iri).to_owned())
                .collect(),
            frequency: facts
                .iri(node, dct::ACCRUAL_PERIODICITY)
                .map(|iri| last_part(iri).to_owned()),
            languages: facts
                .iris(node, dct::LANGUAGE)
                .map(|iri| last_part(iri).to_owned())
                .collect(),
            words: Words {
                title: all(facts, node, dct::TITLE),
                notes: all(facts, node, dct::DESCRIPTION),
                tags: keywords,
                organization: called,
                ids: all(facts, node, dct::IDENTIFIER),
            },
            iri: node.to_owned(),
            title,
            publisher,
            organization,
            formats: formats.map(str::to_owned).collect(),
            resources: resources.iter().map(|r| r.id().to_owned()).collect(),
            created_us: source.created_us,
            modified_us: source.modified_us,
            dated_us: told_date(facts, node).unwrap_or(source.modified_us),
            json: Vec::new(),
            id: id.clone(),
        };
        package
            .words
            .tags
            .extend(package.groups.iter().flat_map(|group| {
                [group.title.clone()]
                    .into_iter()
                    .chain(group.english.clone())
            }));
        package.json = package.rendered(source, &resources, &times)?;
        Ok(Some(package))
    }

    fn rendered(
        &self,
        source: &Source<'_>,
        resources: &[Resource<'_>],
        times: &Written,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let (facts, node) = (source.facts, source.entity);
        let contact = facts.iri(node, dcat::CONTACT_POINT).unwrap_or_default();
        let creator = facts.iri(node, dct::CREATOR).unwrap_or_default();
        let named = |node: &str| {
            facts
                .text(node, foaf::NAME, CHINESE_FIRST)
                .map(str::to_owned)
        };
        let author = named(creator).or_else(|| (source.agents)(creator).map(|agent| agent.title));
        let version = facts.text(node, dcat::VERSION, CHINESE_FIRST);
        let licence = self.licence.as_ref();
        let owner = self.organization.as_ref();
        serde_json::to_vec(&Shown {
            author,
            author_email: resources::mail(facts, creator, foaf::MBOX),
            creator_user_id: (),
            extras: extras::of(source, self),
            groups: self.groups.iter().map(Group::as_group).collect(),
            id: &self.id,
            isopen: licence.is_some_and(|l| l.is_open),
            license_id: licence.map(|l| &*l.id),
            license_title: licence.map(|l| &*l.title),
            license_url: licence.and_then(|l| l.url.as_deref()),
            maintainer: facts.text(contact, vcard::FN, CHINESE_FIRST),
            maintainer_email: resources::mail(facts, contact, vcard::HAS_EMAIL),
            metadata_created: &times.created,
            metadata_modified: &times.modified,
            name: &self.name,
            notes: facts
                .text(node, dct::DESCRIPTION, CHINESE_FIRST)
                .unwrap_or_default(),
            num_resources: resources.len(),
            num_tags: self.tags.len(),
            organization: owner.map(Group::as_organization),
            owner_org: owner.map(|group| &*group.id),
            private: false,
            relationships_as_object: [],
            relationships_as_subject: [],
            resources,
            state: "active",
            tags: self.tags.iter().map(|tag| Tag::of(tag)).collect(),
            title: &self.title,
            r#type: "dataset",
            url: facts.iri(node, dcat::LANDING_PAGE),
            version: version.filter(|v| v.chars().count() <= 100),
        })
    }
}

/// What `package_show` gives. Its fields are sorted, as all JSON here is.
#[derive(Serialize)]
struct Shown<'a> {
    author: Option<String>,
    author_email: Option<String>,
    creator_user_id: (),
    extras: Vec<Extra>,
    groups: Vec<Value>,
    id: &'a str,
    isopen: bool,
    license_id: Option<&'a str>,
    license_title: Option<&'a str>,
    license_url: Option<&'a str>,
    maintainer: Option<&'a str>,
    maintainer_email: Option<String>,
    metadata_created: &'a str,
    metadata_modified: &'a str,
    name: &'a str,
    notes: &'a str,
    num_resources: usize,
    num_tags: usize,
    organization: Option<Value>,
    owner_org: Option<&'a str>,
    private: bool,
    relationships_as_object: [(); 0],
    relationships_as_subject: [(); 0],
    resources: &'a [Resource<'a>],
    state: &'static str,
    tags: Vec<Tag<'a>>,
    title: &'a str,
    r#type: &'static str,
    url: Option<&'a str>,
    version: Option<&'a str>,
}

/// The commit times of a dataset as CKAN writes them: they stand at it and at each of its resources.
struct Written {
    created: String,
    modified: String,
}

/// Who may have it, where a rights statement says so.
fn access(facts: &Facts<'_>, node: &str) -> Option<&'static str> {
    let tiers = [
        (harvestd::OPEN_ACCESS, "open"),
        (harvestd::ON_APPLICATION, "on-application"),
        (harvestd::PAID, "paid"),
        (harvestd::NOT_OPEN, "not-open"),
    ];
    let mut types = facts
        .iris(node, dct::RIGHTS)
        .flat_map(|statement| facts.iris(statement, dct::TYPE));
    types.find_map(|found| {
        let tier = tiers.iter().find(|(tier, _)| tier.as_str() == found)?;
        Some(tier.1)
    })
}

/// The sources whose catalogues list it: ours by their ids, others by the ends of their catalogues' addresses.
fn sources(source: &Source<'_>) -> Vec<String> {
    let catalogs = source.facts.subjects(dcat::HAS_DATASET, source.entity);
    let ours = format!("{}catalog/", source.base);
    let (own, others): (Vec<&str>, Vec<&str>) =
        catalogs.iter().partition(|iri| iri.starts_with(&ours));
    let listed = if own.is_empty() { others } else { own };
    listed
        .into_iter()
        .map(|iri| last_part(iri).to_owned())
        .collect()
}

fn all(facts: &Facts<'_>, node: &str, property: oxrdf::NamedNodeRef<'_>) -> Vec<String> {
    facts
        .texts(node, property)
        .map(|text| text.value().to_owned())
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
