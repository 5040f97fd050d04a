//! The configuration: every setting and every limit, each with its unit and its reason.
//!
//! Reads no network and opens no store. Start at [`Config::load`].

use serde::Deserialize;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};
use url::Url;

/// Everything the daemon is told: `harvestd.toml` and the source files it includes.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base of all our own IRIs and absolute links, with a slash at its end.
    pub public_url: Url,
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    /// SHA-256 of the admin token (the token itself is not kept).
    pub admin_token_sha256: Option<[u8; 32]>,
    pub title: BTreeMap<String, String>,
    pub limits: Limits,
    /// In the order of the files; ids are unique.
    pub sources: Vec<Source>,
}

#[derive(Debug, Clone)]
pub struct Source {
    /// `[a-z0-9][a-z0-9-]{0,62}`; part of our IRIs, so never changed lightly.
    pub id: String,
    pub kind: String,
    pub url: Url,
    /// Language tag -> title of the catalogue.
    pub title: BTreeMap<String, String>,
    pub homepage: Option<Url>,
    pub enabled: bool,
    /// None: only run by hand.
    pub schedule: Option<crate::schedule::Schedule>,
    /// Higher wins where two sources hold one IRI.
    pub priority: i32,
    /// IRI prefixes this source owns, whatever the priority.
    pub owns: Vec<String>,
    /// BCP 47 tag of literals that carry none.
    pub language: Option<String>,
    /// Offset in minutes of dates that carry none.
    pub offset_minutes: Option<i32>,
    pub network: SourceNetwork,
    /// The kind's own table.
    pub options: serde_json::Value,
    /// File and line where the source is configured, for messages.
    pub at: String,
}

/// How a source may be asked.
#[derive(Debug, Clone)]
pub struct SourceNetwork {
    pub headers: Vec<(String, Secret)>,
    pub basic_auth: Option<(String, Secret)>,
    pub extra_ca: Option<PathBuf>,
    /// Private ranges this source may be in.
    pub allow_ranges: Vec<ipnet::IpNet>,
    /// Other origins that redirects and next pages may lead to.
    pub allow_hosts: Vec<String>,
    /// Requests a second to the source's host.
    pub requests_per_second: f64,
    pub concurrency: usize,
    pub limits: NetworkLimits,
}

/// Limits of one answer. Each is set for all sources under `[limits.network]` and may be set again by a source.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkLimits {
    pub connect_ms: u64,
    /// Longest silence while a body comes.
    pub read_ms: u64,
    /// From the first byte sent to the last byte read.
    pub total_ms: u64,
    /// A body that stays under this rate for `rate_window_ms` is a drip.
    pub bytes_per_second_min: u64,
    pub rate_window_ms: u64,
    /// Decoded bytes of one answer: the national export is 70 MB.
    pub body_bytes_max: u64,
    pub redirects_max: usize,
    pub tries_max: usize,
    pub backoff_first_ms: u64,
    pub backoff_max_ms: u64,
    /// A Retry-After longer than this ends the run instead of being waited for.
    pub retry_after_max_ms: u64,
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self {
            connect_ms: 10_000,
            read_ms: 30_000,
            total_ms: 1_800_000,
            bytes_per_second_min: 1_000,
            rate_window_ms: 30_000,
            body_bytes_max: 256 * 1024 * 1024,
            redirects_max: 5,
            tries_max: 4,
            backoff_first_ms: 500,
            backoff_max_ms: 60_000,
            retry_after_max_ms: 900_000,
        }
    }
}

/// Limits of the daemon itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub network: NetworkLimits,
    /// Requests of one run: a paging loop ends here.
    pub requests_per_run_max: u64,
    /// Largest raw record: a larger one is refused.
    pub record_bytes_max: usize,
    /// Changed triples in one commit: a transaction of 600,000 holds 0.9 GB while it is built.
    pub batch_triples_max: usize,
    /// Refused records and findings kept in a report, each: the counts go on beyond.
    pub report_rows_max: usize,
    pub query: QueryLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            network: NetworkLimits::default(),
            requests_per_run_max: 100_000,
            record_bytes_max: 8 * 1024 * 1024,
            batch_triples_max: 50_000,
            report_rows_max: 100_000,
            query: QueryLimits::default(),
        }
    }
}

/// Limits of SPARQL.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueryLimits {
    pub workers: usize,
    /// Queries that wait for a worker; one more is answered 503.
    pub queue_max: usize,
    pub deadline_ms: u64,
    pub memory_bytes_max: u64,
    /// About 5,000 nested brackets overflow a stack of 8 MB.
    pub query_bytes_max: usize,
    pub nesting_max: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            workers: 2,
            queue_max: 64,
            deadline_ms: 30_000,
            memory_bytes_max: 2 * 1024 * 1024 * 1024,
            query_bytes_max: 1024 * 1024,
            nesting_max: 256,
        }
    }
}

/// A value that no log, error or page may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
