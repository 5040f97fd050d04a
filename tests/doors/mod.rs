//! A house with a real snapshot, real workers and a double at the desk, for the tests of the doors.
#![allow(dead_code, reason = "each test binary uses its own part")]

use harvestd::{
    config::{Config, FeedSettings, Limits},
    feed_cache::FeedCache,
    identity::Thresholds,
    overrides::Laid,
    report::{Counts, Outcome, Report, Trigger},
    serve::{
        House, ListenLimits, admin_router,
        desk::{Decided, Desk, DeskError, Order, Readiness, SourceStatus, Wanted},
        pool::{Pool, PoolOptions},
        public_router, serve,
    },
    snapshot::Published,
    state::Joined,
    store::Head,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
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
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
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
}

impl Default for Plan {
    fn default() -> Self {
        let mut limits = Limits::default();
        limits.query.deadline_ms = 120_000;
        Self {
            base: "http://hub.example/",
            turtle: CATALOGUE.to_owned(),
            graphs: vec![("http://hub.example/record/portal/1", LOSING)],
            limits,
            listen: ListenLimits::default(),
            publish: true,
            keep_days: None,
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
    let program = PathBuf::from(env!("CARGO_BIN_EXE_harvestd"));
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
        plan.listen,
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

pub async fn read_all(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset is as good an end as any.
    let _ = stream.read_to_end(&mut all).await;
    all
}

/// Asserts that the response is a problem of the given status and code, and returns its document.
pub async fn problem(response: Response, status: u16, code: &str) -> serde_json::Value {
    let found = response.status().as_u16();
    let kind = response
        .headers()
        .get("content-type")
        .map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    assert_eq!(
        (found, kind.as_deref()),
        (status, Some("application/problem+json")),
        "{text}"
    );
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        document["type"],
        format!("urn:harvestd:problem:{code}"),
        "{document}"
    );
    assert_eq!(document["status"], status);
    assert!(
        document["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{document}"
    );
    document
}

/// Polls until `is` holds, and fails after a while.
pub async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is().await {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "not in two minutes: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub fn sha256(token: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(token.as_bytes()).into()
}

pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
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
        limits,
        identity: Thresholds::default(),
        feed: FeedSettings::default(),
        feedback: harvestd::feedback::FeedbackSettings::default(),
        shared: Vec::new(),
        sources: Vec::new(),
        overrides_dir: "overrides".into(),
        overrides: std::sync::Arc::default(),
        webhooks: Vec::new(),
    }
}

/// A daemon that remembers what it was asked to do.
#[derive(Default)]
pub struct DeskDouble {
    pub asked: Mutex<Vec<String>>,
    pub unready: Mutex<Option<String>>,
}

impl DeskDouble {
    fn note(&self, what: &str, id: &str) -> Result<(), DeskError> {
        match id {
            "moi" => {
                self.asked.lock().unwrap().push(format!("{what} {id}"));
                Ok(())
            }
            "busy" => Err(DeskError::Running(id.to_owned())),
            _ => Err(DeskError::Unknown(id.to_owned())),
        }
    }
}

impl Desk for DeskDouble {
    fn sources(&self) -> Vec<SourceStatus> {
        vec![moi()]
    }

    fn source(&self, id: &str) -> Option<SourceStatus> {
        (id == "moi").then(moi)
    }

    fn report(&self, id: &str) -> Option<Report> {
        self.source(id).and_then(|source| source.last)
    }

    fn run_now(&self, id: &str, order: Order) -> Result<oneshot::Receiver<Report>, DeskError> {
        self.note("run", id)?;
        let (answer, report) = oneshot::channel();
        let done = Report::begin(id, "ckan", order.trigger, 0);
        answer.send(done).map_err(|_| DeskError::Stopping)?;
        Ok(report)
    }

    fn pause(&self, id: &str) -> Result<(), DeskError> {
        self.note("pause", id)
    }

    fn resume(&self, id: &str) -> Result<(), DeskError> {
        self.note("resume", id)
    }

    fn overrides(&self) -> Vec<Laid> {
        Vec::new()
    }

    fn joined(&self) -> Option<Joined> {
        Some(Joined {
            datasets: 12,
            records: 25,
            listed: 3,
        })
    }

    fn decide(&self, wanted: &Wanted) -> Result<Decided, DeskError> {
        Err(DeskError::Refused(format!("not of {}", wanted.a)))
    }

    fn ready(&self) -> Readiness {
        match &*self.unready.lock().unwrap() {
            Some(why) => Readiness {
                ready: false,
                why: why.clone(),
            },
            None => Readiness {
                ready: true,
                why: "serving".to_owned(),
            },
        }
    }
}

fn moi() -> SourceStatus {
    let counts = Counts {
        declared: Some(3),
        received: 3,
        new: 2,
        refused: 1,
        holds: 2,
        ..Counts::default()
    };
    SourceStatus {
        id: "moi".to_owned(),
        kind: "ckan".to_owned(),
        title: BTreeMap::from([(
            "en".to_owned(),
            "Interior <script>alert(1)</script>".to_owned(),
        )]),
        url: "https://moi.example/api".to_owned(),
        portal: false,
        enabled: true,
        paused: false,
        running: None,
        last: Some(Report {
            run: "1767225600000-moi".to_owned(),
            source: "moi".to_owned(),
            kind: "ckan".to_owned(),
            trigger: Trigger::Schedule,
            started_ms: 1_767_225_600_000,
            ended_ms: 1_767_225_660_000,
            outcome: Outcome::Complete,
            why: None,
            completeness: None,
            counts,
            referents: Counts::default(),
            disagreements: Vec::new(),
            requests: 1,
            not_modified: 0,
            bytes: 100,
            parts: BTreeMap::new(),
            details: None,
            held: None,
            undoes: Vec::new(),
            activities: Some((1, 3)),
            refused: Vec::new(),
            findings_by_code: BTreeMap::new(),
            findings: Vec::new(),
            noticed: Vec::new(),
        }),
        details: None,
        next_due_ms: Some(1_767_229_200_000),
        holds: 2,
        failures_in_row: 0,
        gate: None,
    }
}
