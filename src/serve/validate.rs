//! `POST /validate`: what would become of a document, or of what an address gives, by the rules of a real run. For whoever
//! has a token of a centre's; on the public listener, without CORS.
//!
//! Nobody's body is read before the token is found right. Nothing is kept, and nothing that is held is looked at: the run is
//! [`crate::run::trial`]'s. Start at [`routes`].

use super::{
    admin::bearer_token,
    layers::read_body,
    openapi::{Routes, table},
    problem::Problem,
    push::media_type,
    reports::{self, Wanted},
};
use crate::config::{Source, SourceNetwork};
use crate::push::Inbox;
use crate::run::trial::Document;
use axum::{
    Router,
    body::HttpBody,
    extract::{RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
    routing::post,
};
use harvestd_harvesters::KINDS;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use url::Url;

/// Until a client that found all places taken should come again: a document of some thousand datasets takes a second.
const RETRY_AFTER: Duration = Duration::from_secs(5);
const MEDIA_TYPES: &str = "application/json, text/turtle, application/trig, application/n-triples, application/n-quads, \
    application/rdf+xml, application/ld+json, application/xml, text/csv";
/// How a document is read where nobody says: as if it were pushed. And what an address gives.
const OF_A_DOCUMENT: &str = "push";
const OF_AN_ADDRESS: &str = "dcat";

/// The route itself.
pub(super) fn described() -> Routes<Arc<Inbox>> {
    Routes::new().route(table::validate(), post(validate))
}

/// With and without the path of `public_url`, as the public routes are.
pub fn routes(inbox: Arc<Inbox>, prefix: &str) -> Router {
    let routes = described().router.with_state(inbox);
    match prefix {
        "" => routes,
        prefix => Router::new().nest(prefix, routes.clone()).merge(routes),
    }
}

/// An address to be tried, in place of a document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    url: Url,
    kind: Option<String>,
}

async fn validate(
    State(inbox): State<Arc<Inbox>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let centre = centre(&inbox, request.headers())?;
    let (kind, rest) = kind_of(query.as_deref());
    let wanted = Wanted::of(Some(&rest), request.headers())?;
    let media_type = media_type(request.headers(), MEDIA_TYPES)?;
    let config = inbox.config();
    let bytes_max = config.limits.push.catalog_bytes_max;
    let announced = request.body().size_hint().exact();
    let announced = announced.and_then(|bytes| usize::try_from(bytes).ok());
    let room = inbox.room(announced.unwrap_or(bytes_max).min(bytes_max))?;
    let longest = Duration::from_millis(config.limits.http.body_read_ms);
    let bytes = read_body(request.into_body(), bytes_max, longest).await?;
    let document = Document { media_type, bytes };
    let (source, document) = given(&inbox, &centre, kind, document)?;
    opens(&inbox, &source)?;
    let place = inbox.trial().ok_or_else(|| {
        let text = "Other trials are under way; try again shortly.";
        Problem::too_many("too-many-trials", text, RETRY_AFTER)
    })?;
    // A body that was an address is read and gone.
    let room = document.is_some().then_some(room);
    // It goes on to its end, and keeps its place, whoever hangs up.
    let trial = tokio::spawn(async move {
        let _taken = (room, place);
        inbox.try_out(source, document).await
    });
    let report = trial.await.map_err(|_| Problem::internal())??;
    tracing::info!(
        source = report.source,
        run = report.run,
        "{}",
        report.line()
    );
    let mut response = reports::whole(config.public_url.as_str(), &wanted, report)?;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// What is to be tried, and as what it is read: the document, or the address that it gives.
fn given(
    inbox: &Inbox,
    centre: &Source,
    kind: Option<String>,
    document: Document,
) -> Result<(Source, Option<Document>), Problem> {
    let address = match document.media_type.as_str() {
        "application/json" => serde_json::from_slice::<Address>(&document.bytes).ok(),
        _ => None,
    };
    if let Some(Address { url, kind: said }) = address {
        let kind = kind.or(said).unwrap_or_else(|| OF_AN_ADDRESS.to_owned());
        return Ok((asked(inbox, centre, url, kind)?, None));
    }
    let kind = kind.unwrap_or_else(|| OF_A_DOCUMENT.to_owned());
    Ok((read_as(centre, kind)?, Some(document)))
}

/// The source whose token this is (RFC 6750, section 2.1).
fn centre(inbox: &Inbox, headers: &HeaderMap) -> Result<Source, Problem> {
    let borne = headers.get(header::AUTHORIZATION);
    let borne = borne.and_then(|value| value.to_str().ok());
    let source = match borne.and_then(bearer_token) {
        Some(token) => inbox.source_of(token)?,
        None => None,
    };
    let Some(source) = source else {
        metrics::counter!("harvestd_trials_not_admitted_total").increment(1);
        let text = "A token of a source that pushes is needed here: Authorization: Bearer …";
        let realm = HeaderValue::from_static("Bearer realm=\"harvestd push\"");
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", text)
            .with_header(header::WWW_AUTHENTICATE, realm));
    };
    let text = "The source of this token is not pushed to at the moment.";
    let place = inbox.place(&source);
    let place = place.ok_or_else(|| Problem::not_found(text))?;
    Ok(Source::clone(&place.source))
}

