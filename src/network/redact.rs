//! What may be said of an address: no passwords, no keys. Every log line and error shows URLs through [`redact`].

use crate::config::{Secret, Source};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;
use url::Url;

/// A URL fit to be shown: without user information and fragment, and with the values of query parameters that look like
/// secrets replaced by `…`.
///
/// ```
/// # use harvestd::network::redact;
/// let url = "https://me:pw@portal.example/api?rows=10&api_key=abc".parse()?;
/// assert_eq!(redact(&url), "https://portal.example/api?rows=10&api_key=…");
/// # Ok::<(), url::ParseError>(())
/// ```
pub fn redact(url: &Url) -> String {
    let host = url
        .host_str()
        .map_or(Cow::Borrowed(""), |host| match url.port() {
            Some(port) => format!("//{host}:{port}").into(),
            None => format!("//{host}").into(),
        });
    let mut shown = format!("{}:{host}{}", url.scheme(), url.path());
    for (index, pair) in url
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .enumerate()
    {
        shown.push(if index == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((key, value)) if is_secret(key) && !value.is_empty() => {
                shown.push_str(key);
                shown.push_str("=…");
            }
            _ => shown.push_str(pair),
        }
    }
    shown
}

/// Everything secret that a source is asked with.
pub fn secrets(source: &Source) -> Vec<String> {
    const BYTES_MIN: usize = 4;
    let network = &source.network;
    let sent = network
        .headers
        .iter()
        .map(|(_, value)| value)
        .chain(network.basic_auth.iter().map(|(_, password)| password));
    let mut secrets: Vec<String> = sent.map(|Secret(value)| value.clone()).collect();
    // "Bearer abc": the scheme is no secret, and the token may come back without it.
    secrets.extend(
        network
            .headers
            .iter()
            .filter_map(|(_, Secret(value))| Some(value.split_once(' ')?.1.to_owned())),
    );
    secrets.extend(
        source
            .url
            .query_pairs()
            .filter(|(key, _)| is_secret(key))
            .map(|(_, value)| value.into_owned()),
    );
    let encoded: Vec<String> = secrets
        .iter()
        .map(|secret| utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string())
        .collect();
    secrets.extend(encoded);
    // Shorter ones would strike out every other word and protect nothing.
    secrets.retain(|secret| secret.len() >= BYTES_MIN);
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// A text without the given secrets, wherever they came from: a server may echo what it was sent.
pub fn scrub(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| {
        text.replace(secret.as_str(), "…")
    })
}

/// Does a query parameter of this name hold a secret? `X-Amz-Signature`, `apiKey` and `access_token` do.
fn is_secret(key: &str) -> bool {
    let decoded = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
    let plain: String = decoded
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    const WORDS: &[&str] = &[
        "auth",
        "authorization",
        "code",
        "jwt",
        "bearer",
        "pass",
        "pwd",
        "sid",
        "session",
        "sessionid",
        "ticket",
    ];
    const ENDS: &[&str] = &[
        "key",
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "sig",
        "signature",
        "credential",
        "credentials",
    ];
    WORDS.contains(&plain.as_str()) || ENDS.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn secrets_in_an_address_are_not_shown() {
        for (url, shown) in [
            ("https://u:SECRET@h/p", "https://h/p"),
            (
                "https://h:8443/p?a=1&token=SECRET&b=2#SECRET",
                "https://h:8443/p?a=1&token=…&b=2",
            ),
            (
                "https://h/?X-Amz-Signature=SECRET&sig=SECRET&api%5Fkey=SECRET",
                "https://h/?X-Amz-Signature=…&sig=…&api%5Fkey=…",
            ),
            (
                "https://h/?KEY=SECRET&accessToken=SECRET",
                "https://h/?KEY=…&accessToken=…",
            ),
            (
                "https://h/?q=%E8%B3%87&sort=name",
                "https://h/?q=%E8%B3%87&sort=name",
            ),
            ("https://h/?token=&flag", "https://h/?token=&flag"),
            ("http://[2001:db8::1]:81/x", "http://[2001:db8::1]:81/x"),
            ("mailto:someone@example.org", "mailto:someone@example.org"),
        ] {
            assert_eq!(redact(&url.parse().unwrap()), shown);
        }
    }
}
