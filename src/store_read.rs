//! Reading the store: what an entity's description is, who owns a node, and every description in turn.
//!
//! Never writes, and keeps nothing between calls. All three read the default graph, where each triple belongs to
//! exactly one description. Start at [`description_of`].
//!
//! The nodes a description starts from are its *anchors*: the entity, its catalogue record, and what is named under the
//! record's IRI (`{record}#…`). A description is its anchors and what they contain, [`DEPTH_MAX`] steps deep at most.
//! Links from a collection to a member (`dcat:dataset`, `dcat:record`, …) belong to the member's description.

use containment::{CONTAINMENT, DEPTH_MAX, MEMBERSHIP, is_containment, is_membership};
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, Term, Triple, vocab::rdf},
    store::{StorageError, Store},
};
use std::collections::{BTreeSet, HashMap, VecDeque};

const CATALOG_RECORD: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("http://www.w3.org/ns/dcat#CatalogRecord");
const RECORD: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("http://www.w3.org/ns/dcat#record");
const PRIMARY_TOPIC: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("http://xmlns.com/foaf/0.1/primaryTopic");

/// One entity as it stands in the default graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub entity: NamedNode,
    pub record: NamedNode,
    pub triples: Vec<Triple>,
}

/// Every triple of the default graph that belongs to the entity, each once. Empty where we hold no such entity.
pub fn description_of(store: &Store, entity: NamedNodeRef<'_>) -> Result<Vec<Triple>, StorageError> {
    let records = records_about(store, entity)?;
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let mut gathering = Gathering::new(store, entity, &records);
    gathering.gather()?;
    let mut triples = gathering.triples;
    for member in std::iter::once(entity).chain(records.iter().map(NamedNode::as_ref)) {
        for predicate in MEMBERSHIP {
            let links = store.quads_for_pattern(
                None,
                Some(NamedNodeRef::new_unchecked(predicate)),
                Some(member.into()),
                Some(GraphNameRef::DefaultGraph),
            );
            for link in links {
                triples.push(link?.into());
            }
        }
    }
    Ok(triples)
}

/// The entity whose description holds the triples that have `node` as their subject (membership links aside, which
/// belong to the member). None where the node is nobody's.
///
/// Where two entities contain one node, the nearer one answers, then the one whose IRI sorts first: the projection
/// renames contained nodes so that this does not happen.
pub fn owner_of(store: &Store, node: NamedNodeRef<'_>) -> Result<Option<NamedNode>, StorageError> {
    if let Some(entity) = anchored(store, node)? {
        return Ok(Some(entity));
    }
    let mut level = vec![node.into_owned()];
    let mut seen: BTreeSet<NamedNode> = level.iter().cloned().collect();
    for _ in 0..DEPTH_MAX {
        let mut owners = BTreeSet::new();
        let mut above = Vec::new();
        for container in containers(store, &level)? {
            if let Some(entity) = anchored(store, container.as_ref())? {
                owners.insert(entity);
            } else if seen.insert(container.clone()) {
                above.push(container);
            }
        }
        if let Some(owner) = owners.pop_first() {
            return Ok(Some(owner));
        }
        level = above;
    }
    Ok(None)
}

/// Every entity of the default graph with its description, in no particular order.
pub fn scan(store: &Store) -> impl Iterator<Item = Result<Described, StorageError>> {
    store
        .quads_for_pattern(None, Some(rdf::TYPE), Some(CATALOG_RECORD.into()), Some(GraphNameRef::DefaultGraph))
        .filter_map(|quad| described(store, quad).transpose())
}

/// The records that a catalogue of ours lists (`dcat:record`) and that are the winners of their entities, each with
/// its entity.
pub fn records_of(
    store: &Store,
    catalog: NamedNodeRef<'_>,
) -> impl Iterator<Item = Result<(NamedNode, NamedNode), StorageError>> {
    store
        .quads_for_pattern(Some(catalog.into()), Some(RECORD), None, Some(GraphNameRef::DefaultGraph))
        .filter_map(|quad| {
            let record = match quad {
                Ok(quad) => named(quad.object)?,
                Err(e) => return Some(Err(e)),
            };
            let entity = entity_of(store, record.as_ref()).transpose()?;
            Some(entity.map(|entity| (record, entity)))
        })
}