/// `kind`, and what else the query says.
fn kind_of(query: Option<&str>) -> (Option<String>, String) {
    let mut kind = None;
    let mut rest = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "kind" => kind = Some(value.into_owned()),
            _ => {
                rest.append_pair(&name, &value);
            }
        }
    }
    (kind, rest.finish())
}

/// The centre, as if it were a source of that kind.
fn read_as(centre: &Source, kind: String) -> Result<Source, Problem> {
    if !KINDS.iter().any(|known| known.name == kind) {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        let text = format!("No kind is called {kind:?}: {}.", known.join(", "));
        return Err(unprocessable("unknown-kind", text));
    }
    if kind == centre.kind {
        return Ok(centre.clone());
    }
    Ok(Source {
        kind,
        options: serde_json::Value::Null,
        ..centre.clone()
    })
}

/// The same, where the address is asked. Nothing of the centre's goes with the questions. An address that is not public is
/// asked only in ranges that the operator has named for this centre.
fn asked(inbox: &Inbox, centre: &Source, url: Url, kind: String) -> Result<Source, Problem> {
    let limits = &inbox.config().limits;
    if limits.validate.url_ms_max == 0 {
        let text = "No address is asked here for anybody: send the document itself.";
        return Err(unprocessable("no-addresses", text));
    }
    let secret = !url.username().is_empty() || url.password().is_some();
    if !matches!(url.scheme(), "http" | "https") || secret {
        let text = "An http or https address without user and password is needed.";
        return Err(unprocessable("not-an-address", text));
    }
    let source = read_as(centre, kind)?;
    if source.is_pushed() {
        let text = "What is pushed has no address that could be asked: another kind is needed.";
        return Err(unprocessable("unknown-kind", text));
    }
    Ok(Source {
        url,
        network: SourceNetwork {
            headers: Vec::new(),
            basic_auth: None,
            extra_ca: None,
            allow_hosts: Vec::new(),
            limits: limits.network.clone(),
            ..source.network
        },
        ..source
    })
}

/// Does the kind take these settings? Some cannot be tried without settings of their own.
fn opens(inbox: &Inbox, source: &Source) -> Result<(), Problem> {
    let opened = source.open(&inbox.config().limits);
    opened.map(|_| ()).map_err(|error| {
        let text = format!(
            "The kind {} cannot be tried like this: {error}.",
            source.kind
        );
        unprocessable("settings", text)
    })
}

fn unprocessable(code: &str, text: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, text)
}
