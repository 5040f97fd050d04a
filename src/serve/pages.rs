//! Pages for people, around which `harvestd-web` puts the frame: in which language, with which headers, and the files that
//! they load.
//!
//! Renders values that the doors have gathered; what a page shows is gathered in the file of its name. Start at [`frame`]
//! and [`answer`].

mod asked;
mod home;
pub(super) mod labels;
mod listed;
mod publishers;
mod search;
pub(super) mod trouble;

pub(super) use asked::narrowed;
pub(super) use home::home;

pub mod changes;
pub mod quality;
pub mod sources;
pub mod sparql;

use super::{
    House, fresh,
    negotiate::{self, Offer},
    openapi::{Routes, table},
    problem::Problem,
    sparql::accept,
};
use crate::search::{SearchError, View};
use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use harvestd_web::{Frame, Language, Template, Words, assets};
use percent_encoding::percent_decode_str;
use std::sync::Arc;

/// A page loads what is ours, runs scripts of files only, and asks nobody else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The choice of a language is remembered so long, in seconds: a year.
const REMEMBERED_S: u32 = 31_536_000;

pub fn routes() -> Routes {
    Routes::new()
        .route(table::asset(), get(asset))
        .route(table::search(), get(search::search))
        .route(table::publishers(), get(publishers::list))
        .route(table::publisher(), get(publishers::one))
        .merge(sources::routes())
}

/// The index as it belongs to the newest snapshot.
fn view(house: &House) -> Result<Arc<View>, Problem> {
    house.snapshot()?.search().ok_or_else(|| {
        let detail = "The search index is not available; the server's log says why.";
        Problem::unavailable("no-search", detail, 10)
    })
}

fn searching(error: SearchError) -> Problem {
    match error {
        SearchError::Query { .. } => Problem::bad_request("query", error.to_string()),
        other => {
            tracing::error!(error = %other, "a page could not be made of the search index");
            Problem::internal()
        }
    }
}

/// Whether a page is wanted: JSON unless the client likes HTML better.
pub fn as_page(headers: &HeaderMap) -> Result<bool, Problem> {
    const OFFERS: &[Offer<bool>] = &[
        Offer {
            media_type: "application/json",
            format: false,
        },
        Offer {
            media_type: "text/html",
            format: true,
        },
    ];
    let offer = negotiate::choose(&accept(headers), OFFERS);
    let offer = offer.ok_or_else(|| Problem::not_acceptable(&negotiate::on_offer(OFFERS)))?;
    Ok(offer.format)
}

/// The frame of a page, in the language that is asked for: by `lang` in the query, else by the choice that was made
/// before, else by Accept-Language. `title` names the page in that language.
pub fn frame(
    house: &House,
    uri: &Uri,
    headers: &HeaderMap,
    title: impl FnOnce(&Words) -> String,
) -> Frame {
    let query = uri.query().unwrap_or_default();
    let words = Words(language(query, headers));
    let path = uri.path();
    let rest: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
        .collect();
    Frame {
        words,
        prefix: house.prefix().to_owned(),
        base: house.base().to_owned(),
        site: house.title_in(words.0.tag()).to_owned(),
        title: title(&words),
        path: path.strip_prefix(house.prefix()).unwrap_or(path).to_owned(),
        query: rest.join("&"),
        loads: Vec::new(),
        operator: false,
    }
}

/// The language a request is answered in.
pub fn language(query: &str, headers: &HeaderMap) -> Language {
    let chosen = in_query(query).or_else(|| {
        let cookies = headers.get_all(header::COOKIE).iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .find_map(|pair| Language::of_tag(pair.trim().strip_prefix("lang=")?))
    });
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    chosen.unwrap_or_else(|| Language::wanted(accepted))
}

fn in_query(query: &str) -> Option<Language> {
    let mut pairs = query.split('&');
    let tag = pairs.find_map(|pair| pair.strip_prefix("lang="))?;
    Language::of_tag(&percent_decode_str(tag).decode_utf8_lossy())
}

/// A page as an answer, or 304.
pub fn answer(page: &impl Template, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
    let text = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Problem::internal()
    })?;
    let mut response = fresh::given(text.into_bytes(), "text/html; charset=utf-8", headers)?;
    dress(&mut response, uri)?;
    Ok(response)
}

/// What a page may do, and by what it is chosen.
pub fn protect(headers: &mut HeaderMap) {
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Accept, Accept-Language, Cookie"),
    );
}

/// The headers of a page, wherever it was rendered.
pub fn dress(response: &mut Response, uri: &Uri) -> Result<(), Problem> {
    let headers = response.headers_mut();
    protect(headers);
    if let Some(language) = in_query(uri.query().unwrap_or_default()) {
        let cookie = format!(
            "lang={}; Path=/; Max-Age={REMEMBERED_S}; SameSite=Lax; HttpOnly",
            language.tag()
        );
        let cookie = HeaderValue::from_str(&cookie).map_err(|_| Problem::internal())?;
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok(())
}

/// A file that pages load. Its address changes with it, so it may be kept for good.
async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    given_asset(&name)
}

pub fn given_asset(name: &str) -> Result<Response, Problem> {
    let asset = assets::find(name)
        .ok_or_else(|| Problem::not_found(format!("There is no file {name:?} of our pages.")))?;
    let mut response = asset.body.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(asset.media_type),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_goes_before_the_cookie_and_that_before_the_header() {
        let headers = |cookie: Option<&'static str>, accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
            if let Some(cookie) = cookie {
                headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            }
            headers
        };
        for (query, cookie, accept, expected) in [
            ("", None, "en", Language::English),
            ("", Some("a=b; lang=zh-Hant"), "en", Language::Chinese),
            ("q=1&lang=en", Some("lang=zh-Hant"), "zh", Language::English),
            ("lang=tlh", None, "zh-TW", Language::Chinese),
        ] {
            assert_eq!(
                language(query, &headers(cookie, accept)),
                expected,
                "{query} {cookie:?} {accept}"
            );
        }
    }
}
