//! Reports on disk: those of each source's last runs, each with the rows of its account. Start at [`Reports`].

use super::{DETAILS, Report};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// A report that is being written.
const UNFINISHED: &str = "report.tmp";
const REPORT: &str = ".json.zst";
const ROWS: &str = ".rows.zst";
/// Refused records and findings that a kept report shows itself, of each: whoever wants more reads its rows.
const EXAMPLES_KEPT: usize = 50;

/// The reports of the last runs: `reports/{source}/{run}.json.zst`, and beside it, where the run had any, the rows of its
/// account, `{run}.rows.zst`. The report is written last: without it, rows are what a run left that did not end.
#[derive(Debug, Clone)]
pub struct Reports {
    dir: PathBuf,
    /// Reports kept of each source.
    kept_max: usize,
    /// Bytes that those of one source may take.
    bytes_max: u64,
}

impl Reports {
    pub fn new(data_dir: &Path, kept_max: usize, bytes_max: u64) -> Self {
        Self {
            dir: data_dir.join("reports"),
            kept_max,
            bytes_max,
        }
    }

    /// Removes what was being written when the process was killed.
    pub fn sweep(&self) -> std::io::Result<()> {
        let sources = match std::fs::read_dir(&self.dir) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for source in sources {
            let unfinished = source?.path().join(UNFINISHED);
            if unfinished.exists() {
                std::fs::remove_file(unfinished)?;
            }
        }
        Ok(())
    }

    /// Keeps a report with its rows, which are read from there from then on, and lets go of the oldest.
    pub fn save(&self, report: &mut Report) -> io::Result<()> {
        crate::trouble_point!("report-fails", crate::crash::planned());
        let dir = self.dir.join(&report.source);
        fs::create_dir_all(&dir)?;
        let temporary = dir.join(UNFINISHED);
        if report.account.counted.written > 0 {
            let mut out = BufWriter::new(File::create(&temporary)?);
            report.account.copy(&mut out)?;
            out.flush()?;
            let rows = dir.join(format!("{}{ROWS}", report.run));
            fs::rename(&temporary, &rows)?;
            report.account.kept_in(rows);
        }
        let mut head = report.clone();
        head.refused.truncate(EXAMPLES_KEPT);
        head.findings.truncate(EXAMPLES_KEPT);
        let packed = zstd::encode_all(serde_json::to_vec(&head)?.as_slice(), 1)?;
        fs::write(&temporary, packed)?;
        fs::rename(&temporary, dir.join(format!("{}{REPORT}", report.run)))?;
        self.tidy(&report.source)
    }

    /// Removes the oldest reports beyond the limits, and rows without a report.
    fn tidy(&self, source: &str) -> io::Result<()> {
        let dir = self.dir.join(source);
        let runs = self.runs(source)?;
        let (mut bytes, mut kept) = (0, BTreeSet::new());
        for (n, run) in runs.iter().rev().enumerate() {
            bytes += size(&dir.join(format!("{run}{REPORT}")))?;
            bytes += size(&dir.join(format!("{run}{ROWS}")))?;
            if n > 0 && (n >= self.kept_max || bytes > self.bytes_max) {
                break;
            }
            kept.insert(run.as_str());
        }
        for name in names(&dir)? {
            let run = name
                .strip_suffix(REPORT)
                .or_else(|| name.strip_suffix(ROWS));
            if run.is_some_and(|run| !kept.contains(run)) {
                fs::remove_file(dir.join(name))?;
            }
        }
        Ok(())
    }

    /// The report of the source's last run, but for runs that asked for details and those that a person ordered.
    pub fn last(&self, source: &str) -> io::Result<Option<Report>> {
        self.newest(source, |run| !run.contains('.'))
    }

    /// The report of the last run that asked for details.
    pub fn last_details(&self, source: &str) -> io::Result<Option<Report>> {
        self.newest(source, |run| run.ends_with(DETAILS))
    }

    /// The report of a run. None: it is not kept, or never was.
    pub fn of(&self, source: &str, run: &str) -> io::Result<Option<Report>> {
        // Whatever is asked for, only what is there is opened.
        self.newest(source, |known| known == run)
    }

    /// The newest reports of runs before `before`, newest first; at most so many.
    pub fn list(&self, source: &str, before: Option<&str>, max: usize) -> io::Result<Vec<Report>> {
        let runs = self.runs(source)?;
        let earlier = runs.iter().rev();
        let earlier = earlier.filter(|run| before.is_none_or(|before| run.as_str() < before));
        let reports = earlier.filter_map(|run| self.readable(source, run));
        Ok(reports.take(max).collect())
    }

    /// The runs of which reports are kept, oldest first: a run's name begins with its time.
    pub fn runs(&self, source: &str) -> io::Result<Vec<String>> {
        let names = names(&self.dir.join(source))?;
        let runs = names.iter().filter_map(|name| name.strip_suffix(REPORT));
        let mut runs: Vec<String> = runs.map(str::to_owned).collect();
        runs.sort();
        Ok(runs)
    }

