//! One edge of a description -> the same said in DCAT-AP 3.
//!
//! What cannot be said better is kept as it is, and becomes a finding where something was expected. Never asks where
//! an edge stands; [`crate::normalise`] walks the description.

use crate::graph::{Edge, Graph, NodeId, Value};
use crate::links::{self, NotALink};
use crate::literals::{canonical, parsed};
use crate::properties::{Rule, Table};
use crate::terms::{dcat, dct, foaf, prefixed, rdfs, skos, vcard, xsd};
use crate::{Context, Finding, dates, tables, text, values, words};
use oxrdf::vocab::rdf;
use oxrdf::{Literal, NamedNode};

pub(crate) struct Mapper<'a> {
    cx: &'a Context,
    language: Option<String>,
    pub findings: Vec<Finding>,
    /// Blank nodes that were only a way to say a word, and have been replaced by what it means.
    pub absorbed: Vec<NodeId>,
}

impl<'a> Mapper<'a> {
    pub fn new(cx: &'a Context) -> Self {
        let language = cx.language.as_deref().and_then(text::tag);
        Self {
            cx,
            language,
            findings: Vec::new(),
            absorbed: Vec::new(),
        }
    }

    /// Says one edge again, into `out`.
    pub fn edge(&mut self, graph: &mut Graph, edge: Edge, out: &mut Vec<Edge>) {
        let Edge {
            predicate,
            property,
            value,
            derived,
        } = edge;
        if !property.known && oxiri::Iri::parse(predicate.as_str()).is_err() {
            return self.find(
                "invalid-predicate",
                &predicate,
                predicate.as_str(),
                "an absolute IRI",
            );
        }
        let value = match value {
            Value::Iri(iri) => self.iri(property.rule, &predicate, iri, out),
            Value::Literal(literal) => self.literal(graph, property.rule, &predicate, literal, out),
            Value::Node(id) => Some(self.node(graph, property.rule, &predicate, id, out)),
        };
        if let Some(value) = value {
            out.push(Edge {
                predicate,
                property,
                value,
                derived,
            });
        }
    }

    fn iri(
        &mut self,
        rule: Rule,
        predicate: &NamedNode,
        given: NamedNode,
        out: &mut Vec<Edge>,
    ) -> Option<Value> {
        let written = given.as_str().to_owned();
        let iri = match links::iri(given) {
            Ok(iri) => iri,
            Err(why) => return self.no_link(predicate, &written, why),
        };
        Some(Value::Iri(match rule {
            Rule::Controlled(table) => {
                let known = words::known_spelling(table, iri);
                if table == Table::Format && known.as_str() != written {
                    let media_type = tables::media_type_of(known.as_str());
                    derive_media_type(media_type, out);
                }
                known
            }
            Rule::Email if !links::is_http(iri.as_str()) => {
                links::email(iri.as_str()).unwrap_or(iri)
            }
            _ => iri,
        }))
    }

    /// A blank node that says no more than a label is a word.
    fn node(
        &mut self,
        graph: &Graph,
        rule: Rule,
        predicate: &NamedNode,
        id: NodeId,
        out: &mut Vec<Edge>,
    ) -> Value {
        let node = &graph.nodes[id];
        let (Rule::Controlled(table), None) = (rule, &node.iri) else {
            return Value::Node(id);
        };
        let Some(word) = only_label(&node.edges) else {
            return Value::Node(id);
        };
        let Some(meaning) = words::meaning(table, word) else {
            self.find(table.unmapped(), predicate, word, table.expected());
            return Value::Node(id);
        };
        derive_media_type(meaning.media_type, out);
        self.absorbed.push(id);
        Value::Iri(meaning.iri)
    }

    fn literal(
        &mut self,
        graph: &mut Graph,
        rule: Rule,
        predicate: &NamedNode,
        literal: Literal,
        out: &mut Vec<Edge>,
    ) -> Option<Value> {
        match rule {
            Rule::Plain => return self.plain(predicate, literal).map(Value::Literal),
            Rule::Text => return self.words(predicate, literal).map(Value::Literal),
            _ => {}
        }
        let written = text::clean(literal.value());
        if written.is_empty() {
            return None;
        }
        let said = match rule {
            Rule::Date => return Some(self.date(predicate, literal)),
            Rule::Controlled(table) => self.word(table, predicate, &written, out),
            Rule::Link => match links::link(&written) {
                Ok(iri) => Some(Value::Iri(iri)),
                Err(why) => return self.no_link(predicate, &written, why),
            },
            Rule::LinkOrText => links::link(&written).ok().map(Value::Iri),
            Rule::Agent => Some(match links::link(&written) {
                Ok(iri) if links::is_http(iri.as_str()) => Value::Iri(iri),
                _ => self.agent(graph, &literal),
            }),
            Rule::Contact => Some(self.contact(graph, &literal)),
            Rule::Period => {
                let period = self.period(graph, &written);
                if period.is_none() {
                    self.find(
                        "unparsed-period",
                        predicate,
                        &written,
                        "start/end, each a date",
                    );
                }
                period
            }
            _ => values::read(rule, &written).unwrap_or_else(|problem| {
                self.find(problem.code, predicate, &written, problem.expected);
                None
            }),
        };
        said.or_else(|| self.plain(predicate, literal).map(Value::Literal))
    }

    fn word(
        &mut self,
        table: Table,
        predicate: &NamedNode,
        written: &str,
        out: &mut Vec<Edge>,
    ) -> Option<Value> {
        let Some(meaning) = words::meaning(table, written) else {
            self.find(table.unmapped(), predicate, written, table.expected());
            return None;
        };
        derive_media_type(meaning.media_type, out);
        Some(Value::Iri(meaning.iri))
    }