/// What the record is about, where `record` is a catalogue record of the default graph.
pub fn entity_of(store: &Store, record: NamedNodeRef<'_>) -> Result<Option<NamedNode>, StorageError> {
    if !is_record(store, record)? {
        return Ok(None);
    }
    let topics =
        store.quads_for_pattern(Some(record.into()), Some(PRIMARY_TOPIC), None, Some(GraphNameRef::DefaultGraph));
    for topic in topics {
        if let Some(entity) = named(topic?.object) {
            return Ok(Some(entity));
        }
    }
    Ok(None)
}

/// The catalogue records of the default graph that are about `entity`, sorted: one, for an entity we hold.
pub fn records_about(store: &Store, entity: NamedNodeRef<'_>) -> Result<Vec<NamedNode>, StorageError> {
    let mut records = Vec::new();
    let about =
        store.quads_for_pattern(None, Some(PRIMARY_TOPIC), Some(entity.into()), Some(GraphNameRef::DefaultGraph));
    for quad in about {
        if let NamedOrBlankNode::NamedNode(record) = quad?.subject
            && is_record(store, record.as_ref())?
        {
            records.push(record);
        }
    }
    records.sort_unstable();
    Ok(records)
}

fn is_record(store: &Store, node: NamedNodeRef<'_>) -> Result<bool, StorageError> {
    store.contains(oxigraph::model::QuadRef::new(node, rdf::TYPE, CATALOG_RECORD, GraphNameRef::DefaultGraph))
}

/// The description that the record of `quad` stands for. None where another record of the same entity speaks for it.
fn described(store: &Store, quad: Result<Quad, StorageError>) -> Result<Option<Described>, StorageError> {
    let NamedOrBlankNode::NamedNode(record) = quad?.subject else { return Ok(None) };
    let Some(entity) = entity_of(store, record.as_ref())? else { return Ok(None) };
    if records_about(store, entity.as_ref())?.first() != Some(&record) {
        return Ok(None);
    }
    let triples = description_of(store, entity.as_ref())?;
    Ok(Some(Described { entity, record, triples }))
}

/// The entity that `node` is an anchor of.
fn anchored(store: &Store, node: NamedNodeRef<'_>) -> Result<Option<NamedNode>, StorageError> {
    if !records_about(store, node)?.is_empty() {
        return Ok(Some(node.into_owned()));
    }
    if let Some(entity) = entity_of(store, node)? {
        return Ok(Some(entity));
    }
    match node.as_str().split_once('#') {
        Some((before, _)) => entity_of(store, NamedNodeRef::new_unchecked(before)),
        None => Ok(None),
    }
}

/// What contains any of `nodes`, one step up.
fn containers(store: &Store, nodes: &[NamedNode]) -> Result<BTreeSet<NamedNode>, StorageError> {
    let mut found = BTreeSet::new();
    for node in nodes {
        for predicate in CONTAINMENT {
            let quads = store.quads_for_pattern(
                None,
                Some(NamedNodeRef::new_unchecked(predicate)),
                Some(node.as_ref().into()),
                Some(GraphNameRef::DefaultGraph),
            );
            for quad in quads {
                if let NamedOrBlankNode::NamedNode(container) = quad?.subject {
                    found.insert(container);
                }
            }
        }
    }
    Ok(found)
}

/// A walk from the anchors of one entity through what they contain.
struct Gathering<'a> {
    store: &'a Store,
    /// `{record}#` of each record.
    prefixes: Vec<String>,
    /// The fewest steps at which each node was reached.
    steps: HashMap<NamedNode, usize>,
    next: VecDeque<(NamedNode, usize)>,
    triples: Vec<Triple>,
}

