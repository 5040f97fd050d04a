//! Saying things in RDF: triples of one description, in the source's words.
//!
//! It turns nothing into controlled values: that is the vocabulary's work. Start reading at [`Saying`].

use super::fields::Text;
use harvestd_vocab::{Class, Description, terms::xsd};
use oxrdf::{
    BlankNode, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple, vocab::rdf,
};
use url::Url;

/// A description under way.
pub(super) struct Saying {
    pub(super) node: NamedOrBlankNode,
    triples: Vec<Triple>,
    blank_nodes: u32,
}

impl Saying {
    pub(super) fn of(node: NamedOrBlankNode, class: NamedNodeRef<'_>) -> Self {
        let mut saying = Self {
            node: node.clone(),
            triples: Vec::new(),
            blank_nodes: 0,
        };
        saying.say(&node, rdf::TYPE, class);
        saying
    }

    pub(super) fn done(self, class: Class) -> Description {
        Description {
            class,
            node: self.node,
            triples: self.triples,
        }
    }

    pub(super) fn say(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        object: impl Into<Term>,
    ) {
        self.triples
            .push(Triple::new(of.clone(), predicate, object));
    }

    /// A node without a name, of that class.
    pub(super) fn blank(&mut self, class: NamedNodeRef<'_>) -> NamedOrBlankNode {
        self.blank_nodes += 1;
        let node =
            NamedOrBlankNode::from(BlankNode::new_unchecked(format!("b{}", self.blank_nodes)));
        self.say(&node, rdf::TYPE, class);
        node
    }

    /// Words in whatever languages they come.
    pub(super) fn texts(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        texts: Vec<Text>,
    ) {
        for text in texts {
            self.say(of, predicate, text.literal());
        }
    }

    /// Each an address where it is one, else a word.
    pub(super) fn things(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        words: Vec<String>,
    ) {
        for word in words {
            self.say(of, predicate, thing(&word));
        }
    }

    /// Each an address where it is one, else a node of that class with the words as its label.
    pub(super) fn labelled(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        class: NamedNodeRef<'_>,
        label: NamedNodeRef<'_>,
        texts: Vec<Text>,
    ) {
        let mut node = None;
        for text in texts {
            match link(&text.words) {
                Some(iri) => self.say(of, predicate, iri),
                None => {
                    let node = node.get_or_insert_with(|| self.blank(class)).clone();
                    self.say(of, predicate, node.clone());
                    self.say(&node, label, text.literal());
                }
            }
        }
    }

    pub(super) fn mailboxes(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        text: &str,
    ) {
        let boxes: Vec<_> = text
            .split([';', ',', ' ', '\n', '\t'])
            .map(|word| word.trim().trim_start_matches("mailto:"))
            .filter(|word| word.contains('@'))
            .filter_map(|word| NamedNode::new(format!("mailto:{word}")).ok())
            .collect();
        if boxes.is_empty() {
            self.say(of, predicate, Literal::from(text));
        }
        for mailbox in boxes {
            self.say(of, predicate, mailbox);
        }
    }
}

/// An http(s) or ftp address as an IRI; what only lacks escapes (spaces, brackets) gets them.
pub(super) fn link(text: &str) -> Option<NamedNode> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "https", "ftp", "ftps"]
        .iter()
        .any(|s| scheme.eq_ignore_ascii_case(s));
    if !known || rest.is_empty() {
        return None;
    }
    // What has no host is no address.
    Url::parse(text).ok()?;
    NamedNode::new(text)
        .or_else(|_| NamedNode::new(escaped(text)))
        .ok()
}

/// What may not stand in an IRI (RFC 3987, section 2.2), escaped; the rest as it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let escape = text
            .get(at + 1..at + 3)
            .is_some_and(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        match c {
            '%' if escape => out.push(c),
            '%' | '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`' | '\0'..=' ' => {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}

/// An http(s) address: what may name an entity.
pub(super) fn name(text: &str) -> Option<NamedNode> {
    link(text).filter(|iri| {
        iri.as_str()
            .get(..4)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"))
    })
}

/// An IRI where the words are an address, else the words.
pub(super) fn thing(words: &str) -> Term {
    link(words).map_or_else(|| Literal::from(words).into(), Term::from)
}

/// A time that the portal's software wrote: always UTC, and without a zone in all but the newest versions.
pub(super) fn utc(text: &str) -> Literal {
    let has_time = text.contains('T') || text.contains(' ');
    let has_zone =
        text.ends_with(['Z', 'z']) || text.get(11..).is_some_and(|time| time.contains(['+', '-']));
    if has_time && !has_zone {
        Literal::new_typed_literal(format!("{}Z", text.replacen(' ', "T", 1)), xsd::DATE_TIME)
    } else {
        Literal::from(text)
    }
}

/// One segment of a path: everything but unreserved characters escaped.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
