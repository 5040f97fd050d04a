//! Which nodes of a document are records of their own, and under which keys.
//!
//! Start at [`Entities::find`]. It looks at types and at the links from collections; it never looks into a record.

use super::table::{Id, Sort, Table};
use harvestd_vocab::{
    Class,
    containment::{RECORD_CLASSES, containment_predicates, membership_predicates},
    terms::{adms, dcat, dct, foaf, prov, skos},
};
use oxrdf::{NamedNodeRef, vocab::rdf};
use std::collections::{BTreeMap, HashSet};

/// The namespace of Hydra, by which documents are cut into pages.
pub const HYDRA: &str = "http://www.w3.org/ns/hydra/core#";

/// Who stands behind something: their objects are agents.
const AGENT_PREDICATES: [NamedNodeRef<'static>; 14] = [
    dct::PUBLISHER,
    dct::CREATOR,
    dct::CONTRIBUTOR,
    dct::RIGHTS_HOLDER,
    prov::AGENT,
    prov::WAS_ATTRIBUTED_TO,
    geodcat("http://data.europa.eu/930/custodian"),
    geodcat("http://data.europa.eu/930/distributor"),
    geodcat("http://data.europa.eu/930/originator"),
    geodcat("http://data.europa.eu/930/principalInvestigator"),
    geodcat("http://data.europa.eu/930/processor"),
    geodcat("http://data.europa.eu/930/resourceProvider"),
    geodcat("http://data.europa.eu/930/user"),
    geodcat("http://dcat-ap.de/def/dcatde/maintainer"),
];

/// Types of agents that describe themselves. Not `foaf:Person`: a person who stands behind nothing is nobody's business.
const AGENT_TYPES: [NamedNodeRef<'static>; 3] = [
    foaf::AGENT,
    foaf::ORGANIZATION,
    geodcat("http://www.w3.org/ns/org#Organization"),
];

