//! One dataset once, measured: records of the national export against copies as another catalogue would hold them.
//!
//! A copy is made from a row by the rules in `identity/copies.rs`, and so it is known which record it is a copy of: the
//! label is the row's number, and the scorer has no part in it. Of every four rows, two are on both sides, one is only
//! in the export, and one only among the copies; what is tempting then (the next month's issue, the same title of
//! another agency) is all there is to be linked with. Agencies come whole, so that such rows stay together.
//!
//! The labels err on the safe side: where the export itself has one dataset twice (same agency, title, files), a link to
//! the other row counts as wrong. The samples are disjoint; no weight was fitted to either.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "identity/copies.rs"]
mod copies;
#[path = "identity/demo.rs"]
mod demo;
#[path = "identity/listed.rs"]
mod listed;
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
#[path = "support/origin.rs"]
mod origin;
#[path = "identity/real.rs"]
mod real;
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
#[path = "support/texts.rs"]
mod texts;

use copies::{Copies, Row, Sides, draw};
use harvestd::identity::{Features, Standing, Thresholds, candidates, clusters::cluster};
use harvestd_harvesters::{Harvester, Record, RecordId, Settings};
use harvestd_vocab::{Context, normalise};
use std::{
    collections::BTreeMap,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const EXPORT: &str = "../shared/corpora/taiwan/datagovtw/datagovtw_export_full.json.gz";
/// Agencies fall into so many parts; a sample is one of them.
const PARTS: u64 = 12;
const AUTOMATIC_LINKS_MIN: usize = 300;
const PRECISION_MIN: f64 = 0.99;
/// Of the pairs whose copy says enough to be told by: it names the original, or has its addresses, and its agency.
const RECALL_OF_TELLING_MIN: f64 = 0.85;

#[test]
fn automatic_links_are_right() {
    let Some(rows) = rows() else { return };
    for (name, part) in [("first sample", 0), ("second sample", 1)] {
        let of_part: Vec<&Row> = rows.iter().filter(|r| r.part(PARTS) == part).collect();
        let measured = Measured::of(&of_part);
        println!("{name}\n{measured}");
        assert!(measured.automatic() >= AUTOMATIC_LINKS_MIN);
        assert!(measured.precision() >= PRECISION_MIN);
        let (lower, _) = wilson(measured.right, measured.automatic());
        assert!(lower >= 0.98, "{lower}");
        let (found, of) = measured.telling();
        assert!(found as f64 / of as f64 >= RECALL_OF_TELLING_MIN);
    }
}

/// Figures for the whole export; takes a minute.
#[test]
#[ignore = "a measurement: run by name, with --nocapture"]
fn the_whole_export() {
    let Some(rows) = rows() else { return };
    println!("{}", Measured::of(&rows.iter().collect::<Vec<_>>()));
}

#[test]
fn wilson_is_wilson() {
    let (lower, upper) = wilson(99, 100);
    assert!((lower - 0.9455).abs() < 0.0005 && (upper - 0.9982).abs() < 0.0005);
    assert!((wilson(300, 300).0 - 0.9874).abs() < 0.0005);
}

/// What became of a sample.
struct Measured {
    national: usize,
    copies: usize,
    right: usize,
    /// Titles of links that are wrong, and why they were made.
    wrong: Vec<String>,
    listed_right: usize,
    listed_wrong: usize,
    /// What the copy kept -> pairs, made one, listed.
    recall: BTreeMap<String, [usize; 3]>,
    near_misses: usize,
    describing: Duration,
    linking: Duration,
}

impl Measured {
    fn of(rows: &[&Row]) -> Self {
        let began = Instant::now();
        let made = Copies::of(rows);
        let mut all: Vec<Features> = Vec::new();
        let (ministry, portal) = (open("data_gov_tw"), open("ckan"));
        for row in rows.iter().filter(|r| r.side() != Sides::OnlyCopy) {
            all.push(features(&*ministry, "national", &row.id, row.raw(), &made));
        }
        let national = all.len();
        for copy in &made.copies {
            all.push(features(&*portal, "portal", &copy.id, &copy.raw, &made));
        }
        let describing = began.elapsed();
        let began = Instant::now();
        let links = candidates::links(&all, None);
        let thresholds = Thresholds::default();
        let clusters = cluster(&all, &links, &[], thresholds);
        let mut measured = Self {
            national,
            copies: made.copies.len(),
            right: 0,
            wrong: Vec::new(),
            listed_right: 0,
            listed_wrong: 0,
            recall: BTreeMap::new(),
            near_misses: 0,
            describing,
            linking: began.elapsed(),
        };
        measured.near_misses = links.iter().filter(|l| !made.is_right(&l.a, &l.b)).count();
        let mut found: BTreeMap<String, Standing> = BTreeMap::new();
        for linked in &clusters.links {
            let right = made.is_right(&linked.link.a, &linked.link.b);
            match (linked.standing == Standing::One, right) {
                (true, true) => measured.right += 1,
                (true, false) => measured.wrong.push(format!("{:#?}", linked.link)),
                (false, true) => measured.listed_right += 1,
                (false, false) => measured.listed_wrong += 1,
            }
            if right {
                found.insert(
                    made.copy_in(&linked.link.a, &linked.link.b),
                    linked.standing,
                );
            }
        }
        for copy in made.copies.iter().filter(|c| c.original.is_some()) {
            let counts = measured.recall.entry(copy.keeps()).or_default();
            counts[0] += 1;
            match found.get(&copy.id) {
                Some(Standing::One) => counts[1] += 1,
                Some(_) => counts[2] += 1,
                None => {}
            }
        }
        measured
    }

    fn automatic(&self) -> usize {
        self.right + self.wrong.len()
    }

    fn precision(&self) -> f64 {
        self.right as f64 / self.automatic().max(1) as f64
    }

    /// Pairs that a machine can tell: found, and how many there are.
    fn telling(&self) -> (usize, usize) {
        let telling = self.recall.iter().filter(|(keeps, _)| copies::tells(keeps));
        telling.fold((0, 0), |(found, of), (_, c)| (found + c[1], of + c[0]))
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (lower, upper) = wilson(self.right, self.automatic());
        writeln!(
            f,
            "  {} national records, {} copies; described in {:.1?}, linked in {:.1?}",
            self.national, self.copies, self.describing, self.linking
        )?;
        writeln!(
            f,
            "  wrong pairs among the candidates: {}",
            self.near_misses
        )?;
        writeln!(
            f,
            "  automatic: {} links, {} right; precision {:.4} (95 %: {lower:.4} to {upper:.4})",
            self.automatic(),
            self.right,
            self.precision()
        )?;
        let silent = self
            .recall
            .iter()
            .filter(|(keeps, _)| keeps.starts_with("no link"));
        let silent: usize = silent.map(|(_, counts)| counts[1]).sum();
        writeln!(
            f,
            "  of them right without any link to the original: {silent}"
        )?;
        writeln!(
            f,
            "  listed: {} right, {} wrong",
            self.listed_right, self.listed_wrong
        )?;
        writeln!(f, "  {:<44} pairs  one  listed  recall", "the copy keeps")?;
        let mut sum = [0; 3];
        for (keeps, [pairs, one, listed]) in &self.recall {
            let share = *one as f64 / *pairs as f64;
            writeln!(f, "  {keeps:<44} {pairs:5} {one:4} {listed:7}  {share:.3}")?;
            sum = [sum[0] + pairs, sum[1] + one, sum[2] + listed];
        }
        let (found, of) = self.telling();
        let share = |a: usize, b: usize| a as f64 / b.max(1) as f64;
        writeln!(
            f,
            "  recall {:.3} ({:.3} with what is listed); of copies that name the original or keep addresses and agency {:.3} ({found} of {of})",
            share(sum[1], sum[0]),
            share(sum[1] + sum[2], sum[0]),
            share(found, of)
        )?;
        for wrong in self.wrong.iter().take(20) {
            writeln!(f, "  WRONG {wrong}")?;
        }
        Ok(())
    }
}

/// Wilson's interval of a share, 95 per cent.
fn wilson(hits: usize, of: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let n = of.max(1) as f64;
    let p = hits as f64 / n;
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    ((middle - half) / whole, (middle + half) / whole)
}

fn rows() -> Option<Vec<Row>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXPORT);
    if !path.exists() {
        eprintln!("SKIPPED: ../shared not present");
        return None;
    }
    // By the system's gzip: this project needs no gzip library of its own.
    let Ok(unpacked) = Command::new("gzip").arg("-dc").arg(&path).output() else {
        eprintln!("SKIPPED: no gzip");
        return None;
    };
    assert!(unpacked.status.success());
    let rows: Vec<Row> = serde_json::from_slice(&unpacked.stdout).unwrap();
    assert!(rows.len() > 50_000);
    Some(rows)
}

