//! What the SPARQL endpoint says of itself (SPARQL 1.1 Service Description, with VoID for what it holds).
//!
//! Pure. Start at [`document`].

use super::{answer, geo, negotiate::GraphFormat, wire::Holdings};
use oxigraph::model::{Literal, NamedNode, Term, Triple, vocab::rdf};
use std::io;

const SD: &str = "http://www.w3.org/ns/sparql-service-description#";
const VOID: &str = "http://rdfs.org/ns/void#";
const DCAT: &str = "http://www.w3.org/ns/dcat#";
const FOAF: &str = "http://xmlns.com/foaf/0.1/";
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

const RESULT_FORMATS: [&str; 10] = [
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
];

fn triples(base: &str, holdings: Option<&Holdings>) -> Vec<Triple> {
    let named = |path: &str| NamedNode::new_unchecked(format!("{base}{path}"));
    let (endpoint, graph) = (named("sparql"), named("sparql#default-graph"));
    let mut out = Said(Vec::new());
    out.endpoint(&endpoint, &named("sparql#dataset"), &graph);
    for extension in ["ttl", "rdf", "jsonld", "nt"] {
        let dump = named(&format!("catalog.{extension}"));
        out.say(&graph, VOID, "dataDump", dump);
    }
    if let Some(holdings) = holdings {
        out.holdings(base, &graph, holdings);
    }
    out.0
}

struct Said(Vec<Triple>);

impl Said {
    fn say(&mut self, subject: &NamedNode, namespace: &str, name: &str, object: impl Into<Term>) {
        let predicate = term(namespace, name);
        self.0
            .push(Triple::new(subject.clone(), predicate, object.into()));
    }

    fn is_a(&mut self, subject: &NamedNode, namespace: &str, name: &str) {
        let class = term(namespace, name);
        self.0.push(Triple::new(subject.clone(), rdf::TYPE, class));
    }

    /// What it understands, how it answers, and what it answers from.
    fn endpoint(&mut self, endpoint: &NamedNode, dataset: &NamedNode, graph: &NamedNode) {
        let distance = geo::DISTANCE.into_owned();
        self.is_a(endpoint, SD, "Service");
        self.say(endpoint, SD, "endpoint", endpoint.clone());
        let language = term(SD, "SPARQL11Query");
        self.say(endpoint, SD, "supportedLanguage", language);
        for format in RESULT_FORMATS {
            self.say(endpoint, SD, "resultFormat", term(FORMATS, format));
        }
        self.say(endpoint, SD, "extensionFunction", distance.clone());
        self.say(endpoint, SD, "defaultDataset", dataset.clone());
        self.is_a(&distance, SD, "Function");
        self.is_a(dataset, SD, "Dataset");
        self.say(dataset, SD, "defaultGraph", graph.clone());
        self.is_a(graph, SD, "Graph");
        self.is_a(graph, VOID, "Dataset");
    }

    /// How much the default graph holds, and of which classes.
    fn holdings(&mut self, base: &str, graph: &NamedNode, holdings: &Holdings) {
        self.say(graph, VOID, "triples", number(holdings.triples));
        for (name, (namespace, class), entities) in [
            ("datasets", (DCAT, "Dataset"), holdings.datasets),
            (
                "distributions",
                (DCAT, "Distribution"),
                holdings.distributions,
            ),
            ("services", (DCAT, "DataService"), holdings.data_services),
            ("catalogs", (DCAT, "Catalog"), holdings.catalogs),
            ("agents", (FOAF, "Agent"), holdings.agents),
        ] {
            let partition = NamedNode::new_unchecked(format!("{base}sparql#{name}"));
            self.say(graph, VOID, "classPartition", partition.clone());
            self.say(&partition, VOID, "class", term(namespace, class));
            self.say(&partition, VOID, "entities", number(entities));
        }
    }
}

pub(super) fn term(namespace: &str, name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{namespace}{name}"))
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
