//! Saying things in RDF: triples of one description. It adds to [`Saying`] what sensors need.

use super::sums::Few;
use crate::saying::Saying;
use harvestd_vocab::links::is_http;
use oxrdf::{NamedNode, NamedNodeRef, NamedOrBlankNode};
use url::Url;

impl Saying {
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
}

pub(super) fn iri(url: &Url) -> NamedNode {
    NamedNode::new_unchecked(url.as_str())
}

/// An http(s) address as an IRI.
pub(super) fn link(text: &str) -> Option<NamedNode> {
    NamedNode::new(text).ok().filter(|_| is_http(text))
}
