//! What the daemon counts and measures, by name: the page `/metrics` in Prometheus' text format.
//!
//! Names, kinds, units and help are here and nowhere else; whoever counts says the name where it happens, and a test
//! compares both. Names end in their unit; counters in `_total`. Start at [`FIGURES`].

mod table;

use metrics::Unit;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
pub use table::FIGURES;

/// One thing that is counted or measured.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    pub name: &'static str,
    pub kind: Kind,
    pub unit: Unit,
    /// What it says, for a person; it names every label.
    pub help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from 0 at the start of the daemon.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often something took how long.
    Histogram(Scale),
}

/// The bounds between which a histogram counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// What somebody waits for: from a millisecond to the deadline of a query.
    Answers,
    /// What is done in the background: from a tenth of a second to an hour.
    Work,
}

impl Scale {
    /// In seconds, rising.
    pub fn bounds(self) -> &'static [f64] {
        match self {
            Self::Answers => &[
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
            ],
            Self::Work => &[0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0],
        }
    }
}

/// Counts from now on, for this whole process; the handle renders the page.
///
/// # Errors
/// Something counts in this process already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for figure in FIGURES {
        if let Kind::Histogram(scale) = figure.kind {
            let name = Matcher::Full(figure.name.to_owned());
            builder = builder.set_buckets_for_metric(name, scale.bounds())?;
        }
    }
    let handle = builder.install_recorder()?;
    for figure in FIGURES {
        match figure.kind {
            Kind::Counter => metrics::describe_counter!(figure.name, figure.unit, figure.help),
            Kind::Gauge => metrics::describe_gauge!(figure.name, figure.unit, figure.help),
            Kind::Histogram(_) => {
                metrics::describe_histogram!(figure.name, figure.unit, figure.help);
            }
        }
    }
    metrics::gauge!("harvestd_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    metrics::gauge!("process_start_time_seconds")
        .set(chrono::Utc::now().timestamp_millis() as f64 / 1000.0);
    // A rise from nothing at all is seen by nobody.
    for outcome in ["done", "refused"] {
        metrics::counter!("harvestd_reloads_total", "outcome" => outcome).increment(0);
    }
    Ok(handle)
}

/// What this process holds in memory now. Where the system does not tell, the figure stays as it was.
pub fn measure_memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .strip_suffix(" kB")?
            .trim()
            .parse()
            .ok()
    });
    if let Some(kib) = resident {
        let kib: f64 = kib;
        metrics::gauge!("process_resident_memory_bytes").set(kib * 1024.0);
    }
}

#[cfg(test)]
mod tests;
