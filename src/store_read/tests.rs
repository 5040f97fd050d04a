//! The three ways out of the store agree, on a store of mixed entities.

use super::*;
use crate::store::body_of;
use oxigraph::io::{RdfFormat, RdfParser};

/// Two sources: a ministry whose records have blank nodes named under the record, and a portal with IRIs of its own
/// that holds a series, a service and an agent. One dataset's record in a graph of its own is not the winner.
const MIXED: &str = r#"
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix adms: <http://www.w3.org/ns/adms#> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix time: <http://www.w3.org/2006/time#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix c: <https://hub.example/catalog/> .
@prefix d: <https://hub.example/dataset/moi/> .
@prefix m: <https://hub.example/record/moi/> .
@prefix p: <https://hub.example/record/portal/> .
@prefix ex: <https://portal.example/> .

c:moi a dcat:Catalog ; dct:title "Interior"@en ; dcat:dataset d:1, d:2 ; dcat:record m:1, m:2, <https://hub.example/record/moi/catalog%3Amoi> .
<https://hub.example/record/moi/catalog%3Amoi> a dcat:CatalogRecord ; foaf:primaryTopic c:moi ; dct:modified "2026-01-01" .

d:1 a dcat:Dataset ; dct:title "Population"@en ; dcat:distribution <https://hub.example/record/moi/1#b0> ;
    dcat:contactPoint <https://hub.example/record/moi/1#b2> ; dct:publisher ex:agency ; dct:relation d:2 .
<https://hub.example/record/moi/1#b0> a dcat:Distribution ; spdx:checksum <https://hub.example/record/moi/1#b1> ; adms:sample ex:sample .
<https://hub.example/record/moi/1#b1> spdx:checksumValue "ab" .
<https://hub.example/record/moi/1#b2> vcard:fn "Desk 1" .
ex:sample a dcat:Distribution ; dct:title "First rows" .
m:1 a dcat:CatalogRecord ; foaf:primaryTopic d:1 ; dct:source <https://hub.example/record/moi/1#b3> .
<https://hub.example/record/moi/1#b3> dct:title "what the ministry said" .

d:2 a dcat:Dataset ; dct:title "Households"@en ; dct:relation <https://hub.example/record/moi/2#loose> .
<https://hub.example/record/moi/2#loose> dct:title "reached by a reference only" .
m:2 a dcat:CatalogRecord ; foaf:primaryTopic d:2 .

ex:set a dcat:Dataset ; dcat:distribution ex:file ; dcat:inSeries ex:series ; dcat:contactPoint ex:agency ; dct:temporal ex:period .
ex:file a dcat:Distribution ; dcat:accessService ex:api ; dct:title "CSV" .
ex:period a dct:PeriodOfTime ; time:hasBeginning ex:start .
ex:start dct:title "start" .
p:set a dcat:CatalogRecord ; foaf:primaryTopic ex:set .
ex:api dcat:servesDataset ex:set ; a dcat:DataService ; dcat:contactPoint ex:helpdesk .
ex:helpdesk vcard:fn "Help" .
p:api a dcat:CatalogRecord ; foaf:primaryTopic ex:api .
ex:series a dcat:DatasetSeries ; dct:title "Yearly" .
p:series a dcat:CatalogRecord ; foaf:primaryTopic ex:series .
ex:agency a foaf:Agent ; foaf:name "Agency" .
p:agency a <https://w3id.org/harvestd/ns#AgentRecord> ; foaf:primaryTopic ex:agency .
c:portal a dcat:Catalog ; dcat:dataset ex:set, ex:series ; dcat:service ex:api ; dcat:record p:set, p:api, p:series, p:catalog .
p:catalog a dcat:CatalogRecord ; foaf:primaryTopic c:portal .
"#;

const LOSING: &str = r#"
<https://portal.example/set> <http://purl.org/dc/terms/title> "the portal's older words" .
<https://hub.example/record/other/7> <http://xmlns.com/foaf/0.1/primaryTopic> <https://portal.example/set> .
"#;

fn mixed() -> Store {
    let store = Store::new().unwrap();
    store.load_from_slice(RdfFormat::Turtle, MIXED).unwrap();
    let losing = RdfParser::from_format(RdfFormat::NTriples)
        .with_default_graph(NamedNode::new("https://hub.example/record/other/7").unwrap());
    store.load_from_slice(losing, LOSING).unwrap();
    store
}

fn node(iri: &str) -> NamedNode {
    NamedNode::new(iri).unwrap()
}

fn sorted(mut triples: Vec<Triple>) -> Vec<String> {
    triples.sort_by_key(ToString::to_string);
    triples.iter().map(ToString::to_string).collect()
}

