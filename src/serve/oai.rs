//! OAI-PMH 2.0 at `/oai`: six verbs, by GET and POST.
//!
//! Lists go by the numbers of the newest activities: what changes while somebody pages through a list moves to its end, and
//! is given there. So a list that has ended holds everything, and a resumption token needs nobody to remember it. Start at
//! [`answer`].

mod request;

use super::{
    House,
    openapi::{Routes, table},
    problem::Problem,
    respond,
};
use crate::{
    chronicle::{Chronicle, Entry},
    config::ListLimits,
    facts::Told,
    oai::{self, Code, Identity, MEDIA_TYPE, Prefix, Refused, Token, is_deleted, response},
    snapshot::Published,
};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
    routing::get,
};
use request::{Listed, Request, bad_token};
use std::{collections::BTreeMap, sync::Arc};

const FORM: &str = "application/x-www-form-urlencoded";

pub fn routes() -> Routes {
    Routes::new().route(table::oai(), get(by_get).post(by_post))
}

async fn by_get(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    given(&house, query.as_deref().unwrap_or_default(), &headers).await
}

async fn by_post(
    State(house): State<House>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Problem> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(FORM) {
        let text = format!("The body is {kind:?}; OAI-PMH posts {FORM}.");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "unsupported-media-type", text));
    }
    given(&house, &body, &headers).await
}

async fn given(house: &House, form: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let arguments: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes())
        .into_owned()
        .collect();
    let answer = match Request::of(&arguments) {
        Ok(request) => answer(house, request).await?,
        Err(refused) => Err(refused),
    };
    let wrong = |code| matches!(&answer, Err(refused) if refused.code == code);
    let shown = match wrong(Code::BadVerb) || wrong(Code::BadArgument) {
        true => &[][..],
        false => &arguments[..],
    };
    let now_us = chrono::Utc::now().timestamp_micros();
    let answer = answer.as_deref();
    let text = response(house.base(), now_us, shown, answer);
    // Of everything but the time of the answer.
    let tag = respond::tag_of(response(house.base(), 0, shown, answer).as_bytes());
    respond::tagged(headers, MEDIA_TYPE, &tag, text.into_bytes())
}

fn unknown(identifier: &str) -> Refused {
    Refused::new(
        Code::IdDoesNotExist,
        format!("no dataset is or was {identifier:?}"),
    )
}

type Said = Result<Result<String, Refused>, Problem>;

async fn answer(house: &House, request: Request) -> Said {
    let (snapshot, chronicle) = house.chronicle().await?;
    match request {
        Request::Identify => Ok(Ok(identify(house, &snapshot, &chronicle))),
        Request::Formats(Some(item)) if chronicle.get(&item).is_none() => Ok(Err(unknown(&item))),
        Request::Formats(_) => Ok(Ok(oai::formats())),
        Request::Sets => Ok(sets(house, &chronicle)),
        Request::Record(identifier, prefix) => {
            let Some(entry) = chronicle.get(&identifier) else {
                return Ok(Err(unknown(&identifier)));
            };
            let mut text = String::from("<GetRecord>\n");
            records(house, &snapshot, &[entry], None, prefix, &mut text).await?;
            text.push_str("</GetRecord>\n");
            Ok(Ok(text))
        }
        Request::List(listed) => list(house, &snapshot, &chronicle, &listed).await,
    }
}

fn identify(house: &House, snapshot: &Published, chronicle: &Chronicle) -> String {
    let host = house.config.public_url.host_str().unwrap_or("localhost");
    // RFC 2142: whoever runs the host reads it.
    let (configured, postmaster) = (&house.config.contact_email, format!("postmaster@{host}"));
    let earliest = chronicle.by_change(..).next();
    oai::identify(&Identity {
        base: house.base(),
        name: house.title(),
        admin_email: configured.as_deref().unwrap_or(&postmaster),
        earliest_us: earliest.map_or(snapshot.published_us, |entry| entry.changed_us),
        persistent: house.config.feed.keep_days.is_none(),
    })
}

/// Every source is a set, also one that lists nothing yet, and one that is no source any more.
fn sets(house: &House, chronicle: &Chronicle) -> Result<String, Refused> {
    let mut sets: BTreeMap<String, String> = chronicle
        .sources()
        .iter()
        .map(|source| (source.to_string(), source.to_string()))
        .collect();
    for source in house.desk.sources() {
        let title = source
            .title
            .get("en")
            .or_else(|| source.title.values().next());
        let title = title.unwrap_or(&source.id).clone();
        sets.insert(source.id, title);
    }
    if sets.is_empty() {
        let text = "there is no source, and so no set";
        return Err(Refused::new(Code::NoSetHierarchy, text));
    }
    let sets = sets
        .iter()
        .map(|(spec, name)| (spec.as_str(), name.as_str()));
    Ok(oai::sets(sets))
}

