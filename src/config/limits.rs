//! Every limit, with its unit in its name, its default and the range that makes sense.
//!
//! Why each default is what it is stands in `config/harvestd.toml`, beside the key.

use crate::diagnosis::health::HealthLimits;
use crate::feedback::FeedbackLimits;
use crate::gate::GateLimits;
use crate::links::LinkLimits;
use crate::search::SearchLimits;
use crate::serve::changes::ChangesLimits;
use crate::serve::dumps::DumpLimits;
use crate::serve::operator::OperatorLimits;
use crate::snapshot::SnapshotLimits;
use crate::webhooks::WebhookLimits;
use harvestd_harvesters::guard::{DocumentLimits, JsonLimits, XmlLimits};
use serde::{Deserialize, Serialize};

const KB: u64 = 1024;
const MB: u64 = 1024 * KB;
const GB: u64 = 1024 * MB;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Limits of the daemon itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests of one run: a paging loop ends here.
    pub requests_per_run_max: u64,
    /// Largest raw record: a larger one is refused.
    pub record_bytes_max: usize,
    /// Changed triples in one commit: a transaction of 600,000 holds 0.9 GB while it is built.
    pub batch_triples_max: usize,
    /// Changed triples after which committed changes are flushed: what is not yet flushed lies in memory.
    pub flush_triples: usize,
    /// Bytes of new records from which a run goes through the bulk loader: below, transactions are faster.
    pub bulk_bytes_min: u64,
    /// Quads that the bulk loader sorts at a time: some 300 bytes each.
    pub bulk_batch_quads: usize,
    /// Activities in one segment of the change log that a bulk load writes.
    pub segment_activities_max: u64,
    /// Memory for pages of what we remember between runs.
    pub state_cache_bytes: u64,
    /// Refused records, findings and remarks that a report shows itself, each: all of them are in its account.
    pub report_rows_max: usize,
    /// Bytes of one run's account before compression: beyond, rows are only counted.
    pub report_rows_bytes_max: u64,
    /// Bytes of all reports kept of one source: the oldest go, the newest stays.
    pub reports_bytes_max: u64,
    /// Runs of different sources at one time; further ones wait in the order in which they were due.
    pub runs_at_once_max: usize,
    /// A source whose runs take longer than this is large: one place is left to the others.
    pub large_run_ms: u64,
    /// Published snapshots kept beside the newest, so that readers and followers find the one they began with.
    pub snapshots_kept: usize,
    /// How long snapshots are kept for questions about the past.
    pub snapshots: SnapshotLimits,
    /// After SIGTERM: time for answers and commits under way; a run that is not done by then goes on at the next start.
    pub shutdown_grace_ms: u64,
    /// Reports kept of each source's last runs.
    pub reports_kept: usize,
    /// Runs of each source that `{public_url}graph/runs` tells of; the older ones are only counted.
    pub runs_noted: usize,
    /// What one run may take away from a source.
    pub gate: GateLimits,
    /// From when on a source counts as sick, and how it is treated then.
    pub health: HealthLimits,
    /// Days for which runs can be taken back, and deleted records restored.
    pub undo_days: u64,
    /// A run that was killed or broke off is gone on with for so long; later it begins anew.
    pub resume_within_ms: u64,
    /// Bytes that are to be free on each disk of the data directory: with fewer, nothing new is begun.
    pub disk_free_bytes_min: u64,
    /// How often that is looked at.
    pub disk_look_every_ms: u64,
    pub network: NetworkLimits,
    pub xml: XmlLimits,
    pub json: JsonLimits,
    pub query: QueryLimits,
    pub http: HttpLimits,
    pub changes: ChangesLimits,
    pub push: PushLimits,
    pub validate: ValidateLimits,
    pub webhooks: WebhookLimits,
    pub lists: ListLimits,
    pub pages: PageLimits,
    pub dumps: DumpLimits,
    pub feedback: FeedbackLimits,
    pub search: SearchLimits,
    pub links: LinkLimits,
    pub operator: OperatorLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_run_max: 100_000,
            record_bytes_max: 8 * 1024 * 1024,
            batch_triples_max: 50_000,
            flush_triples: 400_000,
            bulk_bytes_min: 16 * MB,
            bulk_batch_quads: 250_000,
            segment_activities_max: 5_000,
            state_cache_bytes: 32 * MB,
            report_rows_max: 1_000,
            report_rows_bytes_max: 256 * MB,
            reports_bytes_max: 512 * MB,
            runs_at_once_max: 2,
            large_run_ms: 10 * MINUTE,
            snapshots_kept: 1,
            snapshots: SnapshotLimits::default(),
            shutdown_grace_ms: 20_000,
            reports_kept: 100,
            runs_noted: 1_000,
            gate: GateLimits::default(),
            health: HealthLimits::default(),
            undo_days: 30,
            resume_within_ms: 6 * HOUR,
            disk_free_bytes_min: 256 * MB,
            disk_look_every_ms: 5_000,
            network: NetworkLimits::default(),
            xml: XmlLimits::default(),
            json: JsonLimits::default(),
            query: QueryLimits::default(),
            http: HttpLimits::default(),
            changes: ChangesLimits::default(),
            push: PushLimits::default(),
            validate: ValidateLimits::default(),
            webhooks: WebhookLimits::default(),
            lists: ListLimits::default(),
            pages: PageLimits::default(),
            dumps: DumpLimits::default(),
            feedback: FeedbackLimits::default(),
            search: SearchLimits::default(),
            links: LinkLimits::default(),
            operator: OperatorLimits::default(),
        }
    }
}

