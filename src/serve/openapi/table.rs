//! The table of doors: each address, what can be asked of it, and every answer that may come.
//!
//! Pure descriptions; the modules of the doors make their routes of them ([`super::Routes::route`]). Those of the catalogue
//! itself are here, those that others have laid down in [`forms`], what tells of changes and takes something in
//! [`talk`], the operator's in [`operator`], and those for people in [`pages`].

mod by_hand;
mod forms;
mod links;
mod operator;
mod pages;
mod people;
mod quality;
mod talk;

pub use by_hand::*;
pub use forms::*;
pub use links::*;
pub use operator::*;
pub use pages::*;
pub use people::*;
pub use quality::*;
pub use talk::*;

use super::door::{Door, Operation, date_time, iri, one_of, text, whole};
use crate::serve::negotiate::GraphFormat;
use serde_json::json;

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const GRAPHS: [&str; 6] = [
    "text/turtle",
    "application/n-triples",
    "application/rdf+xml",
    "application/ld+json",
    "application/trig",
    "application/n-quads",
];
const RESULTS: [&str; 4] = [
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
];
const CATALOGUE: &str = "The catalogue";
const HOUSE: &str = "How things stand";

const AS_OF: &str =
    "The past: a sequence number (42, or with its generation 1-42), or a time (RFC 3339).";

/// May be asked as of a moment of the past.
fn of_the_past(operation: Operation) -> Operation {
    operation
        .query("as-of", AS_OF, text())
        .header("Accept-Datetime", "The past, as RFC 7089 has it.", text())
        .problems(&[410])
}

pub fn root() -> Door {
    let get = Operation::get("The doors by name; for browsers the first page.")
        .gives_json(200, &[JSON], "Doors")
        .gives(200, &[HTML])
        .empty(&[304])
        .problems(&[406, 503]);
    Door::at("/", HOUSE).may(get)
}

pub fn asset() -> Door {
    let get = Operation::get("A file that our pages load.")
        .path("name", "The file's name.", text())
        .gives(200, &["text/css", "text/javascript", "image/svg+xml"])
        .problems(&[404]);
    Door::at("/assets/{name}", HOUSE).may(get)
}

pub fn openapi() -> Door {
    let get = Operation::get("This document as a page, or by Accept as it is.")
        .gives(200, &[HTML])
        .gives_json(200, &[JSON], "OpenApi")
        .empty(&[304])
        .problems(&[406]);
    Door::at("/openapi", HOUSE).named("openapi").may(get)
}

pub fn openapi_json() -> Door {
    let get = Operation::get("This document.")
        .gives_json(200, &[JSON], "OpenApi")
        .empty(&[304]);
    Door::at("/openapi.json", HOUSE).may(get)
}

fn queries(operation: Operation) -> Operation {
    operation
        .query(
            "default-graph-uri",
            "A graph to be merged into the default graph; may be repeated.",
            iri(),
        )
        .query(
            "named-graph-uri",
            "A graph that GRAPH may name; may be repeated.",
            iri(),
        )
        .query(
            "format",
            "What the Accept header would say, by a short name or a media type; html: what was found as a page.",
            text(),
        )
        .gives(200, &RESULTS)
        .gives(200, &GRAPHS)
        .gives(200, &["application/json", "application/xml", "text/xml"])
        .problems(&[400, 403, 406, 429, 500, 503, 504])
}

/// SPARQL 1.1 Protocol, query operation.
pub fn sparql() -> Door {
    let get = Operation::get(
        "SPARQL 1.1: a query; without one the service description, or for browsers a page.",
    )
    .query("query", "The query.", text())
    .query("chart", "Of a page: bars, columns, line or none.", text())
    .query(
        "x",
        "Of a page: the variable whose values are the picture's labels.",
        text(),
    )
    .query(
        "y",
        "Of a page: the variable whose values are drawn.",
        text(),
    )
    .gives(200, &[HTML])
    .gives(400, &[HTML])
    .empty(&[304]);
    let get = of_the_past(queries(get));
    let post = Operation::post("SPARQL 1.1: a query as the body, or in a form.")
        .takes(&[
            "application/sparql-query",
            "application/x-www-form-urlencoded",
        ])
        .problems(&[408, 413, 415]);
    let post = of_the_past(queries(post));
    Door::at("/sparql", CATALOGUE)
        .named("sparql")
        .may(get)
        .may(post)
}

pub fn graph_store() -> Door {
    let get = Operation::get("A graph whole (SPARQL 1.1 Graph Store Protocol, for reading). Exactly one of graph and default.")
        .query("graph", "The IRI of a named graph.", iri())
        .query("default", "The default graph.", json!({ "type": "string", "maxLength": 0 }));
    let get = graph(get);
    Door::at("/graph-store", CATALOGUE)
        .named("graph_store")
        .may(get)
}

