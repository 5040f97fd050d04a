//! `status`, `sources`, `query` and `export`: what only reads.

use super::{
    args::{self, AnswerFormat, CatalogFormat, Common, Place},
    client::{Reached, body, well},
    configured::Configured,
    exit::Exit,
    health, out, report,
};
use crate::daemon::Purpose;
use crate::network::local::{Answered, Local};
use clap::ValueEnum;
use serde_json::Value;
use std::{future::Future, io::Read, os::unix::fs::PermissionsExt};

/// Reaches a daemon, asks, and lets go again.
async fn with<F: Future<Output = Exit>>(place: &Place, ask: impl FnOnce(Local) -> F) -> Exit {
    with_source(place, None, ask).await
}

/// The same about one source, which must be configured.
pub(super) async fn with_source<F: Future<Output = Exit>>(
    place: &Place,
    source: Option<&str>,
    ask: impl FnOnce(Local) -> F,
) -> Exit {
    match Reached::reach(place, Purpose::Read).await {
        Ok(reached) => {
            let source = source.filter(|id| !reached.config.shares(id));
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
            return report::last_run(&local, id, common).await;
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

/// What the daemon says of an answer that did not go well.
pub(super) async fn problem(answered: Answered) -> Value {
    serde_json::from_slice(&answered.bytes().await.unwrap_or_default()).unwrap_or_default()
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
            _ if source["running"].is_object() => health::running(source),
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
    let mut text = out::table(&rows);
    let why = status["ready"]["why"].as_str().unwrap_or_default();
    if ["damaged", "read-only"]
        .iter()
        .any(|state| why.starts_with(state))
    {
        text.push_str(&format!("\n{why}\n"));
    }
    for source in status["sources"].as_array().into_iter().flatten() {
        text.push_str(&health::text(source));
    }
    text
}

pub(super) fn time(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).map_or_else(
        || ms.to_string(),
        |t| t.format("%Y-%m-%d %H:%M:%SZ").to_string(),
    )
}

/// `harvestd sources`: from the configuration alone.
pub fn sources(args: &args::Sources, common: &Common) -> Exit {
    let config = match Configured::of(&args.place) {
        Ok(configured) => configured.config,
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
        Err(e) => {
            let from = args.file.as_ref();
            let from = from.map_or_else(String::new, |file| format!(" from {}", file.display()));
            return out::complain(&format!("reading the query{from}: {e}"), Exit::Usage);
        }
    };
    let asked = Asked::of(args.format, common.json);
    with(&args.place, async |local: Local| {
        let answered = local
            .post("/sparql", asked.accept(), "application/sparql-query", text)
            .await;
        let answered = match answered {
            Ok(answered) if answered.status == 406 => return asked.misfit(answered).await,
            answered => answered,
        };
        match body(answered).await {
            Ok(bytes) => {
                let mut text = String::from_utf8_lossy(&bytes).into_owned();
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                let tabular = asked.is_table() && text.starts_with('?');
                if !tabular {
                    return out::print(&text);
                }
                match out::print(&tabbed(&text)) {
                    Exit::Ok if text.lines().count() == 1 => out::complain("no rows", Exit::Ok),
                    exit => exit,
                }
            }
            Err(exit) => exit,
        }
    })
    .await
}

/// How the answer shall be written. Where the query's form is left to decide, `--json` means JSON of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Fitting { json: bool },
    As(AnswerFormat),
}

impl Asked {
    fn of(format: Option<AnswerFormat>, json: bool) -> Self {
        format.map_or(Self::Fitting { json }, Self::As)
    }

    fn accept(self) -> &'static str {
        match self {
            Self::Fitting { json: false } => "text/tab-separated-values, text/turtle;q=0.9",
            Self::Fitting { json: true } => {
                "application/sparql-results+json, application/ld+json;q=0.5"
            }
            Self::As(AnswerFormat::Table | AnswerFormat::Tsv) => "text/tab-separated-values",
            Self::As(AnswerFormat::Json) => "application/sparql-results+json",
            Self::As(AnswerFormat::Xml) => "application/sparql-results+xml",
            Self::As(AnswerFormat::Csv) => "text/csv",
            Self::As(AnswerFormat::Ttl) => "text/turtle",
            Self::As(AnswerFormat::Nt) => "application/n-triples",
            Self::As(AnswerFormat::Rdf) => "application/rdf+xml",
            Self::As(AnswerFormat::Jsonld) => "application/ld+json",
        }
    }

    fn is_table(self) -> bool {
        matches!(
            self,
            Self::Fitting { json: false } | Self::As(AnswerFormat::Table)
        )
    }

    /// Says which formats fit, where the one asked for does not. What else the daemon could not write is its own word.
    async fn misfit(self, answered: Answered) -> Exit {
        let problem = problem(answered).await;
        match self.fitting() {
            Some(text) if problem["type"] == "urn:harvestd:problem:not-acceptable" => {
                out::complain(&text, Exit::Usage)
            }
            _ => out::complain(
                problem["detail"]
                    .as_str()
                    .unwrap_or("the daemon refused the format"),
                Exit::Failed,
            ),
        }
    }

    fn fitting(self) -> Option<String> {
        let Self::As(format) = self else { return None };
        let name = format.to_possible_value()?.get_name().to_owned();
        Some(if format.is_for_graphs() {
            format!(
                "-o {name} writes graphs, and the answer to SELECT and ASK is a table: table, json, xml, csv and tsv fit"
            )
        } else {
            format!(
                "-o {name} writes tables, and the answer to CONSTRUCT and DESCRIBE is a graph: ttl, nt, rdf and jsonld fit"
            )
        })
    }
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

/// The file appears when it is whole, and whoever may read the user's other new files may read it.
async fn to_file(
    mut body: impl tokio::io::AsyncRead + Unpin,
    file: &std::path::Path,
) -> std::io::Result<()> {
    let folder = file
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(std::path::Path::new("."));
    let temporary = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|e| {
            // The error itself names a file that nobody asked for.
            let text = format!("no file can be made in {}: {}", folder.display(), e.kind());
            std::io::Error::new(e.kind(), text)
        })?;
    let mut out = tokio::fs::File::from_std(temporary.reopen()?);
    tokio::io::copy(&mut body, &mut out).await?;
    out.sync_all().await?;
    temporary.persist(file).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_of_the_other_form_is_never_a_second_choice() {
        for format in AnswerFormat::value_variants() {
            let asked = Asked::of(Some(*format), true);
            assert!(!asked.accept().contains(','), "{format:?}");
            let text = asked.fitting().unwrap_or_default();
            let others = AnswerFormat::value_variants()
                .iter()
                .filter(|other| other.is_for_graphs() != format.is_for_graphs());
            for other in others {
                let value = other.to_possible_value();
                let name = value.as_ref().map_or("", |value| value.get_name());
                assert!(text.contains(name), "{format:?}: {name} is not in {text}");
            }
        }
        assert_eq!(Asked::of(None, true).fitting(), None);
    }
}
