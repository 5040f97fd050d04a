//! How a source may be asked: pace, credentials, and where it may lead us.

use crate::config::{
    Limits, Secret, SourceNetwork,
    load::{in_order, over_defaults},
    table::{Found, SECRET, SecretText, Table, shown},
};
use std::path::{Path, PathBuf};
use url::Url;

/// Pace and concurrency where a source says nothing: what a person with a browser does to a server.
const REQUESTS_PER_SECOND: f64 = 2.0;
const CONCURRENCY: usize = 2;

/// The `[source.network]` table of a source, over the limits of all.
pub(super) fn read(source: &Table<'_>, limits: &Limits) -> SourceNetwork {
    let mut network = SourceNetwork {
        headers: Vec::new(),
        basic_auth: None,
        extra_ca: None,
        allow_ranges: Vec::new(),
        allow_hosts: Vec::new(),
        requests_per_second: REQUESTS_PER_SECOND,
        concurrency: CONCURRENCY,
        obeys_robots: false,
        limits: limits.network.clone(),
    };
    let Some(table) = source.table("network") else {
        return network;
    };
    network.headers = headers(&table);
    network.basic_auth = basic_auth(&table);
    network.extra_ca = extra_ca(&table);
    let range = "a range of addresses, as 10.1.0.0/16";
    network.allow_ranges = table.list("allow_ranges", range, |text| text.parse().ok());
    let host = "a host or host:port, as files.example.org";
    network.allow_hosts = table.list("allow_hosts", host, host_name);
    if let Some(pace) = table.number("requests_per_second", 0.01..=1_000.0) {
        network.requests_per_second = pace;
    }
    let concurrency = table.whole("concurrency", 1..=64);
    if let Some(at_once) = concurrency.and_then(|n| usize::try_from(n).ok()) {
        network.concurrency = at_once;
    }
    network.obeys_robots = robots(&table).unwrap_or_default();
    if let Some(own) = table.table("limits") {
        network.limits = over_defaults(&own, &limits.network, "network.");
        in_order(&own, &network.limits, "network.");
    }
    table.finish();
    network
}

/// Whether a robots.txt is obeyed. None: nothing is said.
pub(in crate::config) fn robots(table: &Table<'_>) -> Option<bool> {
    let robots = table.parsed("robots", "\"obey\" or \"ignore\"", |text| match text {
        "obey" => Ok(true),
        "ignore" => Ok(false),
        _ => Err(String::new()),
    });
    robots.map(|robots| robots.value)
}

/// Headers that belong to the conversation, not to the source: harvestd sets them itself.
const OWN_HEADERS: [&str; 10] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "if-modified-since",
    "if-none-match",
    "range",
    "te",
    "transfer-encoding",
];

fn headers(table: &Table<'_>) -> Vec<(String, Secret)> {
    let expected = "headers by name, as { X-Api-Key = \"${NAME}\" }";
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let mut headers = Vec::new();
    for (name, Found { value, at }) in table.secrets("headers", expected) {
        let lower = name.to_ascii_lowercase();
        let key = format!("headers.{name}");
        if name.is_empty() || !name.bytes().all(token) {
            table.problem(at, &key, shown(&name), "the name of a header");
        } else if OWN_HEADERS.contains(&lower.as_str()) {
            table.problem(
                at,
                &key,
                "a header that harvestd sets itself",
                "another header",
            );
        } else if value.literal && is_secret_header(&lower) {
            table.problem(at, &key, "a secret in the file itself (not shown)", SECRET);
        } else if !is_header_value(&value.value.0) {
            let found = "a value with control or non-ASCII characters (not shown)";
            table.problem(at, &key, found, "visible ASCII characters");
        } else {
            headers.push((name, value.value));
        }
    }
    headers
}

fn is_secret_header(name: &str) -> bool {
    ["auth", "cookie", "key", "token", "secret", "password"]
        .iter()
        .any(|word| name.contains(word))
}

fn is_header_value(value: &str) -> bool {
    value.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')) && value.trim() == value
}

fn basic_auth(table: &Table<'_>) -> Option<(String, Secret)> {
    let table = table.table("basic_auth")?;
    let user = table.text("user", "the name of the user");
    let user = table.required("user", user, "the name of the user");
    let password = table.secret("password");
    let password = table.required("password", password, SECRET);
    let pair = match (user, password) {
        (Some(user), _) if user.value.contains(':') => {
            table.problem(user.at, "user", "a name with a colon", "a name without one");
            None
        }
        (
            _,
            Some(Found {
                value: SecretText { literal: true, .. },
                at,
            }),
        ) => {
            table.problem(
                at,
                "password",
                "a password in the file itself (not shown)",
                SECRET,
            );
            None
        }
        (Some(user), Some(password)) => Some((user.value, password.value.value)),
        _ => None,
    };
    table.finish();
    pair
}

fn extra_ca(table: &Table<'_>) -> Option<PathBuf> {
    let expected = "the path of a file with certificates in PEM form";
    let path = table.text("extra_ca", expected)?;
    let full = table.cx.file.beside(&path.value);
    let found = match std::fs::read(&full) {
        Ok(bytes) if has_certificate(&bytes) => return Some(full),
        Ok(_) => "a file without one".to_owned(),
        Err(e) => e.to_string(),
    };
    let name = Path::display(&full);
    table.problem(path.at, "extra_ca", format!("{name}: {found}"), expected);
    None
}

fn has_certificate(bytes: &[u8]) -> bool {
    let mark = b"-----BEGIN CERTIFICATE-----";
    bytes.windows(mark.len()).any(|window| window == mark)
}

fn host_name(text: &str) -> Option<String> {
    let url = Url::parse(&format!("http://{text}/")).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    let plain = !text.contains(['/', '@', '?', '#', '*']);
    (bare && plain && url.has_host()).then(|| text.to_ascii_lowercase())
}
