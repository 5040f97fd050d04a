//! One edge of a description -> the same said in DCAT-AP 3.
//!
//! What cannot be said better is kept as it is, and becomes a finding where something was expected. Never asks where
//! an edge stands; [`crate::normalise`] walks the description.

use crate::graph::{Edge, Graph, NodeId, Value};
use crate::links::{self, NotALink};
use crate::literals::{canonical, parsed};
use crate::properties::{self, Property, Rule, Table};
use crate::terms::{dcat, dct, geosparql, locn, prefixed, rdfs, skos, vcard, xsd};
use crate::{
    Class, Context, Finding, Learned, agents, dates, entity_iri, html, secrets, tables, text,
    values, words,
};
use oxrdf::vocab::rdf;
use oxrdf::{Literal, NamedNode, NamedNodeRef};

pub(crate) struct Mapper<'a> {
    cx: &'a Context,
    language: Option<String>,
    pub findings: Vec<Finding>,
    /// Blank nodes that were only a way to say a word, and have been replaced by what it means.
    pub absorbed: Vec<NodeId>,
    /// Agencies that the table lacks.
    pub learned: Vec<Learned>,
}

impl<'a> Mapper<'a> {
    pub fn new(cx: &'a Context) -> Self {
        let language = cx.language.as_deref().and_then(text::tag);
        Self {
            cx,
            language,
            findings: Vec::new(),
            absorbed: Vec::new(),
            learned: Vec::new(),
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
            Value::Node(id) if property.rule == Rule::Agent => {
                self.shared_agent(graph, id)
                    .map_or(Value::Node(id), |agency| {
                        self.absorbed.push(id);
                        Value::Iri(agency)
                    })
            }
            Value::Literal(literal) => Value::Literal(self.without_secrets(&predicate, literal)),
            value => value,
        };
        let value = match value {
            Value::Iri(iri) => self.iri(property.rule, &predicate, iri, out),
            Value::Literal(literal) => self.literal(graph, property, &predicate, literal, out),
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
        let given = self.iri_without_secrets(predicate, given);
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
                Self::besides(table, None, &known, out);
                known
            }
            Rule::Dataset if !links::is_http(iri.as_str()) => {
                entity_iri(&self.cx.base, &self.cx.source, Class::Dataset, iri.as_str())
            }
            Rule::Email if !links::is_http(iri.as_str()) => {
                links::email(iri.as_str()).unwrap_or(iri)
            }
            Rule::Agent if self.cx.shared_agencies => {
                let key = agents::key_of_iri(iri.as_str());
                key.map_or(iri, |key| self.learn(key, Vec::new()))
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
            self.unmapped(table, predicate, word, out);
            return Value::Node(id);
        };
        derive_media_type(meaning.media_type, out);
        self.absorbed.push(id);
        Value::Iri(meaning.iri)
    }