const fn geodcat(iri: &'static str) -> NamedNodeRef<'static> {
    NamedNodeRef::new_unchecked(iri)
}

/// The predicates that are asked for backwards.
pub fn backwards(table: &Table) -> Vec<Id> {
    let others = [
        foaf::PRIMARY_TOPIC,
        dcat::ACCESS_SERVICE,
        dcat::IN_SERIES,
        dct::HAS_PART,
    ];
    let all = membership_predicates()
        .iter()
        .chain(&AGENT_PREDICATES)
        .chain(&others);
    all.filter_map(|iri| table.find_iri(iri.as_str())).collect()
}

/// The nodes that are records of their own.
pub struct Entities {
    /// In the order of the document.
    classes: BTreeMap<Id, Class>,
    /// Datasets that a catalogue lists and nothing describes.
    pub only_listed: Vec<Id>,
    /// Catalogues that are referred to and not described.
    pub catalogs_elsewhere: Vec<Id>,
    /// Does the document speak of a catalogue at all?
    pub has_catalog: bool,
}

impl Entities {
    pub fn find(table: &Table) -> Self {
        let words = Words::of(table);
        let mut classes = BTreeMap::new();
        let mut parts = HashSet::new();
        for &[node, predicate, object] in table.rows() {
            if Some(predicate) != words.rdf_type || table.sort(node) == Sort::Literal {
                continue;
            }
            if words.part.contains(&object) {
                parts.insert(node);
            }
            if let Some((_, class)) = words.classes.iter().find(|(iri, _)| *iri == object) {
                let seen = classes.entry(node).or_insert(*class);
                *seen = stronger(*seen, *class);
            }
        }
        let mut found = Self {
            classes,
            only_listed: Vec::new(),
            catalogs_elsewhere: Vec::new(),
            has_catalog: false,
        };
        found.by_links(table, &words, &parts);
        found.drop_contained_services(table, &words);
        found.agents(table, &words);
        found.agents_by_type(table, &words);
        found.has_catalog |= found.classes.values().any(|class| *class == Class::Catalog);
        found
    }

    pub fn class(&self, node: Id) -> Option<Class> {
        self.classes.get(&node).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = (Id, Class)> + '_ {
        self.classes.iter().map(|(node, class)| (*node, *class))
    }

    /// The catalogue that the document is about, where it speaks of one alone, and by its IRI.
    pub fn only_catalog<'t>(&self, table: &'t Table) -> Option<&'t str> {
        let mut catalogs = self.iter().filter(|(_, class)| *class == Class::Catalog);
        let (catalog, _) = catalogs.next()?;
        let only = catalogs.next().is_none() && table.sort(catalog) == Sort::Iri;
        table.iri_text(catalog).filter(|_| only)
    }

    /// What a collection links to is a member, whatever it is typed: as long as it is described, and not typed as the
    /// part of something.
    fn by_links(&mut self, table: &Table, words: &Words, parts: &HashSet<Id>) {
        let mut catalogs_with_members = HashSet::new();
        for &[node, predicate, object] in table.rows() {
            let Some((_, class)) = words.links.iter().find(|(iri, _)| *iri == predicate) else {
                continue;
            };
            if *class == Class::Dataset {
                self.has_catalog = true;
                catalogs_with_members.insert(node);
            }
            if table.sort(object) == Sort::Literal
                || self.classes.contains_key(&object)
                || parts.contains(&object)
            {
                continue;
            }
            if table.is_described(object) {
                self.classes.insert(object, *class);
            } else if *class == Class::Dataset && table.sort(object) != Sort::Blank {
                self.only_listed.push(object);
            } else if *class == Class::Catalog && table.sort(object) == Sort::Iri {
                self.catalogs_elsewhere.push(object);
            }
        }
        // A part of a catalogue that has members is a catalogue. Older profiles write dct:hasPart for dcat:catalog.
        for &[node, predicate, object] in table.rows() {
            if Some(predicate) != words.has_part
                || self.class(node) != Some(Class::Catalog)
                || self.classes.contains_key(&object)
            {
                continue;
            }
            if catalogs_with_members.contains(&object) {
                self.classes.insert(object, Class::Catalog);
            } else if !table.is_described(object) && table.sort(object) == Sort::Iri {
                self.catalogs_elsewhere.push(object);
            }
        }
        for listed in [&mut self.only_listed, &mut self.catalogs_elsewhere] {
            listed.sort_unstable();
            listed.dedup();
        }
    }

    /// A service without a name that only a distribution refers to is a part of it.
    fn drop_contained_services(&mut self, table: &Table, words: &Words) {
        self.classes.retain(|node, class| {
            *class != Class::DataService
                || table.sort(*node) == Sort::Iri
                || !table
                    .to(*node)
                    .any(|(predicate, _)| Some(predicate) == words.access_service)
        });
    }

    fn agents(&mut self, table: &Table, words: &Words) {
        for &[_, predicate, object] in table.rows() {
            if words.agent.contains(&predicate)
                && table.sort(object) == Sort::Iri
                && table.is_described(object)
            {
                self.classes.entry(object).or_insert(Class::Agent);
            }
        }
    }

    /// What stands behind records of other pages is only known by its type. What a record contains (a contact) is a part
    /// of it, whatever its type.
    fn agents_by_type(&mut self, table: &Table, words: &Words) {
        let mut typed: HashSet<Id> = HashSet::new();
        for &[node, predicate, class] in table.rows() {
            let agent = Some(predicate) == words.rdf_type && words.agent_types.contains(&class);
            if agent && table.sort(node) == Sort::Iri && !self.classes.contains_key(&node) {
                typed.insert(node);
            }
        }
        for [_, predicate, object] in table.rows() {
            if words.containment.contains(predicate) {
                typed.remove(object);
            }
        }
        self.classes
            .extend(typed.into_iter().map(|node| (node, Class::Agent)));
    }
}

/// Of two types of one node: what is a catalogue or a series is a dataset by definition, and a dataset that is a service
/// is counted as a dataset.
fn stronger(a: Class, b: Class) -> Class {
    let rank = |class| match class {
        Class::Catalog => 0,
        Class::DatasetSeries => 1,
        Class::Dataset => 2,
        Class::DataService => 3,
        Class::Agent => 4,
    };
    if rank(b) < rank(a) { b } else { a }
}

