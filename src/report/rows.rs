//! The account of a run, row by row: every record that did not simply come in, and every remark, as it happens.
//!
//! Rows are lines of JSON, compressed, in a file without a name for each thread that has some to say; the report joins them
//! when the run has ended, and [`super::Reports`] keeps them beside it. They never lie in memory, and a run that is killed
//! leaves none behind. Writing them never ends a run: what could not be written is counted. Start at [`Account`].

use super::{Fate, Row};
use crate::network::scrub;
use harvestd_vocab::Class;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// zstd level of rows: they are written while a run waits for them.
const LEVEL: i32 = 1;

/// Where the rows of a run go, and how many of them.
#[derive(Debug, Clone)]
pub struct Account {
    dir: PathBuf,
    /// Bytes of rows that may still be written.
    left: Arc<AtomicU64>,
    /// Rows that the report itself shows of each kind.
    pub examples_max: usize,
    /// Never written: a server may say again what it was asked with.
    secrets: Arc<[String]>,
}

impl Account {
    /// Files without a name are made in `dir`; at most `bytes_max` bytes of rows (before compression) are written.
    pub fn new(dir: &Path, bytes_max: u64, examples_max: usize) -> Self {
        Self {
            dir: dir.to_owned(),
            left: Arc::new(AtomicU64::new(bytes_max)),
            examples_max,
            secrets: Arc::default(),
        }
    }

    /// The same, with these left out of what rows quote.
    pub fn hiding(self, secrets: Vec<String>) -> Self {
        Self {
            secrets: secrets.into(),
            ..self
        }
    }

    /// One thread's share.
    pub fn section(&self) -> Section {
        Section {
            account: Some(self.clone()),
            ..Section::default()
        }
    }
}

type Out = zstd::Encoder<'static, BufWriter<File>>;

/// Rows of one thread, in their order. Dropped, they are gone. The default has nowhere to write them, and counts.
#[derive(Default)]
pub struct Section {
    account: Option<Account>,
    out: Option<Out>,
    counted: Counted,
    why_not: Option<String>,
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Section")
            .field("counted", &self.counted)
            .field("why_not", &self.why_not)
            .finish_non_exhaustive()
    }
}

/// How many rows there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counted {
    /// Rows that can be read.
    pub written: u64,
    /// Rows that are only counted: `why_not` says why.
    pub not_written: u64,
    /// All rows about datasets, written or not.
    pub datasets: BTreeMap<Fate, u64>,
    /// All other rows.
    pub others: BTreeMap<Fate, u64>,
}

impl Counted {
    /// Rows about datasets that have this fate.
    pub fn datasets(&self, fate: Fate) -> u64 {
        self.datasets.get(&fate).copied().unwrap_or_default()
    }

    fn count(&mut self, row: &Row) {
        let rows = match row.class {
            Some(Class::Dataset) => &mut self.datasets,
            _ => &mut self.others,
        };
        *rows.entry(row.fate).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        self.written += other.written;
        self.not_written += other.not_written;
        for (mine, theirs) in [
            (&mut self.datasets, other.datasets),
            (&mut self.others, other.others),
        ] {
            for (fate, n) in theirs {
                *mine.entry(fate).or_default() += n;
            }
        }
    }
}

impl Section {
    pub fn push(&mut self, row: &Row) {
        self.counted.count(row);
        let written = match self.why_not {
            None => self.write(row),
            Some(_) => Ok(false),
        };
        match written {
            Ok(true) => self.counted.written += 1,
            Ok(false) => self.counted.not_written += 1,
            Err(error) => {
                tracing::warn!(%error, "a row of a report could not be written");
                self.counted.not_written += 1;
                self.why_not = Some(format!("writing them failed: {error}"));
            }
        }
    }

