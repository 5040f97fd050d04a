//! The SPARQL 1.1 Protocol, query operation: GET, POST of a form, POST of the query itself.
//!
//! Never updates, and evaluates nothing here: workers do, and [`super::lookup`] what is small. Start at [`get_query`] and [`post_query`].

use super::{
    House,
    asof::{Asked, View},
    client, fresh, guard,
    negotiate::{self, GRAPHS, GraphFormat, Offer},
    openapi::{Routes, table},
    pages::sparql::{self as pages, READ},
    pool::{Answer, Body},
    problem::Problem,
    respond, service_description,
    wire::{Question, SparqlQuery},
};
use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, RawQuery, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use percent_encoding::percent_decode;
use std::time::Instant;

const FORM: &str = "application/x-www-form-urlencoded";
const QUERY: &str = "application/sparql-query";
/// Asks for a page in place of an answer for programs.
const PAGE: &str = "format=html";
const UPDATE: &str = "application/sparql-update";

pub fn routes(query_bytes_max: usize) -> Routes {
    // In a form each byte of the query may take three. Less is taken where `http.body_bytes_max` says so.
    let body_bytes_max = query_bytes_max.saturating_mul(3).saturating_add(64 * 1024);
    let endpoint = get(get_query)
        .post(post_query)
        .layer(DefaultBodyLimit::max(body_bytes_max));
    let door = table::sparql();
    Routes::new()
        .route(door.also_at("/sparql/"), endpoint.clone())
        .route(door, endpoint)
}

/// Section 2.1.1. Without a query it is the service description that is asked for.
async fn get_query(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    // What a page adds to its own address asks for nothing else.
    let of_pages = |pair: &str| pair.is_empty() || pair.starts_with("lang=") || pair == PAGE;
    if query.split('&').all(of_pages) {
        if query.contains(PAGE) {
            return pages::empty(&house, &uri, &headers);
        }
        return describe_service(&house, &uri, &headers).await;
    }
    let asked = Asked::of(&house, "sparql", &query, &headers)?;
    let parameters = Parameters::default().read(query.as_bytes())?;
    if parameters.is_page() {
        let client = (&uri, &headers, &extensions);
        return page(&house, parameters, &[query.as_bytes()], &asked, client).await;
    }
    let answer = evaluate(&house, parameters, &asked, &headers, &extensions).await?;
    let tag = match &answer.answer.body {
        Body::Whole(bytes) => Some(fresh::tag(&[bytes])),
        // Its tag would be known at its end, and a query may speak of now: its snapshot does not name it.
        Body::Stream(_) => None,
    };
    let Some(tag) = tag else {
        return answer.given(&house);
    };
    if !fresh::held(&tag, &headers) {
        return fresh::tagged(answer.given(&house)?, &tag);
    }
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    answer.view.dress(&house, &mut response);
    fresh::tagged(response, &tag)
}

/// Sections 2.1.2 and 2.1.3.
async fn post_query(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let asked = Asked::of(&house, "sparql", &query, &headers)?.with_body();
    let mut parameters = Parameters::default().read(query.as_bytes())?;
    parameters.as_of = None;
    let parameters = match posted(&headers)? {
        Posted::Form => parameters.read(&body)?,
        Posted::Query => {
            let text = std::str::from_utf8(&body).map_err(|e| {
                Problem::bad_request("not-utf-8", format!("The query is not UTF-8: {e}."))
            })?;
            parameters.with_query(text.to_owned())
        }
    };
    let asked = asked.and(parameters.as_of.as_deref())?;
    if parameters.is_page() {
        let client = (&uri, &headers, &extensions);
        return page(
            &house,
            parameters,
            &[query.as_bytes(), &body],
            &asked,
            client,
        )
        .await;
    }
    evaluate(&house, parameters, &asked, &headers, &extensions)
        .await?
        .given(&house)
}