    fn newest(&self, source: &str, is_meant: impl Fn(&str) -> bool) -> io::Result<Option<Report>> {
        let mut runs = self.runs(source)?;
        runs.retain(|run| is_meant(run));
        let mut newest_first = runs.iter().rev();
        Ok(newest_first.find_map(|run| self.readable(source, run)))
    }

    /// One that cannot be read hides no other.
    fn readable(&self, source: &str, run: &str) -> Option<Report> {
        self.read(source, run).unwrap_or_else(|error| {
            tracing::warn!(source, run, %error, "a report cannot be read");
            None
        })
    }

    /// `run` is one of [`Self::runs`].
    fn read(&self, source: &str, run: &str) -> io::Result<Option<Report>> {
        let dir = self.dir.join(source);
        let packed = match fs::read(dir.join(format!("{run}{REPORT}"))) {
            // Its turn to go came between.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            packed => packed?,
        };
        let mut report: Report = serde_json::from_slice(&zstd::decode_all(packed.as_slice())?)?;
        report.account.kept_in(dir.join(format!("{run}{ROWS}")));
        Ok(Some(report))
    }
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_str().map(str::to_owned));
    }
    Ok(names)
}

/// None there: nothing.
fn size(file: &Path) -> io::Result<u64> {
    match fs::metadata(file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
        found => Ok(found?.len()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::report::{Account, Row, Rows, Trigger};
    use harvestd_harvesters::RecordId;

    fn reports(dir: &Path, kept_max: usize, bytes_max: u64) -> Reports {
        Reports::new(dir, kept_max, bytes_max)
    }

    fn report(dir: &Path, n: i64, rows: usize) -> Report {
        let mut report = Report::begin("s", "ckan", Trigger::Hand, n);
        let mut section = Account::new(dir, 1 << 20, 10).section();
        for n in 0..rows {
            section.push(&Row::duplicate(&RecordId::dataset(n.to_string())));
        }
        report.account = Rows::of([section]);
        report
    }

    #[test]
    fn a_report_that_was_being_written_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let reports = reports(dir.path(), 2, 1 << 20);
        reports.sweep().unwrap();
        let mut report = Report::begin("s", "ckan", Trigger::Hand, 1);
        reports.save(&mut report).unwrap();
        let unfinished = dir.path().join("reports/s").join(UNFINISHED);
        std::fs::write(&unfinished, "half").unwrap();
        reports.sweep().unwrap();
        assert!(!unfinished.exists());
        assert!(reports.last("s").unwrap().is_some());
    }

    #[test]
    fn reports_are_kept_and_rotated() {
        let dir = tempfile::tempdir().unwrap();
        let reports = reports(dir.path(), 2, 1 << 20);
        assert!(reports.last("s").unwrap().is_none());
        for n in 1..=3 {
            reports.save(&mut report(dir.path(), n, 5)).unwrap();
        }
        assert_eq!(reports.last("s").unwrap().unwrap().run, "3-s");
        assert_eq!(reports.runs("s").unwrap(), ["2-s", "3-s"]);
        let files = std::fs::read_dir(dir.path().join("reports/s")).unwrap();
        assert_eq!(files.count(), 4);
        let second = reports.of("s", "2-s").unwrap().unwrap();
        assert_eq!(second.account.read().unwrap().count(), 5);
        for nowhere in ["1-s", "../s/2-s", "", "2-s.json.zst"] {
            assert!(reports.of("s", nowhere).unwrap().is_none(), "{nowhere}");
        }
    }

    #[test]
    fn the_newest_stays_however_large_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let reports = reports(dir.path(), 10, 1);
        for n in 1..=2 {
            reports.save(&mut report(dir.path(), n, 100)).unwrap();
        }
        assert_eq!(reports.runs("s").unwrap(), ["2-s"]);
        let last = reports.last("s").unwrap().unwrap();
        assert_eq!(last.account.read().unwrap().count(), 100);
    }

    #[test]
    fn rows_without_a_report_are_nobodys_and_cut_rows_are_not_whole() {
        let dir = tempfile::tempdir().unwrap();
        let reports = reports(dir.path(), 10, 1 << 20);
        reports.save(&mut report(dir.path(), 1, 3)).unwrap();
        let rows = |run: &str| dir.path().join(format!("reports/s/{run}.rows.zst"));
        // A run that was killed between its rows and its report.
        std::fs::copy(rows("1-s"), rows("2-s")).unwrap();
        assert_eq!(reports.last("s").unwrap().unwrap().run, "1-s");
        reports.save(&mut report(dir.path(), 3, 0)).unwrap();
        assert!(!rows("2-s").exists() && !rows("3-s").exists());
        let whole = std::fs::read(rows("1-s")).unwrap();
        std::fs::write(rows("1-s"), &whole[..whole.len() / 2]).unwrap();
        let cut = reports.of("s", "1-s").unwrap().unwrap();
        assert!(cut.account.read().unwrap().any(|row| row.is_err()));
    }
}
