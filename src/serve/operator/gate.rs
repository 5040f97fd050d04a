//! Signing in and out, and who may see and send what. Start at [`Signed`] and [`Form`].
//!
//! 2026-11: a page of another origin can have a browser send a form here, and its cookie is `SameSite=Strict`, so that it
//! does not come along. A form must bring its session's token all the same, and must come from our own pages by what the
//! browser itself says (Sec-Fetch-Site, else Origin): one of the three may fail some day.

use super::{Operating, SOURCES, answer, frame, to};
use crate::serve::{client, problem::Problem};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::Utc;
use harvestd_web::{
    Words,
    frame::encoded,
    moment::lasting,
    operator::{Acting, SignIn},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const COOKIE: &str = "harvestd-session";

/// Somebody who has signed in. Whoever has not is led to where one can.
pub struct Signed {
    token: String,
    notice: Option<harvestd_web::operator::Notice>,
}

impl Signed {
    pub fn acting(self) -> Acting {
        Acting {
            token: self.token,
            notice: self.notice,
            ..Acting::default()
        }
    }
}

/// Who is not let through.
pub enum Turned {
    /// On to this place of ours, where one can sign in.
    Away(String),
    Refused(Problem),
}

impl From<Problem> for Turned {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        match self {
            Self::Away(place) => to(&place),
            Self::Refused(problem) => problem.into_response(),
        }
    }
}

impl FromRequestParts<Operating> for Signed {
    type Rejection = Turned;

    async fn from_request_parts(parts: &mut Parts, operating: &Operating) -> Result<Self, Turned> {
        let id = held(&parts.headers).unwrap_or_default();
        let Some(token) = operating.sessions.find(id, Utc::now().timestamp_millis()) else {
            let path = parts.uri.path_and_query();
            let path = path.map_or(SOURCES, |path| path.as_str());
            let place = format!("/operator/sign-in?next={}", encoded(path));
            return Err(Turned::Away(place));
        };
        Ok(Self {
            notice: operating.sessions.told(id),
            token,
        })
    }
}

/// What a form of a signed-in operator says, taken from our own pages only.
pub struct Form {
    /// The session's.
    pub id: String,
    pairs: Vec<(String, String)>,
}

impl Form {
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        let found = pairs.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    pub fn is(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }
}

impl FromRequest<Operating> for Form {
    type Rejection = Turned;

    async fn from_request(request: Request, operating: &Operating) -> Result<Self, Turned> {
        let headers = request.headers().clone();
        let pairs = read(request, operating).await?;
        let id = held(&headers).unwrap_or_default().to_owned();
        let now_ms = Utc::now().timestamp_millis();
        if operating.sessions.find(&id, now_ms).is_none() {
            return Err(Turned::Away("/operator/sign-in?over=true".to_owned()));
        }
        let form = Self { id, pairs };
        let token = form.get("token").unwrap_or_default();
        if !operating.sessions.is_of(&form.id, token, now_ms) {
            return Err(elsewhere("The form does not carry its session's token."));
        }
        Ok(form)
    }
}

/// What a form says, whoever sends it from our own pages.
async fn read(request: Request, operating: &Operating) -> Result<Vec<(String, String)>, Turned> {
    if !is_from_here(request.headers()) {
        return Err(elsewhere("The form was not sent from these pages."));
    }
    let body = Bytes::from_request(request, operating).await;
    let body = body.map_err(|error| {
        Problem::bad_request("form", format!("The form cannot be read: {error}."))
    })?;
    Ok(url::form_urlencoded::parse(&body).into_owned().collect())
}

fn elsewhere(why: &str) -> Turned {
    metrics::counter!("harvestd_admin_refused_total").increment(1);
    Problem::new(StatusCode::FORBIDDEN, "not-from-here", why).into()
}

