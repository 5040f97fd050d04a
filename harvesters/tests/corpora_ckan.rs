//! The connector `ckan` over everything in the CKAN corpora: per file, what was found, accepted and refused, and why.
//!
//! Answers of `package_search` and `package_show` go through the connector as they are; a package that stands in
//! another document (a dump, a list within a group, the search index of the old API) is put into an answer of
//! `package_show` first. The corpora are not part of the project: where they are absent, this says so and passes.
//! The table is shown with `--nocapture`. Start reading at [`every_file_of_the_corpora`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "corpora_ckan/tally.rs"]
mod tally;

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Location, Page, PartName, Record, RecordId, Request,
    Settings, Stop, ckan,
};
use harvestd_vocab::{Class, Context, Refusal, normalise};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    ops::ControlFlow::{self, Continue},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::Command,
};
use tally::Tally;

const CORPORA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpora/ckan");

#[test]
fn every_file_of_the_corpora() {
    let root = Path::new(CORPORA);
    if !root.is_dir() {
        println!("SKIPPED: ../shared not present ({CORPORA}): no real CKAN answer was read");
        return;
    }
    let mut totals = Tally::default();
    let mut faults = Vec::new();
    println!(
        "| file | what it is | datasets | accepted | refused | gone | filtered | agents | why |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|---|");
    for file in files(root) {
        let name = file.strip_prefix(root).unwrap().display().to_string();
        let Some(bytes) = contents(&file) else {
            println!("SKIPPED: {name}: gzip is not installed");
            continue;
        };
        let (what, material) = sorted_out(&name, &bytes);
        let tally = match catch_unwind(AssertUnwindSafe(|| tried(&material))) {
            Ok(tally) => tally,
            Err(_) => {
                faults.push(format!("{name}: panicked"));
                continue;
            }
        };
        println!("| {name} | {what} {tally}");
        faults.extend(tally.faults.iter().map(|fault| format!("{name}: {fault}")));
        if !matches!(material, Material::Nothing(_)) && tally.accepted == 0 {
            faults.push(format!("{name}: {what} with packages, and none accepted"));
        }
        totals.add(&tally);
    }
    println!("| all | {totals}");
    println!("\nfindings: {:#?}", totals.findings);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(
        totals.accepted > 1_300,
        "only {} of {} accepted",
        totals.accepted,
        totals.found
    );
}

/// What a file gives to try.
enum Material {
    /// An answer of `package_search`.
    Search(Vec<u8>),
    /// Packages, each as its own JSON.
    Packages(Vec<String>),
    /// No datasets in it, and why.
    Nothing(String),
}

fn sorted_out(name: &str, bytes: &[u8]) -> (&'static str, Material) {
    let nothing = |why: &str| ("other", Material::Nothing(why.to_owned()));
    if name.contains(".jsonl") {
        let lines = String::from_utf8(bytes.to_vec()).unwrap();
        let packages = lines
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(str::to_owned)
            .collect();
        return ("dump, a package a line", Material::Packages(packages));
    }
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
        return nothing("it is not JSON");
    };
    let packages = |list: &[Value]| Material::Packages(list.iter().map(Value::to_string).collect());
    let is_package = |value: &Value| {
        value.get("resources").is_some_and(Value::is_array) || value.get("owner_org").is_some()
    };
    let are_packages = |list: &[Value]| !list.is_empty() && list.iter().all(is_package);
    if document
        .pointer("/result/results")
        .is_some_and(Value::is_array)
    {
        return ("package_search", Material::Search(bytes.to_vec()));
    }
    if let Some(result) = document.get("result").filter(|result| is_package(result)) {
        return ("package_show", packages(std::slice::from_ref(result)));
    }
    let list = document
        .get("result")
        .or_else(|| document.get("packages"))
        .unwrap_or(&document)
        .as_array();
    if let Some(list) = list.filter(|list| are_packages(list)) {
        return ("packages in another document", packages(list));
    }
    if is_package(&document) {
        return ("package", packages(std::slice::from_ref(&document)));
    }
    let rows = document
        .get("results")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_else(|| vec![document.clone()]);
    let indexed: Vec<String> = rows
        .iter()
        .filter_map(|row| row.get("data_dict")?.as_str().map(str::to_owned))
        .collect();
    if !indexed.is_empty() {
        return ("search index of the old API", Material::Packages(indexed));
    }
    nothing(&reason(name, &document, list))
}

/// Why a document has no datasets in it.
fn reason(name: &str, document: &Value, list: Option<&Vec<Value>>) -> String {
    let names = list.map_or(0, |list| list.iter().filter(|n| n.is_string()).count());
    if name.contains("package_list") {
        let asked = asked_by_name(document);
        assert_eq!(asked, names, "{name}: every name is asked for");
        return format!("{names} names of packages: each is asked for by package_show");
    }
    if document.get("aspects").is_some() {
        return "a record of Magda, not a CKAN package".to_owned();
    }
    if ["distribution", "dataset", "landingPage"]
        .iter()
        .any(|key| {
            document.get(key).is_some()
                || list.is_some_and(|list| list.iter().any(|d| d.get(key).is_some()))
        })
    {
        return "DCAT as JSON, not CKAN".to_owned();
    }
    if names > 0 {
        return format!("{names} names of organisations");
    }
    let rows = document
        .get("results")
        .or(Some(document))
        .and_then(Value::as_array);
    match rows {
        Some(rows)
            if rows
                .iter()
                .all(|row| row.is_string() || row.as_object().is_some_and(|o| o.len() == 1)) =>
        {
            format!("{} ids or titles alone, from the old API", rows.len())
        }
        Some(rows) => format!("{} objects without resources: organisations", rows.len()),
        None if name.contains("organization") => "an organisation".to_owned(),
        None => "a list of formats, of texts, or nothing at all".to_owned(),
    }
}

