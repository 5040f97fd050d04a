//! What the store holds of a source, listed: never changes anything.

use super::lines::body_of;
use super::place::PRIMARY_TOPIC;
use super::{Store, StoreError};
use crate::store_read;
use harvestd_harvesters::RecordId;
use harvestd_vocab::{
    Agencies, agents,
    containment::is_membership,
    iris::{RecordKey, parse_record_iri},
    learned::Names,
    terms::{dct, foaf, harvestd, skos},
};
use oxigraph::model::{
    GraphName, GraphNameRef, Literal, NamedNodeRef, NamedOrBlankNode, Quad, Term, vocab::rdf,
};
use std::collections::BTreeSet;

impl Store {
    /// All records of a source that are in the store, each once: `{record IRI, the entity's IRI as its source has it}`.
    pub fn records_of_source(
        &self,
        source: &str,
    ) -> impl Iterator<Item = Result<(String, String), StoreError>> {
        let prefix = format!("{}record/{source}/", self.base);
        self.quads
            .quads_for_pattern(None, Some(PRIMARY_TOPIC), None, None)
            .filter_map(move |quad| {
                let quad = quad.map_err(StoreError::storage("listing a source's records"));
                quad.and_then(|quad| self.listed(quad, &prefix)).transpose()
            })
    }

    fn listed(&self, quad: Quad, prefix: &str) -> Result<Option<(String, String)>, StoreError> {
        let (NamedOrBlankNode::NamedNode(record), Term::NamedNode(entity)) =
            (quad.subject, quad.object)
        else {
            return Ok(None);
        };
        if !record.as_str().starts_with(prefix) {
            return Ok(None);
        }
        // A record that is published otherwise than its source says it stands in its own graph as well.
        let kept = || -> Result<bool, StoreError> {
            let own = GraphNameRef::NamedNode(record.as_ref());
            let mut topics = self.quads.quads_for_pattern(
                Some(record.as_ref().into()),
                Some(PRIMARY_TOPIC),
                None,
                Some(own),
            );
            let found = topics.next().transpose();
            Ok(found
                .map_err(StoreError::storage("listing a source's records"))?
                .is_some())
        };
        if quad.graph_name.is_default_graph() && kept()? {
            return Ok(None);
        }
        Ok(Some((record.into_string(), entity.into_string())))
    }

    /// The same by the source's own names: what a state that cannot be trusted is rebuilt from.
    pub fn record_ids(&self, source: &str) -> Result<Vec<RecordId>, StoreError> {
        let mut ids = Vec::new();
        for record in self.records_of_source(source) {
            ids.extend(self.record_id(&record?.0)?);
        }
        Ok(ids)
    }

    /// Is the record held, published or not?
    pub fn holds_record(&self, record: &str) -> Result<bool, StoreError> {
        Ok(self.placement(record)?.is_some())
    }

    /// What a record is about, as its source names it, and a title of it, published or kept. None: it is not held.
    pub fn title_of(&self, record: &str) -> Result<Option<(String, Option<String>)>, StoreError> {
        let Some(placed) = self.placement(record)? else {
            return Ok(None);
        };
        let mut titles = Vec::new();
        for word in [dct::TITLE, foaf::NAME] {
            let about = placed.shown.as_ref().unwrap_or(&placed.entity).as_ref();
            let graph = match placed.wins() {
                true => GraphName::DefaultGraph,
                false => placed.graph(),
            };
            titles.extend(self.words(about, word, graph.as_ref())?);
        }
        let title = titles.into_iter().next().map(|t| t.value().to_owned());
        Ok(Some((placed.entity.into_string(), title)))
    }