    fn find(&mut self, code: &str, predicate: &NamedNode, found: &str, expected: &str) {
        self.findings.push(Finding::new(
            code,
            prefixed(predicate.as_str()),
            found,
            expected,
        ));
    }

    fn no_link(&mut self, predicate: &NamedNode, written: &str, why: NotALink) -> Option<Value> {
        let code = match why {
            NotALink::Dangerous => "dangerous-link",
            NotALink::NotAbsolute => "relative-link",
            NotALink::Malformed => "invalid-link",
        };
        self.find(
            code,
            predicate,
            written,
            "an absolute link that leads to a resource",
        );
        let written = text::clean(written);
        (!written.is_empty()).then(|| Value::Literal(Literal::new_simple_literal(written)))
    }

    /// A literal as the store gives it back. None where nothing is left of it.
    fn plain(&mut self, predicate: &NamedNode, literal: Literal) -> Option<Literal> {
        if literal.language().is_some() {
            return self.words(predicate, literal);
        }
        let (value, datatype, _) = literal.destruct();
        match datatype {
            Some(datatype) if !is_iri(&datatype) => Some(Literal::new_simple_literal(value)),
            Some(datatype) => Some(canonical(value, datatype)),
            None if value.trim().is_empty() => None,
            None => Some(Literal::new_simple_literal(value)),
        }
    }

    fn words(&mut self, predicate: &NamedNode, literal: Literal) -> Option<Literal> {
        match literal.language() {
            Some(language) if Some(language) == self.language.as_deref() => {
                text::in_language(literal.value(), Some(language))
            }
            Some(language) => {
                let tag = text::tag(language);
                if tag.is_none() {
                    self.find("invalid-language-tag", predicate, language, "a BCP 47 tag");
                }
                text::in_language(literal.value(), tag.as_deref())
            }
            None if literal.datatype() == xsd::STRING => {
                text::in_language(literal.value(), self.language.as_deref())
            }
            None => {
                let (value, datatype, _) = literal.destruct();
                datatype
                    .filter(is_iri)
                    .map(|datatype| canonical(value, datatype))
            }
        }
    }

    fn date(&mut self, predicate: &NamedNode, literal: Literal) -> Value {
        if let Some(date) = dates::parse(literal.value(), self.cx.offset_minutes) {
            return Value::Literal(date);
        }
        let (value, datatype, _) = literal.destruct();
        let parsed = datatype.and_then(|datatype| parsed(&value, &datatype));
        Value::Literal(parsed.unwrap_or_else(|| {
            self.find("unparsed-date", predicate, &value, "a date, YYYY-MM-DD");
            Literal::new_simple_literal(value)
        }))
    }

    /// An agent known by its name alone.
    fn agent(&self, graph: &mut Graph, name: &Literal) -> Value {
        let name = self.spoken(name);
        Value::Node(graph.add(name.map(|n| Edge::new(foaf::NAME, n)).into_iter().collect()))
    }

    /// A contact known by a name or an address alone.
    fn contact(&self, graph: &mut Graph, said: &Literal) -> Value {
        let edge = match links::email(said.value()) {
            Some(address) => Some(Edge::new(vcard::HAS_EMAIL, Value::Iri(address))),
            None => self.spoken(said).map(|name| Edge::new(vcard::FN, name)),
        };
        Value::Node(graph.add(edge.into_iter().collect()))
    }

    fn spoken(&self, literal: &Literal) -> Option<Value> {
        let tag = literal.language().and_then(text::tag);
        let language = tag.as_deref().or(self.language.as_deref());
        text::in_language(literal.value(), language).map(Value::Literal)
    }

    /// `2019-01-01/2020-12-31`; either side may be open (`..` or nothing).
    fn period(&self, graph: &mut Graph, written: &str) -> Option<Value> {
        let (start, end) = written.split_once('/')?;
        let mut edges = Vec::new();
        for (side, predicate) in [(start, dcat::START_DATE), (end, dcat::END_DATE)] {
            if !matches!(side.trim(), "" | "..") {
                let date = dates::parse(side, self.cx.offset_minutes)?;
                edges.push(Edge::new(predicate, Value::Literal(date)));
            }
        }
        (!edges.is_empty()).then(|| Value::Node(graph.add(edges)))
    }
}

/// The label of a node that has a label and perhaps a type, and nothing else.
fn only_label(edges: &[Edge]) -> Option<&str> {
    let mut label = None;
    for edge in edges.iter().filter(|edge| edge.predicate != rdf::TYPE) {
        let is_label = [rdfs::LABEL, rdf::VALUE, skos::PREF_LABEL, dct::TITLE]
            .iter()
            .any(|p| edge.predicate == *p);
        match &edge.value {
            Value::Literal(literal) if is_label && label.is_none() => label = Some(literal.value()),
            _ => return None,
        }
    }
    label
}

/// The media type that a format's word says besides gives way to one that the source states.
fn derive_media_type(media_type: Option<&'static str>, out: &mut Vec<Edge>) {
    if let Some(media_type) = media_type {
        let mut edge = Edge::new(dcat::MEDIA_TYPE, Value::Iri(words::iana(media_type)));
        edge.derived = true;
        out.push(edge);
    }
}

fn is_iri(datatype: &NamedNode) -> bool {
    datatype.as_str().starts_with(xsd::NS) || oxiri::Iri::parse(datatype.as_str()).is_ok()
}