pub fn own_graph() -> Door {
    let get = Operation::get("A graph of ours at its own address.").path(
        "rest",
        "What follows /graph/ in its IRI.",
        text(),
    );
    Door::at("/graph/{*rest}", CATALOGUE).may(graph(get))
}

fn graph(operation: Operation) -> Operation {
    of_the_past(operation)
        .gives(200, &GRAPHS)
        .gives(200, &["application/json", "application/xml", "text/xml"])
        .empty(&[304])
        .problems(&[400, 404, 406, 503])
}

pub fn void() -> Door {
    let get = Operation::get("VoID: how much there is, which vocabularies, where the links lead.")
        .gives(200, &GRAPHS)
        .gives(200, &["application/json", "application/xml", "text/xml"])
        .empty(&[304])
        .problems(&[406, 503]);
    Door::at("/.well-known/void", CATALOGUE)
        .named("void")
        .may(get)
}

fn narrowed(operation: Operation) -> Operation {
    operation
        .query("source", "Datasets of this source, by its id.", text())
        .query("publisher", "Datasets of this publisher.", iri())
        .query("theme", "Datasets with this theme.", iri())
        .query(
            "access",
            "Datasets of this tier.",
            one_of(&["open", "on-application", "paid", "not-open"]),
        )
        .query(
            "modified_since",
            "Datasets that changed here since then.",
            date_time(),
        )
}

fn paged(operation: Operation) -> Operation {
    narrowed(operation)
        .query(
            "page",
            "1: in pages that link to each other.",
            one_of(&["1"]),
        )
        .query("limit", "Datasets on a page.", whole(1))
        .query("after", "The page begins after this dataset.", iri())
        .problems(&[404])
}

/// The catalogue by Accept.
pub fn catalog() -> Door {
    let get = Operation::get("The whole catalogue, or in pages and narrowed, by Accept.")
        .gives(200, &GRAPHS)
        .gives(200, &["application/json", "application/xml", "text/xml"])
        .empty(&[304])
        .problems(&[400, 406, 503]);
    Door::at("/catalog", CATALOGUE)
        .named("catalog")
        .may(of_the_past(paged(get)))
}

/// The catalogue in one form.
pub fn catalog_as(format: GraphFormat) -> Door {
    let summary = match format {
        GraphFormat::NQuads => {
            "The whole catalogue entity by entity, each in a graph of its name, with where the feed goes on."
        }
        _ => "The whole catalogue, or in pages and narrowed.",
    };
    let media_type = format.media_type().split(';').next().unwrap_or_default();
    let get = Operation::get(summary)
        .gives(200, &[media_type])
        .empty(&[304])
        .problems(&[400, 503]);
    let get = match format {
        GraphFormat::NQuads => get,
        _ => paged(get),
    };
    Door::at(format!("/catalog.{}", format.extension()), CATALOGUE).may(of_the_past(get))
}

/// A list of datasets as a document.
pub fn list(path: &'static str) -> Door {
    let (summary, name) = match path {
        "data.json" => ("DCAT-US 1.1.", Some("data_json")),
        "catalog.csv" => ("The 22 columns of Taiwan's national portal.", Some("csv")),
        _ => (
            "The 22 columns, with cells that no spreadsheet takes for a formula.",
            None,
        ),
    };
    let get = match path {
        "data.json" => Operation::get(summary).gives_json(200, &[JSON], "DataJson"),
        _ => Operation::get(summary).gives(200, &["text/csv"]),
    };
    let get = narrowed(get).empty(&[304]).problems(&[400, 404, 503]);
    let door = Door::at(format!("/{path}"), CATALOGUE).may(of_the_past(get));
    Door { name, ..door }
}

pub fn dumps() -> Door {
    let get = Operation::get(
        "The newest whole dump: its files with their sizes and hashes, and what it is of.",
    )
    .gives_json(200, &[JSON], "Dumps")
    .empty(&[304])
    .problems(&[503]);
    Door::at("/dumps", CATALOGUE).named("dumps").may(get)
}

const SET: &str = "{generation}-{sequence} of the dump, or latest.";

pub fn dump() -> Door {
    let get = Operation::get("One dump.")
        .path("set", SET, text())
        .gives_json(200, &[JSON], "Dump")
        .empty(&[304, 307])
        .problems(&[400, 404, 410, 503]);
    Door::at("/dumps/{set}", CATALOGUE).may(get)
}