/// The ids of the words we look for, as far as the document has them.
struct Words {
    rdf_type: Option<Id>,
    has_part: Option<Id>,
    access_service: Option<Id>,
    classes: Vec<(Id, Class)>,
    /// Types of what is never a record of its own.
    part: Vec<Id>,
    links: Vec<(Id, Class)>,
    agent: Vec<Id>,
    agent_types: Vec<Id>,
    containment: Vec<Id>,
}

impl Words {
    fn of(table: &Table) -> Self {
        let id = |iri: NamedNodeRef<'_>| table.find_iri(iri.as_str());
        let classes = [
            (dcat::CATALOG, Class::Catalog),
            (dcat::DATASET_SERIES, Class::DatasetSeries),
            (dcat::DATASET, Class::Dataset),
            (dcat::DATA_SERVICE, Class::DataService),
        ];
        let links = [
            (dcat::HAS_DATASET, Class::Dataset),
            (dcat::HAS_SERVICE, Class::DataService),
            (dcat::HAS_CATALOG, Class::Catalog),
            (dcat::IN_SERIES, Class::DatasetSeries),
        ];
        let known = |pairs: [(NamedNodeRef<'_>, Class); 4]| {
            pairs
                .into_iter()
                .filter_map(|(iri, class)| Some((id(iri)?, class)))
                .collect()
        };
        Self {
            rdf_type: id(rdf::TYPE),
            has_part: id(dct::HAS_PART),
            access_service: id(dcat::ACCESS_SERVICE),
            classes: known(classes),
            part: std::iter::once(dcat::DISTRIBUTION)
                .chain(RECORD_CLASSES)
                .filter_map(id)
                .collect(),
            links: known(links),
            agent: AGENT_PREDICATES.into_iter().filter_map(id).collect(),
            agent_types: AGENT_TYPES.into_iter().filter_map(id).collect(),
            containment: containment_predicates()
                .iter()
                .copied()
                .filter_map(id)
                .collect(),
        }
    }
}

/// The key of a record: its IRI, or else what identifies it within the source. None: nothing does.
pub fn key(table: &Table, node: Id) -> Option<String> {
    let id = |iri: NamedNodeRef<'_>| table.find_iri(iri.as_str());
    if let Some(iri) = table.iri_text(node) {
        return Some(iri.to_owned()).filter(|iri| !iri.is_empty());
    }
    let first = |nodes: &[Id], predicate: NamedNodeRef<'_>| {
        let predicate = id(predicate)?;
        let values = nodes
            .iter()
            .flat_map(|node| table.objects(*node, Some(predicate)))
            .filter_map(|o| table.value(o));
        values
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .min()
    };
    let under = |predicate: NamedNodeRef<'_>| {
        id(predicate)
            .map(|p| table.objects(node, Some(p)).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    let own = [node];
    first(&own, dct::IDENTIFIER)
        .or_else(|| first(&under(adms::IDENTIFIER), skos::NOTATION))
        .or_else(|| first(&own, adms::IDENTIFIER))
        .or_else(|| first(&own, dcat::LANDING_PAGE))
        .or_else(|| first(&own, foaf::HOMEPAGE))
        .or_else(|| first(&own, dcat::ENDPOINT_URL))
        .or_else(|| first(&under(dcat::HAS_DISTRIBUTION), dcat::ACCESS_URL))
        .or_else(|| first(&under(dcat::HAS_DISTRIBUTION), dcat::DOWNLOAD_URL))
}

/// Something a person recognises the node by.
pub fn title(table: &Table, node: Id) -> String {
    [dct::TITLE, foaf::NAME, dct::DESCRIPTION]
        .into_iter()
        .filter_map(|iri| table.find_iri(iri.as_str()))
        .find_map(|predicate| {
            table
                .objects(node, Some(predicate))
                .find_map(|o| table.value(o))
        })
        .unwrap_or_else(|| "no title".to_owned())
}