impl Limits {
    /// What a document may cost its parser.
    pub fn document(&self) -> DocumentLimits {
        DocumentLimits {
            xml: self.xml,
            json: self.json,
        }
    }
}

/// Limits of one answer. Each is set for all sources under `[limits.network]` and may be set again by a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Decoded bytes for each byte that came: beyond, it is a bomb.
    pub decoded_ratio_max: u64,
    /// Below this size the ratio is not judged.
    pub decoded_ratio_from_bytes: u64,
    pub redirects_max: usize,
    pub tries_max: usize,
    pub backoff_first_ms: u64,
    pub backoff_max_ms: u64,
    /// A Retry-After longer than this ends the run instead of being waited for.
    pub retry_after_max_ms: u64,
    /// A run that broke off for a reason that may pass is tried again after this, twice as long each time. 0: when due.
    pub run_retry_first_ms: u64,
    pub run_retry_max_ms: u64,
    /// A robots.txt that is obeyed is asked for again after this.
    pub robots_cache_ms: u64,
    /// A Crawl-delay in it counts up to this.
    pub crawl_delay_max_ms: u64,
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
            decoded_ratio_max: 200,
            decoded_ratio_from_bytes: 8 * MB,
            redirects_max: 5,
            tries_max: 4,
            backoff_first_ms: 500,
            backoff_max_ms: 60_000,
            retry_after_max_ms: 900_000,
            run_retry_first_ms: 30 * SECOND,
            run_retry_max_ms: HOUR,
            robots_cache_ms: DAY,
            crawl_delay_max_ms: 30 * SECOND,
        }
    }
}

