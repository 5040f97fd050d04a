//! `status`, `sources`, `query` and `export`: what only reads.

use super::{
    args::{self, AnswerFormat, CatalogFormat, Common, Place},
    client::{Reached, body, well},
    exit::Exit,
    out, runs,
};
use crate::network::local::Local;
use serde_json::Value;
use std::{future::Future, io::Read};

/// Reaches a daemon, asks, and lets go again.
async fn with<F: Future<Output = Exit>>(place: &Place, ask: impl FnOnce(Local) -> F) -> Exit {
    with_source(place, None, ask).await
}

/// The same about one source, which must be configured.
async fn with_source<F: Future<Output = Exit>>(
    place: &Place,
    source: Option<&str>,
    ask: impl FnOnce(Local) -> F,
) -> Exit {
    match Reached::reach(place, true).await {
        Ok(reached) => {
            if let Some(Err(exit)) = source.map(|id| reached.knows(id)) {
                return reached.done(exit).await;
            }
            let exit = ask(reached.local.clone()).await;
            reached.done(exit).await
        }
        Err(exit) => exit,
    }
}

/// `harvestd status`
pub async fn status(args: &args::Status, common: &Common) -> Exit {
    with_source(&args.place, args.source.as_deref(), async |local: Local| {
        if let Some(id) = &args.source {
            let path = format!("/sources/{id}/report");
            return match body(local.get(&path, "application/json").await).await {
                Ok(bytes) if common.json => out::print(&String::from_utf8_lossy(&bytes)),
                Ok(bytes) => match serde_json::from_slice(&bytes) {
                    Ok(report) => out::print(&runs::text(&report)),
                    Err(e) => {
                        out::complain(&format!("the report cannot be read: {e}"), Exit::Failed)
                    }
                },
                Err(exit) => exit,
            };
        }
        match body(local.get("/status.json", "application/json").await).await {
            Ok(bytes) if common.json => {
                out::print(&format!("{}\n", String::from_utf8_lossy(&bytes)))
            }
            Ok(bytes) => out::print(&status_table(
                &serde_json::from_slice(&bytes).unwrap_or_default(),
            )),
            Err(exit) => exit,
        }
    })
    .await
}

