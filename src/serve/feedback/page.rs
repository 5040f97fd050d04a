//! Feedback as pages: what was said, and what became of a form that a page sent. Start at [`list`] and [`sent`].

use super::Problem;
use crate::{
    feedback::{Item, Row, Shown, Taken, atom},
    overrides::Value,
    serve::{House, pages, problem::Own},
};
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use harvestd_web::{
    Frame, Template,
    feedback::{self as web, Remark, Wrong},
    moment::Moment,
    said::Said,
    values::Link,
};
use std::{collections::HashMap, sync::Arc};

/// What was said, as a page. `next` leads to more of it.
pub fn list(
    house: &House,
    uri: &Uri,
    headers: &HeaderMap,
    items: &[Arc<Item>],
    next: Option<String>,
) -> Result<Response, Problem> {
    let frame = framed(house, uri, headers);
    let page = web::Feedback {
        remarks: items
            .iter()
            .map(|item| remark(house, &frame, item))
            .collect(),
        next,
        frame,
        ..web::Feedback::default()
    };
    pages::answer(&page, uri, headers)
}

fn framed(house: &House, uri: &Uri, headers: &HeaderMap) -> Frame {
    pages::frame(house, uri, headers, |words| {
        words.say("dataset-feedback").to_owned()
    })
}

fn remark(house: &House, frame: &Frame, item: &Item) -> Remark {
    let words = frame.words;
    let shown = Shown::of(item, house.base());
    let said = shown.said;
    let link = |iri: &str| match iri.strip_prefix(house.base()) {
        Some(path) => Link::own(Said::of(iri), frame.to(&format!("/{path}"))),
        None => Link::out(Said::of(iri), iri),
    };
    let correction = said.property.as_ref().map(|property| {
        let values = |values: &Option<Vec<Value>>| {
            let all = values.iter().flatten().map(atom::shown);
            all.collect::<Vec<_>>().join(" · ")
        };
        let parts = [
            property.as_str(),
            &values(&said.found),
            &values(&said.should_be),
        ];
        words.fill("feedback-should-be", &parts)
    });
    Remark {
        number: shown.id,
        href: frame.to(&format!("/feedback/{}", shown.id)),
        kind: words
            .say(&format!("feedback-{}", said.kind.word()))
            .to_owned(),
        status: shown.status.word(),
        dataset: link(&said.dataset),
        text: Said::new(
            said.text.unwrap_or_default(),
            said.text_lang.unwrap_or_default(),
        ),
        rating: said.rating,
        correction,
        who: said.who.or(shown.sender).unwrap_or_default(),
        when: Moment::of_ms(item.at_ms),
        why: shown.judged.map(|judged| judged.why).unwrap_or_default(),
    }
}

/// What became of a form: on to what was kept, or the form again with what was typed and what is wrong with it. `body` is
/// as far as it was read.
pub fn sent(
    house: &House,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    taken: Result<Taken, Problem>,
) -> Result<Response, Problem> {
    let problem = match taken {
        Ok(taken) => return kept(house, taken.item.id),
        Err(problem) => problem,
    };
    let typed: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let typed = |name: &str| typed.get(name).cloned().unwrap_or_default();
    let frame = framed(house, uri, headers);
    let page = web::Feedback {
        wrong: Some(wrong(&problem)),
        form: Some(web::Form {
            dataset: typed("dataset"),
            text: typed("text"),
            who: typed("who"),
        }),
        frame,
        ..web::Feedback::default()
    };
    let text = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Problem::internal()
    })?;
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    let mut response = (problem.status, kind, text).into_response();
    pages::dress(&mut response, uri)?;
    response.extensions_mut().insert(Own);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(problem.headers);
    Ok(response)
}

/// RFC 9110, section 15.4.4: loading the page again sends nothing again.
fn kept(house: &House, id: u64) -> Result<Response, Problem> {
    let place = format!("{}/feedback/{id}", house.prefix());
    let place = HeaderValue::from_str(&place).map_err(|_| Problem::internal())?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response())
}

fn wrong(problem: &Problem) -> Wrong {
    let rows = problem.members.get("refused").cloned().unwrap_or_default();
    let rows: Vec<Row> = serde_json::from_value(rows).unwrap_or_default();
    Wrong {
        fields: rows.into_iter().map(|row| row.key).collect(),
        detail: problem.detail.clone(),
    }
}
