//! A house with a real snapshot, real workers and a double at the desk, for the tests of the doors. Start at [`open`].
#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses its own part"
)]

mod answers;
mod desk;

pub use answers::{eventually, problem, read_all};
pub use desk::DeskDouble;

use harvestd::{
    config::{Config, FeedSettings, Limits},
    feed_cache::FeedCache,
    identity::Thresholds,
    serve::{
        House, ListenLimits, admin_router,
        desk::Desk,
        pool::{Pool, PoolOptions},
        public_router, serve,
    },
    snapshot::Published,
    store::Head,
};
use metrics_exporter_prometheus::PrometheusHandle;
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::NamedNode,
    store::Store,
};
use reqwest::{Client, RequestBuilder, Response};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
};

pub const TOKEN: &str = "open sesame";

/// How the house is to be built.
pub struct Plan {
    pub base: &'static str,
    pub turtle: String,
    /// Graph name and its Turtle.
    pub graphs: Vec<(&'static str, &'static str)>,
    pub limits: Limits,
    pub listen: ListenLimits,
    pub publish: bool,
    pub keep_days: Option<u64>,
    /// What is started to answer queries.
    pub program: PathBuf,
}

impl Default for Plan {
    fn default() -> Self {
        let mut limits = Limits::default();
        limits.query.deadline_ms = 120_000;
        // A question keeps its worker, and nobody counts, unless the test is about that.
        limits.query.slow_ms = 3_600_000;
        limits.query.wanted_ms = 3_600_000;
        limits.query.client_ms_max = 0;
        limits.query.client_light_ms = 3_600_000;
        Self {
            base: "http://hub.example/",
            turtle: CATALOGUE.to_owned(),
            graphs: vec![("http://hub.example/record/portal/1", LOSING)],
            limits,
            listen: ListenLimits::default(),
            publish: true,
            keep_days: None,
            program: PathBuf::from(env!("CARGO_BIN_EXE_harvestd")),
        }
    }
}

/// Two datasets of one source, one of them also held by a portal that is not the winner.
pub const CATALOGUE: &str = r#"
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix locn: <http://www.w3.org/ns/locn#> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix c: <http://hub.example/catalog/> .
@prefix d: <http://hub.example/dataset/moi/> .
@prefix m: <http://hub.example/record/moi/> .

c:moi a dcat:Catalog ; dct:title "內政部"@zh, "Interior"@en ; dcat:dataset d:1, d:a%3Ab ; dcat:record m:1, m:a%3Ab .
<http://hub.example/record/moi/catalog:moi> a dcat:CatalogRecord ; foaf:primaryTopic c:moi .
d:1 a dcat:Dataset ; dct:title "人口統計"@zh, "Population"@en ; dcat:distribution <http://hub.example/record/moi/1#b0> ;
    dct:spatial <http://hub.example/record/moi/1#place> .
<http://hub.example/record/moi/1#b0> a dcat:Distribution ; dcat:accessURL <http://moi.example/1.csv> .
<http://hub.example/record/moi/1#place> dcat:centroid "POINT(121.5645 25.0340)"^^geo:wktLiteral .
m:1 a dcat:CatalogRecord ; foaf:primaryTopic d:1 .
d:a%3Ab a dcat:Dataset ; dct:title "Households"@en ; dct:spatial <http://hub.example/record/moi/a%3Ab#place> .
<http://hub.example/record/moi/a%3Ab#place> dcat:centroid "POINT(120.3003 22.6116)"^^geo:wktLiteral .
m:a%3Ab a dcat:CatalogRecord ; foaf:primaryTopic d:a%3Ab .
"#;

pub const LOSING: &str = "<http://hub.example/dataset/moi/1> <http://purl.org/dc/terms/title> \"the portal's words\" .\n";

/// Triples of [`CATALOGUE`].
pub const CATALOGUE_TRIPLES: usize = 25;

/// A running house. Dropped, it stops.
pub struct Doors {
    pub public: SocketAddr,
    pub admin: SocketAddr,
    pub base: &'static str,
    pub desk: Arc<DeskDouble>,
    pub feed: Arc<FeedCache>,
    pub published: watch::Sender<Option<Arc<Published>>>,
    pub stop: Option<oneshot::Sender<()>>,
    pub ending: tokio_util::sync::CancellationToken,
    pub served: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    /// Those that answer queries, and those that answer what the house asks itself. Figures are of all houses of this
    /// process together: what a test waits for is asked here.
    pub workers: Arc<Pool>,
    pub readers: Arc<Pool>,
    store: Store,
    seq: u64,
    dir: TempDir,
    client: Client,
    /// Gives bodies as they came, compressed.
    plain: Client,
}

