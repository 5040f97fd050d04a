//! The national export, and the loopback server that gives it away.
//!
//! The real export where the recorded one is at hand, else one of the same size from the demo's generator, said loudly.
//! Changes to rows are kept: a changed row stays changed.

use crate::say;
use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use harvestd::demo::{World, ministry};
use serde_json::{Map, Value, value::RawValue};
use std::{
    io::Read as _,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, PoisonError, RwLock},
};

/// Rows of the national export that was recorded.
const ROWS: u64 = 52_547;
const RECORDED: &str = "../shared/corpora/taiwan/datagovtw/datagovtw_export_full.json.gz";

/// The rows of the export, as JSON text.
pub struct Export {
    rows: Vec<Box<RawValue>>,
    origin: &'static str,
    /// How often rows were changed.
    rounds: u64,
}

impl Export {
    pub fn open() -> Result<Self> {
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORDED);
        let (text, origin) = if recorded.exists() {
            (unzip(&recorded)?, "the recorded national export")
        } else {
            say("!!");
            say(
                "!! the recorded export is not there: this run measures a GENERATED export of the same size",
            );
            say("!!");
            (generate()?, "a GENERATED export")
        };
        let rows = serde_json::from_slice(&text).context("reading the export")?;
        Ok(Self {
            rows,
            origin,
            rounds: 0,
        })
    }

    pub fn json(&self) -> Bytes {
        self.in_order(0)
    }

    /// The export, beginning with row `first`.
    fn in_order(&self, first: usize) -> Bytes {
        let mut text = Vec::with_capacity(self.rows.iter().map(|row| row.get().len() + 2).sum());
        let mut open = "[\n";
        let (tail, head) = self.rows.split_at(first % self.rows.len().max(1));
        for row in head.iter().chain(tail) {
            text.extend_from_slice(open.as_bytes());
            text.extend_from_slice(row.get().as_bytes());
            open = ",\n";
        }
        text.extend_from_slice(b"\n]\n");
        text.into()
    }

    /// Gives every hundredth row a new date and remark; other rows each time. Returns how many.
    fn change_one_per_cent(&mut self) -> Result<u64> {
        /// A prime that spreads the changed rows over the whole export.
        const STRIDE: usize = 9_973;
        self.rounds += 1;
        let count = self.rows.len() / 100;
        let round = usize::try_from(self.rounds)?;
        for n in 0..count {
            let at = (round * count + n) * STRIDE % self.rows.len();
            let mut row: Map<String, Value> = serde_json::from_str(self.rows[at].get())?;
            let minute = self.rounds % 60;
            let hour = self.rounds / 60 % 24;
            row.insert(
                "詮釋資料更新時間".to_owned(),
                format!("2026-11-21 {hour:02}:{minute:02}:00").into(),
            );
            row.insert("備註".to_owned(), format!("第{}次更正", self.rounds).into());
            self.rows[at] = serde_json::value::to_raw_value(&row)?;
        }
        Ok(count as u64)
    }
}

/// By the system's gzip: this project needs no gzip library of its own.
fn unzip(path: &Path) -> Result<Vec<u8>> {
    let mut child = Command::new("gzip")
        .arg("-dc")
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .context("starting gzip to unpack the recorded export")?;
    let mut text = Vec::new();
    child
        .stdout
        .take()
        .context("gzip's output")?
        .read_to_end(&mut text)?;
    anyhow::ensure!(child.wait()?.success(), "gzip failed on {}", path.display());
    Ok(text)
}

fn generate() -> Result<Vec<u8>> {
    let began = "2026-11-02T01:00:00Z".parse()?;
    let mut text = Vec::new();
    ministry::write_json(World::standing(began).moment(began), ROWS, &mut text)?;
    Ok(text)
}

/// What the server lets a harvester notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sends {
    /// An ETag, and 304 where it is known.
    Validators,
    /// The same bytes, every time.
    Whole,
    /// The same rows in another order, every time.
    Shuffled,
}

struct Served {
    body: Bytes,
    etag: Option<String>,
}

/// The export on a loopback port.
pub struct Server {
    export: Export,
    served: Arc<RwLock<Served>>,
    address: SocketAddr,
    shuffled: usize,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub fn start(export: Export) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let body = export.json();
        let served = Arc::new(RwLock::new(Served {
            etag: Some(etag(&body)),
            body,
        }));
        let routes = Router::new()
            .route("/export.json", get(answer))
            .with_state(Arc::clone(&served));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self {
            export,
            served,
            address,
            shuffled: 0,
            _runtime: runtime,
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}/export.json", self.address)
    }

    pub fn rows(&self) -> u64 {
        self.export.rows.len() as u64
    }

    /// Every so many of the rows, from the first on.
    pub fn every(&self, step: usize) -> impl Iterator<Item = &str> {
        self.export.rows.iter().step_by(step).map(|row| row.get())
    }

    pub fn origin(&self) -> &'static str {
        self.export.origin
    }

    /// Identifier and agency of a row in the middle, for queries that ask for one.
    pub fn example(&self) -> Result<(String, String)> {
        let row = self.export.rows.get(self.export.rows.len() / 2);
        let row: Value = serde_json::from_str(row.context("an empty export")?.get())?;
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        text("資料集識別碼")
            .zip(text("提供機關"))
            .context("a row without identifier or agency")
    }

    /// The export as it is, from now on, with or without what makes it recognisable.
    pub fn serve(&mut self, sends: Sends) {
        /// Rows by which the order is turned each time.
        const TURN: usize = 17_389;
        let body = match sends {
            Sends::Shuffled => {
                self.shuffled += TURN;
                self.export.in_order(self.shuffled)
            }
            Sends::Validators | Sends::Whole => self.export.json(),
        };
        let etag = (sends == Sends::Validators).then(|| etag(&body));
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Served { body, etag };
    }

    /// Changes one row of a hundred and serves the result. Returns how many.
    pub fn change_one_per_cent(&mut self) -> Result<u64> {
        let changed = self.export.change_one_per_cent()?;
        self.serve(Sends::Validators);
        Ok(changed)
    }
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", &blake3::hash(body).to_hex()[..16])
}

async fn answer(State(served): State<Arc<RwLock<Served>>>, headers: HeaderMap) -> Response {
    let (body, etag) = {
        let served = served.read().unwrap_or_else(PoisonError::into_inner);
        (served.body.clone(), served.etag.clone())
    };
    let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    match etag {
        Some(etag)
            if headers
                .get(header::IF_NONE_MATCH)
                .is_some_and(|known| known == etag.as_str()) =>
        {
            (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response()
        }
        Some(etag) => ([(header::ETAG, etag)], json, body).into_response(),
        None => (json, body).into_response(),
    }
}
