//! Copies that nobody made for this test: datasets of Taipei, as the city's own lists have them and as the national export
//! has them.
//!
//! The label is the portal's: the city names its datasets by UUIDs, its lists say them (`?id=…`, `?oid=…`), and the
//! addresses of the national rows' data lie under them (`data.taipei/api/dataset/{UUID}/…`). A pair is right where the
//! UUIDs are equal, and wrong where they are not; rows whose data lie elsewhere have no label and are left out of the
//! lists' side, but stay in the export, as what may tempt.
//!
//! Measured twice: as the records are, where the addresses of the data name the city's record as the label does (what is
//! measured then is what titles, numbers and agencies make of it); and without anything that bears a UUID, so that the
//! label has no part in what is compared. The city's lists are of 2015 and 2018, the export is of 2026: agencies, titles
//! and files have changed since, and the city has given some datasets new UUIDs, which count against us.

use super::*;
use copies::Row;
use harvestd::identity::{
    Link, address,
    title::{Likeness, likeness},
};
use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Location, Page, PartName, Request, Stop,
};
use harvestd_vocab::Refusal;
use serde_json::Value;
use std::{
    collections::HashMap,
    ops::ControlFlow::{self, Continue},
};

/// Source, file, and the recorded case that has the mapping as it is shipped.
const LISTS: [(&str, &str, &str); 2] = [
    ("taipei-list-2018", "01_taipei.csv", "list-2018"),
    (
        "taipei-list-2015",
        "data_taipei_2015_big5_multiline.csv",
        "list-2015",
    ),
];
const AGENCY: &str = "臺北";

/// Which dataset of the city a record is about.
type Labels = HashMap<String, String>;

#[test]
fn real_copies() {
    let (Some(rows), Some(lists)) = (rows(), lists()) else {
        return;
    };
    let with = Found::of(&rows, &lists, true);
    println!("as they are\n{with}");
    let without = Found::of(&rows, &lists, false);
    println!("without what bears a UUID\n{without}");
    assert!(with.precision() >= PRECISION_MIN);
    // Both have one title, agency and description, and a new UUID since.
    assert!(without.wrong.len() <= 2, "{:#?}", without.wrong);
    assert!(with.automatic() >= AUTOMATIC_LINKS_MIN);
    assert!(with.right * 10 >= with.pairs * 7, "recall");
    assert!((without.right + without.listed[0]) * 2 >= without.pairs);
}

#[derive(Default)]
struct Found {
    /// Pairs of records that are about one dataset, of two sources each.
    pairs: usize,
    right: usize,
    wrong: Vec<String>,
    /// Right and wrong.
    listed: [usize; 2],
    /// Titles of right links that are not the same.
    retitled: Vec<String>,
    /// Right pairs that their titles' numbers keep apart.
    renumbered: usize,
}

impl Found {
    fn of(rows: &[Row], lists: &[Features], uuids: bool) -> Self {
        let mut all = lists.to_vec();
        let mut labels: Labels = all
            .iter()
            .map(|f| (f.record.to_string(), key(&f.record)))
            .collect();
        let (ministry, nobody) = (open("data_gov_tw"), Copies::of(&[]));
        for row in rows.iter().filter(|row| row.is_of(AGENCY)) {
            let of_row = features(&*ministry, "national", &row.id, row.raw(), &nobody);
            labels.extend(
                row.dataset_at("data.taipei/api/dataset/")
                    .map(|uuid| (of_row.record.to_string(), uuid)),
            );
            all.push(of_row);
        }
        if !uuids {
            all.iter_mut().for_each(forget_uuids);
        }
        let links = candidates::links(&all, None);
        let clusters = cluster(&all, &links, &[], Thresholds::default());
        let pairs = pairs(&all, &labels);
        let mut found = Self {
            pairs: pairs.len(),
            ..Self::default()
        };
        for linked in &clusters.links {
            found.take(linked.standing, &linked.link, &labels);
        }
        let apart = |(a, b): &&(usize, usize)| {
            let title = |at: usize| all[at].titles.first().unwrap();
            likeness(title(*a), title(*b)) == Likeness::OtherNumbers
        };
        found.renumbered = pairs.iter().filter(apart).count();
        found
    }

    fn take(&mut self, standing: Standing, link: &Link, labels: &Labels) {
        match (standing == Standing::One, is_right(labels, link)) {
            (_, None) => {}
            (true, Some(true)) => {
                self.right += 1;
                let title = link.evidence.iter().find(|e| e.code.starts_with("title-"));
                let retitled = title.filter(|e| &*e.code != "title-equal");
                self.retitled.extend(retitled.map(|e| e.found.to_string()));
            }
            (true, Some(false)) => self.wrong.push(format!("{link:#?}")),
            (false, Some(right)) => self.listed[usize::from(!right)] += 1,
        }
    }

