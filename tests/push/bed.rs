//! A daemon with two centres that push, and its public doors.

use crate::{house::House, texts::config, whole::Whole};
use harvestd::{
    push::tokens,
    serve::{
        ListenLimits,
        desk::Desk,
        doors,
        pool::{Pool, PoolOptions},
        serve,
    },
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use reqwest::{Client, RequestBuilder, header::HeaderMap};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub const CENTRE: &str = "[[source]]\nid = \"centre\"\nkind = \"push\"\nurl = \"https://centre.example/\"\ntitle = { en = \"Centre\" }\n";
pub const OTHER: &str = "[[source]]\nid = \"other\"\nkind = \"push\"\ntitle = { en = \"Other\" }\n";

pub struct Bed {
    pub house: House,
    pub listen: SocketAddr,
    pub token: String,
    pub other_token: String,
    pub dir: tempfile::TempDir,
    client: Client,
    stop: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl Bed {
    pub async fn new() -> Self {
        Self::with("", &[CENTRE, OTHER]).await
    }

    pub async fn with(limits: &str, sources: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::at(dir, limits, sources).await
    }

    pub async fn at(dir: tempfile::TempDir, limits: &str, sources: &[&str]) -> Self {
        let sources: Vec<String> = sources.iter().map(|s| (*s).to_owned()).collect();
        let config = config(dir.path(), limits, &sources);
        let token = |source| tokens::make(dir.path(), source, 0).unwrap().1.0;
        let (token, other_token) = (token("centre"), token("other"));
        let house = House::with(config.clone());
        let published = house.daemon.published();
        let program = PathBuf::from(env!("CARGO_BIN_EXE_harvestd"));
        let query = &config.limits.query;
        let workers = Pool::start(
            PoolOptions::for_queries(program.clone(), query),
            published.clone(),
        );
        let readers = Pool::start(
            PoolOptions::for_the_house(program, query),
            published.clone(),
        );
        let rooms = harvestd::serve::House::new(
            Arc::new(config),
            published,
            house.daemon.clone(),
            workers,
            readers,
            metrics(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = doors(rooms, house.daemon.inbox());
        let served = tokio::spawn(serve(
            listener,
            router,
            ListenLimits::default(),
            stop.clone().cancelled_owned(),
        ));
        Self {
            house,
            listen,
            token,
            other_token,
            dir,
            client: Client::builder().no_proxy().build().unwrap(),
            stop,
            served,
        }
    }

    /// Stops the daemon; gives the data directory back, which nobody has open any more.
    pub async fn close(self) -> tempfile::TempDir {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
        self.house.close().await;
        self.dir
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.listen);
        self.client.request(method.parse().unwrap(), url)
    }

    /// A request with the centre's token.
    pub fn push(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.token)
    }

    pub fn turtle(&self, method: &str, path: &str, body: impl Into<String>) -> RequestBuilder {
        self.push(method, path)
            .header("content-type", "text/turtle")
            .body(body.into())
    }

    /// Waits until what is committed can be seen.
    async fn published(&self) {
        let began = std::time::Instant::now();
        loop {
            // A commit under way holds the writer.
            if let Ok(writer) = self.house.daemon.rooms.writer.try_lock()
                && !writer.store.is_unpublished()
            {
                return;
            }
            assert!(
                began.elapsed() < crate::house::DEADLINE,
                "nothing is published"
            );
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// Pushes of the centre's that are in line, without those that a run has taken.
    pub fn waiting(&self) -> usize {
        let line = self.house.daemon.inbox().place("centre").unwrap().waiting;
        line.max_capacity() - line.capacity()
    }

    /// Is a run under way that takes in the centre's pushes?
    pub fn is_taking_in(&self) -> bool {
        let centre = Desk::source(&*self.house.daemon, "centre").unwrap();
        centre.running.is_some()
    }

    pub async fn text(&self, path: &str, accept: &str) -> (u16, String) {
        self.published().await;
        let response = self
            .request("GET", path)
            .header("accept", accept)
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Rows of a query's only variable.
    pub async fn select(&self, query: &str) -> Vec<String> {
        self.published().await;
        let response = self
            .request("POST", "/sparql")
            .header("content-type", "application/sparql-query")
            .header("accept", "text/csv")
            .body(query.to_owned())
            .send()
            .await
            .unwrap();
        let text = response.text().await.unwrap();
        text.lines()
            .skip(1)
            .map(|line| line.trim().to_owned())
            .collect()
    }

    pub async fn titles(&self) -> Vec<String> {
        let query = "SELECT ?t { ?d a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> ?t } ORDER BY ?t";
        self.select(query).await
    }

    pub fn whole(&self) -> Whole {
        Whole::of(&self.house.daemon)
    }
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < crate::house::DEADLINE, "not so: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

fn metrics() -> PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS
        .get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
        .clone()
}

/// A dataset of the centre's, in Turtle.
pub fn dataset(id: &str, title: &str) -> String {
    format!(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
         <https://centre.example/dataset/{id}> a dcat:Dataset ; dct:identifier \"{id}\" ; dct:title \"{title}\"@en ;\n\
         dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://centre.example/{id}.csv> ] .\n"
    )
}

/// An answer of that status, and its document.
pub async fn answer(request: RequestBuilder, status: u16) -> Value {
    let response = request.send().await.unwrap();
    let found = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// A problem of that status and code.
pub async fn problem(request: RequestBuilder, status: u16, code: &str) -> (HeaderMap, Value) {
    let response = request.send().await.unwrap();
    let (found, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{found}: {text}"));
    assert_eq!(
        (found, document["type"].as_str()),
        (
            status,
            Some(format!("urn:harvestd:problem:{code}").as_str())
        ),
        "{text}"
    );
    (headers, document)
}

/// The document of a response.
pub async fn json(response: reqwest::Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
