//! Feedback in the store: the graph that says what was said of datasets, made from what is kept of it. Nothing in it is
//! truth, and no feed of changes gives it out. Start at [`Store::set_feedback`].

use super::{Store, StoreError, batch::Batch};
use crate::feedback::rdf;
use harvestd_vocab::terms::dqv;
use oxigraph::model::{GraphNameRef, NamedNode, NamedOrBlankNodeRef, Quad, TermRef};
use std::collections::HashSet;

impl Store {
    /// The graph says of feedback what `wanted` says. `of` are the IRIs of those that are meant; None: of all, and of
    /// nothing else. Says whether anything changed by that.
    pub fn set_feedback(
        &mut self,
        of: Option<&[String]>,
        wanted: Vec<Quad>,
    ) -> Result<bool, StoreError> {
        let there = match of {
            None => self.feedback(None, None)?,
            Some(iris) => self.feedback_of(iris)?,
        };
        let wanted: HashSet<Quad> = wanted.into_iter().collect();
        let gone: Vec<Quad> = there.difference(&wanted).cloned().collect();
        let come: Vec<Quad> = wanted.difference(&there).cloned().collect();
        if gone.is_empty() && come.is_empty() {
            return Ok(false);
        }
        let most = self.limits.batch_triples_max;
        for gone in gone.chunks(most) {
            self.commit(Batch {
                gone: gone.to_vec(),
                ..Batch::default()
            })?;
        }
        for come in come.chunks(most) {
            self.commit(Batch {
                come: come.to_vec(),
                ..Batch::default()
            })?;
        }
        Ok(true)
    }

    fn feedback_of(&self, iris: &[String]) -> Result<HashSet<Quad>, StoreError> {
        let mut there = HashSet::new();
        for iri in iris {
            for name in rdf::NODES {
                let node = NamedNode::new_unchecked(format!("{iri}{name}"));
                there.extend(self.feedback(Some(node.as_ref().into()), None)?);
            }
            let node = NamedNode::new_unchecked(iri);
            there.extend(self.feedback(None, Some(node.as_ref().into()))?);
        }
        Ok(there)
    }

    fn feedback(
        &self,
        subject: Option<NamedOrBlankNodeRef<'_>>,
        annotation: Option<TermRef<'_>>,
    ) -> Result<HashSet<Quad>, StoreError> {
        let graph = rdf::graph(&self.base);
        let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
        let link = annotation.map(|_| dqv::HAS_QUALITY_ANNOTATION);
        let quads = self
            .quads
            .quads_for_pattern(subject, link, annotation, graph);
        let quads = quads.collect::<Result<_, _>>();
        quads.map_err(StoreError::storage("reading the graph of feedback"))
    }
}