    fn automatic(&self) -> usize {
        self.right + self.wrong.len()
    }

    fn precision(&self) -> f64 {
        self.right as f64 / self.automatic().max(1) as f64
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (all, share) = (self.automatic(), |n: usize| n as f64 / self.pairs as f64);
        let (lower, upper) = wilson(self.right, all);
        let recall = wilson(self.right, self.pairs);
        writeln!(
            f,
            "  {} pairs of records with one UUID; automatic: {all} links, {} right; precision {:.4} (95 %: {lower:.4} to {upper:.4})",
            self.pairs,
            self.right,
            self.precision()
        )?;
        writeln!(
            f,
            "  recall {:.3} (95 %: {:.3} to {:.3}), {:.3} with what is listed; listed: {} right, {} wrong",
            share(self.right),
            recall.0,
            recall.1,
            share(self.right + self.listed[0]),
            self.listed[0],
            self.listed[1]
        )?;
        writeln!(
            f,
            "  right pairs that numbers in their titles keep apart: {}; right links under two titles: {}",
            self.renumbered,
            self.retitled.len()
        )?;
        for titles in &self.retitled {
            writeln!(f, "    {titles}")?;
        }
        self.wrong
            .iter()
            .try_for_each(|wrong| writeln!(f, "{wrong}"))
    }
}

/// Do both records have a label, and is it the same?
fn is_right(labels: &Labels, link: &Link) -> Option<bool> {
    Some(labels.get(&*link.a)? == labels.get(&*link.b)?)
}

/// Pairs of records of different sources with one label, whatever anybody says of them.
fn pairs(all: &[Features], labels: &Labels) -> Vec<(usize, usize)> {
    let mut of_dataset: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, features) in all.iter().enumerate() {
        if let Some(label) = labels.get(&*features.record) {
            of_dataset.entry(label).or_default().push(at);
        }
    }
    let groups = of_dataset.values();
    let of_group = groups.flat_map(|group| {
        let second = |n: usize| group[n + 1..].iter();
        let each = group.iter().enumerate();
        each.flat_map(move |(n, a)| second(n).map(|b| (*a, *b)))
    });
    of_group
        .filter(|(a, b)| all[*a].source != all[*b].source)
        .collect()
}

fn key(record: &str) -> String {
    record.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Takes away whatever bears a UUID of the city's.
fn forget_uuids(features: &mut Features) {
    let none = |text: &str| address::uuids(text).is_empty();
    features.identifiers.clear();
    for list in [
        &mut features.addresses,
        &mut features.points_at,
        &mut features.urls,
    ] {
        list.retain(|text| none(text.trim_start_matches("urn:uuid:")));
    }
}

/// Every row of both lists, as the mappings that are shipped describe it.
fn lists() -> Option<Vec<Features>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = project.join("../shared/corpora/taiwan/portal-lists");
    if !folder.exists() {
        eprintln!("SKIPPED: ../shared not present");
        return None;
    }
    let mut all = Vec::new();
    for (source, file, case) in LISTS {
        let case = project.join(format!("tests/connectors/mapped/{case}/case.json"));
        let case: Value = serde_json::from_str(&std::fs::read_to_string(case).unwrap()).unwrap();
        let harvester = opened("mapped", case["options"].clone());
        let mut read = Read::default();
        let mut text =
            harvestd::encoding::open(&folder.join(file), Some("text/csv"), None).unwrap();
        let request = harvester.begin(None, 0).remove(0);
        let answer = Answer {
            url: request.url.clone(),
            request: &request,
            status: 200,
            media_type: Some("text/csv".to_owned()),
            link_next: None,
            body: &mut *text.reader,
        };
        harvester.read(answer, &mut read).unwrap();
        assert!(read.0.len() > 400, "{}", read.0.len());
        let described = read
            .0
            .iter()
            .map(|r| described(&*harvester, source, r, &|_| vec![]));
        all.extend(described);
    }
    Some(all)
}

#[derive(Default)]
struct Read(Vec<Record>);

impl Page for Read {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        let parts = vec![(part, raw.to_owned())];
        self.0.push(Record { id, parts });
        Continue(())
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        panic!("{at}: {why}")
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        Continue(())
    }
    fn next(&mut self, _: Request) -> ControlFlow<Stop> {
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