fn open(kind: &str) -> Box<dyn Harvester> {
    opened(kind, serde_json::json!({}))
}

fn opened(kind: &str, options: serde_json::Value) -> Box<dyn Harvester> {
    let settings = Settings {
        source: kind.to_owned(),
        url: "https://portal.example/".parse().unwrap(),
        options,
        record_bytes_max: 1 << 20,
        document: Default::default(),
    };
    (harvestd_harvesters::kind(kind).unwrap().open)(settings).unwrap()
}

fn features(
    harvester: &dyn Harvester,
    source: &str,
    key: &str,
    raw: &[u8],
    made: &Copies,
) -> Features {
    let part = if source == "national" {
        "row"
    } else {
        "package"
    };
    let record = Record {
        id: RecordId::dataset(key),
        parts: vec![(part, raw.to_vec())],
    };
    described(harvester, source, &record, &|iri| made.names(iri))
}

/// The way of every record: described by the connector, normalised, its features read from the body.
fn described(
    harvester: &dyn Harvester,
    source: &str,
    record: &Record,
    names: &dyn Fn(&str) -> Vec<String>,
) -> Features {
    let cx = Context {
        base: "https://hub.example/".to_owned(),
        source: source.to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: Some(480),
        shared_agencies: false,
    };
    let normal = normalise(harvester.describe(record).unwrap(), &record.id.key, &cx).unwrap();
    let (record, entity) = (normal.record.as_str(), normal.entity.as_str());
    Features::of(&normal.body, record, entity, source, names)
}

#[test]
fn draws_are_even() {
    let heads = (0..10_000)
        .filter(|n| draw(&n.to_string(), "coin", 2) == 0)
        .count();
    assert!((4_800..5_200).contains(&heads), "{heads}");
}