/// How many packages the connector asks for after this `package_list`.
fn asked_by_name(document: &Value) -> usize {
    let harvester = opened(json!({ "mode": "list" }));
    let mut heard = Heard::default();
    let question = harvester.begin(None, 0).remove(0);
    answered(
        &*harvester,
        &question,
        document.to_string().as_bytes(),
        &mut heard,
    );
    heard.next.len()
}

fn tried(material: &Material) -> Tally {
    let mut heard = Heard::default();
    let harvester = opened(json!({ "rows": 1_000_000 }));
    match material {
        Material::Nothing(why) => {
            return Tally {
                why: why.clone(),
                ..Tally::default()
            };
        }
        Material::Search(answer) => {
            let head = harvester.begin(None, 0).remove(0);
            answered(&*harvester, &head, answer, &mut heard);
            let page = heard.next.pop().unwrap();
            answered(&*harvester, &page, answer, &mut heard);
        }
        Material::Packages(packages) => {
            let by_name = opened(json!({ "mode": "list" }));
            let names = by_name.begin(None, 0).remove(0);
            let one = json!({ "success": true, "result": ["name"] }).to_string();
            for package in packages {
                heard.next.clear();
                answered(&*by_name, &names, one.as_bytes(), &mut heard);
                let question = heard.next.pop().unwrap();
                let answer =
                    format!("{{\"help\": \"\", \"success\": true, \"result\": {package}}}");
                answered(&*by_name, &question, answer.as_bytes(), &mut heard);
            }
        }
    }
    described(&*harvester, heard)
}

fn opened(options: Value) -> Box<dyn Harvester> {
    let settings = Settings {
        source: "corpora".to_owned(),
        url: "https://ckan.example/".parse().unwrap(),
        options,
        record_bytes_max: 8 * 1024 * 1024,
        document: Default::default(),
    };
    (ckan::KIND.open)(settings).unwrap()
}

fn answered(harvester: &dyn Harvester, question: &Request, mut body: &[u8], heard: &mut Heard) {
    let answer = Answer {
        request: question,
        status: 200,
        url: question.url.clone(),
        media_type: Some("application/json".to_owned()),
        link_next: None,
        body: &mut body,
    };
    if let Err(e) = harvester.read(answer, heard) {
        heard.tally.faults.push(e.to_string());
    }
}

fn described(harvester: &dyn Harvester, heard: Heard) -> Tally {
    let cx = Context {
        base: "https://harvestd.example/".to_owned(),
        source: "corpora".to_owned(),
        language: None,
        offset_minutes: None,
        shared_agencies: false,
    };
    let mut tally = heard.tally;
    for (id, record) in &heard.records {
        let normal = harvester
            .describe(record)
            .and_then(|description| normalise(description, &id.key, &cx));
        match normal {
            Err(why) => tally.refuse(&why),
            Ok(_) if id.class == Class::Agent => tally.agents += 1,
            Ok(normal) => {
                tally.accepted += 1;
                for finding in normal.findings {
                    *tally.findings.entry(finding.code).or_default() += 1;
                }
            }
        }
    }
    let accounted = tally.accepted + tally.refused + tally.gone + tally.filtered + tally.duplicates;
    if accounted != tally.found {
        tally
            .faults
            .push(format!("{} found, {accounted} accounted for", tally.found));
    }
    tally
}

#[derive(Default)]
struct Heard {
    next: Vec<Request>,
    records: BTreeMap<RecordId, Record>,
    tally: Tally,
}

impl Page for Heard {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        let is_dataset = matches!(id.class, Class::Dataset | Class::DatasetSeries);
        let had = self.records.contains_key(&id);
        self.tally.found += u64::from(is_dataset);
        self.tally.duplicates += u64::from(is_dataset && had);
        self.records.entry(id.clone()).or_insert_with(|| Record {
            id,
            parts: vec![(part, raw.to_vec())],
        });
        Continue(())
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        self.tally.found += 1;
        self.tally.gone += 1;
        Continue(())
    }
    fn refused(&mut self, _: Location, why: Refusal) -> ControlFlow<Stop> {
        self.tally.found += 1;
        self.tally.refuse(&why);
        Continue(())
    }
    fn filtered(&mut self, _: RecordId, why: &'static str) -> ControlFlow<Stop> {
        self.tally.found += 1;
        self.tally.filtered += 1;
        self.tally.why += &format!("left out: {why}; ");
        Continue(())
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        Continue(())
    }
    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.next.push(question);
        Continue(())
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        Continue(())
    }
    fn complete(&mut self, _: Completeness) -> ControlFlow<Stop> {
        Continue(())
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}

fn files(of: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(of).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A file's bytes, unpacked; None where nothing here can unpack them.
fn contents(file: &Path) -> Option<Vec<u8>> {
    if file.extension().is_some_and(|ending| ending == "gz") {
        let unpacked = Command::new("gzip").arg("-dc").arg(file).output().ok()?;
        assert!(unpacked.status.success(), "{}: gzip failed", file.display());
        return Some(unpacked.stdout);
    }
    Some(fs::read(file).unwrap())
}