/// Limits of SPARQL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueryLimits {
    pub workers: usize,
    /// Queries that wait for a worker; one more is answered 503.
    pub queue_max: usize,
    /// How long a query keeps its worker's place; then it goes on beside, at low priority.
    pub slow_ms: u64,
    /// The same, where a client waits that has used little.
    pub wanted_ms: u64,
    /// Queries that go on so. One more, and that of the client that owes the most is ended.
    pub slow_workers: usize,
    /// The workers' time on processors that a client may use ahead. 0: as much as it likes.
    pub client_ms_max: u64,
    /// What it is forgiven of it each second.
    pub client_ms_per_second: u64,
    /// Beyond so much, a client leaves the last free worker to others.
    pub client_light_ms: u64,
    /// Queries of one client under way and waiting.
    pub client_open_max: usize,
    /// Clients that are counted at one time; those that owe least are forgotten.
    pub clients_max: usize,
    pub deadline_ms: u64,
    pub memory_bytes_max: u64,
    /// About 5,000 nested brackets overflow a stack of 8 MB.
    pub query_bytes_max: usize,
    pub nesting_max: usize,
    /// Triples of the graphs that one query names as default graphs, merged in a worker's memory.
    pub merge_triples_max: usize,
    /// Answers up to this size come with their length, and a failure within them is a proper error.
    pub whole_bytes_max: usize,
    /// Bytes of a longer answer that are read ahead of a slow client.
    pub ahead_bytes_max: usize,
    /// Triples that a lookup may touch, a query that the daemon answers without a worker. 0: there are none.
    pub lookup_triples_max: usize,
    pub lookup_ms_max: u64,
    /// Stack of a worker's evaluating thread.
    pub stack_bytes: u64,
    /// Descriptors of a worker.
    pub files_max: u64,
    /// Workers for our own pages: descriptions, dumps, counts.
    pub house_workers: usize,
    pub house_deadline_ms: u64,
    /// Workers for questions about the past, started when one comes and ended after it.
    pub past_workers: usize,
    /// Dumps of the catalogue at one time: each keeps a worker until its client has read it.
    pub dumps_max: usize,
    /// Longest silence of a dump's worker or client.
    pub stall_ms: u64,
    /// How long a snapshot is read at most, once, after a worker ended over it: damage may show as nothing else.
    pub read_ms: u64,
    /// Rows of an answer that a page shows, and bytes of it that are read for them: the rest is one click away.
    pub page_rows_max: usize,
    pub page_bytes_max: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            workers: 2,
            queue_max: 64,
            slow_ms: 500,
            wanted_ms: 100,
            slow_workers: 2,
            client_ms_max: 60_000,
            client_ms_per_second: 500,
            client_light_ms: 500,
            client_open_max: 16,
            clients_max: 10_000,
            deadline_ms: 30_000,
            memory_bytes_max: 2 * 1024 * 1024 * 1024,
            query_bytes_max: 1024 * 1024,
            nesting_max: 256,
            merge_triples_max: 1_000_000,
            whole_bytes_max: 256 * 1024,
            ahead_bytes_max: 4 * 1024 * 1024,
            lookup_triples_max: 1_000,
            lookup_ms_max: 5,
            stack_bytes: 64 * MB,
            files_max: 1_024,
            house_workers: 3,
            house_deadline_ms: 60_000,
            past_workers: 1,
            dumps_max: 2,
            stall_ms: 30_000,
            read_ms: 10 * 60 * 1000,
            page_rows_max: 500,
            page_bytes_max: 2 * 1024 * 1024,
        }
    }
}

/// Limits of our own HTTP servers, public and admin, each for itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpLimits {
    /// Open connections; further ones wait in the listener's backlog.
    pub connections_max: usize,
    /// Of them, those of one client: an IPv4 address, or an IPv6 network of 64 bits. One more is closed at once. Proxies of
    /// ours are not counted.
    pub connections_per_client_max: usize,
    /// From the connection (or the end of the answer before) to the last byte of the request's head.
    pub header_read_ms: u64,
    /// From the end of the head to the last byte of the body.
    pub body_read_ms: u64,
    /// Decoded bytes of a request's body.
    pub body_bytes_max: usize,
    /// Bytes that are read and thrown away of a body that was not taken, before its connection closes: who still sends, and a
    /// proxy above all, does not read the answer otherwise. For `body_read_ms` at most.
    pub leftover_bytes_max: u64,
    /// The same ends where nothing comes for so long.
    pub leftover_wait_ms: u64,
    /// Longest time that a client may take no byte of its answer.
    pub write_ms: u64,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections_max: 512,
            connections_per_client_max: 128,
            header_read_ms: 15_000,
            body_read_ms: 30_000,
            body_bytes_max: 4 * 1024 * 1024,
            leftover_bytes_max: 64 * 1024 * 1024,
            leftover_wait_ms: 1_000,
            write_ms: 60_000,
        }
    }
}

