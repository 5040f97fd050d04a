//! `run`, `check`, `redescribe` and `details`: one run of one source, with its progress and its report.

use super::{
    args::{Common, Place},
    client::{Reached, body},
    exit::Exit,
    out,
};
use crate::daemon::Purpose;
use crate::report::{Counts, Outcome, Report};
use indicatif::{ProgressBar, ProgressStyle};
use std::{io::IsTerminal, time::Duration};

/// Rows of refusals and findings that a person is shown; `--json` has all of them.
const ROWS_SHOWN: usize = 20;

/// What a run is to be, as the admin interface calls it.
pub struct Wanted<'a> {
    pub what: &'static str,
    pub source: &'a str,
    pub full: bool,
}

pub async fn run(wanted: Wanted<'_>, place: &Place, common: &Common) -> Exit {
    let purpose = match wanted.what {
        "check" => Purpose::Check,
        _ => Purpose::Work,
    };
    let reached = match Reached::reach(place, purpose).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    if let Err(exit) = reached.knows(wanted.source) {
        return reached.done(exit).await;
    }
    let answered = match wanted.what {
        "redescribe" => Ok(()),
        _ => reached.sources_answer(),
    };
    let exit = match answered {
        Ok(()) => ask(&reached, &wanted, common).await,
        Err(exit) => exit,
    };
    reached.done(exit).await
}

async fn ask(reached: &Reached, wanted: &Wanted<'_>, common: &Common) -> Exit {
    let path = format!(
        "/sources/{}/run?what={}&full={}&wait=true{}",
        wanted.source,
        wanted.what,
        wanted.full,
        if common.json { "" } else { "&rows=0" }
    );
    let asked = async { body(reached.local.order(&path).await).await };
    let show = std::io::stderr().is_terminal() && !common.json;
    let answered = if show {
        tokio::select! {
            answered = asked => answered,
            () = watch(reached, wanted.source) => return Exit::Failed,
        }
    } else {
        asked.await
    };
    let report = answered.map(|bytes| (serde_json::from_slice::<Report>(&bytes), bytes));
    let (report, bytes) = match report {
        Ok((Ok(report), bytes)) => (report, bytes),
        Ok((Err(e), _)) => {
            return out::complain(
                &format!("the daemon's report cannot be read: {e}"),
                Exit::Failed,
            );
        }
        Err(exit) => return exit,
    };
    let told = if common.json {
        out::print(&format!("{}\n", String::from_utf8_lossy(&bytes)))
    } else {
        out::print(&text(&report))
    };
    match report.outcome {
        Outcome::Complete => told,
        Outcome::Partial | Outcome::Failed => Exit::NotComplete,
    }
}

/// Shows how far the run has come, until it is dropped.
async fn watch(reached: &Reached, source: &str) {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(100));
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let Ok(answered) = reached.local.get("/status.json", "application/json").await else {
            continue;
        };
        let Ok(bytes) = answered.bytes().await else {
            continue;
        };
        let status: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let sources = status["sources"].as_array().cloned().unwrap_or_default();
        if let Some(running) = sources
            .iter()
            .find(|s| s["id"] == source)
            .map(|s| &s["running"])
            .filter(|r| r.is_object())
        {
            let declared = running["declared"]
                .as_u64()
                .map_or(String::new(), |d| format!(" of {d}"));
            let phase = running["phase"].as_str().unwrap_or_default();
            bar.set_message(format!(
                "{phase}: {}{declared} received, {} committed",
                running["received"], running["committed"]
            ));
        }
    }
}

/// A report for people.
pub fn text(report: &Report) -> String {
    let mut text = format!("{}\n", report.line());
    let seconds = (report.ended_ms - report.started_ms) as f64 / 1000.0;
    text.push_str(&format!(
        "  {seconds:.1} s, {} requests, {} bytes",
        report.requests, report.bytes
    ));
    if let Some((first, last)) = report.activities {
        text.push_str(&format!(", activities {first} to {last}"));
    }
    text.push('\n');
    if !report.parts.is_empty() {
        let parts = report.parts.iter().map(|(name, n)| format!("{name} {n}"));
        text.push_str(&format!(
            "  parts: {}\n",
            parts.collect::<Vec<_>>().join(", ")
        ));
    }
    if let Some(diagnosis) = &report.diagnosis {
        let [what, advice] = diagnosis.lines();
        text.push_str(&format!("  diagnosis {what}\n  what to do: {advice}\n"));
    }
    for said in &report.disagreements {
        text.push_str(&format!("  counts: {said}\n"));
    }
    for (code, said) in report.noticed.iter().take(ROWS_SHOWN) {
        text.push_str(&format!("  noticed {code}: {said}\n"));
    }
    for row in report.refused.iter().take(ROWS_SHOWN) {
        text.push_str(&format!("  refused {}: {}\n", row.at, row.why));
    }
    let refused = Counts::not_taken;
    let refused = refused(&report.counts) + refused(&report.referents);
    let shown = report.refused.len().min(ROWS_SHOWN) as u64;
    if refused > shown {
        let more = refused - shown;
        text.push_str(&format!("  … and {more} more refused; --json has all\n"));
    }
    if let Some(why) = &report.account.why_not {
        let lacking = report.account.counted.not_written;
        text.push_str(&format!(
            "  {lacking} rows of the account are not written: {why}\n"
        ));
    }
    for (code, count) in &report.findings_by_code {
        let example = report.findings.iter().find(|f| f.finding.code == *code);
        let example = example.map_or(String::new(), |f| {
            format!(
                ", for example in {}: {:?} at {}",
                f.key, f.finding.found, f.finding.path
            )
        });
        text.push_str(&format!("  finding {code}: {count}{example}\n"));
    }
    text
}
