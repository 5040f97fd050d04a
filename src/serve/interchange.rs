//! 政府資料開放跨平臺介接規範 v1 for the central portal: `/api/v1/rest/dataset` and `/api/v1/rest/dataset/{identifier}`.
//!
//! Answers 200 whatever is asked, as the standard has it: `success` is the truth. Hands over nothing that was won from the
//! portal itself (sources with `portal = true`), and takes no writes. Start at [`routes`].

use super::{
    House,
    openapi::{Routes, table},
    problem::Problem,
    respond,
};
use crate::{
    chronicle::Chronicle,
    facts::Told,
    interchange::{dataset, listed, time::taiwan},
    snapshot::Published,
};
use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
    routing::get,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::{Value, json};
use std::{collections::HashSet, sync::Arc};

const MEDIA_TYPE: &str = "application/json";

pub fn routes() -> Routes {
    Routes::new()
        .route(table::interchange_list(), get(list))
        .route(
            table::interchange_list().also_at("/api/v1/rest/dataset/"),
            get(list),
        )
        .route(table::interchange_one(), get(one))
}

/// Which part of the list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    /// Microseconds since 1970.
    modified_us: Option<i64>,
    limit: Option<usize>,
    offset: usize,
}

impl Asked {
    fn of(query: &str) -> Result<Self, String> {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let number = || {
                let number = value.parse::<u64>();
                let number = number.map_err(|_| format!("{name}={value}: 應為零或正整數"))?;
                Ok::<_, String>(usize::try_from(number).unwrap_or(usize::MAX))
            };
            match &*name {
                "modified" => {
                    let moment = moment(&value);
                    asked.modified_us = Some(moment.ok_or_else(|| {
                        format!(
                            "modified={value}: 應為 RFC 3339 日期時間，如 2026-11-21T08:00:00+08:00"
                        )
                    })?);
                }
                "limit" => asked.limit = Some(number()?),
                "offset" => asked.offset = number()?,
                _ => {
                    return Err(format!("{name}: 無此參數；參數為 modified、limit、offset"));
                }
            }
        }
        Ok(asked)
    }
}

/// RFC 3339, or what platforms really ask: a day, or a time without a zone, both in Taiwan's. A `+` that came as a blank is
/// read as what it was.
fn moment(text: &str) -> Option<i64> {
    let zoned = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let repaired = || {
        let at = text.rfind(' ').filter(|at| *at >= 19)?;
        zoned(&format!("{}+{}", &text[..at], &text[at + 1..]))
    };
    if let Some(time) = zoned(text).or_else(repaired) {
        return Some(time.timestamp_micros());
    }
    let local = NaiveDateTime::parse_from_str(&text.replacen(' ', "T", 1), "%Y-%m-%dT%H:%M:%S%.f");
    let day = || {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(day.and_time(NaiveTime::MIN))
    };
    let local = local.ok().or_else(day)?;
    let time = local.and_local_timezone(taiwan()?).single()?;
    Some(time.timestamp_micros())
}

async fn list(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = match Asked::of(query.as_deref().unwrap_or_default()) {
        Ok(asked) => asked,
        Err(message) => return failed(&headers, "參數錯誤", &message, None),
    };
    let Some((_, chronicle)) = begun(&house).await? else {
        return not_yet(&headers);
    };
    let portals = portals(&house);
    let since = asked.modified_us.unwrap_or(i64::MIN);
    let identifiers: Vec<&str> = listed(&chronicle, |source| portals.contains(source))
        .filter(|(_, entry)| entry.changed_us >= since)
        .map(|(identifier, _)| identifier)
        .skip(asked.offset)
        .take(asked.limit.unwrap_or(usize::MAX))
        .collect();
    said(&headers, &json!({"success": true, "result": identifiers}))
}

/// Whatever the identifier looks like: the standard's own examples break its pattern. The IRI of a dataset does as well.
async fn one(
    State(house): State<House>,
    Path(identifier): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some((snapshot, chronicle)) = begun(&house).await? else {
        return not_yet(&headers);
    };
    let portals = portals(&house);
    let mut all = listed(&chronicle, |source| portals.contains(source));
    let found = all.find(|(name, entry)| *name == identifier || *entry.iri == *identifier);
    let Some((name, entry)) = found else {
        let message = format!("查無資料集 identifier={identifier}");
        return failed(&headers, "資料集不存在", &message, Some(&identifier));
    };
    let iri = vec![entry.iri.to_string()];
    let mut described = house.descriptions(&snapshot, iri).await?;
    let (iri, text) = described.pop().ok_or_else(Problem::internal)?;
    let told = Told::of(&iri, &text.body, &text.named);
    let result = dataset(&told, name, entry.changed_us);
    said(&headers, &json!({"success": true, "result": result}))
}

/// What there is to tell of. None before the first publication.
async fn begun(house: &House) -> Result<Option<(Arc<Published>, Arc<Chronicle>)>, Problem> {
    if house.published.borrow().is_none() {
        return Ok(None);
    }
    house.chronicle().await.map(Some)
}

/// The standard has no status but 200: that there is nothing yet is a refusal like others, and never an empty list.
fn not_yet(headers: &HeaderMap) -> Result<Response, Problem> {
    let message = "尚未完成首次詮釋資料收集，請稍後再試";
    let mut response = failed(headers, "服務尚未就緒", message, None)?;
    let wait = HeaderValue::from_static("10");
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    Ok(response)
}

/// The sources from which the portal has nothing to learn.
fn portals(house: &House) -> HashSet<String> {
    let sources = house.desk.sources().into_iter();
    sources
        .filter(|source| source.portal)
        .map(|source| source.id)
        .collect()
}

fn failed(
    headers: &HeaderMap,
    error_type: &str,
    message: &str,
    identifier: Option<&str>,
) -> Result<Response, Problem> {
    let mut error = json!({"error_type": error_type, "message": message});
    if let Some(identifier) = identifier {
        error["identifier"] = identifier.into();
    }
    said(headers, &json!({"success": false, "error": error}))
}

fn said(headers: &HeaderMap, value: &Value) -> Result<Response, Problem> {
    respond::by_content(headers, MEDIA_TYPE, value.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn moments_as_platforms_ask_for_them() {
        let expected = 1_763_654_400_000_000;
        for text in [
            "2025-11-20T16:00:00Z",
            "2025-11-21T00:00:00+08:00",
            "2025-11-21T00:00:00 08:00",
            "2025-11-21 00:00:00",
            "2025-11-21",
        ] {
            assert_eq!(moment(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2025-13-01",
            "2025-11-21T25:00:00Z",
            "一二三四五六七八 一",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let asked = Asked::of("limit=10&offset=3").unwrap();
        assert_eq!((asked.limit, asked.offset), (Some(10), 3));
        for query in ["limit=-1", "offset=x", "modified=x", "since=2026-01-01"] {
            assert!(Asked::of(query).is_err(), "{query}");
        }
    }
}
