//! Records described and normalised per second, and validated against both profiles' shapes, on one core, in this process:
//! no network, no store.

use crate::{
    export::Export,
    say,
    search::rate,
    table::{Line, Table},
};
use anyhow::{Context as _, Result, anyhow};
use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Location, Page, PartName, Record, RecordId, Request, Settings,
    Stop,
};
use harvestd_vocab::{Context, Refusal, normalise, quality::Conformance};
use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

/// Records that are measured: enough for a steady figure.
const RECORDS: usize = 20_000;
/// Datasets validated a second and core: below it, measuring quality would be what a publication waits for.
const VALIDATED_GOAL: f64 = 2_000.0;

pub fn lines(export: &Export, table: &mut Table) -> Result<()> {
    say("describe and normalise, then validate, in process");
    let url: url::Url = "http://127.0.0.1/export.json".parse()?;
    let kind = harvestd_harvesters::kind("data_gov_tw").context("no such kind")?;
    let settings = Settings {
        source: "bench".to_owned(),
        url: url.clone(),
        options: serde_json::json!({}),
        record_bytes_max: 8 << 20,
        document: Default::default(),
    };
    let harvester = (kind.open)(settings).map_err(|e| anyhow!("{e}"))?;
    let request = harvester
        .begin(None, 0)
        .into_iter()
        .next()
        .context("no first question")?;
    let json = export.json();
    let mut body: &[u8] = &json;
    let answer = Answer {
        request: &request,
        status: 200,
        url,
        media_type: Some("application/json".to_owned()),
        link_next: None,
        body: &mut body,
    };
    let mut records = Records::default();
    harvester
        .read(answer, &mut records)
        .map_err(|e| anyhow!("{e}"))?;
    let cx = Context {
        base: "http://127.0.0.1/".to_owned(),
        source: "bench".to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: Some(480),
        shared_agencies: false,
    };
    let (mut described, mut validated) = (Duration::ZERO, Duration::ZERO);
    let (mut normal, mut refused, mut found) = (0_usize, 0_usize, 0_u64);
    for record in &records.0 {
        let began = Instant::now();
        let said = harvester
            .describe(record)
            .and_then(|d| normalise(d, &record.id.key, &cx));
        described += began.elapsed();
        let Ok(said) = said else {
            refused += 1;
            continue;
        };
        normal += 1;
        let began = Instant::now();
        let told = Conformance::of(&said.body);
        validated += began.elapsed();
        for counts in [told.dcat_ap, told.taiwan] {
            found += u64::from(counts.violations) + u64::from(counts.warnings);
        }
    }
    anyhow::ensure!(normal > 0, "nothing was described");
    anyhow::ensure!(
        found > 0,
        "the shapes found nothing in {normal} real records"
    );
    let took = described.as_secs_f64();
    say(&format!(
        "  {normal} records in {took:.2} s, {refused} refused; {found} results of validation"
    ));
    table.add(Line::plain(
        "described and normalised",
        format!("{:.0} records/s", normal as f64 / took),
        &format!("{normal} records, {took:.2} s, one core"),
    ));
    table.add(rate(
        "validated against DCAT-AP 3 and Taiwan's profile, one core",
        normal,
        validated,
        VALIDATED_GOAL,
    ));
    Ok(())
}

/// Keeps the first records that a connector hands out.
#[derive(Default)]
struct Records(Vec<Record>);

impl Page for Records {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        self.0.push(Record {
            id,
            parts: vec![(part, raw.to_vec())],
        });
        if self.0.len() < RECORDS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(Stop)
        }
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    fn refused(&mut self, _: Location, _: Refusal) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    fn next(&mut self, _: Request) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    fn complete(&mut self, _: Completeness) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
}