/// Limits of what centres push.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PushLimits {
    /// Bytes of one dataset or of a batch.
    pub body_bytes_max: usize,
    /// Bytes of a whole catalogue: it lies in memory while it is read.
    pub catalog_bytes_max: usize,
    /// Bytes of all bodies that are being read or wait; beyond, pushes are answered 503.
    pub under_way_bytes_max: usize,
    /// Pushes of one source that wait for their commit; one more is answered 503.
    pub waiting_max: usize,
    /// Pushes that share a commit at most.
    pub per_commit_max: usize,
    /// Bytes that a source may push on one day, UTC; beyond, 429.
    pub bytes_per_day_max: u64,
    /// Pushes are durable when they are answered, and become visible together, no later than so long after the first.
    pub publish_every_ms: u64,
    /// How long the answer to an Idempotency-Key is kept.
    pub keys_kept_ms: u64,
    /// Keys of one source that are kept: the oldest go first.
    pub keys_max: usize,
}

impl Default for PushLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 8 * 1024 * 1024,
            catalog_bytes_max: 64 * 1024 * 1024,
            under_way_bytes_max: 256 * 1024 * 1024,
            waiting_max: 256,
            per_commit_max: 128,
            bytes_per_day_max: 2 * GB,
            publish_every_ms: SECOND,
            keys_kept_ms: 7 * DAY,
            keys_max: 100_000,
        }
    }
}

/// Limits of trials (`POST /validate`). A document may be as large as a pushed catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidateLimits {
    /// Trials at one time; one more is answered 429.
    pub at_once_max: usize,
    /// Time for asking an address; what came by then is told. 0: no address is asked for anybody.
    pub url_ms_max: u64,
}

impl Default for ValidateLimits {
    fn default() -> Self {
        Self {
            at_once_max: 2,
            url_ms_max: 5 * MINUTE,
        }
    }
}

/// Limits of the lists of datasets for harvesters and readers of news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListLimits {
    /// Records in one answer of OAI-PMH.
    pub oai_records_max: usize,
    /// Headers in one answer of OAI-PMH.
    pub oai_headers_max: usize,
    /// How long after its beginning a list may be gone on with.
    pub oai_token_ms: u64,
    /// Entries on one page of the Atom feed.
    pub atom_entries_max: usize,
}

impl Default for ListLimits {
    fn default() -> Self {
        Self {
            oai_records_max: 100,
            oai_headers_max: 1_000,
            oai_token_ms: DAY,
            atom_entries_max: 50,
        }
    }
}

/// Limits of the catalogue in pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PageLimits {
    /// Datasets on a page where nobody says how many.
    pub datasets: usize,
    /// Datasets on a page at most, whatever is asked for.
    pub datasets_max: usize,
    /// A page ends with the dataset by which it has come to this size.
    pub bytes_max: u64,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self {
            datasets: 100,
            datasets_max: 1_000,
            bytes_max: 16 * MB,
        }
    }
}

