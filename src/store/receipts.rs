//! Receipts of what was pushed: written in the transaction that it is committed in, so that after a `kill -9` a push that
//! comes again is answered as it would have been, and an older one cannot undo a newer one.
//!
//! They stand in `{base}graph/pushes` and are no activities: the log and the catalogue say nothing of them. What a receipt
//! says is its writer's business. Start at [`Store::receipt`].

use super::{Applied, Outcome, Store, StoreError};
use crate::log::{date_time, parse_date_time};
use oxigraph::model::{
    GraphName, GraphNameRef, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, Term,
    vocab::xsd,
};
use sha2::{Digest, Sha256};

const REQUEST: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://w3id.org/harvestd/ns#pushedRequest");
const ANSWER: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://w3id.org/harvestd/ns#pushedAnswer");
const VERSION: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://w3id.org/harvestd/ns#pushedVersion");
const AT: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.w3.org/ns/prov#generatedAtTime");

/// Quads that a commit removes and adds beside its changes.
#[derive(Debug, Default)]
pub struct Notes {
    pub gone: Vec<Quad>,
    pub come: Vec<Quad>,
}

impl Notes {
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.come.is_empty()
    }
}

/// Asked when everything of a run is worked out and its last batch is not yet committed.
pub type Receipts = Box<dyn FnOnce(&Done<'_>) -> Notes + Send>;

/// What a run comes to.
#[derive(Debug)]
pub struct Done<'a> {
    pub generation: u64,
    /// First and last number of its activities, if there are any.
    pub activities: Option<(u64, u64)>,
    /// In the order in which records were applied; those of a bulk load are not among them.
    pub told: &'a [Told],
    /// All of them, counted.
    pub applied: &'a Applied,
}

/// What became of one record.
#[derive(Debug, Clone)]
pub struct Told {
    pub record: String,
    pub entity: String,
    /// None: it is deleted.
    pub outcome: Option<Outcome>,
    pub activity: Option<u64>,
    /// False: another source's record of the same dataset is the one that is published.
    pub published: bool,
}

/// What is kept of an answered request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Names the request; another one under the same key is refused.
    pub request: String,
    pub answer: String,
}

impl Store {
    /// The receipt under a source's key.
    pub fn receipt(&self, source: &str, key: &str) -> Result<Option<Receipt>, StoreError> {
        let name = self.key_name(source, key);
        let request = self.noted(&name, REQUEST)?;
        let answer = self.noted(&name, ANSWER)?;
        Ok(request
            .zip(answer)
            .map(|(request, answer)| Receipt { request, answer }))
    }

    /// Writes a receipt at `at_us`, in microseconds since 1970.
    pub fn note_receipt(
        base: &str,
        source: &str,
        key: &str,
        receipt: &Receipt,
        at_us: i64,
    ) -> [Quad; 3] {
        let name = key_name(base, source, key);
        let graph = GraphName::NamedNode(graph(base));
        let text = |text: &str| Literal::new_simple_literal(text);
        let at = Literal::new_typed_literal(date_time(at_us), xsd::DATE_TIME);
        [
            Quad::new(name.clone(), REQUEST, text(&receipt.request), graph.clone()),
            Quad::new(name.clone(), ANSWER, text(&receipt.answer), graph.clone()),
            Quad::new(name, AT, at, graph),
        ]
    }

    /// The version that a source last pushed under.
    pub fn pushed_version(&self, source: &str) -> Result<Option<u64>, StoreError> {
        let name = NamedNode::new_unchecked(format!("{}push/{source}", self.base));
        Ok(self.noted(&name, VERSION)?.and_then(|n| n.parse().ok()))
    }

    /// Says which version a source pushed under.
    pub fn note_version(base: &str, source: &str, version: u64) -> Quad {
        let name = NamedNode::new_unchecked(format!("{base}push/{source}"));
        let version = Literal::new_typed_literal(version.to_string(), xsd::INTEGER);
        Quad::new(name, VERSION, version, graph(base))
    }

    /// The receipts of a source that are older than `before_us`, or beyond the newest `kept_max`: to be removed.
    pub fn old_receipts(
        &self,
        source: &str,
        before_us: i64,
        kept_max: usize,
    ) -> Result<Vec<Quad>, StoreError> {
        let doing = "listing receipts";
        let graph = graph(&self.base);
        let prefix = format!("{}push/{source}/", self.base);
        let mut all = Vec::new();
        for quad in self
            .quads
            .quads_for_pattern(None, Some(AT), None, Some(graph.as_ref().into()))
        {
            let quad = quad.map_err(StoreError::storage(doing))?;
            if let (NamedOrBlankNode::NamedNode(name), Term::Literal(at)) =
                (quad.subject, quad.object)
                && name.as_str().starts_with(&prefix)
            {
                all.push((parse_date_time(at.value()).unwrap_or_default(), name));
            }
        }
        all.sort_unstable_by_key(|(at_us, _)| std::cmp::Reverse(*at_us));
        let mut old = Vec::new();
        for (rank, (at_us, name)) in all.iter().enumerate() {
            if rank >= kept_max || *at_us < before_us {
                let of = self.quads.quads_for_pattern(
                    Some(name.as_ref().into()),
                    None,
                    None,
                    Some(graph.as_ref().into()),
                );
                for quad in of {
                    old.push(quad.map_err(StoreError::storage(doing))?);
                }
            }
        }
        Ok(old)
    }

    /// Forgets what any push was answered: answers repeat what was refused. The versions that sources pushed under stay.
    pub fn forget_receipts(&mut self) -> Result<(), StoreError> {
        let doing = "forgetting what pushes were answered";
        let graph = graph(&self.base);
        let mut transaction = self
            .quads
            .start_transaction()
            .map_err(StoreError::storage(doing))?;
        let all = self
            .quads
            .quads_for_pattern(None, None, None, Some(graph.as_ref().into()));
        for quad in all {
            let quad = quad.map_err(StoreError::storage(doing))?;
            if quad.predicate != VERSION {
                transaction.remove(&quad);
            }
        }
        transaction.commit().map_err(StoreError::storage(doing))
    }

    fn key_name(&self, source: &str, key: &str) -> NamedNode {
        key_name(&self.base, source, key)
    }

    fn noted(
        &self,
        subject: &NamedNode,
        predicate: NamedNodeRef<'_>,
    ) -> Result<Option<String>, StoreError> {
        let graph = graph(&self.base);
        let found = self
            .quads
            .quads_for_pattern(
                Some(subject.as_ref().into()),
                Some(predicate),
                None,
                Some(GraphNameRef::NamedNode(graph.as_ref())),
            )
            .next()
            .transpose()
            .map_err(StoreError::storage("reading a receipt"))?;
        Ok(found.and_then(|quad| match quad.object {
            Term::Literal(text) => Some(text.value().to_owned()),
            _ => None,
        }))
    }
}

fn graph(base: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{base}graph/pushes"))
}

/// A key is a client's own text: only its hash is kept, and that is part of the name.
fn key_name(base: &str, source: &str, key: &str) -> NamedNode {
    let hash = hex::encode(Sha256::digest(key.as_bytes()));
    NamedNode::new_unchecked(format!("{base}push/{source}/{hash}"))
}