impl<'a> Gathering<'a> {
    fn new(store: &'a Store, entity: NamedNodeRef<'_>, records: &[NamedNode]) -> Self {
        let next = std::iter::once(entity.into_owned()).chain(records.iter().cloned()).map(|node| (node, 0)).collect();
        let prefixes = records.iter().map(|record| format!("{}#", record.as_str())).collect();
        Self { store, prefixes, steps: HashMap::new(), next, triples: Vec::new() }
    }

    fn gather(&mut self) -> Result<(), StorageError> {
        while let Some((node, steps)) = self.next.pop_front() {
            let before = self.steps.get(&node).copied();
            if before.is_some_and(|before| before <= steps) {
                continue;
            }
            let quads: Vec<Quad> = self
                .store
                .quads_for_pattern(Some(node.as_ref().into()), None, None, Some(GraphNameRef::DefaultGraph))
                .collect::<Result<_, _>>()?;
            // Asked last: most references lead to nodes that we say nothing of.
            if quads.is_empty() || (steps > 0 && before.is_none() && anchored(self.store, node.as_ref())?.is_some()) {
                continue;
            }
            self.steps.insert(node, steps);
            for quad in quads {
                self.follow(&quad, steps);
                if before.is_none() && !is_membership(quad.predicate.as_ref()) {
                    self.triples.push(quad.into());
                }
            }
        }
        Ok(())
    }

    fn follow(&mut self, quad: &Quad, steps: usize) {
        let Term::NamedNode(object) = &quad.object else { return };
        if self.prefixes.iter().any(|prefix| object.as_str().starts_with(prefix.as_str())) {
            self.next.push_front((object.clone(), 0));
        } else if steps < DEPTH_MAX && is_containment(quad.predicate.as_ref()) {
            self.next.push_back((object.clone(), steps + 1));
        }
    }
}

fn named(term: Term) -> Option<NamedNode> {
    match term {
        Term::NamedNode(node) => Some(node),
        _ => None,
    }
}

/// STAND-IN, to be replaced by the same five names in `harvestd_vocab` (the closed lists live there).
mod containment {
    use oxigraph::model::NamedNodeRef;

    /// How deep an entity contains: distribution, sample, …
    pub const DEPTH_MAX: usize = 4;

    pub const CONTAINMENT: [&str; 18] = [
        "http://www.w3.org/ns/dcat#distribution",
        "http://www.w3.org/ns/adms#sample",
        "http://www.w3.org/ns/adms#identifier",
        "http://www.w3.org/ns/dcat#contactPoint",
        "http://www.w3.org/ns/dcat#qualifiedRelation",
        "http://www.w3.org/ns/prov#qualifiedAttribution",
        "http://www.w3.org/ns/prov#wasGeneratedBy",
        "http://purl.org/dc/terms/temporal",
        "http://purl.org/dc/terms/spatial",
        "http://purl.org/dc/terms/provenance",
        "http://purl.org/dc/terms/rights",
        "http://www.w3.org/ns/locn#geometry",
        "http://spdx.org/rdf/terms#checksum",
        "http://www.w3.org/2006/vcard/ns#hasAddress",
        "http://www.w3.org/2006/vcard/ns#hasTelephone",
        "http://www.w3.org/ns/dqv#hasQualityAnnotation",
        "http://www.w3.org/ns/dqv#hasQualityMeasurement",
        "http://www.w3.org/ns/odrl/2/hasPolicy",
    ];

    pub const MEMBERSHIP: [&str; 4] = [
        "http://www.w3.org/ns/dcat#dataset",
        "http://www.w3.org/ns/dcat#service",
        "http://www.w3.org/ns/dcat#record",
        "http://www.w3.org/ns/dcat#servesDataset",
    ];

    pub fn is_containment(predicate: NamedNodeRef<'_>) -> bool {
        CONTAINMENT.contains(&predicate.as_str())
    }

    pub fn is_membership(predicate: NamedNodeRef<'_>) -> bool {
        MEMBERSHIP.contains(&predicate.as_str())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