/// Limit, least, most. A file that leaves the range is refused: beyond it the daemon would not work, or not be limited.
const RANGES: &[(&str, u64, u64)] = &[
    ("requests_per_run_max", 1, 10_000_000),
    ("record_bytes_max", KB, 256 * MB),
    ("batch_triples_max", 1_000, 500_000),
    ("flush_triples", 1_000, 10_000_000),
    ("bulk_bytes_min", 1, 16 * GB),
    ("bulk_batch_quads", 1_000, 10_000_000),
    ("segment_activities_max", 1, 100_000),
    ("state_cache_bytes", MB, 4 * GB),
    ("report_rows_max", 0, 1_000_000),
    ("report_rows_bytes_max", 0, 16 * GB),
    ("reports_bytes_max", 0, 1_024 * GB),
    ("runs_at_once_max", 1, 64),
    ("large_run_ms", 1, 30 * DAY),
    ("snapshots_kept", 0, 100),
    ("snapshots.newest", 0, 1_000),
    ("snapshots.days", 0, 3_660),
    ("snapshots.bytes_max", 0, 1_024 * GB),
    ("snapshots.look_every_ms", 10, 366 * DAY),
    ("shutdown_grace_ms", 0, 10 * MINUTE),
    ("reports_kept", 1, 100_000),
    ("runs_noted", 1, 1_000_000),
    ("gate.removed_records_max", 0, 1_000_000),
    ("gate.removed_percent_max", 0, 50),
    ("gate.highest_of_days", 1, 3_660),
    ("gate.pass_after_runs", 0, 1_000),
    ("health.sick_after_runs", 1, 1_000),
    ("health.stale_after_periods", 0, 1_000),
    ("health.clock_skew_s_max", 1, 7 * 24 * 3_600),
    ("health.spare_after_runs", 0, 1_000),
    ("health.spare_first_ms", 1, 30 * DAY),
    ("health.spare_max_ms", 1, 30 * DAY),
    ("undo_days", 1, 3_660),
    ("resume_within_ms", 0, 30 * DAY),
    ("disk_free_bytes_min", 0, 1_024 * GB),
    ("disk_look_every_ms", 10, DAY),
    ("network.connect_ms", 100, 5 * MINUTE),
    ("network.read_ms", 100, HOUR),
    ("network.total_ms", SECOND, DAY),
    ("network.bytes_per_second_min", 0, MB),
    ("network.rate_window_ms", SECOND, HOUR),
    ("network.body_bytes_max", KB, 16 * GB),
    ("network.decoded_ratio_max", 1, 100_000),
    ("network.decoded_ratio_from_bytes", 0, 16 * GB),
    ("network.redirects_max", 0, 20),
    ("network.tries_max", 1, 20),
    ("network.backoff_first_ms", 10, HOUR),
    ("network.backoff_max_ms", 10, DAY),
    ("network.retry_after_max_ms", 0, DAY),
    ("network.run_retry_first_ms", 0, DAY),
    ("network.run_retry_max_ms", 10, 7 * DAY),
    ("network.robots_cache_ms", 0, DAY),
    ("network.crawl_delay_max_ms", 0, HOUR),
    ("xml.depth_max", 4, 1_000),
    ("xml.total_bytes_max", KB, 16 * GB),
    ("xml.tag_bytes_max", KB, 16 * MB),
    ("xml.attributes_max", 8, 10_000),
    ("xml.namespaces_max", 8, 10_000),
    ("xml.text_bytes_max", KB, GB),
    ("xml.entities_max", 0, 1_000),
    ("xml.entity_bytes_max", 0, 4 * KB),
    ("xml.expanded_bytes_max", 0, GB),
    ("json.depth_max", 4, 512),
    ("json.total_bytes_max", KB, 16 * GB),
    ("json.string_bytes_max", KB, GB),
    ("json.context_bytes_max", KB, 16 * MB),
    ("json.context_work_bytes_max", KB, 64 * GB),
    ("query.workers", 1, 256),
    ("query.queue_max", 0, 100_000),
    ("query.slow_ms", 10, HOUR),
    ("query.wanted_ms", 1, HOUR),
    ("query.slow_workers", 1, 256),
    ("query.client_ms_max", 0, DAY),
    ("query.client_ms_per_second", 1, MINUTE),
    ("query.client_light_ms", 0, HOUR),
    ("query.client_open_max", 1, 10_000),
    ("query.clients_max", 1, 10_000_000),
    ("query.deadline_ms", 100, HOUR),
    ("query.memory_bytes_max", 256 * MB, 256 * GB),
    ("query.query_bytes_max", KB, 16 * MB),
    ("query.nesting_max", 8, 1_000),
    ("query.merge_triples_max", 0, 100_000_000),
    ("query.whole_bytes_max", KB, 32 * MB),
    ("query.ahead_bytes_max", 64 * KB, GB),
    ("query.lookup_triples_max", 0, 100_000),
    ("query.lookup_ms_max", 1, SECOND),
    ("query.stack_bytes", 8 * MB, GB),
    ("query.files_max", 64, 1_000_000),
    ("query.house_workers", 1, 256),
    ("query.house_deadline_ms", 100, HOUR),
    ("query.past_workers", 1, 64),
    ("query.dumps_max", 1, 256),
    ("query.stall_ms", 100, HOUR),
    ("query.read_ms", 100, HOUR),
    ("query.page_rows_max", 1, 100_000),
    ("query.page_bytes_max", KB, 64 * MB),
    ("http.connections_max", 1, 100_000),
    ("http.connections_per_client_max", 1, 100_000),
    ("http.header_read_ms", 100, 5 * MINUTE),
    ("http.body_read_ms", 100, HOUR),
    ("http.body_bytes_max", KB, 256 * MB),
    ("http.leftover_bytes_max", 0, GB),
    ("http.leftover_wait_ms", 1, MINUTE),
    ("http.write_ms", 100, HOUR),
    ("changes.streams_max", 0, 100_000),
    ("changes.heartbeat_ms", 100, HOUR),
    ("changes.retry_ms", 0, HOUR),
    ("changes.page_activities_max", 1, 100_000),
    ("changes.wait_ms_max", 0, HOUR),
    ("push.body_bytes_max", KB, 256 * MB),
    ("push.catalog_bytes_max", KB, 2 * GB),
    ("push.under_way_bytes_max", KB, 64 * GB),
    ("push.waiting_max", 1, 100_000),
    ("push.per_commit_max", 1, 10_000),
    ("push.bytes_per_day_max", KB, 1_024 * GB),
    ("push.publish_every_ms", 0, MINUTE),
    ("push.keys_kept_ms", MINUTE, 366 * DAY),
    ("push.keys_max", 0, 10_000_000),
    ("validate.at_once_max", 1, 64),
    ("validate.url_ms_max", 0, HOUR),
    ("lists.oai_records_max", 1, 10_000),
    ("lists.oai_headers_max", 1, 100_000),
    ("lists.oai_token_ms", SECOND, 30 * DAY),
    ("lists.atom_entries_max", 1, 1_000),
    ("pages.datasets", 1, 100_000),
    ("pages.datasets_max", 1, 100_000),
    ("pages.bytes_max", KB, GB),
    ("dumps.every_ms", 0, 366 * DAY),
    ("dumps.wait_ms", 0, HOUR),
    ("dumps.kept", 1, 1_000),
    ("dumps.kept_ms", MINUTE, 3_660 * DAY),
    ("webhooks.batch_activities_max", 1, 10_000),
    ("webhooks.connect_ms", 100, 5 * MINUTE),
    ("webhooks.total_ms", 100, 10 * MINUTE),
    ("webhooks.tries_max", 1, 1_000),
    ("webhooks.give_up_ms", 0, 30 * DAY),
    ("webhooks.backoff_first_ms", 1, HOUR),
    ("webhooks.backoff_max_ms", 1, 7 * DAY),
    ("webhooks.retry_after_max_ms", 0, 7 * DAY),
    ("webhooks.dead_max", 0, 1_000_000),
    ("feedback.body_bytes_max", KB, 4 * MB),
    ("feedback.text_bytes_max", 100, MB),
    ("feedback.values_max", 1, 1_000),
    ("feedback.open_max", 1, 1_000_000),
    ("feedback.kept_bytes_max", KB, 16 * GB),
    ("feedback.per_centre_day_max", 1, 1_000_000),
    ("feedback.per_address_hour_max", 1, 1_000_000),
    ("feedback.addresses_max", 1, 10_000_000),
    ("feedback.publish_every_ms", 0, HOUR),
    ("feedback.page_max", 1, 10_000),
    ("search.heap_bytes", 16 * MB, 4 * GB),
    ("search.rows_max", 1, 100_000),
    ("search.query_bytes_max", 256, MB),
    ("search.clauses_max", 1, 10_000),
    ("search.facet_values_max", 1, 1_000_000),
    ("search.retry_first_ms", 10, HOUR),
    ("search.retry_max_ms", 10, DAY),
    ("links.begin_after_ms", 0, DAY),
    ("links.look_every_ms", 10, HOUR),
    ("links.period_ms", MINUTE, 366 * DAY),
    ("links.failures_min", 1, 1_000),
    ("links.failing_ms_min", 0, 366 * DAY),
    ("links.retry_first_ms", 1, 30 * DAY),
    ("links.retry_max_ms", 1, 366 * DAY),
    ("links.hosts_at_once_max", 1, 10_000),
    ("links.bytes_max", 512, 16 * MB),
    ("links.connect_ms", 100, 5 * MINUTE),
    ("links.total_ms", 100, HOUR),
    ("links.history_max", 1, 100),
    ("links.page_max", 1, 100_000),
    ("links.sums_every_ms", 0, DAY),
    ("operator.session_ms", MINUTE, 30 * DAY),
    ("operator.sessions_max", 1, 10_000),
    ("operator.tries_max", 1, 1_000),
    ("operator.tries_ms", SECOND, DAY),
    ("operator.wait_ms", 0, 10 * MINUTE),
];

