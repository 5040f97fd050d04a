//! Every figure with its help. In the order in which an operator asks: is it well, what does it hold, its sources, who
//! asks it.

use super::{Figure, Kind, Scale};
use metrics::Unit;

const fn counter(name: &'static str, unit: Unit, help: &'static str) -> Figure {
    Figure {
        name,
        kind: Kind::Counter,
        unit,
        help,
    }
}

const fn gauge(name: &'static str, unit: Unit, help: &'static str) -> Figure {
    Figure {
        name,
        kind: Kind::Gauge,
        unit,
        help,
    }
}

const fn seconds(name: &'static str, scale: Scale, help: &'static str) -> Figure {
    Figure {
        name,
        kind: Kind::Histogram(scale),
        unit: Unit::Seconds,
        help,
    }
}

/// All that is counted or measured.
pub const FIGURES: &[Figure] = &[
    gauge(
        "harvestd_build_info",
        Unit::Count,
        "Always 1; version is that of the program",
    ),
    gauge(
        "process_start_time_seconds",
        Unit::Seconds,
        "When the daemon was started, in seconds since 1970",
    ),
    gauge(
        "process_resident_memory_bytes",
        Unit::Bytes,
        "Memory of the daemon's own process; its query workers are processes of their own",
    ),
    gauge(
        "harvestd_read_only",
        Unit::Count,
        "1 while nothing can be written, so that no run begins and no push is taken; /readyz says why",
    ),
    gauge(
        "harvestd_damaged_files",
        Unit::Count,
        "Files of the store in which damage was met; /readyz names them, harvestd scrub reads all",
    ),
    gauge(
        "harvestd_disk_free_bytes",
        Unit::Bytes,
        "What is free for the daemon on the fullest of the disks that the data directory is on",
    ),
    counter(
        "harvestd_reloads_total",
        Unit::Count,
        "Configurations that were read anew, by outcome: done, or refused for an error",
    ),
    gauge(
        "harvestd_published_seq",
        Unit::Count,
        "Sequence number of the newest activity that is published",
    ),
    gauge(
        "harvestd_published_timestamp_seconds",
        Unit::Seconds,
        "When the newest snapshot was published, in seconds since 1970",
    ),
    gauge(
        "harvestd_snapshots_bytes",
        Unit::Bytes,
        "Bytes on disk that only older snapshots hold",
    ),
    seconds(
        "harvestd_search_index_seconds",
        Scale::Work,
        "How long the search index took to follow a publication",
    ),
    seconds(
        "harvestd_identity_seconds",
        Scale::Work,
        "How long comparing the records of different sources took after a run",
    ),
    gauge(
        "harvestd_identity_datasets",
        Unit::Count,
        "Datasets that several sources have and that are published once",
    ),
    gauge(
        "harvestd_identity_listed_pairs",
        Unit::Count,
        "Pairs of records that are listed for a person, since they may be one dataset",
    ),
    gauge(
        "harvestd_source_records",
        Unit::Count,
        "Records that are held of a source",
    ),
    gauge(
        "harvestd_source_last_complete_timestamp_seconds",
        Unit::Seconds,
        "When the last complete run of a source began, in seconds since 1970",
    ),
    gauge(
        "harvestd_source_sick",
        Unit::Count,
        "1 while a source is sick or stale; `harvestd status` says why",
    ),
    gauge(
        "harvestd_source_stale",
        Unit::Count,
        "1 while no run of a source has been complete for longer than may be",
    ),
    gauge(
        "harvestd_held_datasets",
        Unit::Count,
        "Deletions of a source that wait for a person: `harvestd held list`",
    ),
    counter(
        "harvestd_runs_total",
        Unit::Count,
        "Runs of a source that ended, by outcome: complete, partial or failed",
    ),
    gauge(
        "harvestd_last_run_seconds",
        Unit::Seconds,
        "How long the last run of a source took",
    ),
    counter(
        "harvestd_diagnoses_total",
        Unit::Count,
        "Runs of a source with a diagnosis, by diagnosis; the table is in docs/operating.md",
    ),
    counter(
        "harvestd_network_requests_total",
        Unit::Count,
        "Questions to sources that ended, by outcome: answer, not-modified, or the kind of the error",
    ),
    counter(
        "harvestd_network_bytes_total",
        Unit::Bytes,
        "Bytes of answers of sources, by form: wire as they came, decoded as they were kept",
    ),
    counter(
        "harvestd_network_retries_total",
        Unit::Count,
        "Tries of a question beyond the first, by the cause of the one before",
    ),
    seconds(
        "harvestd_network_wait_seconds",
        Scale::Work,
        "How long questions waited before they were asked, by reason: pace or retry",
    ),
    gauge(
        "harvestd_quality_mean",
        Unit::Count,
        "Mean quality of a source's datasets, by metric: mqa, fair or ai-ready; docs/quality.md says what each counts",
    ),
    seconds(
        "harvestd_quality_seconds",
        Scale::Work,
        "How long measuring the quality took after a publication",
    ),
    gauge(
        "harvestd_links_known",
        Unit::Count,
        "Addresses of files that datasets name",
    ),
    gauge(
        "harvestd_links_broken",
        Unit::Count,
        "Of them those that are broken: `harvestd links`",
    ),
    counter(
        "harvestd_links_checked_total",
        Unit::Count,
        "Addresses of files that were asked, by trouble; docs/links.md has the table",
    ),
    counter(
        "harvestd_pushes_not_admitted_total",
        Unit::Count,
        "Pushes that were refused at the door: no token, a wrong one, or no room",
    ),
    counter(
        "harvestd_trials_not_admitted_total",
        Unit::Count,
        "Trials (/validate) that were refused for lack of a centre's token",
    ),
    counter(
        "harvestd_webhook_failures_total",
        Unit::Count,
        "Messages that a receiver did not take, by webhook; each is tried again",
    ),
    gauge(
        "harvestd_feedback_items",
        Unit::Count,
        "What is said of datasets, by status: open, accepted or declined",
    ),
    counter(
        "harvestd_feedback_received_total",
        Unit::Count,
        "Feedback that was taken, by kind and by from, who sent it",
    ),
    counter(
        "harvestd_feedback_refused_total",
        Unit::Count,
        "Feedback that was refused, by status of the answer",
    ),
    counter(
        "harvestd_http_requests_total",
        Unit::Count,
        "Answers to clients, by route and status",
    ),
    seconds(
        "harvestd_http_request_seconds",
        Scale::Answers,
        "Time until an answer to a client began, by route",
    ),
    counter(
        "harvestd_http_connections_refused_total",
        Unit::Count,
        "Connections that were closed at once: their client had as many as one may have",
    ),
    counter(
        "harvestd_admin_refused_total",
        Unit::Count,
        "Requests at the operator's address without the right token",
    ),
    seconds(
        "harvestd_lookup_seconds",
        Scale::Answers,
        "Lookups that the daemon answers without a worker, by outcome: given, or left to a worker",
    ),
    seconds(
        "harvestd_worker_answer_seconds",
        Scale::Answers,
        "Queries to workers, by pool and outcome, the wait for a free one included",
    ),
    gauge(
        "harvestd_workers_free",
        Unit::Count,
        "Workers of a pool that could take a query at once",
    ),
    counter(
        "harvestd_workers_started_total",
        Unit::Count,
        "Worker processes that were started, by pool",
    ),
    counter(
        "harvestd_workers_ended_total",
        Unit::Count,
        "Worker processes that were ended in the middle of a query, by pool",
    ),
    counter(
        "harvestd_worker_deadlines_total",
        Unit::Count,
        "Queries that were ended at their deadline, by pool",
    ),
    counter(
        "harvestd_worker_gave_way_total",
        Unit::Count,
        "Long queries that were ended for others that waited, by pool",
    ),
];