pub async fn open(plan: Plan) -> Doors {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("store")).unwrap();
    store
        .load_from_slice(RdfFormat::Turtle, &plan.turtle)
        .unwrap();
    for (graph, triples) in &plan.graphs {
        let parser = RdfParser::from_format(RdfFormat::Turtle)
            .with_default_graph(NamedNode::new(*graph).unwrap());
        store.load_from_slice(parser, *triples).unwrap();
    }
    let (published, subscriber) = watch::channel(None);
    let mut config = config(plan.base, dir.path().to_owned(), plan.limits);
    config.feed.keep_days = plan.keep_days;
    let config = Arc::new(config);
    let desk = Arc::new(DeskDouble::default());
    let program = plan.program;
    let workers = Pool::start(
        PoolOptions::for_queries(program.clone(), &config.limits.query),
        subscriber.clone(),
    );
    let readers = Pool::start(
        PoolOptions::for_the_house(program, &config.limits.query),
        subscriber.clone(),
    );
    let house = House::new(
        config,
        subscriber,
        Arc::clone(&desk) as Arc<dyn Desk>,
        Arc::clone(&workers),
        Arc::clone(&readers),
        metrics(),
    );
    let feed = Arc::clone(&house.feed);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (public, admin) = (
        listener.local_addr().unwrap(),
        admin_listener.local_addr().unwrap(),
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let token = sha256(TOKEN);
    tokio::spawn(serve(
        admin_listener,
        admin_router(house.clone(), Some(token)),
        plan.listen.clone(),
        std::future::pending(),
    ));
    let ending = house.ending.clone();
    let served = tokio::spawn(serve(
        listener,
        public_router(house),
        plan.listen,
        async move {
            let _ = stopped.await;
        },
    ));
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let plain = Client::builder().no_proxy().no_gzip().no_brotli().no_zstd();
    let (client, plain) = (client.build().unwrap(), plain.build().unwrap());
    let mut doors = Doors {
        public,
        admin,
        base: plan.base,
        desk,
        feed,
        published,
        stop: Some(stop),
        ending,
        served: Some(served),
        workers,
        readers,
        store,
        seq: 0,
        dir,
        client,
        plain,
    };
    if plan.publish {
        doors.publish();
    }
    doors
}

impl Doors {
    /// Makes a snapshot of the store as it is and publishes it.
    pub fn publish(&mut self) {
        self.seq += 1;
        let path = self.dir.path().join(format!("{}", self.seq));
        self.store.flush().unwrap();
        self.store.backup(&path).unwrap();
        let head = Head {
            generation: 1,
            seq: self.seq,
            published_us: 1_767_225_600_000_000,
        };
        let published = Published::of(head, path);
        self.published.send_replace(Some(Arc::new(published)));
    }

    /// Publishes the store as it is, as if the log stood at this head.
    pub fn publish_at(&mut self, head: Head) {
        self.publish();
        let path = self.published.borrow().as_ref().unwrap().path.clone();
        self.published
            .send_replace(Some(Arc::new(Published::of(head, path))));
    }

    /// Waits until no worker has a query: one that was answered is not at once free for the next.
    pub async fn at_rest(&self) {
        let all = self.workers.options().workers;
        eventually("no worker has a query", async || self.workers.free() == all).await;
    }

    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    /// Adds Turtle to the store; seen once it is published.
    pub fn add(&mut self, turtle: &str) {
        self.store
            .load_from_slice(RdfFormat::Turtle, turtle)
            .unwrap();
    }

    /// Takes what has this subject out of the store; seen once it is published.
    pub fn remove(&mut self, subject: &str) {
        let subject = NamedNode::new(subject).unwrap();
        let quads = self
            .store
            .quads_for_pattern(Some(subject.as_ref().into()), None, None, None);
        for quad in quads.collect::<Result<Vec<_>, _>>().unwrap() {
            self.store.remove(&quad).unwrap();
        }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.public))
    }

    pub async fn json(&self, path: &str) -> serde_json::Value {
        let text = self.get(path).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.public))
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(
            method.parse().unwrap(),
            format!("http://{}{path}", self.public),
        )
    }

    pub fn admin(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(
            method.parse().unwrap(),
            format!("http://{}{path}", self.admin),
        )
    }

    pub fn query(&self, query: &str) -> RequestBuilder {
        self.post("/sparql")
            .header("content-type", "application/sparql-query")
            .body(query.to_owned())
    }

    /// The same, asked by somebody at this address.
    pub fn query_of(&self, client: &str, query: &str) -> RequestBuilder {
        self.query(query).header("x-forwarded-for", client)
    }

    /// What is given to a client that accepts one encoding, as it came.
    pub async fn encoded(&self, path: &str, encoding: &str) -> Response {
        let request = self
            .plain
            .get(format!("http://{}{path}", self.public))
            .header("accept-encoding", encoding);
        request.send().await.unwrap()
    }

    /// The values of the first variable of a SELECT.
    pub async fn column(&self, query: &str) -> Vec<String> {
        let response = self
            .query(query)
            .header("accept", "text/tab-separated-values")
            .send()
            .await
            .unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        text.lines()
            .skip(1)
            .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
            .collect()
    }

    /// A connection on which the request is written as it is.
    pub async fn raw(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.public).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// A raw request for a query, on a connection that closes after it.
    pub fn raw_query(&self, query: &str) -> String {
        format!(
            "POST /sparql HTTP/1.1\r\nHost: hub.example\r\nAccept: text/csv\r\nContent-Type: application/sparql-query\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{query}",
            query.len()
        )
    }
}

pub fn sha256(token: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(token.as_bytes()).into()
}

pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| harvestd::figures::install().unwrap())
        .clone()
}

fn config(base: &str, data_dir: PathBuf, limits: Limits) -> Config {
    Config {
        public_url: base.parse().unwrap(),
        data_dir,
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        admin_token_sha256: Some(sha256(TOKEN)),
        title: BTreeMap::from([("en".to_owned(), "A hub".to_owned())]),
        contact_email: None,
        proxies: vec!["127.0.0.0/8".parse().unwrap()],
        limits,
        identity: Thresholds::default(),
        feed: FeedSettings::default(),
        feedback: harvestd::feedback::FeedbackSettings::default(),
        links: Default::default(),
        shared: Vec::new(),
        sources: Vec::new(),
        overrides_dir: "overrides".into(),
        overrides: std::sync::Arc::default(),
        webhooks: Vec::new(),
    }
}