    /// False: there is no room for it.
    fn write(&mut self, row: &Row) -> io::Result<bool> {
        let Some(account) = &self.account else {
            return Ok(false);
        };
        let mut line = match account
            .secrets
            .iter()
            .any(|secret| row.found.contains(secret))
        {
            true => serde_json::to_vec(&Row {
                found: scrub(&row.found, &account.secrets),
                ..row.clone()
            })?,
            false => serde_json::to_vec(row)?,
        };
        line.push(b'\n');
        let bytes = line.len() as u64;
        let spent = |left: u64| left.checked_sub(bytes);
        if account.left.fetch_update(Relaxed, Relaxed, spent).is_err() {
            let why = "the run's rows are larger than limits.report_rows_bytes_max";
            self.why_not = Some(why.to_owned());
            return Ok(false);
        }
        let out = match &mut self.out {
            Some(out) => out,
            none => {
                let file = tempfile::tempfile_in(&account.dir)?;
                let file = BufWriter::with_capacity(1 << 16, file);
                none.insert(zstd::Encoder::new(file, LEVEL)?)
            }
        };
        out.write_all(&line)?;
        Ok(true)
    }
}

/// What a report tells of its rows, and where they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rows {
    #[serde(flatten)]
    pub counted: Counted,
    /// Why rows are not written, where some are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    #[serde(skip)]
    place: Option<Place>,
}

#[derive(Debug, Clone)]
enum Place {
    /// A run's own files, for as long as anybody holds them.
    Made(Arc<[File]>),
    /// Kept with the report.
    Kept(PathBuf),
}

impl Rows {
    /// Ends the sections of a run, in this order.
    pub fn of(sections: impl IntoIterator<Item = Section>) -> Self {
        let mut rows = Self::default();
        let mut files = Vec::new();
        for mut section in sections {
            if let Some(out) = section.out.take() {
                match ended(out) {
                    Ok(file) => files.push(file),
                    Err(error) => {
                        tracing::warn!(%error, "rows of a report could not be written");
                        section.counted.not_written += std::mem::take(&mut section.counted.written);
                        section.why_not = Some(format!("writing them failed: {error}"));
                    }
                }
            }
            rows.counted.add(section.counted);
            rows.why_not = rows.why_not.or(section.why_not);
        }
        rows.place = Some(Place::Made(files.into())).filter(|_| rows.counted.written > 0);
        rows
    }

    /// The rows lie in this file.
    pub(super) fn kept_in(&mut self, file: PathBuf) {
        self.place = Some(Place::Kept(file)).filter(|_| self.counted.written > 0);
    }

    /// Says how many there are, and holds none.
    pub(super) fn let_go(&mut self) {
        self.place = None;
    }

    /// All rows that were written, one by one. Ends in an error where there are fewer of them than the report says.
    pub fn read(&self) -> io::Result<RowReader> {
        let lines: Box<dyn Read + Send> = match &self.place {
            None => Box::new(io::empty()),
            Some(Place::Kept(file)) => Box::new(zstd::Decoder::new(File::open(file)?)?),
            Some(Place::Made(files)) => Box::new(zstd::Decoder::new(Joined::of(files))?),
        };
        Ok(RowReader {
            lines: BufReader::with_capacity(1 << 16, lines),
            missing: self.counted.written,
            line: Vec::new(),
        })
    }

    /// Writes all rows as they are kept: compressed. None: there are none.
    pub(super) fn copy(&self, out: &mut impl Write) -> io::Result<()> {
        match &self.place {
            None => Ok(()),
            Some(Place::Kept(file)) => io::copy(&mut File::open(file)?, out).map(|_| ()),
            Some(Place::Made(files)) => io::copy(&mut Joined::of(files), out).map(|_| ()),
        }
    }
}

fn ended(out: Out) -> io::Result<File> {
    let file = out.finish()?.into_inner();
    file.map_err(io::IntoInnerError::into_error)
}

/// One file after the other: frames of zstd in a row are one stream. Others may read the same files meanwhile.
struct Joined {
    files: Arc<[File]>,
    at: usize,
    offset: u64,
}