/// What was asked, and what it found, as a page.
async fn page(
    house: &House,
    mut parameters: Parameters,
    encoded: &[&[u8]],
    asked: &Asked,
    (uri, headers, extensions): (&Uri, &HeaderMap, &Extensions),
) -> Result<Response, Problem> {
    let began = Instant::now();
    let pairs = encoded
        .iter()
        .flat_map(|text| url::form_urlencoded::parse(text).into_owned());
    let page = pages::Asked {
        uri,
        headers,
        query: parameters.queries.first().cloned().unwrap_or_default(),
        parameters: pairs.collect(),
        began,
    };
    parameters.format = Some(READ.to_owned());
    let evaluated = evaluate(house, parameters, asked, headers, extensions).await;
    let (body, view) = match evaluated {
        Ok(Evaluated { answer, view }) => (Ok((answer.media_type, answer.body)), Some(view)),
        Err(problem) => (Err(problem), None),
    };
    let mut response = pages::found(house, page, body).await?;
    if let Some(view) = view {
        view.dress(house, &mut response);
    }
    Ok(response)
}

enum Posted {
    Form,
    Query,
}

fn posted(headers: &HeaderMap) -> Result<Posted, Problem> {
    let found = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let unsupported = |detail: String| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            detail,
        )
        .with_header(
            header::ACCEPT,
            HeaderValue::from_static("application/sparql-query, application/x-www-form-urlencoded"),
        )
    };
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(unsupported(
            "The body must come without a Content-Encoding.".to_owned(),
        ));
    }
    let Ok(media_type) = found.parse::<mime::Mime>() else {
        return Err(unsupported(format!(
            "The Content-Type is {found:?}; {QUERY} and {FORM} are taken."
        )));
    };
    if let Some(charset) = media_type.get_param(mime::CHARSET)
        && charset != mime::UTF_8
    {
        return Err(unsupported(format!(
            "The charset is {charset}; only UTF-8 is taken."
        )));
    }
    match media_type.essence_str() {
        FORM => Ok(Posted::Form),
        QUERY => Ok(Posted::Query),
        UPDATE => Err(read_only()),
        _ => Err(unsupported(format!(
            "The Content-Type is {found:?}; {QUERY} and {FORM} are taken."
        ))),
    }
}

fn read_only() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "read-only",
        "This endpoint answers queries only; it takes no updates.",
    )
}

/// The protocol's parameters, from the URL, a form, or both. Others are passed over.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parameters {
    queries: Vec<String>,
    default_graphs: Vec<String>,
    named_graphs: Vec<String>,
    /// The moment that is meant: of a form, for that of the URL is part of its address.
    as_of: Option<String>,
    /// Counts instead of the Accept header: for forms, which cannot set one.
    format: Option<String>,
}

impl Parameters {
    fn read(mut self, encoded: &[u8]) -> Result<Self, Problem> {
        for pair in encoded
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            match name.as_str() {
                "query" => self.queries.push(value),
                "default-graph-uri" => self.default_graphs.push(value),
                "as-of" => self.as_of = Some(value),
                "format" => self.format = Some(value),
                "named-graph-uri" => self.named_graphs.push(value),
                "update" | "using-graph-uri" | "using-named-graph-uri" => return Err(read_only()),
                _ => {}
            }
        }
        Ok(self)
    }

    fn is_page(&self) -> bool {
        self.format.as_deref() == Some("html")
    }

    fn with_query(mut self, query: String) -> Self {
        self.queries.push(query);
        self
    }

    fn only_query(&mut self) -> Result<String, Problem> {
        match self.queries.len() {
            1 => Ok(self.queries.swap_remove(0)),
            0 => Err(Problem::bad_request(
                "no-query",
                "There is no parameter `query`.",
            )),
            found => Err(Problem::bad_request(
                "several-queries",
                format!("There are {found} queries; exactly one is expected."),
            )),
        }
    }
}

fn decode(encoded: &[u8]) -> Result<String, Problem> {
    let spaced: Vec<u8> = encoded
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|e| Problem::bad_request("not-utf-8", format!("A parameter is not UTF-8: {e}.")))
}

/// An answer, and which state of the catalogue it is of.
struct Evaluated {
    answer: Answer,
    view: View,
}

