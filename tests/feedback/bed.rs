//! The program as a daemon with two centres that push; the first has a dataset on rain.

use crate::texts;
use harvestd::push::tokens;
use reqwest::{Client, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

pub const DEADLINE: Duration = Duration::from_secs(120);
pub const RAIN: &str = "https://centre.example/dataset/rain";
const CENTRES: &str = "[[source]]\nid = \"centre\"\nkind = \"push\"\ntitle = { en = \"Centre\" }\n\
    [[source]]\nid = \"other\"\nkind = \"push\"\ntitle = { en = \"Other\" }\n";
/// Everything is to be seen at once.
const QUICK: &str =
    "[limits.push]\npublish_every_ms = 0\n[limits.feedback]\npublish_every_ms = 0\n";

pub struct Bed {
    pub dir: tempfile::TempDir,
    pub token: String,
    pub other_token: String,
    pub client: Client,
    listen: String,
    admin: String,
    child: Child,
}

impl Bed {
    /// Nobody without a token may say anything.
    pub async fn new() -> Self {
        Self::with("", "").await
    }

    /// `limits` are lines of `[limits.feedback]`, `feedback` those of `[feedback]`. The dataset on rain is published.
    pub async fn with(limits: &str, feedback: &str) -> Self {
        let bed = Self::empty(limits, feedback, "").await;
        bed.holds("centre", "rain", "Rain", "Office of Rain").await;
        bed
    }

    async fn empty(limits: &str, feedback: &str, failpoints: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        configure(dir.path(), limits, feedback);
        let token = |source| {
            let made = tokens::make(&dir.path().join("data"), source, 0).unwrap();
            made.1.0
        };
        let (token, other_token) = (token("centre"), token("other"));
        let (child, listen, admin) = start(dir.path(), failpoints).await;
        Self {
            dir,
            token,
            other_token,
            client: Client::builder().no_proxy().build().unwrap(),
            listen,
            admin,
            child,
        }
    }

    /// Another configuration, read anew.
    pub async fn configure(&self, limits: &str, feedback: &str) {
        let before = self
            .metric("harvestd_reloads_total{outcome=\"done\"}")
            .await;
        configure(self.dir.path(), limits, feedback);
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap());
        rustix::process::kill_process(pid.unwrap(), rustix::process::Signal::HUP).unwrap();
        eventually("it is read anew", async || {
            self.metric("harvestd_reloads_total{outcome=\"done\"}")
                .await
                > before
        })
        .await;
    }

    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.text("/metrics", "*/*").await;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// Kills the daemon, or waits until it has died by itself, and starts another.
    pub async fn restart(&mut self, failpoints: &str) {
        let _ = self.child.start_kill();
        self.child.wait().await.unwrap();
        (self.child, self.listen, self.admin) = start(self.dir.path(), failpoints).await;
    }

    /// kill -9, and nothing after it.
    pub async fn stop(&mut self) {
        self.child.start_kill().unwrap();
        self.child.wait().await.unwrap();
    }

    /// The daemon has died by itself.
    pub async fn died(&mut self) {
        tokio::time::timeout(DEADLINE, self.child.wait())
            .await
            .unwrap()
            .unwrap();
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log.txt")).unwrap()
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = match path.strip_prefix("https://hub.example") {
            Some(path) => format!("http://{}{path}", self.listen),
            None => format!("http://{}{path}", self.listen),
        };
        self.client.request(method.parse().unwrap(), url)
    }

    /// Something said by nobody in particular.
    pub fn anyone(&self, said: &Value) -> RequestBuilder {
        let request = self.request("POST", "/feedback");
        request
            .header("content-type", "application/json")
            .body(said.to_string())
    }

    /// Something said by the centre.
    pub fn say(&self, said: &Value) -> RequestBuilder {
        self.anyone(said).bearer_auth(&self.token)
    }

    /// The same in RDF.
    pub fn rdf(&self, media_type: &str, text: impl Into<String>) -> RequestBuilder {
        let request = self.request("POST", "/feedback").bearer_auth(&self.token);
        request.header("content-type", media_type).body(text.into())
    }

    pub async fn text(&self, path: &str, accept: &str) -> String {
        let response = self
            .request("GET", path)
            .header("accept", accept)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path, "application/json").await).unwrap()
    }

    /// Numbers of what a list holds.
    pub async fn ids(&self, path: &str) -> Vec<u64> {
        let list = self.json(path).await;
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["id"].as_u64().unwrap())
            .collect()
    }

    pub fn operator(&self, method: &str, path: &str) -> RequestBuilder {
        let token = std::fs::read_to_string(self.data_dir().join("admin-token")).unwrap();
        self.operator_as(token.trim(), method, path)
    }

    pub fn operator_as(&self, token: &str, method: &str, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.admin);
        let request = self.client.request(method.parse().unwrap(), url);
        request.bearer_auth(token)
    }

    pub fn judge(&self, id: u64, wanted: &Value) -> RequestBuilder {
        let request = self.operator("POST", &format!("/feedback/{id}/judge"));
        request
            .header("content-type", "application/json")
            .body(wanted.to_string())
    }

    /// A command of the program: exit code, what it prints, and what it complains of.
    pub async fn command(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut program = Command::new(env!("CARGO_BIN_EXE_harvestd"));
        program
            .args(arguments)
            .arg("--config")
            .arg(self.dir.path().join("harvestd.toml"));
        let ended = program.env("USER", "Lin").kill_on_drop(true).output();
        let output = tokio::time::timeout(DEADLINE, ended)
            .await
            .unwrap()
            .unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    /// Rows of a query, without its heading.
    pub async fn select(&self, query: &str) -> Vec<String> {
        let request = self.request("POST", "/sparql").header("accept", "text/csv");
        let request = request.header("content-type", "application/sparql-query");
        let text = request
            .body(query.to_owned())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        text.lines()
            .skip(1)
            .map(|line| line.trim().to_owned())
            .collect()
    }

    /// Titles of a dataset, published and in its record's own graph.
    pub async fn titles(&self, dataset: &str) -> (Vec<String>, Vec<String>) {
        let title = "<http://purl.org/dc/terms/title>";
        let published = format!("SELECT ?t {{ <{dataset}> {title} ?t }} ORDER BY ?t");
        let harvested = format!(
            "SELECT ?t {{ GRAPH ?g {{ <{dataset}> {title} ?t }} FILTER(CONTAINS(STR(?g), '/record/')) }} ORDER BY ?t"
        );
        (self.select(&published).await, self.select(&harvested).await)
    }

    /// Pushes a dataset and waits until it is published.
    pub async fn holds(&self, centre: &str, id: &str, title: &str, publisher: &str) {
        let token = if centre == "centre" {
            &self.token
        } else {
            &self.other_token
        };
        let iri = format!("https://{centre}.example/dataset/{id}");
        let body = format!(
            "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
             <{iri}> a dcat:Dataset ; dct:identifier \"{id}\" ; dct:title \"{title}\"@en ;\n\
             dct:publisher <https://{centre}.example/office> ;\n\
             dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://{centre}.example/{id}.csv> ] .\n\
             <https://{centre}.example/office> a <http://xmlns.com/foaf/0.1/Agent> ; <http://xmlns.com/foaf/0.1/name> \"{publisher}\" .\n"
        );
        let request = self
            .request("PUT", &format!("/push/{centre}/{id}"))
            .bearer_auth(token);
        let pushed = request
            .header("content-type", "text/turtle")
            .body(body)
            .send()
            .await
            .unwrap();
        assert!(
            pushed.status().is_success(),
            "{}",
            pushed.text().await.unwrap()
        );
        eventually("it is published", async || {
            self.titles(&iri).await.0.contains(&title.to_owned())
        })
        .await;
    }
}