    fn literal(
        &mut self,
        graph: &mut Graph,
        property: &'static Property,
        predicate: &NamedNode,
        literal: Literal,
        out: &mut Vec<Edge>,
    ) -> Option<Value> {
        let rule = property.rule;
        match rule {
            Rule::Plain | Rule::Identifier | Rule::Dataset => {
                return self.plain(predicate, literal).map(Value::Literal);
            }
            Rule::Text => return self.words(predicate, literal).map(Value::Literal),
            Rule::Markup => return self.markup(predicate, literal).map(Value::Literal),
            _ => {}
        }
        let written = text::clean(literal.value());
        if written.is_empty() {
            return None;
        }
        if let Some(edges) = self.said_elsewhere(graph, rule, &written, &literal) {
            out.extend(edges);
            return None;
        }
        let said = match rule {
            Rule::Date => return self.date(predicate, literal),
            Rule::Controlled(table) => self.word(table, predicate, &written, out),
            Rule::Link => match links::link(&written) {
                Ok(iri) => Some(Value::Iri(iri)),
                Err(why) => return self.no_link(predicate, &written, why),
            },
            Rule::LinkOrText => links::link(&written).ok().map(Value::Iri),
            Rule::Agent => Some(match links::link(&written) {
                Ok(iri) if links::is_http(iri.as_str()) => Value::Iri(iri),
                _ => self.agent_named(graph, &literal),
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
        said.or_else(|| match property.label {
            Some(label) => Some(labelled(graph, label, literal)),
            None => self.plain(predicate, literal).map(Value::Literal),
        })
    }

    fn word(
        &mut self,
        table: Table,
        predicate: &NamedNode,
        written: &str,
        out: &mut Vec<Edge>,
    ) -> Option<Value> {
        let Some(meaning) = words::meaning(table, written) else {
            self.unmapped(table, predicate, written, out);
            return None;
        };
        derive_media_type(meaning.media_type, out);
        Self::besides(table, Some(written), &meaning.iri, out);
        Some(Value::Iri(meaning.iri))
    }

    /// A finding, unless the table has the word and says on purpose that it stands for nothing (其他). A format that is
    /// a media type is known by that.
    fn unmapped(&mut self, table: Table, predicate: &NamedNode, word: &str, out: &mut Vec<Edge>) {
        let media_type = words::media_type(word).filter(|_| table == Table::Format);
        if media_type.is_none() && !words::is_known(table, word) {
            self.find(table.unmapped(), predicate, word, table.expected());
        }
        out.extend(media_type.map(derived_media_type));
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

    fn date(&mut self, predicate: &NamedNode, literal: Literal) -> Option<Value> {
        if let Some(date) = self.read_date(literal.value()) {
            if date.is_none() {
                let expected = "no date where there is none";
                self.find("sentinel-date", predicate, literal.value(), expected);
            }
            return date.map(Value::Literal);
        }
        let (value, datatype, _) = literal.destruct();
        let parsed = datatype.and_then(|datatype| parsed(&value, &datatype));
        Some(Value::Literal(parsed.unwrap_or_else(|| {
            self.find("unparsed-date", predicate, &value, "a date, YYYY-MM-DD");
            Literal::new_simple_literal(value)
        })))
    }

    /// A date; Some(None) for one that stands for no date. Years of the Republic only where the source is Taiwanese, or
    /// says 民國.
    fn read_date(&self, text: &str) -> Option<Option<Literal>> {
        let never = text.trim_start().starts_with("999");
        if never && dates::of_the_republic(text) == Some(None) {
            return Some(None);
        }
        let date = dates::parse(text, self.cx.offset_minutes).map(Some);
        let republic = || {
            let certain = self.is_taiwanese() || text.contains("民國");
            certain.then(|| dates::of_the_republic(text)).flatten()
        };
        date.or_else(republic)
    }

    /// Text that may be HTML.
    fn markup(&mut self, predicate: &NamedNode, literal: Literal) -> Option<Literal> {
        let Some(shown) = html::to_text(literal.value()) else {
            return self.words(predicate, literal);
        };
        self.find("html-in-text", predicate, literal.value(), "plain text");
        let shown = match literal.language() {
            Some(language) => Literal::new_language_tagged_literal_unchecked(shown, language),
            None => Literal::new_simple_literal(shown),
        };
        self.words(predicate, shown)
    }

    fn without_secrets(&mut self, predicate: &NamedNode, literal: Literal) -> Literal {
        let Some(redacted) = secrets::redacted(literal.value()) else {
            return literal;
        };
        self.find_secret(predicate, &redacted);
        match (literal.language(), literal.datatype()) {
            (Some(language), _) => {
                Literal::new_language_tagged_literal_unchecked(redacted, language)
            }
            (None, datatype) => Literal::new_typed_literal(redacted, datatype),
        }
    }

    /// The name of a part is not changed: the description itself hangs on it.
    fn iri_without_secrets(&mut self, predicate: &NamedNode, iri: NamedNode) -> NamedNode {
        let Some(redacted) = secrets::redacted(iri.as_str()) else {
            return iri;
        };
        self.find_secret(predicate, &redacted);
        if properties::of(predicate.as_str()).containment {
            return iri;
        }
        NamedNode::new_unchecked(redacted)
    }

    fn find_secret(&mut self, predicate: &NamedNode, redacted: &str) {
        let expected = "an address without a key or a password";
        self.find("secret-in-link", predicate, redacted, expected);
    }

    pub fn is_taiwanese(&self) -> bool {
        let language = self.language.as_deref();
        language.is_some_and(|tag| matches!(tag, "zh-hant" | "zh-tw" | "zh-hant-tw"))
    }

    pub fn shares_agencies(&self) -> bool {
        self.cx.shared_agencies
    }

    pub fn base(&self) -> &str {
        &self.cx.base
    }

    /// A contact known by a name or an address alone.
    fn contact(&self, graph: &mut Graph, said: &Literal) -> Value {
        let edge = match links::email(said.value()) {
            Some(address) => Some(Edge::new(vcard::HAS_EMAIL, Value::Iri(address))),
            None => self.spoken(said).map(|name| Edge::new(vcard::FN, name)),
        };
        Value::Node(graph.add(edge.into_iter().collect()))
    }

    pub fn spoken(&self, literal: &Literal) -> Option<Value> {
        self.spoken_name(literal).map(Value::Literal)
    }

    pub fn spoken_name(&self, literal: &Literal) -> Option<Literal> {
        let tag = literal.language().and_then(text::tag);
        let language = tag.as_deref().or(self.language.as_deref());
        text::in_language(literal.value(), language)
    }

    /// `2019-01-01/2020-12-31`; either side may be open (`..` or nothing).
    fn period(&self, graph: &mut Graph, written: &str) -> Option<Value> {
        let (start, end) = written.split_once('/')?;
        let mut edges = Vec::new();
        for (side, predicate) in [(start, dcat::START_DATE), (end, dcat::END_DATE)] {
            if !matches!(side.trim(), "" | "..") {
                let date = self.read_date(side)?;
                edges.extend(date.map(|date| Edge::new(predicate, Value::Literal(date))));
            }
        }
        (!edges.is_empty()).then(|| Value::Node(graph.add(edges)))
    }
}

/// A word as a node: see [`crate::properties`]. A geometry is what it is, and no name.
fn labelled(graph: &mut Graph, label: NamedNodeRef<'_>, word: Literal) -> Value {
    let label = if word.datatype().as_str().starts_with(geosparql::NS) {
        locn::GEOMETRY
    } else {
        label
    };
    Value::Node(graph.add(vec![Edge::new(label, Value::Literal(word))]))
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
    out.extend(media_type.map(|media_type| derived_media_type(words::iana(media_type))));
}

fn derived_media_type(media_type: NamedNode) -> Edge {
    let mut edge = Edge::new(dcat::MEDIA_TYPE, Value::Iri(media_type));
    edge.derived = true;
    edge
}

fn is_iri(datatype: &NamedNode) -> bool {
    datatype.as_str().starts_with(xsd::NS) || oxiri::Iri::parse(datatype.as_str()).is_ok()
}
