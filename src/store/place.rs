//! Where a record stands: in the default graph as the winner of its entity, or in a graph of its own.
//!
//! Every triple has one owner. Record graphs never rename; a contained IRI that another entity owns already is renamed
//! under its own record when projected into the default graph, and says so with prov:alternateOf, so that the
//! projection can be taken back.

use super::lines::{iri, split};
use super::{Store, StoreError};
use crate::store_read;
use harvestd_vocab::containment::is_membership;
use oxigraph::model::{GraphName, GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Term};
use std::collections::{BTreeSet, HashMap};

pub(super) const PRIMARY_TOPIC: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://xmlns.com/foaf/0.1/primaryTopic");
const ALTERNATE_OF: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.w3.org/ns/prov#alternateOf");

/// Who wins where several records are about one IRI: the source that owns the IRI by its configured prefixes, then the
/// higher priority, then whoever was there first.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    sources: HashMap<String, (Vec<String>, i32)>,
}

impl Policy {
    pub fn new(sources: impl IntoIterator<Item = (String, Vec<String>, i32)>) -> Self {
        Self {
            sources: sources
                .into_iter()
                .map(|(id, owns, priority)| (id, (owns, priority)))
                .collect(),
        }
    }

    /// Greater wins; equals leave things as they are.
    pub fn rank(&self, source: &str, entity: &str) -> (bool, i32) {
        self.sources
            .get(source)
            .map_or((false, i32::MIN), |(owns, priority)| {
                (
                    owns.iter()
                        .any(|prefix| entity.starts_with(prefix.as_str())),
                    *priority,
                )
            })
    }
}

/// A record that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub record: NamedNode,
    pub entity: NamedNode,
    pub graph: GraphName,
}

impl Placed {
    pub fn wins(&self) -> bool {
        self.graph == GraphName::DefaultGraph
    }
}

impl Store {
    /// Where the record stands, if it is in the store.
    pub(super) fn placement(&self, record: &str) -> Result<Option<Placed>, StoreError> {
        let record = NamedNodeRef::new_unchecked(record);
        for quad in
            self.quads
                .quads_for_pattern(Some(record.into()), Some(PRIMARY_TOPIC), None, None)
        {
            let quad = quad.map_err(StoreError::storage("looking for a record"))?;
            if let Term::NamedNode(entity) = quad.object {
                return Ok(Some(Placed {
                    record: record.into_owned(),
                    entity,
                    graph: quad.graph_name,
                }));
            }
        }
        Ok(None)
    }

    /// All records about an entity.
    pub(super) fn records_of(&self, entity: &str) -> Result<Vec<Placed>, StoreError> {
        let entity = NamedNodeRef::new_unchecked(entity);
        let prefix = format!("{}record/", self.base);
        let mut all = Vec::new();
        for quad in
            self.quads
                .quads_for_pattern(None, Some(PRIMARY_TOPIC), Some(entity.into()), None)
        {
            let quad = quad.map_err(StoreError::storage("looking for the records of an entity"))?;
            if let NamedOrBlankNode::NamedNode(record) = quad.subject
                && record.as_str().starts_with(&prefix)
            {
                all.push(Placed {
                    record,
                    entity: entity.into_owned(),
                    graph: quad.graph_name,
                });
            }
        }
        all.sort_by(|a, b| a.record.as_str().cmp(b.record.as_str()));
        Ok(all)
    }

    /// The body of a record that is not the winner, as it stands in its graph.
    pub(super) fn loser_body(&self, placed: &Placed) -> Result<String, StoreError> {
        let graph = placed.graph.as_ref();
        let mut triples = Vec::new();
        for quad in self.quads.quads_for_pattern(None, None, None, Some(graph)) {
            triples.push(
                quad.map_err(StoreError::storage("reading a record's graph"))?
                    .into(),
            );
        }
        Ok(super::lines::body_of(&triples))
    }

    /// The entity's description in the default graph.
    pub(super) fn winner_body(&self, entity: NamedNodeRef<'_>) -> Result<String, StoreError> {
        let triples = store_read::description_of(&self.quads, entity)
            .map_err(StoreError::storage("reading a description"))?;
        Ok(super::lines::body_of(&triples))
    }
}

/// The nodes a body contains under IRIs that are not the record's own: all subjects but the entity, the record, nodes
/// named under the record, and collections that the entity is a member of.
pub(super) fn foreign_nodes<'a>(body: &'a str, entity: &str, record: &str) -> BTreeSet<&'a str> {
    let mut foreign = BTreeSet::new();
    let mut before = "";
    for line in body.lines() {
        let Some((subject, predicate, object)) = split(line) else {
            continue;
        };
        if subject == before {
            continue;
        }
        let (Some(s), Some(p)) = (iri(subject), iri(predicate)) else {
            continue;
        };
        let own = s == entity
            || s.strip_prefix(record)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'));
        let member = is_membership(NamedNodeRef::new_unchecked(p))
            && iri(object).is_some_and(|o| o == entity || o == record);
        if !member {
            before = subject;
        }
        if !own && !member {
            foreign.insert(s);
        }
    }
    foreign
}

/// The IRI under which a record's contained node goes where its own IRI is taken.
pub(super) fn renamed(record: &str, node: &str) -> String {
    format!(
        "{record}#node-{}",
        &blake3::hash(node.as_bytes()).to_hex()[..16]
    )
}