    /// The records of a source whose published descriptions name what `record` is about, but for the links by which a
    /// collection lists its members.
    pub fn referring_to(&self, record: &str, source: &str) -> Result<Vec<RecordId>, StoreError> {
        let Some(placed) = self.placement(record)? else {
            return Ok(Vec::new());
        };
        let doing = "looking for what refers to a record";
        let prefix = format!("{}record/{source}/", self.base);
        let named = self.quads.quads_for_pattern(
            None,
            None,
            Some(placed.entity.as_ref().into()),
            Some(GraphNameRef::DefaultGraph),
        );
        let mut owners = BTreeSet::new();
        for quad in named {
            let quad = quad.map_err(StoreError::storage(doing))?;
            if let NamedOrBlankNode::NamedNode(subject) = &quad.subject
                && !is_membership(quad.predicate.as_ref())
            {
                let owner = store_read::owner_of(&self.quads, subject.as_ref());
                owners.extend(owner.map_err(StoreError::storage(doing))?);
            }
        }
        owners.remove(&placed.entity);
        let mut records = Vec::new();
        for owner in owners {
            let about = self.about(owner.as_str())?.into_iter();
            for other in about.filter(|other| other.record.as_str().starts_with(&prefix)) {
                records.extend(self.record_id(other.record.as_str())?);
            }
        }
        Ok(records)
    }

    /// The agencies that the shared vocabulary holds beyond its table.
    pub fn agencies(&self) -> Result<Agencies, StoreError> {
        let failed = StoreError::storage("listing the agencies that were learned");
        let mut agencies = Agencies::default();
        let class = Some(harvestd::AGENT_RECORD.into());
        for quad in self
            .quads
            .quads_for_pattern(None, Some(rdf::TYPE), class, None)
        {
            let quad = quad.map_err(&failed)?;
            let NamedOrBlankNode::NamedNode(record) = quad.subject else {
                continue;
            };
            let name = parse_record_iri(&self.base, record.as_str());
            let Some(name) = name.filter(|name| name.source == agents::SOURCE) else {
                continue;
            };
            let RecordKey::Whole(key) = name.key else {
                continue;
            };
            if agents::known(&key).is_some_and(|agency| agency.key == key) {
                continue;
            }
            let agent = agents::iri(&self.base, &key);
            let graph = quad.graph_name.as_ref();
            let names = Names {
                first: self.words(agent.as_ref(), foaf::NAME, graph)?,
                others: self.words(agent.as_ref(), skos::ALT_LABEL, graph)?,
            };
            agencies.hold(key, names);
        }
        Ok(agencies)
    }

    fn words(
        &self,
        node: NamedNodeRef<'_>,
        property: NamedNodeRef<'_>,
        graph: GraphNameRef<'_>,
    ) -> Result<Vec<Literal>, StoreError> {
        let said =
            self.quads
                .quads_for_pattern(Some(node.into()), Some(property), None, Some(graph));
        let words = said.filter_map(|quad| match quad.map(|quad| quad.object) {
            Ok(Term::Literal(word)) => Some(Ok(word)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        });
        let words = words.collect::<Result<_, _>>();
        words.map_err(StoreError::storage("reading the names of an agency"))
    }

    pub(super) fn record_id(&self, record: &str) -> Result<Option<RecordId>, StoreError> {
        let Some(name) = parse_record_iri(&self.base, record) else {
            return Ok(None);
        };
        let key = match name.key {
            RecordKey::Whole(key) => Some(key),
            RecordKey::Shortened(_) => store_read::identifier_of(&self.quads, record)
                .map_err(StoreError::storage("reading a record's identifier"))?,
        };
        Ok(key.map(|key| RecordId::new(name.class, key)))
    }
}

/// The whole default graph as one sorted body: for tests and `harvestd verify`-like checks of small stores.
pub fn default_graph_body(store: &oxigraph::store::Store) -> Result<String, StoreError> {
    let mut triples = Vec::new();
    for quad in store.quads_for_pattern(None, None, None, Some(GraphNameRef::DefaultGraph)) {
        triples.push(
            quad.map_err(StoreError::storage("reading the default graph"))?
                .into(),
        );
    }
    Ok(body_of(&triples))
}
