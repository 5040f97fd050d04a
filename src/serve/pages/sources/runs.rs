//! The runs of a source: as a list, and as pictures. Start at [`gather`].

use crate::{
    report::{Outcome, Report, Trigger},
    serve::desk::Desk,
};
use harvestd_web::{
    Frame, Words,
    chart::{About, Columns, Lines, Series, Tone},
    moment::{Moment, lasting},
    said::Said,
    source::{Badge, Pictures, Run, Tint, Trouble},
};

/// Runs on a page, and in its pictures.
const RUNS: usize = 30;

/// What the page shows of runs.
pub struct Runs {
    pub runs: Vec<Run>,
    pub pictures: Option<Pictures>,
    pub older: Option<String>,
}

pub fn gather(desk: &dyn Desk, id: &str, frame: &Frame, before: Option<&str>) -> Runs {
    let words = frame.words;
    let mut reports = desk.reports(id, before, RUNS + 1);
    let more = reports.len() > RUNS;
    reports.truncate(RUNS);
    let older = reports.last().filter(|_| more).map(|last| {
        let place = frame.to(&format!("/sources/{id}"));
        format!("{place}?before={}", last.run)
    });
    Runs {
        pictures: pictures(words, &reports),
        runs: reports.iter().map(|report| run(words, report)).collect(),
        older,
    }
}

/// A run that asked the source, and not one that a person ordered of what is held.
pub fn is_harvest(report: &Report) -> bool {
    use Trigger::{Approve, Details, Restore, Trial, Undo};
    !matches!(report.trigger, Details | Approve | Undo | Restore | Trial)
}

pub fn run(words: Words, report: &Report) -> Run {
    let c = &report.counts;
    let (tint, key) = match report.outcome {
        Outcome::Complete => (Tint::Good, "outcome-complete"),
        Outcome::Partial => (Tint::Fair, "outcome-partial"),
        Outcome::Failed => (Tint::Bad, "outcome-failed"),
    };
    Run {
        run: report.run.clone(),
        started: Moment::of_ms(report.started_ms),
        trigger: words.say(trigger(report.trigger)).to_owned(),
        outcome: Badge::new(tint, words.say(key)),
        what: report
            .diagnosis
            .as_ref()
            .map(|found| Trouble::of(found.code.name(), &found.what, &found.advice, words.0).what),
        why: report.why.as_ref().map(Said::english),
        disagreements: report.disagreements.clone(),
        took: lasting(words, took_ms(report)),
        declared: c.declared.filter(|declared| *declared != c.received),
        received: c.received,
        new: c.new,
        changed: c.changed,
        unchanged: c.unchanged,
        refused: c.not_taken(),
        left_out: c.filtered + c.duplicate + c.looped,
        deleted: c.gone + c.absent,
        held: c.held,
    }
}

fn took_ms(report: &Report) -> u64 {
    u64::try_from(report.ended_ms - report.started_ms).unwrap_or_default()
}

fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Schedule => "trigger-schedule",
        Trigger::Hand => "trigger-hand",
        Trigger::Redescribe => "trigger-redescribe",
        Trigger::Check => "trigger-check",
        Trigger::Details => "trigger-details",
        Trigger::Push => "trigger-push",
        Trigger::News => "trigger-news",
        Trigger::Learn => "trigger-learn",
        Trigger::Approve => "trigger-approve",
        Trigger::Undo => "trigger-undo",
        Trigger::Restore => "trigger-restore",
        Trigger::Trial => "trigger-trial",
    }
}

/// `reports`: newest first. One run alone is no history.
fn pictures(words: Words, reports: &[Report]) -> Option<Pictures> {
    let all: Vec<&Report> = reports.iter().rev().filter(|r| is_harvest(r)).collect();
    if all.len() < 2 {
        return None;
    }
    let label = |report: &&Report| {
        let moment = Moment::of_ms(report.started_ms).unwrap_or_default();
        format!("{} {}", moment.short(), moment.time())
    };
    let labels: Vec<String> = all.iter().map(label).collect();
    let series = |key: &str, tone, count: fn(&Report) -> f64| {
        let values = all.iter().map(|report| count(report));
        Series::new(words.say(key), tone, values.collect::<Vec<_>>())
    };
    let about = |id: &str, title: &str, text: &str| About {
        id: id.to_owned(),
        title: words.say(title).to_owned(),
        text: words.say(text).to_owned(),
        labels: words.say("chart-run").to_owned(),
    };
    let came = vec![
        series("run-new", Tone::One, |r| r.counts.new as f64),
        series("run-changed", Tone::Two, |r| r.counts.changed as f64),
        series("run-refused", Tone::Bad, |r| r.counts.not_taken() as f64),
        series("run-deleted", Tone::Quiet, |r| {
            (r.counts.gone + r.counts.absent) as f64
        }),
        series("run-held", Tone::Three, |r| r.counts.held as f64),
    ];
    let held = vec![
        series("chart-holds", Tone::One, |r| r.counts.holds as f64),
        series("run-unchanged", Tone::Two, |r| r.counts.unchanged as f64),
    ];
    let took = vec![series("chart-seconds", Tone::Four, |r| {
        took_ms(r) as f64 / 1000.0
    })];
    let came_about = about("came", "chart-came", "chart-came-text");
    let took_about = about("took", "chart-took", "chart-took-text");
    let held_about = about("holds", "chart-unchanged", "chart-unchanged-text");
    Some(Pictures {
        came: Columns::new(words, came_about, labels.clone(), came),
        took: Columns::new(words, took_about, labels.clone(), took),
        unchanged: Lines::new(words, held_about, labels, held),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Ailment, Diagnosis, Seen};
    use harvestd_web::Language;

    #[test]
    fn what_was_wrong_in_a_run_is_said_in_the_reader_s_language() {
        let mut report = Report::begin("moi", "ckan", Trigger::Schedule, 0);
        assert_eq!(run(Words(Language::Chinese), &report).what, None);
        report.diagnosis = Some(Diagnosis {
            code: Ailment::Unreachable,
            what: "The source cannot be reached.".to_owned(),
            seen: Seen::default(),
            advice: "Look at it.".to_owned(),
            grave: true,
        });
        let said = |language| run(Words(language), &report).what;
        let chinese = Said::ours("無法連線到來源", Language::Chinese);
        assert_eq!(said(Language::Chinese), Some(chinese));
        let english = Said::english("The source cannot be reached.");
        assert_eq!(said(Language::English), Some(english));
    }
}
