//! The whole national export through the vocabulary: how many values become controlled ones, which do not, and how
//! long it takes. Skipped where the material is absent.
#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Location, Page, PartName, Record, RecordId, Request,
    Settings, Stop,
};
use harvestd_vocab::{Class, Context, Refusal, normalise};
use std::{
    io::BufReader,
    ops::ControlFlow::{self, Continue},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

#[test]
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
    let request = harvester.begin(None).remove(0);
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
