//! A trial: what would become of a document, or of what an address gives, under the rules of a real run. It is asked for,
//! read, described and normalised as in any run; it is compared with nothing that is held, so whatever would be taken is
//! new. It never waits for the writer, and leaves nothing behind. Start at [`trial`].

use super::{
    Progress, Rooms, RunError, commit,
    gather::{self, Gathered},
    now_ms,
};
use crate::config::{Config, Source};
use crate::diagnosis::{Course, of_run};
use crate::network::{Spooled, Validators};
use crate::parts::Parts;
use crate::report::{Outcome, Report, Rows, Trigger};
use bytes::Bytes;
use harvestd_vocab::Class;
use std::{
    io::Write,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Something to be tried that is at hand.
pub struct Document {
    pub media_type: String,
    pub bytes: Bytes,
}

/// Tries a document, or what the source's address gives. `source` says by whose rules, and as what kind it is read.
pub async fn trial(
    rooms: &Arc<Rooms>,
    config: &Config,
    source: Source,
    document: Option<Document>,
) -> Result<Report, RunError> {
    static TRIALS: AtomicU64 = AtomicU64::new(0);
    let mut report = Report::begin(&source.id, &source.kind, Trigger::Trial, now_ms());
    // Two may begin at the same moment.
    let number = TRIALS.fetch_add(1, Relaxed);
    report.run.push_str(&format!("-{number}"));
    let _left = Left(parts_dir(rooms, &report.run));
    let given = match document {
        None => None,
        Some(document) => Some(spooled(rooms, &source, document)?),
    };
    let progress = Arc::new(Progress::default());
    let source = Arc::new(source);
    let gathered = in_time(rooms, config, &source, given, &mut report, &progress).await;
    let mut course = Course {
        vitals: rooms.network.take_vitals(&source.id),
        clock_skew_s_max: config.limits.health.clock_skew_s_max,
        ..Course::default()
    };
    match gathered {
        Ok(mut gathered) => {
            course.symptom = gathered.symptom.take();
            sum_up(gathered, &mut report);
        }
        Err(error) => report.why = Some(error.to_string()),
    }
    if progress.stopped() {
        let text = "it took longer than limits.validate.url_ms_max: what came by then is told";
        report.why = Some(text.to_owned());
    }
    report.close(now_ms());
    report.diagnosis = of_run(&report, &course);
    Ok(report)
}

/// An address is asked for so long; what is at hand is read to its end.
async fn in_time(
    rooms: &Arc<Rooms>,
    config: &Config,
    source: &Arc<Source>,
    given: Option<Spooled>,
    report: &mut Report,
    progress: &Arc<Progress>,
) -> Result<Gathered, RunError> {
    let longest = Duration::from_millis(config.limits.validate.url_ms_max);
    let is_asked = given.is_none();
    let gathering = gather::try_out(rooms, config, source, given, report, progress);
    tokio::pin!(gathering);
    tokio::select! {
        gathered = &mut gathering => gathered,
        () = tokio::time::sleep(longest), if is_asked => {
            progress.stop();
            gathering.await
        }
    }
}

/// The document as if it had been asked for.
fn spooled(rooms: &Rooms, source: &Source, document: Document) -> Result<Spooled, RunError> {
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(&rooms.spool_dir)?;
        file.write_all(&document.bytes)?;
        file.flush()?;
        Ok(file)
    };
    Ok(Spooled {
        file: write().map_err(RunError::io("writing a document to be tried"))?,
        status: 200,
        url: source.url.clone(),
        hash: *blake3::hash(&document.bytes).as_bytes(),
        bytes: document.bytes.len() as u64,
        had_bytes: 0,
        media_type: Some(document.media_type),
        charset: None,
        link_next: None,
        validators: Validators::default(),
        framed: true,
    })
}

fn sum_up(gathered: Gathered, report: &mut Report) {
    let Gathered {
        mut said,
        mut described,
        evidence,
        ..
    } = gathered;
    let (mut datasets, mut referents) = (
        std::mem::take(&mut said.datasets),
        std::mem::take(&mut said.referents),
    );
    commit::left_out(&mut datasets, &mut referents, &described);
    for (id, _) in &described.upserts {
        match id.class {
            Class::Dataset => datasets.new += 1,
            _ => referents.new += 1,
        }
    }
    report.outcome = match (&evidence.trouble, evidence.proof) {
        (Some(_), _) if evidence.seen_all == 0 => Outcome::Failed,
        (Some(_), _) => Outcome::Partial,
        (None, None) => Outcome::Partial,
        (None, Some(_)) => Outcome::Complete,
    };
    report.why = evidence.trouble.or_else(|| {
        let text = "nothing proves that this is the whole catalogue";
        evidence.proof.is_none().then(|| text.to_owned())
    });
    if datasets.is_all_refused() {
        report.none_taken();
    }
    report.completeness = evidence.proof;
    (report.counts, report.referents) = (datasets, referents);
    report.account = Rows::of([said.rows, std::mem::take(&mut described.rows)]);
    report.refused = said.refused;
    report.refused.append(&mut described.refused);
    report.findings = std::mem::take(&mut described.findings);
    report.findings_by_code = std::mem::take(&mut described.findings_by_code);
    report.noticed = said.noticed;
    report.parts = said.parts;
}

/// Parts of records come in a folder of the trial's own.
pub(super) fn parts(rooms: &Rooms, run: &str) -> Parts {
    Parts::new(&parts_dir(rooms, run))
}

fn parts_dir(rooms: &Rooms, run: &str) -> PathBuf {
    rooms.spool_dir.join(format!("{run}.parts"))
}

/// Goes at the end, however that comes.
struct Left(PathBuf);

impl Drop for Left {
    fn drop(&mut self) {
        if self.0.exists()
            && let Err(error) = std::fs::remove_dir_all(&self.0)
        {
            tracing::warn!(dir = %self.0.display(), %error, "what a trial left could not be removed");
        }
    }
}
