//! What is counted is in the table, what is in the table is counted, and whoever reads the figures finds them.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The names that follow `metrics::counter!(` and its like, with that word. A name may be a constant of its file.
fn counted(folder: &Path, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            counted(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("figures/tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            for word in ["counter", "gauge", "histogram"] {
                for rest in text.split(&format!("metrics::{word}!(")).skip(1) {
                    let name = rest.split([',', ')']).next().unwrap().trim();
                    let name = match name.strip_prefix('"') {
                        Some(literal) => literal.trim_end_matches('"'),
                        None => {
                            let begin = format!("const {name}: &str = \"");
                            text.split(&begin)
                                .nth(1)
                                .unwrap()
                                .split('"')
                                .next()
                                .unwrap()
                        }
                    };
                    found.entry(name.to_owned()).or_default().insert(word);
                }
            }
        }
    }
}

#[test]
fn what_is_counted_is_described_and_the_other_way_round() {
    let mut found = BTreeMap::new();
    counted(&root().join("src"), &mut found);
    let word = |kind| match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    };
    let described: BTreeMap<String, BTreeSet<&str>> = FIGURES
        .iter()
        .map(|figure| (figure.name.to_owned(), BTreeSet::from([word(figure.kind)])))
        .collect();
    assert_eq!(found, described);
    assert_eq!(
        described.len(),
        FIGURES.len(),
        "a name is twice in the table"
    );
}

/// <https://prometheus.io/docs/practices/naming/>
#[test]
fn names_are_as_prometheus_wants_them() {
    for Figure {
        name,
        kind,
        unit,
        help,
    } in FIGURES
    {
        assert!(
            name.starts_with("harvestd_") || name.starts_with("process_"),
            "{name}"
        );
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        let base = name.trim_end_matches("_total");
        assert_eq!(base.ends_with("_seconds"), *unit == Unit::Seconds, "{name}");
        assert_eq!(base.ends_with("_bytes"), *unit == Unit::Bytes, "{name}");
        assert!(help.len() > 20 && !help.ends_with('.'), "{name}: {help}");
    }
}

#[test]
fn bounds_rise() {
    for scale in [Scale::Answers, Scale::Work] {
        assert!(scale.bounds().is_sorted_by(|a, b| a < b), "{scale:?}");
    }
}

/// The names of ours in `text`; those of a histogram's parts are the histogram's.
fn named(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("harvestd_") || word.starts_with("process_"))
        .map(|word| {
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| word.strip_suffix(end));
            let is_histogram = |name: &&str| {
                FIGURES
                    .iter()
                    .any(|f| f.name == *name && matches!(f.kind, Kind::Histogram(_)))
            };
            base.filter(is_histogram).unwrap_or(word)
        })
        .collect()
}

#[test]
fn dashboard_alerts_and_documents_name_figures_that_there_are() {
    let names: BTreeSet<&str> = FIGURES.iter().map(|figure| figure.name).collect();
    for (path, least) in [
        ("config/grafana.json", 20),
        ("config/prometheus-alerts.yml", 8),
        ("docs/operating.md", 5),
        ("docs/recovery.md", 1),
    ] {
        let text = read(path);
        let said = named(&text);
        let strange: Vec<_> = said.difference(&names).collect();
        assert!(strange.is_empty(), "{path} names {strange:?}");
        assert!(said.len() >= least, "{path} names {} figures", said.len());
    }
}

/// What an import asks for, and no panel over another or without a query.
#[test]
fn the_dashboard_can_be_imported() {
    let board: serde_json::Value = serde_json::from_str(&read("config/grafana.json")).unwrap();
    assert_eq!(board["__inputs"][0]["pluginId"], "prometheus");
    assert!(board["id"].is_null() && board["schemaVersion"].is_u64());
    let panels = board["panels"].as_array().unwrap();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = &panel["title"];
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title}");
        for (x, y) in (at("x")..at("x") + at("w"))
            .flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
        {
            assert!(taken.insert((x, y)), "{title} lies over another");
        }
        if panel["type"] != "row" {
            let queries = panel["targets"].as_array().unwrap();
            assert!(!queries.is_empty(), "{title}");
            assert!(
                queries
                    .iter()
                    .all(|q| !named(q["expr"].as_str().unwrap()).is_empty()),
                "{title}"
            );
        }
    }
    assert!(panels.len() > 10);
}