/// By what the browser says of itself, which no page can change: Sec-Fetch-Site (Fetch Metadata) where it has it, else
/// Origin. Who says neither is no browser of today, and has the doors with the token.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key("sec-fetch-site") {
        return text("sec-fetch-site") == Some("same-origin");
    }
    let origin = text("origin").and_then(|origin| origin.split_once("://"));
    match (origin, text("host")) {
        (Some((_, origin)), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// The session's id in the cookie.
fn held(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// `seconds`: 0 takes it back.
fn cookie(headers: &HeaderMap, id: &str, seconds: u64) -> Option<HeaderValue> {
    let https = headers
        .get("x-forwarded-proto")
        .is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"));
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={id}; Path=/operator; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&cookie).ok()
}

pub async fn sign_in_page(
    State(operating): State<Operating>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let (mut next, mut over) = (SOURCES.to_owned(), false);
    for (name, value) in url::form_urlencoded::parse(query) {
        match &*name {
            "next" => next = ours(&value).to_owned(),
            "over" => over = true,
            _ => {}
        }
    }
    let frame = frame(&operating, &uri, &headers, |words| {
        words.say("sign-in-title").to_owned()
    });
    let refused = over.then(|| frame.words.say("session-over").to_owned());
    let page = SignIn {
        frame,
        refused,
        next,
    };
    answer(&page, &uri, &headers)
}

/// A path of these pages; what is none leads to the first.
fn ours(path: &str) -> &str {
    let fit = path.starts_with("/operator/") && !path.contains(['\\', '\r', '\n']);
    if fit { path } else { SOURCES }
}

pub async fn sign_in(
    State(operating): State<Operating>,
    uri: Uri,
    headers: HeaderMap,
    extensions: Extensions,
    request: Request,
) -> Result<Response, Turned> {
    let pairs = read(request, &operating).await?;
    let value = |wanted: &str| {
        let mut pairs = pairs.iter();
        let found = pairs.find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| value.as_str())
    };
    let sessions = &operating.sessions;
    let now_ms = Utc::now().timestamp_millis();
    let from = client::address(&operating.house.config.proxies, &headers, &extensions);
    let next = ours(value("next")).to_owned();
    let refused = |status, why: &dyn Fn(Words) -> String| {
        let frame = frame(&operating, &uri, &headers, |words| {
            words.say("sign-in-title").to_owned()
        });
        let page = SignIn {
            refused: Some(why(frame.words)),
            next: next.clone(),
            frame,
        };
        let mut response = answer(&page, &uri, &headers)?;
        *response.status_mut() = status;
        // It is a page already.
        response.extensions_mut().insert(crate::serve::problem::Own);
        Ok(response)
    };
    if let Some(wait_ms) = sessions.wait_ms(from, now_ms) {
        return refused(StatusCode::TOO_MANY_REQUESTS, &|words| {
            words.fill("sign-in-too-many", &[&lasting(words, wait_ms.max(1_000))])
        });
    }
    let given: [u8; 32] = Sha256::digest(value("token").trim().as_bytes()).into();
    let right = operating
        .token_sha256
        .is_some_and(|expected| bool::from(given.ct_eq(&expected)));
    if !right {
        metrics::counter!("harvestd_admin_refused_total").increment(1);
        tracing::warn!(client = %from, "somebody gave a wrong token to sign in");
        sessions.failed(from, now_ms);
        return refused(StatusCode::FORBIDDEN, &|words| {
            words.say("sign-in-wrong").to_owned()
        });
    }
    let opened = sessions.open(now_ms).map_err(|error| {
        tracing::error!(%error, "no session could be opened");
        Problem::internal()
    })?;
    tracing::info!(client = %from, "the operator signed in");
    let mut response = to(&next);
    let seconds = sessions.limits().session_ms / 1_000;
    if let Some(cookie) = cookie(&headers, &opened, seconds) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

pub async fn sign_out(
    State(operating): State<Operating>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    operating.sessions.close(&form.id);
    let mut response = to("/operator/sign-in");
    if let Some(cookie) = cookie(&headers, "", 0) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| {
                let name = axum::http::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        let host = ("host", "127.0.0.1:8081");
        for (said, expected) in [
            (&[host, ("origin", "http://127.0.0.1:8081")][..], true),
            (&[host, ("sec-fetch-site", "same-origin")], true),
            (&[host], false),
            (&[host, ("origin", "null")], false),
            (&[host, ("origin", "http://evil.example")], false),
            (&[host, ("origin", "http://127.0.0.1:8080")], false),
            (&[host, ("sec-fetch-site", "cross-site")], false),
            (
                &[
                    host,
                    ("sec-fetch-site", "same-site"),
                    ("origin", "http://127.0.0.1:8081"),
                ],
                false,
            ),
        ] {
            assert_eq!(is_from_here(&headers(said)), expected, "{said:?}");
        }
    }

    #[test]
    fn the_cookie_is_for_these_pages_alone() {
        let plain = cookie(&HeaderMap::new(), "abc", 60);
        let plain = plain.as_ref().and_then(|value| value.to_str().ok());
        assert_eq!(
            plain,
            Some("harvestd-session=abc; Path=/operator; Max-Age=60; HttpOnly; SameSite=Strict")
        );
        let secure = cookie(&headers(&[("x-forwarded-proto", "https")]), "abc", 60);
        let secure = secure.as_ref().and_then(|value| value.to_str().ok());
        assert!(secure.is_some_and(|cookie| cookie.ends_with("; Secure")));
        let both = headers(&[("cookie", "lang=en; harvestd-session=abc")]);
        assert_eq!(held(&both), Some("abc"));
    }

    #[test]
    fn nobody_is_led_away() {
        assert_eq!(
            ours("/operator/sources/a?run=1"),
            "/operator/sources/a?run=1"
        );
        for path in [
            "https://evil.example/",
            "//evil.example",
            "/\\evil",
            "",
            "/operator/\r\nx",
        ] {
            assert_eq!(ours(path), SOURCES, "{path}");
        }
    }
}