fn configure(dir: &std::path::Path, limits: &str, feedback: &str) {
    // What is above all tables stands first.
    let (first, feedback): (Vec<&str>, Vec<&str>) = feedback
        .lines()
        .partition(|line| line.starts_with("proxies"));
    let (first, feedback) = (first.join("\n"), feedback.join("\n"));
    let sources = [format!("[feedback]\n{feedback}\n"), CENTRES.to_owned()];
    let text = texts::configuration(&dir.join("data"), &format!("{QUICK}{limits}\n"), &sources);
    let text = format!("{first}\n{text}");
    std::fs::write(dir.join("harvestd.toml"), text).unwrap();
}

async fn start(dir: &std::path::Path, failpoints: &str) -> (Child, String, String) {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(dir.join("log.txt"))
        .unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_harvestd"))
        .args([
            "serve",
            "--json",
            "--log",
            "harvestd=debug,info",
            "--config",
        ])
        .arg(dir.join("harvestd.toml"))
        .env("FAILPOINTS", failpoints)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = child.id().unwrap();
    let began = Instant::now();
    loop {
        let told = std::fs::read(dir.join("data/running.json")).unwrap_or_default();
        let told: Value = serde_json::from_slice(&told).unwrap_or_default();
        if told["pid"] == pid {
            let address = |key: &str| told[key].as_str().unwrap().to_owned();
            return (child, address("listen"), address("admin_listen"));
        }
        let log = || std::fs::read_to_string(dir.join("log.txt")).unwrap();
        assert!(
            began.elapsed() < DEADLINE,
            "the daemon does not come up: {}",
            log()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Polls until `is` holds, and fails after a while.
pub async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is().await {
        assert!(began.elapsed() < DEADLINE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What is counted by days of UTC is not begun in the last minutes of one.
pub async fn not_near_midnight() {
    const DAY_S: i64 = 86_400;
    let now = || chrono::Utc::now().timestamp().rem_euclid(DAY_S);
    while now() > DAY_S - 180 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// "The title should be this."
pub fn correction(title: &str) -> Value {
    json!({
        "kind": "correction", "dataset": RAIN, "property": "dct:title", "lang": "en", "found": "Rain",
        "should_be": title, "text": "It says too little.", "who": "Mei", "contact": "mei@people.example"
    })
}

pub fn remark(text: &str) -> Value {
    json!({ "kind": "remark", "dataset": RAIN, "text": text, "rating": 2 })
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
    let expected = format!("urn:harvestd:problem:{code}");
    assert_eq!(
        (found, document["type"].as_str()),
        (status, Some(&*expected)),
        "{text}"
    );
    (headers, document)
}
