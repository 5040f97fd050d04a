//! Whole dumps: `/dumps` tells what there is, `/dumps/{generation}-{sequence}/{file}` gives it, in parts as well (RFC 9110,
//! section 14).
//!
//! A dump is written when somebody asks, at most every [`DumpLimits::every_ms`]: a catalogue that changes every second
//! would otherwise be written out all day for nobody. It is written beside the readers, of a snapshot that is held
//! meanwhile, so that no publication waits for it; and it gets its name when all of it is on the disk ([`shelf`]), so that
//! no manifest names a file that is not there whole. Start at [`give_newest`].

mod file;
mod making;
mod shelf;

use super::{
    House,
    asof::http_date,
    openapi::{Routes, table},
    problem::Problem,
    respond,
};
use crate::{log::date_time, snapshot::Published, store::Head};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shelf::{Set, Shelf};
use std::{
    io,
    path::Path as FilePath,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How often it is looked at whether dumps have grown old.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// Who came too early should ask again then.
const RETRY_AFTER_S: u32 = 30;
const JSON: &str = "application/json";

/// Limits of dumps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DumpLimits {
    /// The least time from the end of one dump to the beginning of the next.
    pub every_ms: u64,
    /// How long who asks for the newest waits for it to be written, before getting the one before it.
    pub wait_ms: u64,
    /// Dumps that are kept, the newest among them.
    pub kept: usize,
    /// A dump of a state that is past goes when it is as old as this.
    pub kept_ms: u64,
}

impl Default for DumpLimits {
    fn default() -> Self {
        Self {
            every_ms: 600_000,
            wait_ms: 60_000,
            kept: 2,
            kept_ms: 7 * 24 * 60 * 60 * 1_000,
        }
    }
}

/// The dumps of a house.
pub struct Dumps {
    shelf: Shelf,
    /// Its sender is dropped when the dump under way has ended, well or not.
    making: Mutex<Option<watch::Receiver<()>>>,
}

impl Dumps {
    /// Removes what a kill left half written.
    pub fn of(data_dir: &FilePath) -> Self {
        let shelf = Shelf::at(data_dir.join("dumps"));
        if let Err(error) = shelf.sweep() {
            tracing::warn!(%error, "half written dumps could not be removed");
        }
        Self {
            shelf,
            making: Mutex::default(),
        }
    }

    /// The dump under way; if there is none, one is begun.
    fn begun(&self, house: &House, snapshot: Arc<Published>) -> watch::Receiver<()> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = making.as_ref().filter(|it| it.has_changed().is_ok()) {
            return under_way.clone();
        }
        let (ends, ended) = watch::channel(());
        let house = house.clone();
        tokio::spawn(async move {
            match making::make(&house, &house.dumps.shelf, &snapshot).await {
                Ok(set) => tracing::info!(set, "a dump is ready"),
                Err(error) if house.ending.is_cancelled() => {
                    tracing::debug!(%error, "a dump was left");
                }
                Err(error) => tracing::error!(%error, "a dump could not be written"),
            }
            thin(&house).await;
            drop(ends);
        });
        *making = Some(ended.clone());
        ended
    }
}

pub fn routes() -> Routes {
    Routes::new()
        .route(table::dumps(), get(give_newest))
        .route(table::dump(), get(give_set))
        .route(table::dump_file(), get(give_file))
}

/// Removes dumps that have grown old, and those of a generation that has ended: after each publication, and every so
/// often, until told to stop.
pub async fn keep(
    house: House,
    mut published: watch::Receiver<Option<Arc<Published>>>,
    stop: CancellationToken,
) {
    loop {
        published.borrow_and_update();
        thin(&house).await;
        tokio::select! {
            () = stop.cancelled() => return,
            changed = published.changed() => if changed.is_err() { return },
            () = sleep(LOOK_EVERY) => {}
        }
    }
}

async fn thin(house: &House) {
    let Some(head) = house.published.borrow().as_deref().map(Head::from) else {
        return;
    };
    let now_us = chrono::Utc::now().timestamp_micros();
    let (dumps, limits) = (house.dumps.clone(), house.config.limits.dumps.clone());
    let thinned =
        tokio::task::spawn_blocking(move || dumps.shelf.thin(head, now_us, &limits)).await;
    if let Ok(Err(error)) = thinned {
        tracing::warn!(%error, "old dumps could not be removed");
    }
}

/// The sets that are there, the newest first.
async fn sets(house: &House) -> Result<Vec<Set>, Problem> {
    let dumps = house.dumps.clone();
    let read = tokio::task::spawn_blocking(move || dumps.shelf.sets()).await;
    read.map_err(|_| Problem::internal())?.map_err(unread)
}

fn unread(error: io::Error) -> Problem {
    tracing::error!(%error, "the dumps could not be read");
    Problem::internal()
}

