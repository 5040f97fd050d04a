//! Reading the store: what an entity's description is, who owns a node, and every description in turn.
//!
//! Never writes, and keeps nothing between calls. All three read the default graph, where each triple belongs to
//! exactly one description. Start at [`description_of`].
//!
//! The nodes a description starts from are its *anchors*: the entity, its record, and what is named under the
//! record's IRI (`{record}#…`). A description is its anchors and what they contain, [`DEPTH_MAX`] steps deep at most.
//! Links from a collection to a member (`dcat:dataset`, `dcat:record`, …) belong to the member's description.

mod committed;
mod decisions;
mod features;
mod members;
mod near;
mod pairs;
mod whole;

pub use committed::{Times, activities, committed, times};
pub use decisions::{OWN, decisions, identity_graph, replaced, replaces};
pub use features::{DatasetRecord, all_features, dataset_of, dataset_records, names};
pub use members::{Which, members};
pub use near::Nearby;
pub use pairs::pairs;
pub use whole::{Whole, read_all, read_whole};

use harvestd_vocab::containment::{
    DEPTH_MAX, RECORD_CLASSES, containment_predicates, contains, is_membership,
    membership_predicates,
};
use oxigraph::{
    model::{
        GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, QuadRef, Term, Triple,
        vocab::rdf,
    },
    sparql::{QueryResults, SparqlEvaluator},
    store::{QuadIter, StorageError, Store},
};
use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    io,
};

const RECORD: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("http://www.w3.org/ns/dcat#record");
const PRIMARY_TOPIC: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://xmlns.com/foaf/0.1/primaryTopic");

/// One entity as it stands in the default graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub entity: NamedNode,
    pub record: NamedNode,
    pub triples: Vec<Triple>,
}

/// Every triple of the default graph that belongs to the entity, each once. Empty where we hold no such entity.
pub fn description_of(
    store: &Store,
    entity: NamedNodeRef<'_>,
) -> Result<Vec<Triple>, StorageError> {
    let records = records_about(store, entity)?;
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let walk = Walk::from(store, entity, &records)?;
    links(store, entity, &records, walk.triples)
}

