//! A small LDES client: from the root by the relations' times, each page once, members applied in the order of their times.
//!
//! It knows nothing of the daemon but what the documents say. Start at [`Follower::replay`].

use oxigraph::{
    io::{JsonLdProfileSet, RdfFormat, RdfParser},
    model::{GraphName, NamedOrBlankNode, Quad, Term},
};
use reqwest::{Client, StatusCode};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

const AS: &str = "https://www.w3.org/ns/activitystreams#";
const TREE: &str = "https://w3id.org/tree#";
const TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

pub struct Follower {
    client: Client,
    at: SocketAddr,
    base: String,
    accept: &'static str,
}

/// A document as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    pub etag: String,
    pub cache_control: String,
    pub bytes: Vec<u8>,
}

/// Everything that a replay from zero found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Sorted N-Triples of all entities.
    pub graph: String,
    /// (type, entity) in order.
    pub log: Vec<(String, String)>,
    /// Address -> document, of all but the root.
    pub documents: BTreeMap<String, Got>,
}

struct Member {
    published: String,
    kind: String,
    entity: String,
    body: BTreeSet<String>,
}

impl Follower {
    pub fn new(at: SocketAddr, base: &str, accept: &'static str) -> Self {
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            at,
            base: base.to_owned(),
            accept,
        }
    }

    /// From the root to the open page.
    pub async fn replay(&self) -> Replayed {
        let mut replayed = Replayed::default();
        let mut entities: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut last = String::new();
        // Address, and the times of the members under it.
        let mut open = vec![(format!("{}feed", self.base), String::new(), None::<String>)];
        while let Some((address, from, until)) = open.pop() {
            let got = self.get(&address).await;
            let quads = self.parse(&got.bytes);
            let mut below = relations(&quads, &address);
            below.sort_by(|a, b| b.1.cmp(&a.1));
            for pair in below.windows(2) {
                assert_eq!(
                    pair[1]
                        .2
                        .as_deref()
                        .map(|until| until <= pair[0].1.as_str()),
                    Some(true),
                    "neighbours do not overlap: {pair:?}"
                );
            }
            open.extend(below);
            for member in members(&quads) {
                assert!(member.published > last, "{} after {last}", member.published);
                assert!(
                    member.published >= from,
                    "{} before {from}",
                    member.published
                );
                assert!(until.as_ref().is_none_or(|until| member.published < *until));
                last.clone_from(&member.published);
                match member.kind.as_str() {
                    "Delete" => {
                        assert!(member.body.is_empty());
                        assert!(entities.remove(&member.entity).is_some());
                    }
                    kind => {
                        let before = entities.insert(member.entity.clone(), member.body);
                        assert_eq!(before.is_some(), kind == "Update", "{}", member.entity);
                    }
                }
                replayed.log.push((member.kind, member.entity));
            }
            if !address.ends_with("feed") {
                replayed.documents.insert(address, got);
            }
        }
        let triples: BTreeSet<String> = entities.into_values().flatten().collect();
        replayed.graph = triples.iter().map(|t| format!("{t} .\n")).collect();
        replayed
    }

    /// Of the feed's root.
    pub async fn status(&self) -> u16 {
        let request = self.client.get(format!("http://{}/feed", self.at));
        request.send().await.unwrap().status().as_u16()
    }

    pub async fn get(&self, address: &str) -> Got {
        let path = address.strip_prefix(&self.base).unwrap();
        let request = self.client.get(format!("http://{}/{path}", self.at));
        let response = request.header("accept", self.accept).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{address}");
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let kind = header("content-type");
        assert!(self.accept == "*/*" || self.accept == kind, "{kind}");
        Got {
            etag: header("etag"),
            cache_control: header("cache-control"),
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    fn parse(&self, bytes: &[u8]) -> Vec<Quad> {
        let format = match self.accept {
            "application/ld+json" => RdfFormat::JsonLd {
                profile: JsonLdProfileSet::empty(),
            },
            "application/n-quads" => RdfFormat::NQuads,
            _ => RdfFormat::TriG,
        };
        let quads = RdfParser::from_format(format).for_slice(bytes);
        quads.map(Result::unwrap).collect()
    }
}

fn subject(quad: &Quad) -> &str {
    match &quad.subject {
        NamedOrBlankNode::NamedNode(node) => node.as_str(),
        NamedOrBlankNode::BlankNode(node) => panic!("a blank node: {node}"),
    }
}

fn value(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        Term::BlankNode(node) => panic!("a blank node: {node}"),
    }
}