impl Joined {
    fn of(files: &Arc<[File]>) -> Self {
        Self {
            files: files.clone(),
            at: 0,
            offset: 0,
        }
    }
}

impl Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(file) = self.files.get(self.at) {
            let read = file.read_at(buffer, self.offset)?;
            if read > 0 || buffer.is_empty() {
                self.offset += read as u64;
                return Ok(read);
            }
            (self.at, self.offset) = (self.at + 1, 0);
        }
        Ok(0)
    }
}

/// Reads rows.
pub struct RowReader {
    lines: BufReader<Box<dyn Read + Send>>,
    /// Rows that are still to come.
    missing: u64,
    line: Vec<u8>,
}

impl RowReader {
    fn next_row(&mut self) -> io::Result<Option<Row>> {
        if self.missing == 0 {
            return Ok(None);
        }
        self.line.clear();
        if self.lines.read_until(b'\n', &mut self.line)? == 0 {
            let text = format!("{} rows of the report are missing", self.missing);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        self.missing -= 1;
        Ok(Some(serde_json::from_slice(&self.line)?))
    }
}

impl Iterator for RowReader {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.next_row().transpose();
        if matches!(row, Some(Err(_))) {
            self.missing = 0;
        }
        row
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use harvestd_harvesters::RecordId;

    fn row(n: usize) -> Row {
        Row::duplicate(&RecordId::dataset(format!("資料 {n}")))
    }

    fn section(account: &Account, rows: std::ops::Range<usize>) -> Section {
        let mut section = account.section();
        rows.for_each(|n| section.push(&row(n)));
        section
    }

    fn read(rows: &Rows) -> Vec<Row> {
        rows.read().unwrap().collect::<io::Result<_>>().unwrap()
    }

    #[test]
    fn sections_are_read_in_order_and_leave_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let account = Account::new(dir.path(), 1 << 20, 10);
        let (second, first) = (section(&account, 2..5), section(&account, 0..2));
        let rows = Rows::of([first, Section::default(), second]);
        assert_eq!(read(&rows), (0..5).map(row).collect::<Vec<_>>());
        assert_eq!(rows.counted.datasets(Fate::Duplicate), 5);
        let mut kept = Vec::new();
        rows.copy(&mut kept).unwrap();
        drop(rows);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let file = dir.path().join("kept");
        std::fs::write(&file, kept).unwrap();
        let mut rows = Rows::default();
        rows.counted.written = 6;
        rows.kept_in(file);
        let mut reader = rows.read().unwrap();
        assert!(reader.by_ref().take(5).all(|row| row.is_ok()));
        let error = reader.next().unwrap().unwrap_err().to_string();
        assert_eq!(error, "1 rows of the report are missing");
        assert!(reader.next().is_none());
    }

    #[test]
    fn what_is_secret_is_in_no_row() {
        let dir = tempfile::tempdir().unwrap();
        let account = Account::new(dir.path(), 1 << 20, 10).hiding(vec!["hunter2".to_owned()]);
        let mut section = account.section();
        section.push(&Row::remark("said", "it said hunter2 again"));
        let rows = Rows::of([section]);
        assert_eq!(read(&rows)[0].found, "it said … again");
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = serde_json::to_vec(&row(0)).unwrap().len() as u64 + 1;
        let account = Account::new(dir.path(), bytes * 3 + 1, 10);
        let rows = Rows::of([section(&account, 0..2), section(&account, 2..6)]);
        assert_eq!((rows.counted.written, rows.counted.not_written), (3, 3));
        assert_eq!(read(&rows).len(), 3);
        assert!(
            rows.why_not
                .unwrap()
                .contains("limits.report_rows_bytes_max")
        );
        let nowhere = Account::new(&dir.path().join("none"), 1 << 20, 10);
        let rows = Rows::of([section(&nowhere, 0..2)]);
        assert_eq!((rows.counted.written, rows.counted.not_written), (0, 2));
        assert!(rows.why_not.unwrap().starts_with("writing them failed"));
    }
}
