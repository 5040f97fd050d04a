//! Records described and normalised per second, on one core, in this process: no network, no store.

use crate::{export::Export, say, table::Line};
use anyhow::{Context as _, Result, anyhow};
use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Location, Page, PartName, Record, RecordId, Request, Settings,
    Stop,
};
use harvestd_vocab::{Context, Refusal, normalise};
use std::{ops::ControlFlow, time::Instant};

/// Records that are measured: enough for a steady figure.
const RECORDS: usize = 20_000;

pub fn line(export: &Export) -> Result<Line> {
    say("describe and normalise, in process");
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
    let began = Instant::now();
    let (mut normal, mut refused, mut bytes) = (0_u64, 0_u64, 0);
    for record in &records.0 {
        let said = harvester
            .describe(record)
            .and_then(|d| normalise(d, &record.id.key, &cx));
        match said {
            Ok(said) => {
                normal += 1;
                bytes += said.body.len();
            }
            Err(_) => refused += 1,
        }
    }
    let took = began.elapsed().as_secs_f64();
    anyhow::ensure!(normal > 0 && bytes > 0, "nothing was described");
    let rate = f64::from(u32::try_from(normal)?) / took;
    say(&format!(
        "  {normal} records in {took:.2} s, {refused} refused, {bytes} bytes of N-Triples"
    ));
    let over = format!("{normal} records, {took:.2} s, one core");
    Ok(Line::plain(
        "described and normalised",
        format!("{rate:.0} records/s"),
        &over,
    ))
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
