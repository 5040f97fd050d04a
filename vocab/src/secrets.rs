//! Credentials in addresses: found by the name of their parameter, and taken out before anything is published.
//!
//! Only what a name or a form gives away is seen: `api_key=…`, `Authorization=…`, `https://user:password@…`. Never shows
//! what it found.

/// What stands where a secret stood.
const REDACTED: &str = "***";

/// Parameters whose value is a secret, compared without case and with `-`, `_` and `.` left out.
const SECRET: [&str; 22] = [
    "apikey",
    "xapikey",
    "appkey",
    "authkey",
    "accesskey",
    "secretkey",
    "clientsecret",
    "secret",
    "token",
    "accesstoken",
    "authtoken",
    "apitoken",
    "refreshtoken",
    "idtoken",
    "authorization",
    "password",
    "passwd",
    "pwd",
    "credential",
    "xamzcredential",
    "xamzsignature",
    "xamzsecuritytoken",
];

/// The text without the secrets in its addresses. None where there are none.
pub(crate) fn redacted(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if !(bytes.contains(&b'=') || bytes.contains(&b'@')) || !text.contains("://") {
        return None;
    }
    let mut out = String::new();
    let mut done = 0;
    for (start, end) in secrets(text) {
        out.push_str(&text[done..start]);
        out.push_str(REDACTED);
        done = end;
    }
    (done > 0).then(|| {
        out.push_str(&text[done..]);
        out
    })
}

/// The places of the secrets, in order.
fn secrets(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = text
        .match_indices("://")
        .filter_map(|(at, _)| user_and_password(text, at + 3))
        .collect();
    for (at, _) in text.match_indices('=') {
        let Some(name) = parameter(&text[..at]) else {
            continue;
        };
        let start = at + 1;
        let end = text[start..]
            .find(|c: char| c.is_whitespace() || "&;#\"'<>)]".contains(c) || !c.is_ascii())
            .map_or(text.len(), |length| start + length);
        if is_secret(name, &text[start..end]) {
            found.push((start, end));
        }
    }
    found.sort_unstable();
    found.dedup_by(|next, before| next.0 < before.1);
    found
}

/// `user:password` before an `@` that ends the authority's first part.
fn user_and_password(text: &str, start: usize) -> Option<(usize, usize)> {
    let authority_end = text[start..]
        .find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c))
        .map_or(text.len(), |length| start + length);
    let (user, _) = text[start..authority_end].rsplit_once('@')?;
    user.contains(':').then_some((start, start + user.len()))
}

/// The name that ends a text, where a query or fragment leads to it.
fn parameter(before: &str) -> Option<&str> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '$');
    let path = before.trim_end_matches(legal);
    let name = &before[path.len()..];
    (!name.is_empty() && path.ends_with(['?', '&', ';', '#'])).then_some(name)
}

fn is_secret(name: &str, value: &str) -> bool {
    if value.is_empty() || value.starts_with(REDACTED) {
        return false;
    }
    let name: String = name
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | '.' | '$'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET.contains(&name.as_str()) || (name == "key" && is_random(value))
}

/// A `key` may be any word that is looked for; one of 16 letters and digits or more, mixed, is none.
fn is_random(value: &str) -> bool {
    const CHARS_MIN: usize = 16;
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    value.len() >= CHARS_MIN
        && value.bytes().all(legal)
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_nothing_else() {
        for (text, expected) in [
            (
                "https://a.tw/x?api_key=abc&format=csv",
                Some("https://a.tw/x?api_key=***&format=csv"),
            ),
            (
                "https://a.tw/x?Authorization=K-1;locationId=F",
                Some("https://a.tw/x?Authorization=***;locationId=F"),
            ),
            (
                "說明 https://a.tw/?Access-Token=q 以及 https://b.tw/?x=1&pwd=2。",
                Some("說明 https://a.tw/?Access-Token=*** 以及 https://b.tw/?x=1&pwd=***。"),
            ),
            ("https://me:word@a.tw/x?y=1", Some("https://***@a.tw/x?y=1")),
            (
                "https://maps.example/?key=AIzaSyA1234567890abcdef",
                Some("https://maps.example/?key=***"),
            ),
            ("https://a.tw/?key=公園", None),
            ("https://a.tw/?key=park", None),
            ("https://a.tw/?api_key=", None),
            ("https://a.tw/?api_key=***", None),
            (
                "(https://a.tw/?api_key=abc)",
                Some("(https://a.tw/?api_key=***)"),
            ),
            ("https://a.tw/?monkey=1&tokens=2", None),
            ("https://a.tw/@user:name", None),
            ("token=abc", None),
            ("https://a.tw/ token=abc", None),
        ] {
            assert_eq!(redacted(text).as_deref(), expected, "{text}");
        }
    }
}
