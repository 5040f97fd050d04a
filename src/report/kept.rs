//! Reports on disk: those of each source's last runs. Start at [`Reports`].

use super::{DETAILS, Report};

/// A report that is being written.
const UNFINISHED: &str = "report.tmp";

/// The reports of the last runs, `reports/{source}/{run}.json.zst`.
#[derive(Debug, Clone)]
pub struct Reports {
    dir: std::path::PathBuf,
    /// Reports kept of each source.
    kept_max: usize,
}

impl Reports {
    pub fn new(data_dir: &std::path::Path, kept_max: usize) -> Self {
        Self {
            dir: data_dir.join("reports"),
            kept_max,
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

    pub fn save(&self, report: &Report) -> std::io::Result<()> {
        crate::trouble_point!("report-fails", crate::crash::planned());
        let dir = self.dir.join(&report.source);
        std::fs::create_dir_all(&dir)?;
        let packed = zstd::encode_all(serde_json::to_vec(report)?.as_slice(), 1)?;
        let temporary = dir.join(UNFINISHED);
        std::fs::write(&temporary, packed)?;
        std::fs::rename(&temporary, dir.join(format!("{}.json.zst", report.run)))?;
        let mut names = self.names(&report.source)?;
        names.truncate(names.len().saturating_sub(self.kept_max));
        names
            .iter()
            .try_for_each(|old| std::fs::remove_file(dir.join(old)))
    }

    /// The report of the source's last run, but for runs that asked for details and those that a person ordered.
    pub fn last(&self, source: &str) -> std::io::Result<Option<Report>> {
        self.newest(source, |name| !name.contains('.'))
    }

    /// The report of the last run that asked for details.
    pub fn last_details(&self, source: &str) -> std::io::Result<Option<Report>> {
        self.newest(source, |name| name.ends_with(DETAILS))
    }

    fn newest(
        &self,
        source: &str,
        is_meant: impl Fn(&str) -> bool,
    ) -> std::io::Result<Option<Report>> {
        let mut names = self.names(source)?;
        names.retain(|name| is_meant(name.trim_end_matches(".json.zst")));
        match names.pop() {
            Some(name) => {
                let packed = std::fs::read(self.dir.join(source).join(name))?;
                Ok(Some(serde_json::from_slice(&zstd::decode_all(
                    packed.as_slice(),
                )?)?))
            }
            None => Ok(None),
        }
    }

    /// Oldest first: a run's name begins with its time.
    fn names(&self, source: &str) -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        let entries = match std::fs::read_dir(self.dir.join(source)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(names),
            entries => entries?,
        };
        for entry in entries {
            names.extend(
                entry?
                    .file_name()
                    .to_str()
                    .filter(|n| n.ends_with(".json.zst"))
                    .map(str::to_owned),
            );
        }
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::report::Trigger;

    #[test]
    fn a_report_that_was_being_written_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let reports = Reports::new(dir.path(), 2);
        reports.sweep().unwrap();
        let report = Report::begin("s", "ckan", Trigger::Hand, 1);
        reports.save(&report).unwrap();
        let unfinished = dir.path().join("reports/s").join(UNFINISHED);
        std::fs::write(&unfinished, "half").unwrap();
        reports.sweep().unwrap();
        assert!(!unfinished.exists());
        assert!(reports.last("s").unwrap().is_some());
    }

    #[test]
    fn reports_are_kept_and_rotated() {
        let dir = tempfile::tempdir().unwrap();
        let reports = Reports::new(dir.path(), 2);
        assert!(reports.last("s").unwrap().is_none());
        for n in 1..=3 {
            reports
                .save(&Report::begin("s", "ckan", Trigger::Hand, n))
                .unwrap();
        }
        assert_eq!(reports.last("s").unwrap().unwrap().run, "3-s");
        assert_eq!(
            reports.names("s").unwrap(),
            ["2-s.json.zst", "3-s.json.zst"]
        );
    }
}