#[test]
fn every_triple_of_the_default_graph_is_in_exactly_one_description() {
    let store = mixed();
    let mut from_scan = Vec::new();
    for described in scan(&store) {
        from_scan.extend(described.unwrap().triples);
    }
    let whole: Vec<Triple> = store
        .quads_for_pattern(None, None, None, Some(GraphNameRef::DefaultGraph))
        .map(|quad| quad.unwrap().into())
        .collect();
    assert_eq!(whole.len(), 70);
    assert_eq!(sorted(from_scan), sorted(whole));
}

#[test]
fn scan_gives_each_entity_once_with_what_description_of_says() {
    let store = mixed();
    let mut entities = Vec::new();
    for described in scan(&store) {
        let described = described.unwrap();
        let asked = description_of(&store, described.entity.as_ref()).unwrap();
        assert_eq!(
            sorted(described.triples),
            sorted(asked),
            "{}",
            described.entity
        );
        assert_eq!(
            records_about(&store, described.entity.as_ref()).unwrap(),
            [described.record]
        );
        entities.push(described.entity.into_string());
    }
    entities.sort();
    assert_eq!(
        entities,
        [
            "https://hub.example/catalog/moi",
            "https://hub.example/catalog/portal",
            "https://hub.example/dataset/moi/1",
            "https://hub.example/dataset/moi/2",
            "https://portal.example/agency",
            "https://portal.example/api",
            "https://portal.example/series",
            "https://portal.example/set",
        ]
    );
}

#[test]
fn owner_of_agrees_with_the_descriptions() {
    let store = mixed();
    for described in scan(&store) {
        let described = described.unwrap();
        for triple in &described.triples {
            let NamedOrBlankNode::NamedNode(subject) = &triple.subject else {
                unreachable!("no blank nodes")
            };
            let owned = if is_membership(triple.predicate.as_ref()) {
                named(triple.object.clone()).unwrap()
            } else {
                subject.clone()
            };
            assert_eq!(
                owner_of(&store, owned.as_ref()).unwrap().as_ref(),
                Some(&described.entity),
                "{triple}"
            );
        }
    }
}

#[test]
fn a_link_to_a_member_is_the_members() {
    let store = mixed();
    let catalog = sorted(
        description_of(&store, node("https://hub.example/catalog/portal").as_ref()).unwrap(),
    );
    assert!(
        !catalog
            .iter()
            .any(|t| t.contains("dcat#dataset>") || t.contains("dcat#service>")),
        "{catalog:#?}"
    );
    let set = sorted(description_of(&store, node("https://portal.example/set").as_ref()).unwrap());
    assert!(
        set.iter()
            .any(|t| t.starts_with("<https://hub.example/catalog/portal>")
                && t.contains("dcat#dataset>"))
    );
    // What a service serves is what the service says of itself.
    let api = sorted(description_of(&store, node("https://portal.example/api").as_ref()).unwrap());
    let serves = |t: &String| t.contains("servesDataset>");
    assert!(api.iter().any(serves) && !set.iter().any(serves));
    // The agent is an entity of its own, though a containment predicate leads to it.
    assert!(
        !set.iter()
            .any(|t| t.starts_with("<https://portal.example/agency>")),
        "{set:#?}"
    );
}

#[test]
fn what_nobody_holds_has_no_owner_and_no_description() {
    let store = mixed();
    for stranger in [
        "https://nowhere.example/",
        "https://hub.example/record/moi/3#b0",
        "https://hub.example/record/other/7",
    ] {
        assert_eq!(
            owner_of(&store, node(stranger).as_ref()).unwrap(),
            None,
            "{stranger}"
        );
        assert!(
            description_of(&store, node(stranger).as_ref())
                .unwrap()
                .is_empty(),
            "{stranger}"
        );
    }
}

fn near(store: &Store, entity: &NamedNode, texts: &[&str]) -> Vec<Triple> {
    let mut nearby = Nearby::read(store, texts.iter().copied()).unwrap();
    nearby.description_of(store, entity.as_ref()).unwrap()
}