impl Evaluated {
    fn given(self, house: &House) -> Result<Response, Problem> {
        let mut response = respond::answered(self.answer)?;
        self.view.dress(house, &mut response);
        let kept = HeaderValue::from_static("no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, kept);
        Ok(response)
    }
}

async fn evaluate(
    house: &House,
    mut parameters: Parameters,
    asked: &Asked,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Evaluated, Problem> {
    let text = parameters.only_query()?;
    let limits = &house.config.limits.query;
    guard::before_parsing(&text, limits.query_bytes_max, limits.nesting_max)?;
    let liked = match parameters
        .format
        .as_deref()
        .filter(|format| !format.is_empty())
    {
        Some(format) => negotiate::named(format).ok_or_else(|| unknown_format(format))?,
        None => accept(headers),
    };
    let view = asked.find(house)?;
    let query = SparqlQuery {
        text,
        base: format!("{}sparql", house.base()),
        default_graphs: parameters.default_graphs,
        named_graphs: parameters.named_graphs,
        accept: liked,
        nesting_max: limits.nesting_max,
    };
    let snapshot = &view.snapshot;
    let answer = match house.lookups.answer(&query, snapshot) {
        Some(answer) => answer,
        None => {
            let path = snapshot.path.clone();
            let question = Question::Query {
                snapshot: path,
                query,
            };
            let workers = view.pool(house, &house.workers);
            let client = client::address(&house.config.proxies, headers, extensions);
            let account = house.accounts.open(client)?;
            workers.ask_for(Some(account), question, snapshot).await?
        }
    };
    Ok(Evaluated { answer, view })
}

fn unknown_format(format: &str) -> Problem {
    let names: Vec<&str> = negotiate::NAMED.iter().map(|(name, _)| *name).collect();
    Problem::bad_request(
        "unknown-format",
        format!(
            "`format` is {format:?}; expected is a media type or one of: {}.",
            names.join(", ")
        ),
    )
}

/// The Accept header whole, however many lines it came in.
pub fn accept(headers: &HeaderMap) -> String {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(", ")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DescriptionFormat {
    Graph(GraphFormat),
    Page,
}

/// SPARQL 1.1 Service Description, or a page for people whose browser likes HTML best.
async fn describe_service(
    house: &House,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let mut offers: Vec<Offer<DescriptionFormat>> = GRAPHS
        .iter()
        .map(|offer| Offer {
            media_type: offer.media_type,
            format: DescriptionFormat::Graph(offer.format),
        })
        .collect();
    offers.push(Offer {
        media_type: "text/html; charset=utf-8",
        format: DescriptionFormat::Page,
    });
    let offer = negotiate::best(&accept(headers), &offers)?;
    let body = match offer.format {
        DescriptionFormat::Page => return pages::empty(house, uri, headers),
        DescriptionFormat::Graph(format) => {
            // A count that fails leaves the description without counts; it is still a right one.
            let holdings = match house.snapshot() {
                Ok(snapshot) => house.holdings(&snapshot).await.ok(),
                Err(_) => None,
            };
            service_description::document(house.base(), holdings.as_ref(), format).map_err(
                |error| {
                    tracing::error!(%error, "the service description could not be written");
                    Problem::internal()
                },
            )?
        }
    };
    let mut response = fresh::given(body, offer.media_type, headers)?;
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_as_forms_are() {
        let read = Parameters::default().read(b"query=ASK+%7B%7D&default-graph-uri=http%3A%2F%2Fe.example%2F&x=1&named-graph-uri=a&named-graph-uri=b").unwrap();
        assert_eq!(
            read,
            Parameters {
                queries: vec!["ASK {}".to_owned()],
                default_graphs: vec!["http://e.example/".to_owned()],
                named_graphs: vec!["a".to_owned(), "b".to_owned()],
                ..Parameters::default()
            }
        );
    }

    #[test]
    fn what_is_not_utf_8_or_an_update_is_refused() {
        assert_eq!(
            Parameters::default().read(b"query=%ff").unwrap_err().code,
            "not-utf-8"
        );
        assert_eq!(
            Parameters::default()
                .read(b"update=CLEAR+ALL")
                .unwrap_err()
                .status,
            StatusCode::FORBIDDEN
        );
    }

    #[test]
    fn one_query_and_no_more() {
        assert_eq!(
            Parameters::default().only_query().unwrap_err().code,
            "no-query"
        );
        let mut two = Parameters::default().read(b"query=a&query=b").unwrap();
        assert_eq!(two.only_query().unwrap_err().code, "several-queries");
    }
}