fn status_table(status: &Value) -> String {
    let mut rows = vec![
        [
            "SOURCE", "KIND", "HOLDS", "LAST RUN", "OUTCOME", "NEW", "CHANGED", "DELETED",
            "REFUSED", "NEXT RUN",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for source in status["sources"].as_array().into_iter().flatten() {
        let last = &source["last"];
        let counts = &last["counts"];
        let number = |v: &Value| v.as_u64().map_or_else(|| "-".to_owned(), |n| n.to_string());
        let deleted = counts["gone"]
            .as_u64()
            .zip(counts["absent"].as_u64())
            .map_or("-".to_owned(), |(g, a)| (g + a).to_string());
        let next = match (source["enabled"].as_bool(), source["paused"].as_bool()) {
            _ if source["running"].is_object() => "running".to_owned(),
            (Some(false), _) => "disabled".to_owned(),
            (_, Some(true)) => "paused".to_owned(),
            _ => source["next_due_ms"]
                .as_i64()
                .map_or("by hand".to_owned(), time),
        };
        rows.push(vec![
            source["id"].as_str().unwrap_or_default().to_owned(),
            source["kind"].as_str().unwrap_or_default().to_owned(),
            number(&source["holds"]),
            last["ended_ms"].as_i64().map_or("never".to_owned(), time),
            last["outcome"].as_str().unwrap_or("-").to_owned(),
            number(&counts["new"]),
            number(&counts["changed"]),
            deleted,
            number(&counts["refused"]),
            next,
        ]);
    }
    out::table(&rows)
}

fn time(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).map_or_else(
        || ms.to_string(),
        |t| t.format("%Y-%m-%d %H:%M:%SZ").to_string(),
    )
}

/// `harvestd sources`: from the configuration alone.
pub fn sources(args: &args::Sources, common: &Common) -> Exit {
    let config =
        match crate::config::Config::load_with(args.place.config_file(), &args.place.outside()) {
            Ok(config) => config,
            Err(e) => return out::complain(&e.to_string(), Exit::Usage),
        };
    let sources = config.sources.iter();
    if common.json {
        let all: Vec<Value> = sources
            .map(|s| serde_json::json!({ "id": s.id, "kind": s.kind, "url": crate::network::redact(&s.url), "title": s.title, "enabled": s.enabled, "schedule": s.schedule.as_ref().map(|c| c.line()), "at": s.at }))
            .collect();
        return out::print(&format!("{}\n", Value::from(all)));
    }
    let mut rows = vec![
        ["SOURCE", "KIND", "SCHEDULE", "TITLE", "ADDRESS"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for s in sources {
        let schedule = if s.enabled {
            s.schedule.as_ref().map_or("by hand", |c| c.line())
        } else {
            "disabled"
        };
        let title = s.title.values().next().cloned().unwrap_or_default();
        rows.push(vec![
            s.id.clone(),
            s.kind.clone(),
            schedule.to_owned(),
            title,
            crate::network::redact(&s.url),
        ]);
    }
    out::print(&out::table(&rows))
}

/// `harvestd query`
pub async fn query(args: &args::Query, common: &Common) -> Exit {
    let text = match question(args) {
        Ok(text) => text,
        Err(e) => return out::complain(&format!("reading the query: {e}"), Exit::Usage),
    };
    let format = args.format.or(common.json.then_some(AnswerFormat::Json));
    with(&args.place, async |local: Local| {
        let accept = match format {
            None | Some(AnswerFormat::Table) => "text/tab-separated-values, text/turtle;q=0.9",
            Some(AnswerFormat::Json) => {
                "application/sparql-results+json, application/ld+json;q=0.5"
            }
            Some(AnswerFormat::Xml) => "application/sparql-results+xml, application/rdf+xml;q=0.5",
            Some(AnswerFormat::Csv) => "text/csv, application/n-triples;q=0.5",
            Some(AnswerFormat::Tsv) => "text/tab-separated-values, application/n-triples;q=0.5",
            Some(AnswerFormat::Ttl) => "text/turtle, text/csv;q=0.5",
            Some(AnswerFormat::Nt) => "application/n-triples, text/csv;q=0.5",
            Some(AnswerFormat::Rdf) => "application/rdf+xml, text/csv;q=0.5",
            Some(AnswerFormat::Jsonld) => "application/ld+json, text/csv;q=0.5",
        };
        let asked = local
            .post("/sparql", accept, "application/sparql-query", text)
            .await;
        match body(asked).await {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let tabular =
                    matches!(format, None | Some(AnswerFormat::Table)) && text.starts_with('?');
                out::print(&if tabular {
                    tabbed(&text)
                } else {
                    text.into_owned()
                })
            }
            Err(exit) => exit,
        }
    })
    .await
}

fn tabbed(text: &str) -> String {
    let rows: Vec<Vec<String>> = text
        .lines()
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    out::table(&rows)
}

fn question(args: &args::Query) -> std::io::Result<String> {
    match (&args.file, args.query.as_deref()) {
        (Some(file), _) => std::fs::read_to_string(file),
        (None, Some("-") | None) => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            Ok(text)
        }
        (None, Some(query)) => Ok(query.to_owned()),
    }
}

/// `harvestd export`
pub async fn export(args: &args::Export) -> Exit {
    let (path, accept) = match args.format {
        CatalogFormat::Ttl => ("/catalog.ttl", "text/turtle"),
        CatalogFormat::Nt => ("/catalog.nt", "application/n-triples"),
        CatalogFormat::Rdf => ("/catalog.rdf", "application/rdf+xml"),
        CatalogFormat::Jsonld => ("/catalog.jsonld", "application/ld+json"),
    };
    with(&args.place, async |local: Local| {
        let answered = match well(local.get(path, accept).await).await {
            Ok(answered) => answered,
            Err(exit) => return exit,
        };
        let written = match &args.out {
            Some(file) => to_file(answered.body(), file).await,
            None => tokio::io::copy(&mut answered.body(), &mut tokio::io::stdout())
                .await
                .map(|_| ()),
        };
        match written {
            Ok(()) => Exit::Ok,
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Exit::Ok,
            Err(e) => out::complain(&format!("the export is not whole: {e}"), Exit::Failed),
        }
    })
    .await
}

/// The file appears when it is whole.
async fn to_file(
    mut body: impl tokio::io::AsyncRead + Unpin,
    file: &std::path::Path,
) -> std::io::Result<()> {
    let folder = file
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(std::path::Path::new("."));
    let temporary = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = tokio::fs::File::from_std(temporary.reopen()?);
    tokio::io::copy(&mut body, &mut out).await?;
    out.sync_all().await?;
    temporary.persist(file).map_err(|e| e.error)?;
    Ok(())
}
