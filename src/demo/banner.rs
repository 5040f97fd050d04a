//! What the demo prints: what to open, and three questions to ask.
//!
//! Writes nothing itself: the command line prints what [`banner`] returns.

use super::server::{CENTRE, CKAN, DCAT, EXPORT_JSON};
use std::fmt::Write as _;

/// One question, in the language it is asked in.
pub struct Question {
    pub title: &'static str,
    pub sparql: &'static str,
}

/// Three questions that the demo's data answers.
pub const QUESTIONS: [Question; 3] = [
    Question {
        title: "空氣品質資料集、提供機關與下載網址",
        sparql: "PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
SELECT ?title ?agency ?download WHERE {
  ?dataset a dcat:Dataset ; dct:title ?title ; dcat:distribution/dcat:downloadURL ?download .
  FILTER(CONTAINS(STR(?title), \"空氣品質\"))
  OPTIONAL { ?dataset dct:publisher/foaf:name ?agency }
} ORDER BY ?title LIMIT 20",
    },
    Question {
        title: "How many datasets each catalogue holds, and when one of them was last changed",
        sparql: "PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
SELECT ?catalogue (COUNT(DISTINCT ?dataset) AS ?datasets) (MAX(?changed) AS ?latest) WHERE {
  # Ours for each source: the catalogue that a source brings itself, if any, lists the same datasets.
  ?catalogue dcat:dataset ?dataset ; dcat:record/foaf:primaryTopic ?dataset .
  # The date of the dataset, or that of its record.
  OPTIONAL { ?dataset (^foaf:primaryTopic)?/dct:modified ?changed }
} GROUP BY ?catalogue ORDER BY DESC(?datasets)",
    },
    Question {
        title: "臺南六十公里內的河川觀測 (river observations within 60 km of Tainan)",
        sparql: "PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX geo: <http://www.opengis.net/ont/geosparql#>
PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
SELECT ?title ?metres WHERE {
  ?dataset a dcat:Dataset ; dct:title ?title ; dct:spatial/dcat:centroid ?point .
  FILTER(LANGMATCHES(LANG(?title), \"zh\"))
  BIND(geof:distance(?point, \"POINT(120.21 22.99)\"^^geo:wktLiteral, uom:metre) AS ?metres)
  FILTER(?metres < 60000)
} ORDER BY ?metres LIMIT 20",
    },
];

/// A dataset of the ministry's, as the research centre passes it on.
const PASSED_ON: &str = "https://data.centre.example.org/dataset/passed-on";

/// Who may have what of the research centre's.
pub const TIERS: &str = "SELECT ?title ?tier { ?d <http://purl.org/dc/terms/title> ?title ; <http://purl.org/dc/terms/rights>/<http://purl.org/dc/terms/type> ?tier }";

/// What to open and what to ask. `daemon` is the daemon's public address, `sample` that of the sample server; neither
/// ends with a slash. `run_now` is the command that starts a run, `data_dir` the daemon's data directory.
pub fn banner(daemon: &str, run_now: &str, sample: &str, data_dir: &str) -> String {
    let open = [
        (
            daemon,
            "/status",
            "sources, last runs, next runs  來源、最近與下次收割",
        ),
        (daemon, "/sparql", "SPARQL 1.1 endpoint  查詢端點"),
        (
            daemon,
            "/catalog.ttl",
            "everything in one file (also .rdf, .jsonld, .nt)  完整目錄",
        ),
        (sample, "/", "what is being harvested  被收割的示範目錄"),
    ];
    let open = open.map(|(host, path, what)| (format!("{host}{path}"), what));
    let width = open.iter().map(|(address, _)| address.len()).max();
    let width = width.unwrap_or_default();
    let open = open.map(|(address, what)| format!("  {address:width$}  {what}\n"));
    let open = open.concat();
    let mut text = format!(
        "
harvestd demo: four invented catalogues, harvested over HTTP while you watch
四個虛構的資料目錄，經由 HTTP 收割；資料每隔一段時間會有新增、修改與刪除

Open  開啟
{open}    {sample}{EXPORT_JSON}
    {sample}{CKAN}/api/3/action/package_search
    {sample}{CENTRE}/api/3/action/package_search
    {sample}{DCAT}

Change something now  立即產生變更
  curl -X POST {sample}/step

Harvest now  立即收割
  {run_now}

One dataset, several catalogues; what comes back from here; who may have what  同一資料集、回流與開放層級
  harvestd identity list --data-dir {data_dir}
  harvestd identity explain {PASSED_ON} --data-dir {data_dir}
  curl -s {daemon}/sources/demo-centre/report
  harvestd query --data-dir {data_dir} '{TIERS}'

Ask  查詢
"
    );
    for (n, question) in QUESTIONS.iter().enumerate() {
        let _ = writeln!(text, "{}. {}\n", n + 1, question.title);
        let _ = writeln!(
            text,
            "curl -sH 'Accept: text/csv' {daemon}/sparql --data-urlencode query='"
        );
        let _ = writeln!(text, "{}'\n", question.sparql);
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_questions_are_sparql_and_fit_between_single_quotes() {
        for question in &QUESTIONS {
            spargebra::SparqlParser::new()
                .parse_query(question.sparql)
                .unwrap();
            assert!(!question.sparql.contains('\''));
        }
    }

    #[test]
    fn it_names_every_address() {
        let text = banner("http://d", "curl http://a/run", "http://s", "some/dir");
        for address in [
            "http://d/status",
            "http://d/sparql",
            "curl http://a/run\n",
            "http://s/step",
            "http://s/dcat/catalog",
            "explain https://data.centre.example.org/dataset/passed-on --data-dir some/dir\n",
        ] {
            assert!(text.contains(address), "{address}\n{text}");
        }
        assert_eq!(text.matches("curl -sH").count(), 3);
        let column = |what: &str| {
            let line = text.lines().find(|line| line.contains(what)).unwrap();
            line.find(what).unwrap()
        };
        assert_eq!(column("sources, last runs"), column("what is being"));
    }
}
