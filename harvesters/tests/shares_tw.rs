//! The whole national export through the vocabulary: how many values become controlled ones, which do not, and how
//! long it takes. Skipped where the material is absent.
#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Location, Page, PartName, Record, RecordId, Request,
    Settings, Stop,
};
use harvestd_vocab::{Class, Context, Refusal, normalise, tables};
use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
    io::BufReader,
    ops::ControlFlow::{self, Continue},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// The columns whose values are to be controlled ones: column, what is said of it in the normal form, and the least
/// share of its values, in per mille, that have to be.
const CONTROLLED: [(&str, Controlled, usize); 8] = [
    (
        "更新頻率",
        Controlled::Iri("dc/terms/accrualPeriodicity", "authority/frequency/"),
        990,
    ),
    (
        "授權方式",
        Controlled::Iri("dc/terms/license", "https://data.gov.tw/license"),
        990,
    ),
    ("檔案格式", Controlled::Formats, 990),
    ("編碼格式", Controlled::Encodings, 990),
    (
        "服務分類",
        Controlled::Iri(
            "dcat#theme",
            "https://w3id.org/harvestd/tw/service-category/",
        ),
        990,
    ),
    (
        "品質檢測",
        Controlled::Iri("oa#hasBody", "https://w3id.org/harvestd/tw/quality-badge/"),
        990,
    ),
    (
        "提供機關",
        Controlled::Iri("dc/terms/publisher", "/agent/tw/"),
        300,
    ),
    (
        "上架日期",
        Controlled::Iri("dc/terms/issued", "XMLSchema#dateTime"),
        990,
    ),
];

/// How a value of a column is known to be controlled.
#[derive(Clone, Copy)]
enum Controlled {
    /// A statement with this predicate has this in its object.
    Iri(&'static str, &'static str),
    /// Each item of the list has a file type, or is an interface, or says nothing on purpose.
    Formats,
    /// Each item of the list is a name of IANA's.
    Encodings,
}

#[test]
fn values_become_controlled_ones() {
    let Some(folder) = material() else { return };
    let harvester = open();
    let rows = rows(&*harvester, &folder.join("datagovtw_export_full.json.gz"));
    let mut shares: Vec<Share> = CONTROLLED.iter().map(|_| Share::default()).collect();
    let mut belonging = 0_usize;
    let mut findings: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        let cells: serde_json::Value = serde_json::from_slice(row.part("row").unwrap()).unwrap();
        let normal = normalise(harvester.describe(row).unwrap(), &row.id.key, &context()).unwrap();
        belonging += usize::from(normal.body.contains("org#subOrganizationOf>"));
        for finding in normal.findings {
            *findings.entry(finding.code).or_default() += 1;
        }
        for ((column, controlled, _), share) in CONTROLLED.iter().zip(&mut shares) {
            let cell = cells[column].as_str().unwrap_or_default();
            share.count(*controlled, cell, &normal.body);
        }
    }
    for ((column, _, least), share) in CONTROLLED.iter().zip(&shares) {
        println!("{column}: {share}");
        assert!(share.given > 0, "{column}");
        assert!(
            share.mapped * 1000 >= share.given * least,
            "{column}: {share}"
        );
    }
    println!("agents that say whom they belong to: {belonging}");
    println!("findings: {findings:?}");
    assert!(belonging > 20_000);
    assert!(findings["secret-in-link"] > 1_000);
}

/// Of the values of a column, how many are controlled.
#[derive(Default)]
struct Share {
    given: usize,
    mapped: usize,
    unmapped: BTreeMap<String, usize>,
}

impl Share {
    fn count(&mut self, controlled: Controlled, cell: &str, body: &str) {
        match controlled {
            Controlled::Iri(predicate, object) => {
                let predicate = format!("/{predicate}> ");
                let said = |line: &str| {
                    let statement = line.split_once(&predicate);
                    statement.is_some_and(|(_, said)| said.contains(object))
                };
                self.add(cell, body.lines().any(said));
            }
            Controlled::Formats => {
                for item in cell.split(';') {
                    self.add(item, tables::format(item).is_some() || item == "其他");
                }
            }
            Controlled::Encodings => {
                for item in cell.split(';') {
                    self.add(item, tables::encodings().cell(item).is_some());
                }
            }
        }
    }

    fn add(&mut self, value: &str, is_mapped: bool) {
        if value.is_empty() {
            return;
        }
        self.given += 1;
        if is_mapped {
            self.mapped += 1;
        } else {
            *self.unmapped.entry(value.to_owned()).or_default() += 1;
        }
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let percent = 100.0 * self.mapped as f64 / self.given.max(1) as f64;
        write!(f, "{percent:.2} % of {}", self.given)?;
        let mut rest: Vec<_> = self.unmapped.iter().collect();
        rest.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
        for (value, times) in rest.iter().take(10) {
            write!(f, "; {value} {times}")?;
        }
        Ok(())
    }
}

/// How long describing and normalising the export takes on one core.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let Some(folder) = material() else { return };
    let harvester = open();
    let rows = rows(&*harvester, &folder.join("datagovtw_export_full.json.gz"));
    for _ in 0..3 {
        let begun = Instant::now();
        let mut bytes = 0;
        for row in &rows {
            let description = harvester.describe(row).unwrap();
            bytes += normalise(description, &row.id.key, &context())
                .unwrap()
                .body
                .len();
        }
        let took = begun.elapsed();
        println!(
            "{} records, {bytes} bytes, {took:?}: {:.0} a second",
            rows.len(),
            rows.len() as f64 / took.as_secs_f64()
        );
    }
}

fn context() -> Context {
    Context {
        base: "https://harvestd.example/".to_owned(),
        source: "national".to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: Some(480),
        shared_agencies: true,
    }
}

/// The folder of the export, where there is one.
fn material() -> Option<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/taiwan/datagovtw");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: ../shared not present");
    None
}

fn open() -> Box<dyn Harvester> {
    let settings = Settings {
        document: Default::default(),
        source: "national".to_owned(),
        url: "https://data.gov.tw/api/front/dataset/export?format=json"
            .parse()
            .unwrap(),
        options: serde_json::json!({}),
        record_bytes_max: 1 << 20,
    };
    (harvestd_harvesters::kind("data_gov_tw").unwrap().open)(settings).unwrap()
}

fn rows(harvester: &dyn Harvester, path: &Path) -> Vec<Record> {
    let unpacked = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    assert!(unpacked.status.success());
    let request = harvester.begin(None, 0).remove(0);
    let answer = Answer {
        request: &request,
        status: 200,
        url: request.url.clone(),
        media_type: None,
        link_next: None,
        body: &mut BufReader::new(unpacked.stdout.as_slice()),
    };
    let mut rows = Rows::default();
    harvester.read(answer, &mut rows).unwrap();
    rows.0
}

/// Keeps the datasets of an answer.
#[derive(Default)]
struct Rows(Vec<Record>);

impl Page for Rows {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        if id.class == Class::Dataset {
            let parts = vec![(part, raw.to_owned())];
            self.0.push(Record { id, parts });
        }
        Continue(())
    }
    fn refused(&mut self, _: Location, why: Refusal) -> ControlFlow<Stop> {
        panic!("{why}")
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        Continue(())
    }
    fn complete(&mut self, _: Completeness) -> ControlFlow<Stop> {
        Continue(())
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn next(&mut self, _: Request) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        unreachable!()
    }
}
