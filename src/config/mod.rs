//! The configuration: every setting and every limit, each with its unit and its reason.
//!
//! Reads no network and opens no store. Start at [`Config::load`]; what the files look like, with every default and the
//! reason for it, is said in `config/harvestd.toml`.

mod errors;
mod files;
mod limits;
mod links;
mod load;
mod overrides;
mod secrets;
mod source;
mod table;
mod webhook;

pub(crate) use errors::meant;
pub use errors::{ConfigError, ConfigErrors};
pub use limits::{HttpLimits, Limits, ListLimits, NetworkLimits, PushLimits, QueryLimits};
pub use load::Outside;
pub use secrets::{ADMIN_TOKEN, Secret, Variables, admin_token_in, token_sha256};
pub use source::settings_version;

use crate::feedback::FeedbackSettings;
use crate::links::LinkSettings;
use crate::webhooks::Webhook;
use crate::{identity::Thresholds, overrides::Overrides};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc};
use url::Url;

/// Everything the daemon is told: `harvestd.toml` and the source files it includes.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Base of all our own IRIs and absolute links, with a slash at its end.
    pub public_url: Url,
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    /// SHA-256 of the admin token (the token itself is not kept). None: the daemon makes one, see [`admin_token_in`].
    pub admin_token_sha256: Option<[u8; 32]>,
    /// Language tag -> title of the united catalogue.
    pub title: BTreeMap<String, String>,
    /// Where people reach whoever runs this catalogue. None: nobody says.
    pub contact_email: Option<String>,
    /// Proxies of ours: what they say of a client's address (X-Forwarded-For) is believed.
    pub proxies: Vec<IpNet>,
    pub limits: Limits,
    /// From which score on records of different sources are taken for one dataset, or listed.
    pub identity: Thresholds,
    /// The shared vocabularies that are published beside the sources' records, each once.
    pub shared: Vec<String>,
    pub feed: FeedSettings,
    /// Who may say something of datasets.
    pub feedback: FeedbackSettings,
    /// How the addresses in the catalogue are checked.
    pub links: LinkSettings,
    /// Where files with corrections are: what [`crate::overrides::write()`] wants to be told. Empty where the configuration
    /// is no file and nobody names one: nobody would read what is written there.
    pub overrides_dir: PathBuf,
    /// Corrections by hand, laid over what is harvested.
    pub overrides: Arc<Overrides>,
    /// Who is told of changes; ids are unique.
    pub webhooks: Vec<Webhook>,
    /// In the order of the files; ids are unique.
    pub sources: Vec<Source>,
}

/// How the change log is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedSettings {
    /// History younger than this is kept; older pages are removed. None: everything is kept.
    pub keep_days: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// `[a-z0-9][a-z0-9-]{0,62}`; part of our IRIs, so never changed lightly.
    pub id: String,
    /// Always one of [`harvestd_harvesters::KINDS`].
    pub kind: String,
    pub url: Url,
    /// Language tag -> title of the catalogue.
    pub title: BTreeMap<String, String>,
    /// Language tag -> what the catalogue is. Without one, the source's catalogue cannot conform to DCAT-AP.
    pub description: BTreeMap<String, String>,
    /// Language tag -> name of whoever publishes the catalogue.
    pub publisher: BTreeMap<String, String>,
    pub homepage: Option<Url>,
    pub enabled: bool,
    /// None: only run by hand.
    pub schedule: Option<crate::schedule::Schedule>,
    /// What happens to due times that passed while no daemon ran.
    pub catch_up: CatchUp,
    /// When no run of it begins by itself.
    pub quiet: Option<crate::schedule::Quiet>,
    /// Time after which a run asks for everything again, not only for what changed: deletions that a portal does not
    /// tell, and changes under an unchanged ETag, are seen then.
    pub full_every_ms: u64,
    /// Higher wins where two sources hold one IRI.
    pub priority: i32,
    /// IRI prefixes this source owns, whatever the priority.
    pub owns: Vec<String>,
    /// Is it the central portal, to which nothing that was won from it is given back?
    pub portal: bool,
    /// BCP 47 tag of literals that carry none.
    pub language: Option<String>,
    /// Offset in minutes of dates that carry none.
    pub offset_minutes: Option<i32>,
    pub network: SourceNetwork,
    pub details: Details,
    pub follow: Follow,
    /// Of a source that pushes: nothing is taken without a version (`Harvestd-Version`), so that nothing old can be
    /// played back.
    pub require_version: bool,
    /// The kind's own table.
    pub options: serde_json::Value,
    /// File and line where the source is configured, for messages.
    pub at: String,
}

/// What happens to due times that passed while no daemon ran. A source that never ran counts as missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatchUp {
    /// One run at start makes up for all of them.
    #[default]
    Once,
    /// The next due time is waited for.
    Skip,
}

