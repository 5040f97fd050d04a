//! What a word says besides, and what is said with another predicate than the source used.
//!
//! A frequency's word is kept, with its interval; a theme of ours is one of the EU's as well; a licence field that holds
//! rules of use is a statement of rights; the label of an interface is no format. Start reading at
//! [`Mapper::said_elsewhere`].

use crate::Learned;
use crate::agents::{self, Agency};
use crate::graph::{Edge, Graph, Value};
use crate::mapping::Mapper;
use crate::properties::{Rule, Table};
use crate::terms::{authority, dcat, dct, foaf, harvestd, oa, org, rdfs, schema, xsd};
use crate::{concepts, frequency, tables, text, values};
use oxrdf::{Literal, NamedNode};
use std::borrow::Cow;

impl Mapper<'_> {
    /// What a literal becomes where that has another predicate. None: it is said where it stands.
    pub(crate) fn said_elsewhere(
        &mut self,
        graph: &mut Graph,
        rule: Rule,
        written: &str,
        literal: &Literal,
    ) -> Option<Vec<Edge>> {
        match rule {
            Rule::Charge => Some(self.charge(written, literal).into_iter().collect()),
            // A fee says nothing of who may have the data.
            Rule::Controlled(Table::AccessRight) => {
                let free = values::is_free(written)?;
                Some(vec![Edge::new(schema::IS_ACCESSIBLE_FOR_FREE, free)])
            }
            Rule::Controlled(Table::QualityBadge) => {
                let badge = concepts::badge(written)?;
                Some(vec![Edge::new(oa::HAS_BODY, Value::Iri(badge.iri.clone()))])
            }
            Rule::Controlled(Table::Licence)
                if tables::licences().cell(written).is_none()
                    && tables::is_rights_statement(written) =>
            {
                let label = self.spoken(literal)?;
                let statement = graph.add(vec![Edge::new(rdfs::LABEL, label)]);
                Some(vec![Edge::new(dct::RIGHTS, Value::Node(statement))])
            }
            // The national platform's interfaces give the licence by number.
            Rule::Controlled(Table::Licence) if written == "1" && self.is_taiwanese() => {
                let licence = tables::licences().iri("twogd")?.into_owned();
                Some(vec![Edge::new(dct::LICENSE, Value::Iri(licence))])
            }
            Rule::Controlled(Table::Format) => {
                let iri = tables::format(written)?.file_type?;
                let is_interface = iri.as_str().starts_with(authority::DISTRIBUTION_TYPE);
                is_interface.then(|| vec![Edge::new(dct::TYPE, Value::Iri(iri.into_owned()))])
            }
            _ => None,
        }
    }

    /// Whether the data are free, where that is all that is said; else the conditions, as they are.
    fn charge(&self, written: &str, literal: &Literal) -> Option<Edge> {
        if let Some(free) = values::is_free(written) {
            return Some(Edge::new(schema::IS_ACCESSIBLE_FOR_FREE, free));
        }
        let conditions = self.spoken(literal)?;
        Some(Edge::new(schema::CONDITIONS_OF_ACCESS, conditions))
    }

    /// What a controlled value says besides itself. `word`: what the source wrote, where that was no IRI.
    pub(crate) fn besides(table: Table, word: Option<&str>, iri: &NamedNode, out: &mut Vec<Edge>) {
        match table {
            Table::Frequency => frequency_besides(word, iri, out),
            Table::Theme => {
                let alike = concepts::of_iri(iri.as_str()).and_then(|c| c.themes.first());
                out.extend(alike.map(|theme| Edge::new(dcat::THEME, Value::Iri(theme.clone()))));
            }
            _ => {}
        }
    }

    /// The agency that all sources share, where a node without an IRI says which: by its OID or code, or by a full name that
    /// the table has; else None, and what its name says of whom it belongs to is added to it.
    pub(crate) fn shared_agent(&mut self, graph: &mut Graph, id: usize) -> Option<NamedNode> {
        let node = &graph.nodes[id];
        if node.iri.is_some() || !self.shares_agencies() {
            return None;
        }
        if let Some(key) = agents::key_of_node(&node.edges) {
            let said = agents::names(&node.edges).map(Literal::value);
            if let Some(agency) = agents::known_as(&key, said) {
                return Some(agents::iri(self.base(), agency.key));
            }
            let names = agents::names(&node.edges).filter_map(|name| self.spoken_name(name));
            let names = names.collect();
            return Some(self.learn(key, names));
        }
        let name = agents::only_name(&node.edges)?;
        if let Some(agency) = agents::named(name) {
            return Some(agents::iri(self.base(), agency.key));
        }
        let parent = self.parent(name);
        graph.nodes[id].edges.extend(parent);
        None
    }

    /// The agent of a name alone.
    pub(crate) fn agent_named(&self, graph: &mut Graph, literal: &Literal) -> Value {
        let name = text::clean(literal.value());
        let shared = self.shares_agencies();
        if let Some(agency) = agents::named(&name).filter(|_| shared) {
            return Value::Iri(agents::iri(self.base(), agency.key));
        }
        let parent = self.parent(&name);
        let name = self.spoken(literal).map(|name| Edge::new(foaf::NAME, name));
        Value::Node(graph.add(name.into_iter().chain(parent).collect()))
    }

    fn parent(&self, name: &str) -> Option<Edge> {
        let parent = agents::parent_by_name(name).filter(|_| self.shares_agencies())?;
        Some(self.belongs_to(parent))
    }

    /// The IRI of an agency that all sources share; what the table lacks has to be shared from now on.
    pub(crate) fn learn(&mut self, key: Cow<'_, str>, names: Vec<Literal>) -> NamedNode {
        let iri = agents::iri(self.base(), &key);
        if agents::known(&key).is_none() {
            self.learned.push(Learned {
                key: key.into_owned(),
                names,
            });
        }
        iri
    }

    fn belongs_to(&self, agency: &Agency) -> Edge {
        let iri = agents::iri(self.base(), agency.key);
        Edge::new(org::SUB_ORGANIZATION_OF, Value::Iri(iri))
    }

    /// The nearest agency of the table above one that is a record of its own, where it says none itself.
    pub(crate) fn belongs_above(&self, graph: &mut Graph, key: &str) {
        let edges = &mut graph.nodes[graph.entity].edges;
        let says = |edge: &Edge| edge.predicate == org::SUB_ORGANIZATION_OF;
        if agents::known(key).is_none() && !edges.iter().any(says) {
            edges.extend(agents::parent_by_oid(key).map(|agency| self.belongs_to(agency)));
        }
    }
}

/// November 2026: `dct:accrualPeriodicity` may have one value, which is the EU's. `dcat:temporalResolution` is about the
/// data's own steps in time, and the durations of schema.org and OWL-Time belong to schedules and time spans; so the
/// interval and the source's word have properties of our own, on the dataset itself, where `NOW() - ?interval` is one
/// step away.
fn frequency_besides(word: Option<&str>, iri: &NamedNode, out: &mut Vec<Edge>) {
    let said = word.and_then(frequency::interval_of_word);
    let interval = match &said {
        Some(interval) => Some(interval.as_str()),
        None => frequency::interval_of_code(iri.as_str()),
    };
    if let Some(interval) = interval {
        let datatype = xsd::DURATION.into_owned();
        let interval = crate::literals::canonical(interval.to_owned(), datatype);
        let mut edge = Edge::new(harvestd::UPDATE_INTERVAL, Value::Literal(interval));
        edge.derived = true;
        out.push(edge);
    }
    if let Some(word) = word.filter(|word| !word.contains("://")) {
        let word = Literal::new_simple_literal(word);
        out.push(Edge::new(harvestd::STATED_FREQUENCY, Value::Literal(word)));
    }
}
