//! A named graph as the Graph Store Protocol gives it. Runs in the worker's process only. Start at [`write`].

use super::{
    Failure, house,
    write::{misfit, write_graph},
};
use crate::{
    serve::{
        guard,
        negotiate::{self, GRAPHS},
        worker::Reply,
    },
    store_read::{self, OWN},
};
use harvestd_vocab::terms::foaf;
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, QuadRef, Term, Triple},
    store::{StorageError, Store},
};

/// What stands in the graph. The record of a winner has no graph, or one that only says what it mirrors; its words are in
/// the default graph, and are what is meant.
pub fn write(
    store: &Store,
    graph: &str,
    accept: &str,
    base: &str,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    let offer = negotiate::choose(accept, GRAPHS)
        .ok_or_else(|| misfit("A graph is given in RDF", accept, GRAPHS))?;
    let node = NamedNodeRef::new(graph)
        .map_err(|e| guard::refuse(400, "bad-graph-iri", format!("{graph:?} is no IRI: {e}.")))?;
    if let Some(entity) = spoken_for(store, base, node)? {
        let triples = house::description(store, entity.as_ref())?;
        return write_graph(triples.into_iter().map(Ok), offer, reply);
    }
    if !store.contains_named_graph(node)? {
        let none = format!("There is no graph {graph} here.");
        return Err(guard::refuse(404, "no-such-graph", none).into());
    }
    let quads = store.quads_for_pattern(None, None, None, Some(node.into()));
    let triples = quads.map(|quad| quad.map(Triple::from).map_err(Failure::from));
    write_graph(triples, offer, reply)
}

/// The entity for which this record speaks in the default graph, where its own graph has no body.
pub fn spoken_for(
    store: &Store,
    base: &str,
    record: NamedNodeRef<'_>,
) -> Result<Option<NamedNode>, StorageError> {
    if !record.as_str().starts_with(&format!("{base}record/")) {
        return Ok(None);
    }
    if !store.contains_named_graph(record)? {
        return store_read::entity_of(store, record);
    }
    let mirrors = NamedNode::new_unchecked(format!("{OWN}mirrors"));
    let own = GraphNameRef::NamedNode(record);
    let said = |property| named(store, record, property, own);
    let (Some(origin), Some(entity)) = (said(mirrors.as_ref())?, said(foaf::PRIMARY_TOPIC)?) else {
        return Ok(None);
    };
    let body = QuadRef::new(&origin, foaf::PRIMARY_TOPIC, &entity, own);
    Ok((!store.contains(body)?).then_some(entity))
}

fn named(
    store: &Store,
    subject: NamedNodeRef<'_>,
    property: NamedNodeRef<'_>,
    graph: GraphNameRef<'_>,
) -> Result<Option<NamedNode>, StorageError> {
    let quads = store.quads_for_pattern(Some(subject.into()), Some(property), None, Some(graph));
    for quad in quads {
        if let Term::NamedNode(object) = quad?.object {
            return Ok(Some(object));
        }
    }
    Ok(None)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use oxigraph::io::RdfFormat;

    const BASE: &str = "http://h.example/";

    /// `a`: a winner without a graph. `b`: mirrors another's record and wins. `c`: mirrors and does not win.
    const HELD: &str = r#"
        @prefix r: <http://h.example/record/s/> . @prefix o: <http://other.example/record/> .
        @prefix e: <http://e.example/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
        @prefix own: <https://w3id.org/harvestd/ns#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
        r:a a dcat:CatalogRecord ; foaf:primaryTopic e:a .
        o:b a dcat:CatalogRecord ; foaf:primaryTopic e:b .
        r:b { r:b foaf:primaryTopic e:b ; own:mirrors o:b . }
        r:c { r:c foaf:primaryTopic e:c ; own:mirrors o:c . o:c foaf:primaryTopic e:c . }
    "#;

    #[test]
    fn a_winner_is_spoken_for_by_the_default_graph() {
        let store = Store::new().unwrap();
        store.load_from_slice(RdfFormat::TriG, HELD).unwrap();
        for (record, expected) in [
            ("record/s/a", Some("http://e.example/a")),
            ("record/s/b", Some("http://e.example/b")),
            ("record/s/c", None),
            ("record/s/none", None),
            ("graph/runs", None),
        ] {
            let node = NamedNode::new(format!("{BASE}{record}")).unwrap();
            let found = spoken_for(&store, BASE, node.as_ref()).unwrap();
            assert_eq!(found.as_ref().map(NamedNode::as_str), expected, "{record}");
        }
    }
}
