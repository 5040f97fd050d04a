//! What graph `identity` says of pairs of records: how sure it is that they are one dataset, by which evidence, where
//! the pair stands, and what people decided of it, with who, when and why.
//!
//! Pairs can be worked out again; decisions are truth. Nothing here is an activity. Start at [`Store::decisions`] and
//! [`pair_quads`].

use super::batch::Batch;
use super::{Store, StoreError};
use crate::identity::{Decision, Linked};
use crate::log::date_time;
use crate::store_read::{self, OWN};
use oxigraph::model::{
    GraphName, GraphNameRef, Literal, NamedNode, Quad, Term,
    vocab::{rdf, xsd},
};
use std::collections::HashSet;

impl Store {
    /// What people decided, sorted by records.
    pub fn decisions(&self) -> Result<Vec<Decision>, StoreError> {
        store_read::decisions(&self.quads, &self.base)
            .map_err(StoreError::storage("reading what was decided"))
    }

    /// Writes down a decision in place of the one of the same pair; or takes that one away. Durable when it returns.
    pub fn decide(
        &mut self,
        a: &str,
        b: &str,
        decision: Option<&Decision>,
    ) -> Result<(), StoreError> {
        let node = decision_node(&self.base, a, b);
        let graph = self.identity_graph();
        let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
        let old = self
            .quads
            .quads_for_pattern(Some(node.as_ref().into()), None, None, graph);
        let gone = old.collect::<Result<Vec<_>, _>>();
        let gone = gone.map_err(StoreError::storage("reading what was decided"))?;
        let come = decision.map_or_else(Vec::new, |d| self.decision_quads(d));
        let batch = Batch {
            gone,
            come,
            ..Batch::default()
        };
        self.commit(batch)?;
        self.flush()
    }

    fn decision_quads(&self, d: &Decision) -> Vec<Quad> {
        let plain = |text: &str| Term::from(Literal::new_simple_literal(text));
        let node = |iri: &str| Term::from(NamedNode::new_unchecked(iri));
        let [first, second] = &d.kept;
        let said = [
            (rdf::TYPE.into_owned(), own("Decision").into()),
            (own("verdict"), plain(d.verdict.word())),
            (own("first"), node(&d.a)),
            (own("second"), node(&d.b)),
            (own("firstPublishedAs"), node(first)),
            (own("secondPublishedAs"), node(second)),
            (dct("creator"), plain(&d.who)),
            (dct("description"), plain(&d.why)),
            (
                dct("created"),
                Literal::new_typed_literal(date_time(d.at_ms * 1000), xsd::DATE_TIME).into(),
            ),
        ];
        let subject = decision_node(&self.base, &d.a, &d.b);
        said.into_iter()
            .filter(|(_, o)| !matches!(o, Term::NamedNode(n) if n.as_str().is_empty()))
            .map(|(p, o)| Quad::new(subject.clone(), p, o, self.identity_graph()))
            .collect()
    }

    /// Makes the graph say nothing more of the pairs in `gone`, and of those in `come` what is found now.
    pub fn set_pairs(
        &mut self,
        gone: &[(Box<str>, Box<str>)],
        come: &[Linked],
    ) -> Result<(), StoreError> {
        let graph = GraphName::NamedNode(self.identity_graph());
        let gone = gone
            .iter()
            .map(|(a, b)| (pair_node(&self.base, a, b), None));
        let come = come
            .iter()
            .map(|l| (pair_node(&self.base, &l.link.a, &l.link.b), Some(l)));
        let mut batch = Batch::default();
        for (node, linked) in gone.chain(come).collect::<Vec<_>>() {
            let old = self.said_of_pair(&node)?;
            let new: HashSet<Quad> = linked
                .map(|linked| pair_quads(&node, &graph, linked))
                .into_iter()
                .flatten()
                .collect();
            batch.gone.extend(old.difference(&new).cloned());
            batch.come.extend(new.difference(&old).cloned());
            if batch.gone.len() + batch.come.len() >= self.limits.batch_triples_max {
                self.commit(std::mem::take(&mut batch))?;
            }
        }
        if !batch.gone.is_empty() || !batch.come.is_empty() {
            self.commit(batch)?;
        }
        Ok(())
    }

    fn said_of_pair(&self, node: &NamedNode) -> Result<HashSet<Quad>, StoreError> {
        let graph = self.identity_graph();
        let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
        let node = Some(node.as_ref().into());
        let said = self.quads.quads_for_pattern(node, None, None, graph);
        said.collect::<Result<_, _>>()
            .map_err(StoreError::storage("reading which records are one"))
    }

    /// The pairs that the graph speaks of.
    pub fn pairs(
        &self,
    ) -> impl Iterator<Item = Result<(Box<str>, Box<str>), StoreError>> + use<'_> {
        store_read::pairs(&self.quads, &self.base).map(|pair| {
            let linked = pair.map_err(StoreError::storage("reading which records are one"))?;
            Ok((linked.link.a, linked.link.b))
        })
    }
}

/// What is said of a pair.
fn pair_quads(subject: &NamedNode, graph: &GraphName, linked: &Linked) -> Vec<Quad> {
    let link = &linked.link;
    let plain = |text: &str| Term::from(Literal::new_simple_literal(text));
    let mut said: Vec<(NamedNode, Term)> = vec![
        (rdf::TYPE.into_owned(), own("Pair").into()),
        (own("first"), NamedNode::new_unchecked(&*link.a).into()),
        (own("second"), NamedNode::new_unchecked(&*link.b).into()),
        (
            own("score"),
            Literal::new_typed_literal(decimal(link.score), xsd::DECIMAL).into(),
        ),
        (own("standing"), plain(linked.standing.word())),
    ];
    for reason in &link.evidence {
        let (code, found, weight) = (&reason.code, &reason.found, decimal(reason.weight));
        said.push(if reason.limits {
            (
                own("against"),
                plain(&format!("{code} (at most {weight}): {found}")),
            )
        } else {
            (
                own("evidence"),
                plain(&format!("{code} ({weight}): {found}")),
            )
        });
    }
    said.into_iter()
        .map(|(p, o)| Quad::new(subject.clone(), p, o, graph.clone()))
        .collect()
}

/// As XML Schema writes a decimal in its canonical form, so that the store gives it back as it is.
fn decimal(number: f64) -> String {
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0');
    text.strip_suffix('.').unwrap_or(text).to_owned()
}

fn pair_node(base: &str, a: &str, b: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{base}identity/pair/{}", name_of(a, b)))
}

fn decision_node(base: &str, a: &str, b: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{base}identity/decision/{}", name_of(a, b)))
}

/// A pair of records, in short.
fn name_of(a: &str, b: &str) -> String {
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    let hash = blake3::hash(format!("{a} {b}").as_bytes());
    hash.to_hex()[..32].to_owned()
}

fn own(name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{OWN}{name}"))
}

fn dct(name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("http://purl.org/dc/terms/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_written_as_the_store_keeps_them() {
        for (score, text) in [(0.9, "0.9"), (1.0, "1"), (0.985, "0.985"), (0.0, "0")] {
            assert_eq!(decimal(score), text);
        }
    }
}
