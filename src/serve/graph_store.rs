//! The SPARQL 1.1 Graph Store Protocol, reading: `/graph-store?graph=IRI` and `?default` (section 4.2), and graphs of ours
//! at their own addresses, `/graph/…` (section 4.1).
//!
//! Never writes: other methods are answered 405 with `Allow`. Start at [`indirect`].

use super::{
    House,
    asof::Asked,
    catalog::{Tagged, validated, validators::Validators},
    fresh,
    negotiate::{self, GRAPHS},
    openapi::{Routes, table},
    problem::Problem,
    sparql::accept,
    wire::Question,
};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::Response,
    routing::get,
};
use oxigraph::model::NamedNode;

const PATH: &str = "graph-store";

pub fn routes() -> Routes {
    Routes::new()
        .route(table::graph_store(), get(indirect))
        .route(table::own_graph(), get(direct))
}

/// Which graph is meant.
#[derive(Debug, PartialEq, Eq)]
enum Meant {
    Default,
    Named(String),
}

async fn indirect(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let meant = meant(&query)?;
    let asked = Asked::of(&house, PATH, &query, &headers)?;
    give(&house, meant, &asked, &method, &headers).await
}

async fn direct(
    State(house): State<House>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = super::dereference::own_path(&house, &uri);
    let meant = Meant::Named(format!("{}{path}", house.base()));
    let asked = Asked::of(&house, &path, uri.query().unwrap_or_default(), &headers)?;
    give(&house, meant, &asked, &method, &headers).await
}

/// The one graph that the parameters name. Others than the protocol's are passed over.
fn meant(query: &str) -> Result<Meant, Problem> {
    let wrong = |code, detail: String| Err(Problem::bad_request(code, detail));
    let mut found = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "default" => found.push(Meant::Default),
            "graph" => found.push(Meant::Named(iri(value)?)),
            _ => {}
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(meant), true) => Ok(meant),
        (None, _) => wrong(
            "no-graph",
            "Expected is `?graph=` with the IRI of a graph, percent-encoded, or `?default`."
                .to_owned(),
        ),
        (Some(_), false) => wrong(
            "several-graphs",
            "There are several parameters `graph` or `default`; exactly one is expected."
                .to_owned(),
        ),
    }
}

fn iri(encoded: &str) -> Result<String, Problem> {
    let wrong = |found: &str, why: String| {
        Problem::bad_request(
            "bad-graph-iri",
            format!("`graph` is {found:?}; expected is an absolute IRI: {why}."),
        )
    };
    let text = encoded.replace('+', " ");
    let text = percent_encoding::percent_decode_str(&text)
        .decode_utf8()
        .map_err(|e| wrong(encoded, e.to_string()))?;
    match NamedNode::new(text.as_ref()) {
        Ok(iri) => Ok(iri.into_string()),
        Err(e) => Err(wrong(&text, e.to_string())),
    }
}

async fn give(
    house: &House,
    meant: Meant,
    asked: &Asked,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let view = asked.find(house)?;
    let snapshot = &view.snapshot;
    let offer = negotiate::best(&accept(headers), GRAPHS)?;
    let path = snapshot.path.clone();
    let graph = match meant {
        Meant::Default => {
            let (mark, format) = (format!("{PATH}?{:?}", offer.format), offer.format);
            let tagged = Tagged::Ready(Validators::of_all(house, snapshot, &mark)?);
            let question = Question::Dump {
                snapshot: path,
                format,
            };
            let media_type = format.media_type();
            return validated(house, &view, tagged, question, media_type, method, headers).await;
        }
        Meant::Named(graph) => graph,
    };
    let question = Question::Graph {
        snapshot: path,
        graph,
        accept: accept(headers),
        base: house.base().to_owned(),
    };
    let readers = view.pool(house, &house.readers);
    let answer = readers.ask(question, snapshot).await?;
    let mut response = fresh::answered(answer, snapshot, headers)?;
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    view.dress(house, &mut response);
    Ok(response)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_graph_is_named() {
        let named = |iri: &str| Meant::Named(iri.to_owned());
        for (query, expected) in [
            ("default", Meant::Default),
            ("default=", Meant::Default),
            ("as-of=1-2&default", Meant::Default),
            ("graph=http://a.example/g", named("http://a.example/g")),
            (
                "graph=http%3A%2F%2Fa.example%2F%E4%BA%BA",
                named("http://a.example/人"),
            ),
            ("graph=urn:x:y", named("urn:x:y")),
        ] {
            assert_eq!(meant(query).unwrap(), expected, "{query}");
        }
        for (query, code) in [
            ("", "no-graph"),
            ("format=ttl", "no-graph"),
            ("default&graph=urn:x:y", "several-graphs"),
            ("graph=urn:x:y&graph=urn:x:z", "several-graphs"),
            ("default&default", "several-graphs"),
            ("graph=", "bad-graph-iri"),
            ("graph=relative", "bad-graph-iri"),
            ("graph=http://a.example/a%20b", "bad-graph-iri"),
            ("graph=http://a.example/%FF", "bad-graph-iri"),
        ] {
            assert_eq!(meant(query).unwrap_err().code, code, "{query}");
        }
    }
}