/// How a source may be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceNetwork {
    pub headers: Vec<(String, Secret)>,
    pub basic_auth: Option<(String, Secret)>,
    pub extra_ca: Option<PathBuf>,
    /// Private ranges this source may be in.
    pub allow_ranges: Vec<ipnet::IpNet>,
    /// Other servers (`host` or `host:port`) that redirects and next pages may lead to.
    pub allow_hosts: Vec<String>,
    /// Requests a second to the source's host.
    pub requests_per_second: f64,
    pub concurrency: usize,
    /// Its servers' robots.txt are obeyed, as a crawler would.
    pub obeys_robots: bool,
    pub limits: NetworkLimits,
}

/// How a source may be asked for the details of single records, where its kind knows such questions. They come after a
/// run of the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// Questions after one run; 0: none.
    pub per_run_max: u64,
    /// After so many, what came is committed.
    pub per_commit_max: u64,
    /// Time for them after one run.
    pub run_ms_max: u64,
    /// Their own pace; None: that of the source.
    pub requests_per_second: Option<f64>,
    /// A record that was asked for in vain waits so long for the next try; the wait doubles each time, up to the second.
    pub retry_first_ms: u64,
    pub retry_max_ms: u64,
    /// So many in a row in vain, and the source is left alone until its next run.
    pub failures_in_row_max: u64,
}

/// How the feed of another harvestd is waited for between scheduled runs, so that what it publishes is here at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Whether it is waited for at all.
    pub listen: bool,
    /// How long one question may wait for its answer; never as long as `network.limits.read_ms`.
    pub wait_ms: u64,
    /// After a failure so long until the next question; the wait doubles with each failure, up to the second.
    pub retry_first_ms: u64,
    pub retry_max_ms: u64,
}

impl Config {
    /// The source of that id.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// Names everything that decides what an unchanged record becomes. Where it differs from the one a record was kept
    /// under, the record is described again.
    pub fn epoch(&self, source: &Source) -> String {
        let tables = harvestd_vocab::tables::tables_version();
        let (settings, shared) = (settings_version(source), self.shared.join("+"));
        format!("{settings}-{tables}-{}-{shared}", self.public_url)
    }

    /// Whether the records of this shared vocabulary are published, so that other records may refer to them.
    pub fn shares(&self, vocabulary: &str) -> bool {
        self.shared.iter().any(|name| name == vocabulary)
    }

    /// Settings that differ from `running` and cannot change while a daemon runs: a reload keeps the old ones, and says so.
    pub fn needs_restart(&self, running: &Config) -> Vec<&'static str> {
        let changed = [
            ("public_url", self.public_url != running.public_url),
            ("data_dir", self.data_dir != running.data_dir),
            ("listen", self.listen != running.listen),
            ("admin_listen", self.admin_listen != running.admin_listen),
            (
                "limits.batch_triples_max",
                self.limits.batch_triples_max != running.limits.batch_triples_max,
            ),
            (
                "limits.flush_triples",
                self.limits.flush_triples != running.limits.flush_triples,
            ),
            (
                "limits.bulk_bytes_min",
                self.limits.bulk_bytes_min != running.limits.bulk_bytes_min,
            ),
            (
                "limits.bulk_batch_quads",
                self.limits.bulk_batch_quads != running.limits.bulk_batch_quads,
            ),
            (
                "limits.segment_activities_max",
                self.limits.segment_activities_max != running.limits.segment_activities_max,
            ),
            (
                "limits.state_cache_bytes",
                self.limits.state_cache_bytes != running.limits.state_cache_bytes,
            ),
            (
                "limits.runs_at_once_max",
                self.limits.runs_at_once_max != running.limits.runs_at_once_max,
            ),
            (
                "limits.runs_noted",
                self.limits.runs_noted != running.limits.runs_noted,
            ),
            (
                "limits.reports_kept",
                self.limits.reports_kept != running.limits.reports_kept,
            ),
            (
                "limits.reports_bytes_max",
                self.limits.reports_bytes_max != running.limits.reports_bytes_max,
            ),
            ("title", self.title != running.title),
            ("contact_email", self.contact_email != running.contact_email),
            ("proxies", self.proxies != running.proxies),
            ("feed", self.feed != running.feed),
            ("limits.http", self.limits.http != running.limits.http),
            (
                "limits.changes",
                self.limits.changes != running.limits.changes,
            ),
            ("limits.lists", self.limits.lists != running.limits.lists),
            ("limits.dumps", self.limits.dumps != running.limits.dumps),
            ("limits.query", self.limits.query != running.limits.query),
            ("limits.search", self.limits.search != running.limits.search),
            (
                "limits.push.under_way_bytes_max",
                self.limits.push.under_way_bytes_max != running.limits.push.under_way_bytes_max,
            ),
            (
                "limits.validate.at_once_max",
                self.limits.validate.at_once_max != running.limits.validate.at_once_max,
            ),
            (
                "limits.push.waiting_max",
                self.limits.push.waiting_max != running.limits.push.waiting_max,
            ),
        ];
        changed
            .into_iter()
            .filter(|(_, changed)| *changed)
            .map(|(name, _)| name)
            .collect()
    }
}