pub fn dump_file() -> Door {
    let get = Operation::get("A file of a dump, or a part of it.")
        .path("set", SET, text())
        .path("file", "The file's name, as the manifest has it.", text())
        .header("Range", "One range of bytes.", text())
        .header(
            "If-Range",
            "The entity tag of the file of which the rest is at hand.",
            text(),
        )
        .gives(200, &["application/zstd"])
        .gives(206, &["application/zstd"])
        .empty(&[304, 307])
        .problems(&[400, 404, 410, 416, 503]);
    Door::at("/dumps/{set}/{file}", CATALOGUE).may(get)
}

/// IRIs of ours.
pub fn own_iri(segment: &str) -> Door {
    let get =
        Operation::get("What is held under an IRI of ours: a page, RDF, schema.org, or Croissant.")
            .path("rest", "What follows in the IRI.", text())
            .query(
                "format",
                "html, ttl, nt, json, xml, schemaorg, croissant, or a media type.",
                text(),
            )
            .gives(200, &[HTML])
            .gives(200, &GRAPHS)
            .gives(200, &["application/json", "application/xml", "text/xml"])
            .empty(&[304, 308])
            .problems(&[400, 404, 406, 503]);
    Door::at(format!("/{segment}/{{*rest}}"), CATALOGUE).may(of_the_past(get))
}

pub fn snapshots() -> Door {
    let get =
        Operation::get("The moments of the past that can be asked for (RFC 7089: a TimeMap).")
            .query("of", "The address of a resource below ours.", text())
            .gives(200, &["application/link-format"])
            .gives_json(200, &[JSON], "Snapshots")
            .empty(&[304])
            .problems(&[400, 406]);
    Door::at("/snapshots", CATALOGUE)
        .named("snapshots")
        .may(get)
}

pub fn healthz() -> Door {
    let get = Operation::get("The process answers.").gives(200, &["text/plain"]);
    Door::at("/healthz", HOUSE).may(get)
}

pub fn readyz() -> Door {
    let get = Operation::get("There is something to serve, and it can be served.")
        .gives(200, &["text/plain"])
        .problems(&[503]);
    Door::at("/readyz", HOUSE).may(get)
}

pub fn metrics() -> Door {
    let get = Operation::get("Figures in the form of Prometheus.").gives(200, &["text/plain"]);
    Door::at("/metrics", HOUSE).named("metrics").may(get)
}

pub fn status() -> Door {
    let get =
        Operation::get("How the house and its sources stand; a browser is led to their page.")
            .gives_json(200, &[JSON], "Status")
            .empty(&[303, 304])
            .problems(&[406]);
    Door::at("/status", HOUSE).named("status").may(get)
}

pub fn status_json() -> Door {
    let get = Operation::get("How the sources stand.")
        .gives_json(200, &[JSON], "Status")
        .empty(&[304]);
    Door::at("/status.json", HOUSE).may(get)
}

pub fn report() -> Door {
    let get = accounted(Operation::get(
        "The account of a source's last run, whole: a row for each record that did not simply come in.",
    ));
    Door::at("/sources/{id}/report", HOUSE).may(get)
}

pub fn report_of_run() -> Door {
    let get = accounted(Operation::get("The account of a run that is kept."));
    let get = get.path("run", "The run's name.", text());
    Door::at("/sources/{id}/report/{run}", HOUSE).may(get)
}

fn accounted(operation: Operation) -> Operation {
    row_choice(operation)
        .path("id", "The source's id.", text())
        .gives_json(200, &[JSON], "Account")
        .gives(200, &["text/csv"])
        .gives(200, &GRAPHS[..4])
        .empty(&[304])
        .problems(&[400, 404, 406, 500])
}

/// Which rows of an account, and how they are written.
fn row_choice(operation: Operation) -> Operation {
    operation
        .query(
            "format",
            "What the Accept header would say, by a short name (json, csv, ttl, nt, rdf, jsonld) or a media type.",
            text(),
        )
        .query(
            "fate",
            "Rows with this fate only; several with commas between: refused, unreadable, filtered, duplicate, looped, held, finding, remark.",
            text(),
        )
        .query("rows", "How many rows at most; the counts are of all.", whole(0))
}

pub fn reports() -> Door {
    let get = Operation::get("The reports of a source that are kept, newest first.")
        .path("id", "The source's id.", text())
        .query("before", "Those of runs before this one.", text())
        .query("limit", "How many on a page.", whole(1))
        .gives_json(200, &[JSON], "Reports")
        .empty(&[304])
        .problems(&[400, 404]);
    Door::at("/sources/{id}/reports", HOUSE).may(get)
}
