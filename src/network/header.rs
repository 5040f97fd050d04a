//! The few answer headers that matter here, read tolerantly: a field that makes no sense counts as absent.

use super::Validators;
use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::header::{
    AGE, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName,
    LAST_MODIFIED, LINK, RETRY_AFTER,
};
use std::time::Duration;
use url::Url;

/// A longer Retry-After is taken for this one: nobody means it, and a clock must not overflow on it.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Media type (lower case, without parameters) and charset of a Content-Type.
pub fn content_type(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let Some(value) = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return (None, None);
    };
    let mut fields = value.split(';');
    let media_type = fields
        .next()
        .map(|field| field.trim().to_ascii_lowercase())
        .filter(|field| field.contains('/'));
    let charset = fields.find_map(|field| {
        let (name, value) = field.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    });
    (media_type, charset)
}

/// What makes the next request for this conditional.
pub fn validators(headers: &HeaderMap) -> Validators {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    Validators {
        etag: text(ETAG),
        last_modified: text(LAST_MODIFIED),
    }
}

/// The content codings in the order in which they were applied, without `identity` (RFC 9110, section 8.4).
pub fn codings(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .split(',')
                .map(|coding| coding.trim().to_ascii_lowercase())
                .collect::<Vec<_>>()
        })
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect()
}

/// How long to wait: seconds or an HTTP date (RFC 9110, section 10.2.3). A negative or senseless one is None.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        (http_date(value)? - now).to_std().unwrap_or(Duration::ZERO)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// By how many seconds the clock of who answered is ahead of ours: its Date, and its Age where it comes from a cache (RFC
/// 9110, section 6.6.1; RFC 9111, section 5.1).
pub fn ahead_s(headers: &HeaderMap, now: DateTime<Utc>) -> Option<i64> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let date = http_date(text(DATE)?.trim())?;
    let age: i64 = text(AGE)
        .and_then(|age| age.trim().parse().ok())
        .unwrap_or(0);
    Some((date - now).num_seconds().saturating_add(age.max(0)))
}

/// How long before the answer it was modified, in seconds, as its server says.
pub fn modified_before_s(headers: &HeaderMap) -> Option<i64> {
    let date = |name: HeaderName| http_date(headers.get(name)?.to_str().ok()?.trim());
    Some((date(DATE)? - date(LAST_MODIFIED)?).num_seconds())
}

/// The length of the body as it is sent.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// The three date forms of RFC 9110, section 5.6.7.
fn http_date(value: &str) -> Option<DateTime<Utc>> {
    const ASCTIME: &str = "%a %b %e %H:%M:%S %Y";
    const RFC_850: &str = "%A, %d-%b-%y %H:%M:%S GMT";
    if let Ok(date) = DateTime::parse_from_rfc2822(value) {
        return Some(date.to_utc());
    }
    [RFC_850, ASCTIME]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(value, form).ok())
        .map(|date| date.and_utc())
}

/// The target of the first `Link` with the relation `next`, resolved against the answer's address (RFC 8288).
pub fn link_next(headers: &HeaderMap, base: &Url) -> Option<Url> {
    headers
        .get_all(LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(|value| {
            let mut rest = value;
            loop {
                let (target, after) = rest.split_once('<')?.1.split_once('>')?;
                let (parameters, following) = split_outside_quotes(after, ',');
                if is_next(parameters) {
                    return base.join(target.trim()).ok();
                }
                rest = following;
            }
        })
}

/// Do a link's parameters (`; rel="next prev"; title="…"`) name the relation `next`?
fn is_next(mut parameters: &str) -> bool {
    while !parameters.is_empty() {
        let (parameter, following) = split_outside_quotes(parameters, ';');
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            let relations = value.trim().trim_matches('"');
            return relations
                .split_ascii_whitespace()
                .any(|relation| relation.eq_ignore_ascii_case("next"));
        }
        parameters = following;
    }
    false
}

/// The text before the first `mark` that stands outside of a quoted string, and the text after it.
fn split_outside_quotes(text: &str, mark: char) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == mark && !quoted => return (&text[..at], &text[at + mark.len_utf8()..]),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use reqwest::header::HeaderValue;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn content_types() {
        for (value, media_type, charset) in [
            ("text/html; charset=UTF-8", Some("text/html"), Some("UTF-8")),
            (
                "Text/CSV;header=present ; Charset=\"big5\"",
                Some("text/csv"),
                Some("big5"),
            ),
            ("application/ld+json", Some("application/ld+json"), None),
            ("charset=utf-8", None, None),
            ("", None, None),
        ] {
            let found = content_type(&headers(CONTENT_TYPE, &[value]));
            assert_eq!(
                (found.0.as_deref(), found.1.as_deref()),
                (media_type, charset),
                "{value}"
            );
        }
    }

    #[test]
    fn waits() {
        let now = "2026-11-06T08:49:37Z".parse().unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("-5", None),
            ("soon", None),
            ("", None),
            ("1.5", None),
            ("99999999999999999999999999", Some(604_800)),
            ("Fri, 06 Nov 2026 08:51:37 GMT", Some(120)),
            ("Friday, 06-Nov-26 08:51:37 GMT", Some(120)),
            ("Fri Nov  6 08:51:37 2026", Some(120)),
            ("Fri, 06 Nov 2020 08:51:37 GMT", Some(0)),
        ] {
            let found = retry_after(&headers(RETRY_AFTER, &[value]), now);
            assert_eq!(found, seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn clocks() {
        let now = "2026-11-06T08:49:37Z".parse().unwrap();
        let mut found = headers(DATE, &["Fri, 06 Nov 2026 08:51:37 GMT"]);
        assert_eq!(ahead_s(&found, now), Some(120));
        found.insert(AGE, HeaderValue::from_static("60"));
        assert_eq!(ahead_s(&found, now), Some(180));
        found.insert(AGE, HeaderValue::from_static("-60"));
        assert_eq!(ahead_s(&found, now), Some(120));
        assert_eq!(ahead_s(&headers(DATE, &["soon"]), now), None);
    }

    #[test]
    fn next_pages() {
        let base = "https://h/list?page=1".parse().unwrap();
        for (values, next) in [
            (
                &["<?page=2>; rel=\"next\""][..],
                Some("https://h/list?page=2"),
            ),
            (
                &["</a>; rel=prev, <https://o/b?x=1,2>; title=\"a, b; rel=x\"; rel=\"last NEXT\""],
                Some("https://o/b?x=1,2"),
            ),
            (&["</a>; rel=first", "</b>; REL=next"], Some("https://h/b")),
            (&["</a>; rel=nextish"], None),
            (&["no link"], None),
        ] {
            assert_eq!(
                link_next(&headers(LINK, values), &base)
                    .as_ref()
                    .map(Url::as_str),
                next,
                "{values:?}"
            );
        }
    }

    #[test]
    fn codings_in_order() {
        assert_eq!(
            codings(&headers(CONTENT_ENCODING, &["identity, GZIP", "br"])),
            ["gzip", "br"]
        );
        assert!(codings(&HeaderMap::new()).is_empty());
    }
}