/// The second must not be less than the first.
pub(super) const ORDERED: &[(&str, &str)] = &[
    ("query.wanted_ms", "query.slow_ms"),
    ("network.connect_ms", "network.total_ms"),
    ("network.read_ms", "network.total_ms"),
    ("network.backoff_first_ms", "network.backoff_max_ms"),
    ("network.run_retry_first_ms", "network.run_retry_max_ms"),
    ("health.spare_first_ms", "health.spare_max_ms"),
    ("webhooks.connect_ms", "webhooks.total_ms"),
    ("webhooks.backoff_first_ms", "webhooks.backoff_max_ms"),
    ("pages.datasets", "pages.datasets_max"),
    ("query.query_bytes_max", "http.body_bytes_max"),
    ("query.dumps_max", "query.house_workers"),
    ("search.query_bytes_max", "http.body_bytes_max"),
    ("search.retry_first_ms", "search.retry_max_ms"),
    ("links.retry_first_ms", "links.retry_max_ms"),
    ("links.connect_ms", "links.total_ms"),
    ("query.stack_bytes", "query.memory_bytes_max"),
    ("push.body_bytes_max", "push.catalog_bytes_max"),
    ("push.catalog_bytes_max", "push.under_way_bytes_max"),
    ("feedback.text_bytes_max", "feedback.body_bytes_max"),
];

