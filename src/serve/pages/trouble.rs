//! Errors as pages, for who reads pages: a problem's document in words, with what to do. Start at [`around`].

use crate::serve::{
    House,
    negotiate::{self, Offer},
    pages,
    problem::{self, Own, Problem},
    sparql::accept,
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    middleware::Next,
    response::Response,
};
use harvestd_web::{Frame, Template, trouble::Trouble};

/// The document, or a page where Accept likes that better.
const OFFERS: &[Offer<bool>] = &[
    Offer {
        media_type: problem::MEDIA_TYPE,
        format: false,
    },
    Offer {
        media_type: "application/json",
        format: false,
    },
    Offer {
        media_type: "text/html",
        format: true,
    },
];

/// Answers with the page of an error, where the answer is a problem and the client reads pages.
pub async fn around(State(house): State<House>, request: Request, next: Next) -> Response {
    let frame =
        |uri: &Uri, headers: &HeaderMap| pages::frame(&house, uri, headers, |_| String::new());
    framed(request, next, frame).await
}

/// The same in another frame.
pub async fn framed(
    request: Request,
    next: Next,
    frame: impl FnOnce(&Uri, &HeaderMap) -> Frame,
) -> Response {
    let headers = request.headers();
    let likes = negotiate::choose(&accept(headers), OFFERS).is_some_and(|offer| offer.format);
    if !likes {
        return next.run(request).await;
    }
    let (uri, headers) = (request.uri().clone(), headers.clone());
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    let status = problem.status.as_u16();
    let mut frame = frame(&uri, &headers);
    frame.title = Trouble::heading(&frame, status);
    let page = Trouble {
        frame,
        status,
        code: problem.code,
        detail: problem.detail,
    };
    let Ok(text) = page.render() else {
        tracing::error!("the page of an error could not be rendered");
        return response;
    };
    *response.body_mut() = Body::from(text);
    response.extensions_mut().insert(Own);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, html);
    pages::protect(headers);
    response
}
