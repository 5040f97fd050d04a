//! What tells of each record of a dataset which dataset it is about, read from the store.
//!
//! Also of records that are not the winners of their entities, or that are published otherwise than their sources say
//! it: these stand in graphs of their own. One description is in memory at a time. Start at [`dataset_records`] and
//! [`all_features`].

use crate::{identity::Features, store_read};
use harvestd_vocab::{
    Class,
    iris::parse_record_iri,
    terms::{dcat, foaf, skos},
};
use oxigraph::{
    model::{
        GraphName, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, QuadRef, Term, Triple,
        vocab::rdf,
    },
    store::{StorageError, Store},
};
use std::fmt::Write as _;

/// A record of a dataset: where it stands, and what it is about as its source has it.
pub struct DatasetRecord {
    pub record: NamedNode,
    pub entity: NamedNode,
    pub source: String,
    /// The default graph, or the record's own.
    graph: GraphName,
}

/// Every record of a dataset. `base` is that of our IRIs.
pub fn dataset_records<'s>(
    store: &'s Store,
    base: &'s str,
) -> impl Iterator<Item = Result<DatasetRecord, StorageError>> + 's {
    store
        .quads_for_pattern(None, Some(foaf::PRIMARY_TOPIC), None, None)
        .filter_map(move |quad| {
            quad.and_then(|quad| dataset_record(store, base, quad))
                .transpose()
        })
}

/// The dataset that a record is about, as its source has it. None: we hold no such record, or it is about something else.
pub fn dataset_of(
    store: &Store,
    base: &str,
    record: &str,
) -> Result<Option<NamedNode>, StorageError> {
    let record = NamedNodeRef::new_unchecked(record);
    for quad in store.quads_for_pattern(Some(record.into()), Some(foaf::PRIMARY_TOPIC), None, None)
    {
        if let Some(found) = dataset_record(store, base, quad?)? {
            return Ok(Some(found.entity));
        }
    }
    Ok(None)
}

/// The features of every record of a dataset. `base` is that of our IRIs.
pub fn all_features<'s>(
    store: &'s Store,
    base: &'s str,
) -> impl Iterator<Item = Result<Features, StorageError>> + 's {
    dataset_records(store, base).map(|record| features(store, record?))
}

/// What `quad` says the topic of, if it is a record of ours and about a dataset.
fn dataset_record(
    store: &Store,
    base: &str,
    quad: Quad,
) -> Result<Option<DatasetRecord>, StorageError> {
    let graph = quad.graph_name;
    let (NamedOrBlankNode::NamedNode(record), Term::NamedNode(entity)) =
        (quad.subject, quad.object)
    else {
        return Ok(None);
    };
    let Some(name) = parse_record_iri(base, record.as_str()) else {
        return Ok(None);
    };
    // Descriptions may say of other records what they like: only the record's own graph, or the default graph, counts.
    let own = match &graph {
        GraphName::DefaultGraph => true,
        GraphName::NamedNode(graph) => *graph == record,
        GraphName::BlankNode(_) => false,
    };
    // A winner that is published otherwise than its source says it has its own words beside.
    let own_graph = GraphName::NamedNode(record.clone());
    let beside = QuadRef::new(&record, rdf::TYPE, dcat::CATALOG_RECORD, &own_graph);
    if graph.is_default_graph() && store.contains(beside)? {
        return Ok(None);
    }
    let typed = QuadRef::new(&record, rdf::TYPE, dcat::CATALOG_RECORD, &graph);
    if name.class != Class::Dataset || !own || !store.contains(typed)? {
        return Ok(None);
    }
    Ok(Some(DatasetRecord {
        record,
        entity,
        source: name.source,
        graph,
    }))
}

fn features(store: &Store, of: DatasetRecord) -> Result<Features, StorageError> {
    let DatasetRecord {
        record,
        entity,
        source,
        graph,
    } = of;
    let triples = if graph.is_default_graph() {
        store_read::description_of(store, entity.as_ref())?
    } else {
        store
            .quads_for_pattern(None, None, None, Some(graph.as_ref()))
            .map(|quad| quad.map(Triple::from))
            .collect::<Result<_, _>>()?
    };
    let mut body = String::new();
    for triple in triples {
        let _ = writeln!(body, "{triple} .");
    }
    let names = |agent: &str| names(store, agent);
    let (record, entity) = (record.as_str(), entity.as_str());
    Ok(Features::of(&body, record, entity, &source, &names))
}

/// The names of an agent that is a record of its own, whoever says them.
pub fn names(store: &Store, agent: &str) -> Vec<String> {
    let agent = NamedNodeRef::new_unchecked(agent);
    [foaf::NAME, skos::PREF_LABEL]
        .into_iter()
        .flat_map(|p| store.quads_for_pattern(Some(agent.into()), Some(p), None, None))
        .filter_map(|quad| match quad.ok()?.object {
            Term::Literal(name) => Some(name.value().to_owned()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use oxigraph::io::RdfFormat;

    const HELD: &str = r#"
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix a: <http://hub.example/record/a/> . @prefix b: <http://hub.example/record/b/> . @prefix d: <https://city.example/> .
d:1 a dcat:Dataset ; dct:title "公廁" ; dct:publisher d:office .
a:1 a dcat:CatalogRecord ; foaf:primaryTopic d:1 .
d:office a foaf:Agent ; foaf:name "臺南市環保局" .
<http://hub.example/record/a/agent:office> a <https://w3id.org/harvestd/ns#AgentRecord> ; foaf:primaryTopic d:office .
<https://elsewhere.example/record/9> a dcat:CatalogRecord ; foaf:primaryTopic d:1 .
b:1 {
    d:1 a dcat:Dataset ; dct:title "廁所" ; dct:publisher d:office .
    b:1 a dcat:CatalogRecord ; foaf:primaryTopic d:1 .
}
<http://hub.example/other> { b:2 a dcat:CatalogRecord ; foaf:primaryTopic d:1 . }
"#;

    #[test]
    fn winners_and_losers_each_have_their_own_words() {
        let store = Store::new().unwrap();
        store.load_from_slice(RdfFormat::TriG, HELD).unwrap();
        let mut found: Vec<(String, String, String)> = all_features(&store, "http://hub.example/")
            .map(Result::unwrap)
            .map(|f| {
                let title = f.titles[0].0.to_string();
                (f.record.to_string(), title, f.agencies[0].to_string())
            })
            .collect();
        found.sort();
        let line = |record: &str, title: &str| {
            (
                format!("http://hub.example/record/{record}"),
                title.to_owned(),
                "台南市環保局".to_owned(),
            )
        };
        assert_eq!(found, [line("a/1", "公廁"), line("b/1", "廁所")]);
    }
}
