//! What a daemon publishes, by its doors: SPARQL, CKAN's interface, the feed replayed from zero, the default graph.

use super::{
    follower::{Follower, Replayed},
    process::Process,
    texts::BASE,
    world::told,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Source and key.
pub type Name = (&'static str, u32);

/// Everything, as far as the model knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// What each source's records say: name -> revision.
    pub held: BTreeMap<Name, u32>,
    /// What is published: one for each dataset, whoever has it.
    pub published: BTreeMap<Name, u32>,
    /// The records that say it.
    pub records: BTreeMap<Name, String>,
}

const HELD: &str = "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
SELECT ?record ?title ?published {
  { ?record foaf:primaryTopic ?d . ?d a dcat:Dataset ; dct:title ?title BIND(1 AS ?published) } UNION
  { GRAPH ?record { ?record foaf:primaryTopic ?d . ?d a dcat:Dataset ; dct:title ?title } BIND(0 AS ?published) }
}";

impl Seen {
    pub async fn at(process: &Process) -> Self {
        let asked = process
            .post("/sparql")
            .header("content-type", "application/sparql-query")
            .body(HELD)
            .header("accept", "application/sparql-results+json");
        let response = asked.send().await.unwrap();
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
        let mut seen = Self::default();
        if status == 503 {
            return seen;
        }
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        for row in answer["results"]["bindings"].as_array().unwrap() {
            let of = |name: &str| row[name]["value"].as_str().unwrap().to_owned();
            let (record, title) = (of("record"), of("title"));
            let (name, revision) = told(&title).unwrap_or_else(|| panic!("{title:?} is nobody's"));
            assert!(
                record.starts_with(&format!("{BASE}record/{}/", name.0)),
                "{title:?} is in the record {record} of another source"
            );
            let before = seen.held.insert(name, revision);
            assert_eq!(before, None, "{title:?} is told twice");
            seen.records.insert(name, record);
            if of("published") == "1" {
                seen.published.insert(name, revision);
            }
        }
        seen
    }

    /// The same by CKAN's interface.
    pub async fn assert_ckan(&self, process: &Process) {
        let began = std::time::Instant::now();
        let response = loop {
            let asked = process.get("/api/3/action/package_search?rows=1000");
            let response = asked.send().await.unwrap();
            if response.status() != 503 {
                break response;
            }
            if self.published.is_empty() {
                return;
            }
            // The index is being made.
            assert!(began.elapsed() < crate::house::DEADLINE, "no search");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        let result = &answer["result"];
        let titles = result["results"].as_array().unwrap().iter();
        let found: Vec<_> = titles
            .map(|package| told(package["title"].as_str().unwrap()).unwrap())
            .collect();
        assert_eq!(result["count"], found.len() as u64);
        let by_name: BTreeMap<Name, u32> = found.iter().copied().collect();
        assert_eq!(by_name.len(), found.len(), "a package twice");
        assert_eq!(by_name, self.published, "CKAN's interface and SPARQL");
    }
}

/// The feed from zero; it makes the default graph.
pub async fn replayed(process: &Process) -> Replayed {
    let follower = Follower::new(process.listen, BASE, "*/*");
    if follower.status().await == 503 {
        return Replayed::default();
    }
    let replayed = follower.replay().await;
    let asked = process
        .get("/graph-store?default")
        .header("accept", "application/n-triples");
    let response = asked.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    let graph: BTreeSet<&str> = text.lines().collect();
    let by_feed: BTreeSet<&str> = replayed.graph.lines().collect();
    let missing: Vec<_> = graph.difference(&by_feed).take(5).collect();
    let extra: Vec<_> = by_feed.difference(&graph).take(5).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "only the graph says {missing:#?}, only the feed says {extra:#?}"
    );
    replayed
}
