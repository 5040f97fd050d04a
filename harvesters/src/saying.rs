//! Saying things in RDF: the triples of one description, in the source's words.
//!
//! It maps no word and mends no address: that is the vocabulary's work. Start reading at [`Saying`].

use harvestd_vocab::{Class, Description};
use oxrdf::{
    BlankNode, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple, vocab::rdf,
};

/// A description under way.
pub(crate) struct Saying {
    node: NamedOrBlankNode,
    class: Class,
    triples: Vec<Triple>,
    blanks: u128,
}

impl Saying {
    /// A description of an entity: under its own IRI, or under a blank node where the source gives it none.
    pub(crate) fn of(class: Class, iri: Option<NamedNode>, rdf_class: NamedNodeRef<'_>) -> Self {
        let mut out = Self {
            node: BlankNode::new_from_unique_id(0).into(),
            class,
            triples: Vec::new(),
            blanks: 1,
        };
        if let Some(iri) = iri {
            out.node = iri.into();
        }
        let node = out.node();
        out.say(&node, rdf::TYPE, rdf_class);
        out
    }

    /// The entity's own node.
    pub(crate) fn node(&self) -> NamedOrBlankNode {
        self.node.clone()
    }

    pub(crate) fn done(self) -> Description {
        Description {
            class: self.class,
            node: self.node,
            triples: self.triples,
        }
    }

    pub(crate) fn say(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        object: impl Into<Term>,
    ) {
        self.triples
            .push(Triple::new(of.clone(), predicate, object));
    }

    /// A text, unless it is empty. It carries no language: that is for the source's settings to say.
    pub(crate) fn text(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        text: impl AsRef<str>,
    ) {
        let text = text.as_ref();
        if !text.is_empty() {
            self.say(of, predicate, Literal::new_simple_literal(text));
        }
    }

    /// An address as an IRI; one that is none (spaces, no scheme) as the text that was written.
    pub(crate) fn address(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        address: &str,
    ) {
        match address_iri(address) {
            Some(iri) => self.say(of, predicate, iri),
            None => self.text(of, predicate, address),
        }
    }

    /// A new node of that class, to which `whole` leads.
    pub(crate) fn part(
        &mut self,
        whole: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        rdf_class: NamedNodeRef<'_>,
    ) -> NamedOrBlankNode {
        let part = self.blank(rdf_class);
        self.say(whole, predicate, part.clone());
        part
    }

    /// A new node of that class.
    pub(crate) fn blank(&mut self, rdf_class: NamedNodeRef<'_>) -> NamedOrBlankNode {
        let node = BlankNode::new_from_unique_id(self.blanks).into();
        self.blanks += 1;
        self.say(&node, rdf::TYPE, rdf_class);
        node
    }
}

/// An http, https or ftp address that is an IRI as it stands.
pub(crate) fn address_iri(text: &str) -> Option<NamedNode> {
    has_scheme(text).then(|| NamedNode::new(text).ok())?
}

/// Does the text begin as the address of something that can be fetched?
pub(crate) fn has_scheme(text: &str) -> bool {
    ["https://", "http://", "ftp://"].iter().any(|scheme| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// One segment of a path: everything but unreserved characters escaped (RFC 3986, section 2.3).
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