/// The sets of this generation, the newest first, after the wait for one that is new enough.
async fn newest(house: &House) -> Result<Vec<Set>, Problem> {
    let snapshot = house.snapshot()?;
    let limits = &house.config.limits.dumps;
    let fitting = |mut sets: Vec<Set>| {
        sets.retain(|set| set.generation == snapshot.generation);
        sets
    };
    let found = fitting(sets(house).await?);
    let now_us = chrono::Utc::now().timestamp_micros();
    let new_enough = |set: &Set| {
        let age_us = now_us - set.made_us;
        let every_us = i64::try_from(limits.every_ms).unwrap_or(i64::MAX / 1_000) * 1_000;
        set.seq >= snapshot.seq || (0..every_us).contains(&age_us)
    };
    if found.first().is_some_and(new_enough) {
        return Ok(found);
    }
    let mut ended = house.dumps.begun(house, snapshot.clone());
    // An error is its end: the sender is gone.
    let _ = timeout(Duration::from_millis(limits.wait_ms), ended.changed()).await;
    let found = fitting(sets(house).await?);
    if found.is_empty() {
        return Err(Problem::unavailable(
            "no-dump-yet",
            "The first dump is being written; ask again shortly.",
            RETRY_AFTER_S,
        ));
    }
    Ok(found)
}

/// `/dumps`: the manifest of the newest dump, with the addresses of those before it.
async fn give_newest(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    let sets = newest(&house).await?;
    let [newest, earlier @ ..] = sets.as_slice() else {
        return Err(Problem::internal());
    };
    let earlier: Vec<String> = earlier.iter().map(|set| address(&house, set)).collect();
    let mut told = told(&house, newest);
    told["earlier"] = earlier.into();
    respond::by_content(&headers, JSON, told.to_string().into_bytes())
}

/// `/dumps/{set}`: the manifest of one.
async fn give_set(
    State(house): State<House>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if name == LATEST {
        return latest(&house, "").await;
    }
    let set = one(&house, &name).await?;
    respond::by_content(&headers, JSON, told(&house, &set).to_string().into_bytes())
}

/// `/dumps/{set}/{file}`.
async fn give_file(
    State(house): State<House>,
    Path((name, file)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if name == LATEST {
        return latest(&house, &format!("/{file}")).await;
    }
    let set = one(&house, &name).await?;
    let Some(entry) = set.files.iter().find(|entry| entry.name == file) else {
        let names: Vec<&str> = set.files.iter().map(|entry| entry.name.as_str()).collect();
        let text = format!("That dump has no such file; it has {}.", names.join(", "));
        return Err(Problem::not_found(text));
    };
    match house.dumps.shelf.open(&set, entry).await {
        Ok(open) => file::give(&set, entry, open, &method, &headers).await,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(gone(&house)),
        Err(error) => Err(unread(error)),
    }
}

/// In the place of a set's name: the newest.
const LATEST: &str = "latest";

async fn latest(house: &House, below: &str) -> Result<Response, Problem> {
    let sets = newest(house).await?;
    let newest = sets.first().ok_or_else(Problem::internal)?;
    if let Some(file) = below.strip_prefix('/')
        && !newest.files.iter().any(|entry| entry.name == file)
    {
        return Err(Problem::not_found("The dumps have no such file."));
    }
    let to = format!("{}{below}", address(house, newest));
    let to = HeaderValue::from_str(&to).map_err(|_| Problem::internal())?;
    let headers = [
        (header::LOCATION, to),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
}

async fn one(house: &House, name: &str) -> Result<Set, Problem> {
    let unknown = || Problem::not_found("There is no dump of that name; /dumps lists them.");
    let (generation, seq) = shelf::named(name).ok_or_else(unknown)?;
    let found = sets(house).await?;
    let found = found
        .into_iter()
        .find(|set| (set.generation, set.seq) == (generation, seq));
    let snapshot = house.snapshot()?;
    // A dump of a generation that has ended holds what must not be kept.
    match found.filter(|set| set.generation == snapshot.generation) {
        Some(set) => Ok(set),
        None if (generation, seq) < (snapshot.generation, snapshot.seq) => Err(gone(house)),
        None => Err(unknown()),
    }
}

fn gone(house: &House) -> Problem {
    let newest = format!("{}dumps", house.base());
    Problem::new(
        StatusCode::GONE,
        "dump-gone",
        "That dump is not kept, or never was; `dumps` is where the newest is.",
    )
    .with_member("dumps", newest)
}

fn address(house: &House, set: &Set) -> String {
    format!("{}dumps/{}", house.base(), set.name())
}

/// A set as it is told.
fn told(house: &House, set: &Set) -> Value {
    let address = address(house, set);
    let files: Vec<Value> = set
        .files
        .iter()
        .map(|file| {
            json!({
                "url": format!("{address}/{}", file.name),
                "name": file.name,
                "mediaType": file::MEDIA_TYPE,
                "format": file.format,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "plainBytes": file.plain_bytes,
                "statements": file.statements,
            })
        })
        .collect();
    json!({
        "id": address,
        "generation": set.generation,
        "sequence": set.seq,
        "published": date_time(set.published_us),
        "made": date_time(set.made_us),
        "triples": set.holdings.triples,
        "datasets": set.holdings.datasets,
        "distributions": set.holdings.distributions,
        "dataServices": set.holdings.data_services,
        "catalogs": set.holdings.catalogs,
        "agents": set.holdings.agents,
        "files": files,
    })
}

/// When a set's state was published, as HTTP has it.
fn modified(set: &Set) -> String {
    http_date(set.published_us)
}

/// The files of all dumps that are whole, each with the sum that its manifest names.
pub fn kept_files(dir: &std::path::Path) -> std::io::Result<Vec<(std::path::PathBuf, String)>> {
    let mut all = Vec::new();
    for set in shelf::Shelf::at(dir.to_owned()).sets()? {
        for entry in &set.files {
            let path = dir.join(set.name()).join(&entry.name);
            all.push((path, entry.sha256.clone()));
        }
    }
    Ok(all)
}