/// Least and most of a limit, named as under `[limits]`.
pub(super) fn range(name: &str) -> (u64, u64) {
    RANGES
        .iter()
        .find(|(known, ..)| *known == name)
        .map_or((0, u64::MAX), |(_, least, most)| (*least, *most))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use serde_json::Value;

    fn leaves(value: &Value, path: &str, into: &mut Vec<(String, u64)>) {
        for (key, value) in value.as_object().unwrap() {
            match value {
                Value::Object(_) => leaves(value, &format!("{path}{key}."), into),
                value => into.push((format!("{path}{key}"), value.as_u64().unwrap())),
            }
        }
    }

    #[test]
    fn every_limit_has_a_range_that_holds_its_default() {
        let mut limits = Vec::new();
        leaves(
            &serde_json::to_value(Limits::default()).unwrap(),
            "",
            &mut limits,
        );
        let mut ranged: Vec<&str> = RANGES.iter().map(|(name, ..)| *name).collect();
        for (name, default) in &limits {
            assert!(ranged.contains(&name.as_str()), "{name} has no range");
            let (least, most) = range(name);
            assert!(
                (least..=most).contains(default),
                "{name} = {default} is not in {least}..={most}"
            );
            ranged.retain(|other| other != name);
        }
        assert!(ranged.is_empty(), "ranges without a limit: {ranged:?}");
        for name in ORDERED.iter().flat_map(|(a, b)| [a, b]) {
            assert!(
                limits.iter().any(|(limit, _)| limit == name),
                "{name} is no limit"
            );
        }
    }
}