/// With the links of collections to the entity, and to its records.
fn links(
    store: &Store,
    entity: NamedNodeRef<'_>,
    records: &[NamedNode],
    mut triples: Vec<Triple>,
) -> Result<Vec<Triple>, StorageError> {
    for member in std::iter::once(entity).chain(records.iter().map(NamedNode::as_ref)) {
        for predicate in membership_predicates() {
            for link in inward(store, *predicate, member) {
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
        let mut candidates = BTreeSet::new();
        let mut above = Vec::new();
        for container in containers(store, &level)? {
            if let Some(entity) = anchored(store, container.as_ref())? {
                candidates.insert(entity);
            } else if seen.insert(container.clone()) {
                above.push(container);
            }
        }
        for candidate in candidates {
            // Backwards it is not known how deep an own name stands: the walk forwards decides.
            let records = records_about(store, candidate.as_ref())?;
            if Walk::from(store, candidate.as_ref(), &records)?
                .reached
                .contains(node.as_str())
            {
                return Ok(Some(candidate));
            }
        }
        level = above;
    }
    Ok(None)
}

/// Every entity of the default graph with its description, in no particular order.
pub fn scan(store: &Store) -> impl Iterator<Item = Result<Described, StorageError>> {
    records(store).filter_map(|quad| described(store, quad).transpose())
}

/// The records of the default graph, each as the triple that types it, in no particular order.
pub fn records(store: &Store) -> impl Iterator<Item = Result<Quad, StorageError>> + use<> {
    let typed = |class| {
        let graph = Some(GraphNameRef::DefaultGraph);
        store.quads_for_pattern(None, Some(rdf::TYPE), Some(class), graph)
    };
    RECORD_CLASSES
        .map(|class| typed(class.into()))
        .into_iter()
        .flatten()
}

/// The records that a catalogue of ours lists (`dcat:record`) and that are the winners of their entities, each with
/// its entity.
pub fn records_of(
    store: &Store,
    catalog: NamedNodeRef<'_>,
) -> impl Iterator<Item = Result<(NamedNode, NamedNode), StorageError>> {
    store
        .quads_for_pattern(
            Some(catalog.into()),
            Some(RECORD),
            None,
            Some(GraphNameRef::DefaultGraph),
        )
        .filter_map(|quad| {
            let record = match quad {
                Ok(quad) => named(quad.object)?,
                Err(e) => return Some(Err(e)),
            };
            let entity = entity_of(store, record.as_ref()).transpose()?;
            Some(entity.map(|entity| (record, entity)))
        })
}

/// What the record is about, where `record` is a record of the default graph.
pub fn entity_of(
    store: &Store,
    record: NamedNodeRef<'_>,
) -> Result<Option<NamedNode>, StorageError> {
    if !is_record(store, record)? {
        return Ok(None);
    }
    let topics = store.quads_for_pattern(
        Some(record.into()),
        Some(PRIMARY_TOPIC),
        None,
        Some(GraphNameRef::DefaultGraph),
    );
    for topic in topics {
        if let Some(entity) = named(topic?.object) {
            return Ok(Some(entity));
        }
    }
    Ok(None)
}

/// The records of the default graph that are about `entity`, sorted: one, for an entity we hold.
pub fn records_about(
    store: &Store,
    entity: NamedNodeRef<'_>,
) -> Result<Vec<NamedNode>, StorageError> {
    let mut records = Vec::new();
    let about = store.quads_for_pattern(
        None,
        Some(PRIMARY_TOPIC),
        Some(entity.into()),
        Some(GraphNameRef::DefaultGraph),
    );
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

/// The source's own key of a record, wherever the record stands.
pub fn identifier_of(store: &Store, record: &str) -> Result<Option<String>, StorageError> {
    const IDENTIFIER: NamedNodeRef<'_> =
        NamedNodeRef::new_unchecked("http://purl.org/dc/terms/identifier");
    let record = NamedNodeRef::new_unchecked(record);
    for quad in store.quads_for_pattern(Some(record.into()), Some(IDENTIFIER), None, None) {
        if let Term::Literal(key) = quad?.object {
            return Ok(Some(key.value().to_owned()));
        }
    }
    Ok(None)
}

fn is_record(store: &Store, node: NamedNodeRef<'_>) -> Result<bool, StorageError> {
    for class in RECORD_CLASSES {
        let typed = QuadRef::new(node, rdf::TYPE, class, GraphNameRef::DefaultGraph);
        if store.contains(typed)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The description that the record of `quad` stands for. None where another record of the same entity speaks for it.
fn described(
    store: &Store,
    quad: Result<Quad, StorageError>,
) -> Result<Option<Described>, StorageError> {
    let NamedOrBlankNode::NamedNode(record) = quad?.subject else {
        return Ok(None);
    };
    let Some(entity) = entity_of(store, record.as_ref())? else {
        return Ok(None);
    };
    if records_about(store, entity.as_ref())?.first() != Some(&record) {
        return Ok(None);
    }
    let triples = description_of(store, entity.as_ref())?;
    Ok(Some(Described {
        entity,
        record,
        triples,
    }))
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
        for predicate in containment_predicates() {
            for quad in inward(store, *predicate, node.as_ref()) {
                if let NamedOrBlankNode::NamedNode(container) = quad?.subject {
                    found.insert(container);
                }
            }
        }
    }
    Ok(found)
}

/// The triples of the default graph that lead to `object` by `predicate`.
fn inward(
    store: &Store,
    predicate: NamedNodeRef<'_>,
    object: NamedNodeRef<'_>,
) -> QuadIter<'static> {
    let graph = Some(GraphNameRef::DefaultGraph);
    store.quads_for_pattern(None, Some(predicate), Some(object.into()), graph)
}

/// Reads what is said of a node, that stands so deep in a walk.
type TriplesOf<'a> = dyn FnMut(NamedNodeRef<'_>, usize) -> Result<Vec<Triple>, StorageError> + 'a;

/// A walk from an entity and its record through what they contain, nearest first: the normaliser's walk, over the store.
struct Walk {
    reached: HashSet<String>,
    triples: Vec<Triple>,
}

impl Walk {
    fn from(
        store: &Store,
        entity: NamedNodeRef<'_>,
        records: &[NamedNode],
    ) -> Result<Self, StorageError> {
        Self::through(store, entity, records, &mut |node, depth| {
            triples_of(store, node, depth)
        })
    }

    /// The same by a reader of one node's triples ([`triples_of`]), who is told how deep it stands.
    fn through(
        store: &Store,
        entity: NamedNodeRef<'_>,
        records: &[NamedNode],
        triples_of: &mut TriplesOf<'_>,
    ) -> Result<Self, StorageError> {
        let mut walk = Self {
            reached: HashSet::new(),
            triples: Vec::new(),
        };
        let mut own = Vec::new();
        for record in records {
            if entity_of(store, record.as_ref())?.is_some_and(|of| of.as_ref() == entity) {
                own.push(record.as_str());
            }
        }
        let starts = std::iter::once(entity.into_owned()).chain(records.iter().cloned());
        let mut next: VecDeque<(NamedNode, usize)> = starts.map(|node| (node, 0)).collect();
        while let Some((node, depth)) = next.pop_front() {
            if walk.reached.contains(node.as_str()) {
                continue;
            }
            let triples = triples_of(node.as_ref(), depth)?;
            // Asked last: most references lead to nodes that we say nothing of.
            let node_ref = node.as_ref();
            if triples.is_empty()
                || (depth > 0 && is_anothers(store, node_ref, &triples, entity, &own)?)
            {
                continue;
            }
            walk.reached.insert(node.into_string());
            for triple in triples {
                if let Term::NamedNode(object) = &triple.object
                    && records.iter().any(|record| {
                        contains(
                            record.as_str(),
                            depth,
                            triple.predicate.as_ref(),
                            object.as_str(),
                        )
                    })
                {
                    next.push_back((object.clone(), depth + 1));
                }
                walk.triples.push(triple);
            }
        }
        Ok(walk)
    }
}

/// The triples of the default graph with this subject, but for links to members.
fn triples_of(
    store: &Store,
    subject: NamedNodeRef<'_>,
    depth: usize,
) -> Result<Vec<Triple>, StorageError> {
    let graph = Some(GraphNameRef::DefaultGraph);
    let by = |predicate| store.quads_for_pattern(Some(subject.into()), predicate, None, graph);
    // What is contained is no collection.
    if depth == 0
        && membership_predicates()
            .iter()
            .any(|link| by(Some(*link)).next().is_some())
    {
        return triples_of_collection(store, subject);
    }
    by(None)
        .filter(|quad| {
            !quad
                .as_ref()
                .is_ok_and(|quad| is_membership(quad.predicate.as_ref()))
        })
        .map(|quad| quad.map(Triple::from))
        .collect()
}

/// Through SPARQL, which passes over links to members without decoding them: of a catalogue with 55,000 datasets it takes
/// 50 ms instead of 650.
fn triples_of_collection(
    store: &Store,
    subject: NamedNodeRef<'_>,
) -> Result<Vec<Triple>, StorageError> {
    let other =
        |error: Box<dyn std::error::Error + Send + Sync>| StorageError::Io(io::Error::other(error));
    let no_link: Vec<String> = membership_predicates()
        .iter()
        .map(|link| format!("!sameTerm(?p, {link})"))
        .collect();
    let query = format!(
        "SELECT ?p ?o {{ {subject} ?p ?o FILTER({}) }}",
        no_link.join(" && ")
    );
    let query = SparqlEvaluator::new()
        .parse_query(&query)
        .map_err(|e| other(e.into()))?;
    let results = query
        .on_store(store)
        .execute()
        .map_err(|e| other(e.into()))?;
    let QueryResults::Solutions(solutions) = results else {
        return Err(other("a SELECT gave no solutions".into()));
    };
    let mut triples = Vec::new();
    for solution in solutions {
        let solution = solution.map_err(|e| other(e.into()))?;
        if let [Some(Term::NamedNode(predicate)), Some(object)] = solution.values() {
            triples.push(Triple::new(subject, predicate.clone(), object.clone()));
        }
    }
    Ok(triples)
}

/// Whether `node` is an anchor of another entity than `entity`, as [`anchored`] finds it, but with what is known already:
/// the node's triples, and records of the entity's.
fn is_anothers(
    store: &Store,
    node: NamedNodeRef<'_>,
    triples: &[Triple],
    entity: NamedNodeRef<'_>,
    own: &[&str],
) -> Result<bool, StorageError> {
    if !records_about(store, node)?.is_empty() {
        return Ok(node != entity);
    }
    let is_typed = |triple: &Triple| {
        let is_record = |of: &NamedNode| RECORD_CLASSES.contains(&of.as_ref());
        triple.predicate == rdf::TYPE
            && matches!(&triple.object, Term::NamedNode(of) if is_record(of))
    };
    if triples.iter().any(is_typed)
        && let Some(owner) = entity_of(store, node)?
    {
        return Ok(owner.as_ref() != entity);
    }
    match node.as_str().split_once('#') {
        Some((before, _)) if own.contains(&before) => Ok(false),
        Some((before, _)) => {
            let owner = entity_of(store, NamedNodeRef::new_unchecked(before))?;
            Ok(owner.is_some_and(|owner| owner.as_ref() != entity))
        }
        None => Ok(false),
    }
}

fn named(term: Term) -> Option<NamedNode> {
    match term {
        Term::NamedNode(node) => Some(node),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