/// Replaces nodes, as subjects and as objects, and keeps the lines sorted.
pub(super) fn rename(body: &str, names: &HashMap<String, String>) -> String {
    let new = |token: &str| {
        iri(token)
            .and_then(|i| names.get(i))
            .map(|n| format!("<{n}>"))
    };
    let mut lines: Vec<String> = Vec::with_capacity(body.len() / 100);
    for line in body.lines() {
        match split(line) {
            Some((s, p, o)) => {
                let (subject, object) = (new(s), new(o));
                lines.push(format!(
                    "{} {p} {} .\n",
                    subject.as_deref().unwrap_or(s),
                    object.as_deref().unwrap_or(o)
                ));
            }
            None => lines.push(format!("{line}\n")),
        }
    }
    lines.sort_unstable();
    lines.dedup();
    lines.concat()
}

/// The default graph's form of a body: renamed where `taken` says so, each renaming stated.
pub(super) fn project(body: &str, record: &str, taken: &BTreeSet<&str>) -> String {
    if taken.is_empty() {
        return body.to_owned();
    }
    let names: HashMap<String, String> = taken
        .iter()
        .map(|n| ((*n).to_owned(), renamed(record, n)))
        .collect();
    let mut projected = rename(body, &names);
    for (old, new) in &names {
        projected.push_str(&format!("<{new}> {ALTERNATE_OF} <{old}> .\n"));
    }
    let mut lines: Vec<&str> = projected.split_inclusive('\n').collect();
    lines.sort_unstable();
    lines.concat()
}

/// The record's own form of a body from the default graph: the inverse of [`project`].
pub(super) fn unproject(body: &str, record: &str) -> String {
    let mut names = HashMap::new();
    let mut rest = String::with_capacity(body.len());
    for line in body.lines() {
        if let Some((s, p, o)) = split(line)
            && iri(p) == Some(ALTERNATE_OF.as_str())
            && let (Some(s), Some(o)) = (iri(s), iri(o))
            && s == renamed(record, o)
        {
            names.insert(s.to_owned(), o.to_owned());
            continue;
        }
        rest.push_str(line);
        rest.push('\n');
    }
    if names.is_empty() {
        rest
    } else {
        rename(&rest, &names)
    }
}

impl Store {
    /// Was this node renamed when this record was last projected? Then it stays renamed.
    pub(super) fn is_renamed(&self, record: &str, node: &str) -> Result<bool, StoreError> {
        let new = NamedNode::new_unchecked(renamed(record, node));
        let old = NamedNodeRef::new_unchecked(node);
        let quad = oxigraph::model::QuadRef::new(
            new.as_ref(),
            ALTERNATE_OF,
            old,
            GraphNameRef::DefaultGraph,
        );
        self.quads
            .contains(quad)
            .map_err(StoreError::storage("looking for a renamed node"))
    }

    /// Does the default graph know this IRI as something that is not this entity's?
    pub(super) fn is_others(&self, node: &str, entity: &str) -> Result<bool, StoreError> {
        let node = NamedNodeRef::new_unchecked(node);
        let doing = "looking for the owner of a node";
        let mut about = self.quads.quads_for_pattern(
            Some(node.into()),
            None,
            None,
            Some(GraphNameRef::DefaultGraph),
        );
        match about.next() {
            None => Ok(false),
            Some(Err(e)) => Err(StoreError::storage(doing)(e)),
            Some(Ok(_)) => {
                let owner =
                    store_read::owner_of(&self.quads, node).map_err(StoreError::storage(doing))?;
                Ok(owner.is_some_and(|o| o.as_str() != entity))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "<https://c.example/> <http://www.w3.org/ns/dcat#dataset> <https://e.example/d> .\n\
<https://e.example/contact> <https://e.example/name> \"see <https://e.example/contact>\" .\n\
<https://e.example/d> <http://www.w3.org/ns/dcat#contactPoint> <https://e.example/contact> .\n\
<https://h.example/record/s/d#x> <https://e.example/name> \"x\" .\n";

    #[test]
    fn foreign_nodes_are_what_a_body_contains_under_other_names() {
        let foreign = foreign_nodes(BODY, "https://e.example/d", "https://h.example/record/s/d");
        assert_eq!(
            foreign.into_iter().collect::<Vec<_>>(),
            ["https://e.example/contact"]
        );
    }

    #[test]
    fn a_projection_can_be_taken_back() {
        let record = "https://h.example/record/s/d";
        let taken = BTreeSet::from(["https://e.example/contact"]);
        let projected = project(BODY, record, &taken);
        assert!(projected.contains("#node-"));
        assert!(
            projected.contains("\"see <https://e.example/contact>\""),
            "literals stay: {projected}"
        );
        assert_eq!(unproject(&projected, record), BODY);
    }

    #[test]
    fn ranks() {
        let policy = Policy::new([
            ("a".into(), vec!["https://a.example/".into()], 0),
            ("b".into(), vec![], 9),
        ]);
        assert!(policy.rank("a", "https://a.example/1") > policy.rank("b", "https://a.example/1"));
        assert!(policy.rank("b", "https://c.example/1") > policy.rank("a", "https://c.example/1"));
        assert!(policy.rank("gone", "x") < policy.rank("a", "x"));
    }
}
