//! Saying things in RDF: triples of one description. Start at [`Saying`].

use super::sums::Few;
use harvestd_vocab::{Class, Description};
use oxrdf::{
    BlankNode, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple, vocab::rdf,
};
use url::Url;

/// A description under way.
pub(super) struct Saying {
    triples: Vec<Triple>,
    blanks: u32,
}

impl Saying {
    pub(super) fn new(node: NamedOrBlankNode, class: NamedNodeRef<'static>) -> Self {
        Self {
            triples: vec![Triple::new(node, rdf::TYPE, class)],
            blanks: 0,
        }
    }

    pub(super) fn describes(self, class: Class, node: NamedOrBlankNode) -> Description {
        Description {
            class,
            node,
            triples: self.triples,
        }
    }

    pub(super) fn say(
        &mut self,
        subject: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        object: impl Into<Term>,
    ) {
        self.triples
            .push(Triple::new(subject.clone(), predicate, object));
    }

    pub(super) fn text(
        &mut self,
        subject: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        text: &str,
    ) {
        if !text.is_empty() {
            self.say(subject, predicate, Literal::new_simple_literal(text));
        }
    }

    pub(super) fn texts<'t>(
        &mut self,
        subject: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        texts: impl Iterator<Item = &'t str>,
    ) {
        for text in texts {
            self.text(subject, predicate, text);
        }
    }

    pub(super) fn link_or_text(
        &mut self,
        subject: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        text: &str,
    ) {
        match link(text) {
            Some(iri) => self.say(subject, predicate, iri),
            None => self.text(subject, predicate, text),
        }
    }

    pub(super) fn texts_or_links(
        &mut self,
        subject: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        texts: &Few<String, 240>,
    ) {
        for text in texts.iter() {
            self.link_or_text(subject, predicate, text);
        }
    }

    /// A new node of that class, which `whole` contains.
    pub(super) fn part(
        &mut self,
        whole: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        class: NamedNodeRef<'static>,
    ) -> NamedOrBlankNode {
        self.blanks += 1;
        let node: NamedOrBlankNode = BlankNode::new_unchecked(format!("b{}", self.blanks)).into();
        self.say(&node, rdf::TYPE, class);
        self.say(whole, predicate, node.clone());
        node
    }
}

pub(super) fn iri(url: &Url) -> NamedNode {
    NamedNode::new_unchecked(url.as_str())
}

/// An http(s) address as an IRI.
pub(super) fn link(text: &str) -> Option<NamedNode> {
    let is_web = text.starts_with("http://") || text.starts_with("https://");
    NamedNode::new(text).ok().filter(|_| is_web)
}
