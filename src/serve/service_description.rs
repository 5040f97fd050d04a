//! What the SPARQL endpoint says of itself (SPARQL 1.1 Service Description, with VoID for what it holds).
//!
//! Pure. Start at [`document`].

use super::{answer, geo, negotiate::GraphFormat, wire::Holdings};
use oxigraph::model::{Literal, NamedNode, Term, Triple, vocab::rdf};
use std::io;

const SD: &str = "http://www.w3.org/ns/sparql-service-description#";
const VOID: &str = "http://rdfs.org/ns/void#";
const FORMATS: &str = "http://www.w3.org/ns/formats/";

/// The description in the given format. `base` ends with a slash.
pub fn document(
    base: &str,
    holdings: Option<&Holdings>,
    format: GraphFormat,
) -> io::Result<Vec<u8>> {
    let mut writer = answer::write::serializer(format).for_writer(Vec::new());
    for triple in triples(base, holdings) {
        writer.serialize_triple(&triple)?;
    }
    writer.finish()
}

fn triples(base: &str, holdings: Option<&Holdings>) -> Vec<Triple> {
    let endpoint = NamedNode::new_unchecked(format!("{base}sparql"));
    let dataset = NamedNode::new_unchecked(format!("{base}sparql#dataset"));
    let graph = NamedNode::new_unchecked(format!("{base}sparql#default-graph"));
    let mut triples = Vec::new();
    let mut say = |subject: &NamedNode, predicate: &str, object: Term| {
        triples.push(Triple::new(
            subject.clone(),
            NamedNode::new_unchecked(predicate),
            object,
        ));
    };
    say(&endpoint, rdf::TYPE.as_str(), term(SD, "Service"));
    say(&endpoint, &format!("{SD}endpoint"), endpoint.clone().into());
    say(
        &endpoint,
        &format!("{SD}supportedLanguage"),
        term(SD, "SPARQL11Query"),
    );
    for format in [
        "SPARQL_Results_JSON",
        "SPARQL_Results_XML",
        "SPARQL_Results_CSV",
        "SPARQL_Results_TSV",
        "Turtle",
        "N-Triples",
        "RDF_XML",
        "JSON-LD",
        "TriG",
        "N-Quads",
    ] {
        say(
            &endpoint,
            &format!("{SD}resultFormat"),
            term(FORMATS, format),
        );
    }
    say(
        &endpoint,
        &format!("{SD}extensionFunction"),
        geo::DISTANCE.into_owned().into(),
    );
    say(
        &endpoint,
        &format!("{SD}defaultDataset"),
        dataset.clone().into(),
    );
    say(
        &geo::DISTANCE.into_owned(),
        rdf::TYPE.as_str(),
        term(SD, "Function"),
    );
    say(&dataset, rdf::TYPE.as_str(), term(SD, "Dataset"));
    say(&dataset, &format!("{SD}defaultGraph"), graph.clone().into());
    say(&graph, rdf::TYPE.as_str(), term(SD, "Graph"));
    say(&graph, rdf::TYPE.as_str(), term(VOID, "Dataset"));
    for extension in ["ttl", "rdf", "jsonld", "nt"] {
        say(
            &graph,
            &format!("{VOID}dataDump"),
            NamedNode::new_unchecked(format!("{base}catalog.{extension}")).into(),
        );
    }
    let Some(holdings) = holdings else {
        return triples;
    };
    say(&graph, &format!("{VOID}triples"), number(holdings.triples));
    for (name, class, entities) in [
        (
            "datasets",
            "http://www.w3.org/ns/dcat#Dataset",
            holdings.datasets,
        ),
        (
            "distributions",
            "http://www.w3.org/ns/dcat#Distribution",
            holdings.distributions,
        ),
        (
            "services",
            "http://www.w3.org/ns/dcat#DataService",
            holdings.data_services,
        ),
        (
            "catalogs",
            "http://www.w3.org/ns/dcat#Catalog",
            holdings.catalogs,
        ),
        ("agents", "http://xmlns.com/foaf/0.1/Agent", holdings.agents),
    ] {
        let partition = NamedNode::new_unchecked(format!("{base}sparql#{name}"));
        say(
            &graph,
            &format!("{VOID}classPartition"),
            partition.clone().into(),
        );
        say(
            &partition,
            &format!("{VOID}class"),
            NamedNode::new_unchecked(class).into(),
        );
        say(&partition, &format!("{VOID}entities"), number(entities));
    }
    triples
}

pub(super) fn term(namespace: &str, name: &str) -> Term {
    NamedNode::new_unchecked(format!("{namespace}{name}")).into()
}

pub(super) fn number(count: u64) -> Term {
    Literal::new_typed_literal(count.to_string(), oxigraph::model::vocab::xsd::INTEGER).into()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_endpoint_under_its_base_and_counts_what_it_holds() {
        let holdings = Holdings {
            triples: 7,
            datasets: 2,
            ..Holdings::default()
        };
        let document = document(
            "https://hub.example/data/",
            Some(&holdings),
            GraphFormat::NTriples,
        )
        .unwrap();
        let document = String::from_utf8(document).unwrap();
        for expected in [
            "<https://hub.example/data/sparql> <http://www.w3.org/ns/sparql-service-description#endpoint> <https://hub.example/data/sparql> .",
            "<https://hub.example/data/sparql#default-graph> <http://rdfs.org/ns/void#triples> \"7\"^^<http://www.w3.org/2001/XMLSchema#integer> .",
            "<https://hub.example/data/sparql#datasets> <http://rdfs.org/ns/void#entities> \"2\"^^<http://www.w3.org/2001/XMLSchema#integer> .",
            "<https://hub.example/data/sparql> <http://www.w3.org/ns/sparql-service-description#extensionFunction> <http://www.opengis.net/def/function/geosparql/distance> .",
        ] {
            assert!(
                document.contains(expected),
                "{expected} is not in\n{document}"
            );
        }
    }

    #[test]
    fn without_counts_it_is_still_a_description() {
        let document = document("https://hub.example/", None, GraphFormat::Turtle).unwrap();
        let document = String::from_utf8(document).unwrap();
        assert!(document.contains("SPARQL11Query") && !document.contains("void#triples>"));
    }
}