async fn list(
    house: &House,
    snapshot: &Arc<Published>,
    chronicle: &Chronicle,
    listed: &Listed,
) -> Said {
    let (limits, now_ms) = (&house.config.limits.lists, crate::run::now_ms());
    if let Some(token) = &listed.token
        && let Err(refused) = still_good(token, chronicle, limits, now_ms)
    {
        return Ok(Err(refused));
    }
    let most = match listed.records {
        true => limits.oai_records_max,
        false => limits.oai_headers_max,
    };
    let mut page: Vec<&Entry> = listed.items(chronicle).take(most + 1).collect();
    let more = page.len() > most;
    page.truncate(most);
    if page.is_empty() && listed.token.is_none() {
        let text = "nothing is in that set and changed at that time";
        return Ok(Err(Refused::new(Code::NoRecordsMatch, text)));
    }
    let set = listed.set.as_deref();
    let verb = if listed.records {
        "ListRecords"
    } else {
        "ListIdentifiers"
    };
    let mut text = format!("<{verb}>\n");
    match listed.records {
        true => records(house, snapshot, &page, set, listed.prefix, &mut text).await?,
        false => page
            .iter()
            .for_each(|entry| oai::header(entry, set, &mut text)),
    }
    text.push_str(&rest(listed, chronicle, &page, more, limits, now_ms));
    text.push_str(&format!("</{verb}>\n"));
    Ok(Ok(text))
}

/// What stands at the end of a part: the token for the next, or that this was the last. Nothing where the list came whole.
fn rest(
    listed: &Listed,
    chronicle: &Chronicle,
    page: &[&Entry],
    more: bool,
    limits: &ListLimits,
    now_ms: i64,
) -> String {
    let before = listed.token.as_ref();
    let cursor = before.map_or(0, |token| token.cursor);
    let total = || cursor as usize + listed.items(chronicle).count();
    let last = page.last().filter(|_| more);
    let Some(last) = last else {
        return match before {
            Some(_) => oai::resumption(None, cursor, total()),
            None => String::new(),
        };
    };
    let began_ms = before.map_or(now_ms, |token| token.began_ms);
    let token = Token {
        records: listed.records,
        prefix: listed.prefix,
        set: listed.set.clone(),
        from_us: listed.from_us,
        until_us: listed.until_us,
        generation: chronicle.generation,
        after: last.seq,
        cursor: cursor + page.len() as u64,
        began_ms,
    };
    let expires_us = began_ms
        .saturating_add_unsigned(limits.oai_token_ms)
        .saturating_mul(1_000);
    oai::resumption(Some((&token, expires_us)), cursor, total())
}

fn still_good(
    token: &Token,
    chronicle: &Chronicle,
    limits: &ListLimits,
    now_ms: i64,
) -> Result<(), Refused> {
    if token.generation != chronicle.generation {
        return Err(bad_token("history began anew since; begin anew"));
    }
    if token.after > chronicle.seq || token.began_ms > now_ms {
        return Err(bad_token("it was not given here"));
    }
    let expires_ms = token.began_ms.saturating_add_unsigned(limits.oai_token_ms);
    if expires_ms <= now_ms {
        return Err(bad_token("it has expired; begin anew"));
    }
    Ok(())
}

/// Items with their metadata, as far as they are not deleted.
async fn records(
    house: &House,
    snapshot: &Arc<Published>,
    entries: &[&Entry],
    set: Option<&str>,
    prefix: Prefix,
    text: &mut String,
) -> Result<(), Problem> {
    let live = entries.iter().filter(|entry| !is_deleted(entry, set));
    let live: Vec<String> = live.map(|entry| entry.iri.to_string()).collect();
    let described = house.descriptions(snapshot, live).await?;
    let told: BTreeMap<&str, Told<'_>> = described
        .iter()
        .map(|(iri, said)| (iri.as_str(), Told::of(iri, &said.body, &said.named)))
        .collect();
    for entry in entries {
        let told = told.get(&*entry.iri).map(|told| (prefix, told));
        oai::record(entry, set, told, text).map_err(|error| {
            tracing::error!(%error, iri = %entry.iri, "a description could not be written as RDF/XML");
            Problem::internal()
        })?;
    }
    Ok(())
}