/// Whatever text is at hand: its own, another's, a part, more than there is, the same value in another form, no N-Triples.
#[test]
fn a_description_is_the_same_whatever_text_is_at_hand() {
    let store = mixed();
    let all: Vec<Described> = scan(&store).map(Result::unwrap).collect();
    let bodies: Vec<String> = all.iter().map(|d| body_of(&d.triples)).collect();
    let mut texts = vec![String::new(), "no N-Triples".to_owned()];
    for (at, own) in bodies.iter().enumerate() {
        let lines: Vec<&str> = own.lines().collect();
        let part: Vec<&str> = lines.iter().step_by(2).copied().collect();
        let more = format!(
            "{own}{own}{}<https://hub.example/dataset/moi/1> <https://e.example/p> \"no\" .\n",
            bodies[(at + 1) % bodies.len()]
        );
        let retyped = own
            .replace(" .\n", " .\n\n")
            .replace("\"2\"^^", "\"02\"^^")
            .replace("\"1\"^^", "\"+1\"^^");
        texts.extend([own.clone(), part.join("\n"), more, retyped]);
    }
    for described in &all {
        for text in &texts {
            let read = near(&store, &described.entity, &[text]);
            assert_eq!(
                sorted(read),
                sorted(described.triples.clone()),
                "{} near {text}",
                described.entity
            );
        }
    }
    let stranger = node("https://nowhere.example/");
    assert!(near(&store, &stranger, &[&bodies[0]]).is_empty());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut nearby = Nearby::read(&store, texts.iter().copied()).unwrap();
    for described in all.iter().chain(&all) {
        let read = nearby
            .description_of(&store, described.entity.as_ref())
            .unwrap();
        assert_eq!(sorted(read), sorted(described.triples.clone()));
    }
}

/// What is written in one form and kept in another is read as it is kept.
#[test]
fn a_description_has_the_forms_of_the_store() {
    let store = Store::new().unwrap();
    let body = "<https://e.example/d> <https://e.example/p> \"07\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n\
        <https://e.example/d> <https://e.example/q> \"x\"@zh-hant .\n\
        <https://e.example/r> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#CatalogRecord> .\n\
        <https://e.example/r> <http://xmlns.com/foaf/0.1/primaryTopic> <https://e.example/d> .\n";
    store.load_from_slice(RdfFormat::NTriples, body).unwrap();
    let entity = node("https://e.example/d");
    let plain = body_of(&description_of(&store, entity.as_ref()).unwrap());
    assert_ne!(plain, body, "the store has its own form");
    assert_eq!(body_of(&near(&store, &entity, &[body])), plain);
}

/// A node with more parts than one question asks for.
#[test]
fn a_large_description_is_read_in_several_questions() {
    let store = Store::new().unwrap();
    let mut turtle = String::from(
        "@prefix e: <https://e.example/> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
         e:r a dcat:CatalogRecord ; <http://xmlns.com/foaf/0.1/primaryTopic> e:d .\n",
    );
    for n in 0..200 {
        turtle.push_str(&format!(
            "e:d dcat:distribution e:f{n} . e:f{n} e:name \"file {n}\", \"{n}\" .\n"
        ));
    }
    store.load_from_slice(RdfFormat::Turtle, &turtle).unwrap();
    let entity = node("https://e.example/d");
    let plain = body_of(&description_of(&store, entity.as_ref()).unwrap());
    assert_eq!(plain.lines().count(), 2 + 3 * 200);
    let new = plain
        .replace("file 7", "File 7")
        .replace("/f199>", "/f200>");
    assert_eq!(body_of(&near(&store, &entity, &[&new])), plain);
}

#[test]
fn containment_ends_at_its_depth() {
    let store = Store::new().unwrap();
    let mut turtle = String::from(
        "@prefix e: <https://e.example/> . @prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix adms: <http://www.w3.org/ns/adms#> .
         e:r a dcat:CatalogRecord ; <http://xmlns.com/foaf/0.1/primaryTopic> e:n0 .\n",
    );
    for i in 0..=DEPTH_MAX {
        turtle.push_str(&format!("e:n{i} adms:sample e:n{} .\n", i + 1));
    }
    store.load_from_slice(RdfFormat::Turtle, &turtle).unwrap();
    let last = format!("https://e.example/n{DEPTH_MAX}");
    let beyond = format!("https://e.example/n{}", DEPTH_MAX + 1);
    assert_eq!(
        owner_of(&store, node(&last).as_ref()).unwrap(),
        Some(node("https://e.example/n0"))
    );
    assert_eq!(owner_of(&store, node(&beyond).as_ref()).unwrap(), None);
    assert_eq!(
        description_of(&store, node("https://e.example/n0").as_ref())
            .unwrap()
            .len(),
        2 + DEPTH_MAX + 1
    );
}

#[test]
fn records_of_lists_a_catalogues_records() {
    let store = mixed();
    let mut records: Vec<(String, String)> =
        records_of(&store, node("https://hub.example/catalog/moi").as_ref())
            .map(|pair| {
                pair.map(|(record, entity)| (record.into_string(), entity.into_string()))
                    .unwrap()
            })
            .collect();
    records.sort();
    assert_eq!(
        records,
        [
            (
                "https://hub.example/record/moi/1".to_owned(),
                "https://hub.example/dataset/moi/1".to_owned()
            ),
            (
                "https://hub.example/record/moi/2".to_owned(),
                "https://hub.example/dataset/moi/2".to_owned()
            ),
            (
                "https://hub.example/record/moi/catalog%3Amoi".to_owned(),
                "https://hub.example/catalog/moi".to_owned()
            ),
        ]
    );
}