fn of(quads: &[Quad], node: &str, predicate: &str) -> Vec<String> {
    let own = quads.iter().filter(|quad| {
        quad.graph_name == GraphName::DefaultGraph
            && subject(quad) == node
            && quad.predicate.as_str() == predicate
    });
    own.map(|quad| value(&quad.object)).collect()
}

/// Node, from, until.
fn relations(quads: &[Quad], page: &str) -> Vec<(String, String, Option<String>)> {
    let mut found: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    for relation in of(quads, page, &format!("{TREE}relation")) {
        let one = |name: &str| {
            let mut values = of(quads, &relation, &format!("{TREE}{name}"));
            assert_eq!(values.len(), 1, "{name} of {relation}");
            values.remove(0)
        };
        assert_eq!(one("path"), format!("{AS}published"));
        let entry = found.entry(one("node")).or_default();
        match of(quads, &relation, TYPE)[0].strip_prefix(TREE).unwrap() {
            "GreaterThanOrEqualToRelation" => entry.0 = one("value"),
            "LessThanRelation" => entry.1 = Some(one("value")),
            other => panic!("a {other}"),
        }
    }
    let found = found.into_iter();
    found
        .map(|(node, (from, until))| (node, comparable(&from), until.as_deref().map(comparable)))
        .collect()
}

/// The members in the order of their times.
fn members(quads: &[Quad]) -> Vec<Member> {
    let mut said: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    let mut bodies: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for quad in quads {
        match &quad.graph_name {
            GraphName::DefaultGraph if quad.predicate.as_str() == format!("{TREE}member") => {
                assert!(names.insert(value(&quad.object)), "a member twice");
            }
            GraphName::DefaultGraph => {
                let words = said.entry(subject(quad)).or_default();
                words.push((quad.predicate.as_str(), value(&quad.object)));
            }
            GraphName::NamedNode(name) => {
                let triple = oxigraph::model::Triple::from(quad.clone()).to_string();
                bodies.entry(name.as_str()).or_default().insert(triple);
            }
            GraphName::BlankNode(name) => panic!("a blank node: {name}"),
        }
    }
    let mut members: Vec<Member> = names
        .iter()
        .map(|name| member(name, &said, &mut bodies))
        .collect();
    assert!(
        bodies.is_empty(),
        "graphs of no member: {:?}",
        bodies.keys()
    );
    members.sort_by(|a, b| a.published.cmp(&b.published));
    members
}

fn member(
    name: &str,
    said: &BTreeMap<&str, Vec<(&str, String)>>,
    bodies: &mut BTreeMap<&str, BTreeSet<String>>,
) -> Member {
    let words = &said[name];
    assert_eq!(
        words.len(),
        3,
        "the shape of an activity is closed: {words:?}"
    );
    let one = |predicate: &str| {
        let found = words.iter().find(|(p, _)| *p == predicate);
        found
            .unwrap_or_else(|| panic!("{predicate} of {name}"))
            .1
            .clone()
    };
    Member {
        published: comparable(&one(&format!("{AS}published"))),
        kind: one(TYPE).strip_prefix(AS).unwrap().to_owned(),
        entity: one(&format!("{AS}object")),
        body: bodies.remove(name).unwrap_or_default(),
    }
}

/// Times of any number of decimals, so that their texts sort.
fn comparable(time: &str) -> String {
    let time = chrono::DateTime::parse_from_rfc3339(time).unwrap().to_utc();
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
