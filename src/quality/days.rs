//! One figure a day of the whole, of each source and of each publisher: what cannot be made again.
//!
//! November 2026: a file that only grows, `quality/days.tsv`, not quads: a catalogue of a thousand publishers would add a
//! million quads a year to every snapshot, and what is asked of it is one column of a table. Only what differs from what the
//! file says last is written, at most once an hour, so that a publisher whose datasets rest costs nothing; the figure of a
//! day is the last that was written on it, and holds until the next. Start at [`Days::note`].

use super::{
    SurveyError, day_of,
    sums::{Sum, Sums},
};
use chrono::{DateTime, Utc};
use std::{
    collections::HashMap,
    fmt,
    fs::{self, File},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

const FILE: &str = "days.tsv";
/// The first line: the form, then the columns.
const HEADING: &str = "# harvestd quality 1\tday\tscope\tdatasets\tmqa\tfair\tai-ready\texcellent\tgood\tsufficient\tbad\tvalidated\tconforming\ton-time\tlate";
const COLUMNS: usize = 12;
const HOUR_S: i64 = 3_600;

/// What a figure is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    Whole,
    /// By its id.
    Source(String),
    /// By its name.
    Publisher(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("all"),
            Self::Source(id) => write!(f, "source:{id}"),
            Self::Publisher(name) => write!(f, "publisher:{name}"),
        }
    }
}

impl Scope {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => (text == "all").then_some(Self::Whole),
            Some(("source", id)) => Some(Self::Source(id.to_owned())),
            Some(("publisher", name)) => Some(Self::Publisher(name.to_owned())),
            Some(_) => None,
        }
    }
}

/// A day's figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970, UTC.
    pub day: i32,
    /// Datasets; points of all, per cent of FAIR and of AI-ready of all; ratings, the best first; datasets that were held
    /// against shapes and conform; on time, late.
    numbers: [u64; COLUMNS],
}

impl Day {
    fn of(day: i32, sum: &Sum) -> Self {
        let [excellent, good, sufficient, bad] = sum.ratings;
        Self {
            day,
            numbers: [
                sum.datasets,
                sum.mqa,
                sum.fair,
                sum.ai_ready,
                excellent,
                good,
                sufficient,
                bad,
                sum.validated,
                sum.conforming,
                sum.timely[0],
                sum.timely[1],
            ],
        }
    }

    pub fn datasets(&self) -> u64 {
        self.numbers[0]
    }

    /// Mean points, of 405.
    pub fn mqa(&self) -> f64 {
        self.mean(1)
    }

    /// Mean per cent.
    pub fn fair(&self) -> f64 {
        self.mean(2)
    }

    /// Mean per cent.
    pub fn ai_ready(&self) -> f64 {
        self.mean(3)
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn mean(&self, column: usize) -> f64 {
        self.numbers[column] as f64 / self.numbers[0].max(1) as f64
    }
}

/// The file, and what it says last of each scope.
pub struct Days {
    file: PathBuf,
    /// None: not read yet.
    last: Option<HashMap<Scope, Day>>,
    /// Seconds since 1970.
    written_s: i64,
}

impl Days {
    pub fn of(dir: &Path) -> Self {
        Self {
            file: dir.join(FILE),
            last: None,
            written_s: i64::MIN,
        }
    }

    /// Writes what differs from what the file says last; within an hour once only.
    pub fn note(&mut self, sums: &Sums, now: DateTime<Utc>) -> Result<(), SurveyError> {
        let (today, now_s) = (day_of(now), now.timestamp());
        let is_soon = now_s.saturating_sub(self.written_s) < HOUR_S;
        if sums.seq == 0 || (is_soon && day_of_s(self.written_s) == today) {
            return Ok(());
        }
        let last = match self.last.take() {
            Some(last) => last,
            None => last_of_each(&self.file)?,
        };
        let (lines, last) = changed(last, sums, today);
        append(&self.file, &lines)?;
        (self.last, self.written_s) = (Some(last), now_s);
        Ok(())
    }
}

fn day_of_s(seconds: i64) -> i32 {
    DateTime::from_timestamp(seconds, 0).map_or(i32::MIN, day_of)
}

/// Lines for what is new, and what is then said last. Who has no dataset any more is told once.
fn changed(
    mut last: HashMap<Scope, Day>,
    sums: &Sums,
    today: i32,
) -> (String, HashMap<Scope, Day>) {
    let mut now: HashMap<Scope, Day> = HashMap::new();
    now.insert(Scope::Whole, Day::of(today, &sums.whole()));
    for (source, sum) in sums.by_source() {
        now.insert(Scope::Source(source.to_owned()), Day::of(today, &sum));
    }
    for (name, (_, sum)) in sums.by_publisher() {
        now.insert(Scope::Publisher(name.to_owned()), Day::of(today, &sum));
    }
    for scope in last.keys() {
        let none = Day::of(today, &Sum::default());
        now.entry(scope.clone()).or_insert(none);
    }
    let mut new: Vec<(Scope, Day)> = now
        .into_iter()
        .filter(|(scope, day)| last.get(scope).is_none_or(|l| l.numbers != day.numbers))
        .collect();
    new.sort_by(|a, b| a.0.cmp(&b.0));
    let mut lines = String::new();
    for (scope, day) in new {
        lines.push_str(&line(&scope, &day));
        last.insert(scope, day);
    }
    (lines, last)
}

fn line(scope: &Scope, day: &Day) -> String {
    let numbers = day.numbers.map(|number| number.to_string()).join("\t");
    format!("{}\t{scope}\t{numbers}\n", day.day)
}

fn parse(line: &str) -> Option<(Scope, Day)> {
    let mut cells = line.strip_suffix('\n')?.split('\t');
    let day = cells.next()?.parse().ok()?;
    let scope = Scope::parse(cells.next()?)?;
    let mut numbers = [0; COLUMNS];
    for number in &mut numbers {
        *number = cells.next()?.parse().ok()?;
    }
    Some((scope, Day { day, numbers }))
}

/// Every line that is one of ours, in the order of the file. A line that a kill cut is none.
fn lines(file: &Path, mut take: impl FnMut(Scope, Day)) -> io::Result<()> {
    let mut input = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => BufReader::new(opened?),
    };
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        if let Some((scope, day)) = parse(&line) {
            take(scope, day);
        }
        line.clear();
    }
    Ok(())
}

fn last_of_each(file: &Path) -> io::Result<HashMap<Scope, Day>> {
    let mut last = HashMap::new();
    lines(file, |scope, day| {
        last.insert(scope, day);
    })?;
    Ok(last)
}

/// Appends durably, behind the last whole line.
fn append(file: &Path, lines: &str) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut out = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)?;
    let whole = whole_bytes(&mut out)?;
    out.set_len(whole)?;
    out.seek(SeekFrom::Start(whole))?;
    if whole == 0 {
        writeln!(out, "{HEADING}")?;
    }
    out.write_all(lines.as_bytes())?;
    out.sync_all()
}

/// Up to the end of the last line that has one.
fn whole_bytes(file: &mut File) -> io::Result<u64> {
    let mut input = BufReader::new(file);
    let (mut whole, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok(whole);
        }
        whole += read as u64;
    }
}

/// The figures of one scope, one for each day on which it changed, in order.
pub fn read(data_dir: &Path, of: &Scope) -> io::Result<Vec<Day>> {
    let mut days: Vec<Day> = Vec::new();
    lines(&data_dir.join("quality").join(FILE), |scope, day| {
        if scope == *of {
            days.retain(|before| before.day < day.day);
            days.push(day);
        }
    })?;
    Ok(days)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::quality::{Entry, Group};
    use harvestd_vocab::quality::Timely;
    use std::sync::Arc;

    fn sums(met: u64, source: &str) -> Sums {
        let mut sum = Sum::default();
        sum.count(
            &Entry {
                met,
                unchecked: 0,
                late_from: 3,
                group: 0,
                timely: Timely::OnTime,
                is_validated: false,
                results: [0; 4],
            },
            true,
        );
        let group = Group {
            publisher: None,
            sources: vec![source.to_owned()],
        };
        Sums {
            seq: 1,
            groups: vec![(Arc::new(group), sum)],
            ..Sums::default()
        }
    }

    fn at(day: i64, hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp((day * 24 + hour) * HOUR_S, 0).unwrap()
    }

    fn points(dir: &Path, scope: &Scope) -> Vec<(i32, u64)> {
        let days = read(dir, scope).unwrap();
        days.iter().map(|day| (day.day, day.numbers[1])).collect()
    }

    #[test]
    fn a_day_has_its_last_figure_and_what_rests_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path();
        let folder = data.join("quality");
        let mut days = Days::of(&folder);
        days.note(&sums(1, "a"), at(10, 0)).unwrap();
        days.note(&sums(3, "a"), at(10, 0)).unwrap();
        assert_eq!(points(data, &Scope::Whole), [(10, 30)], "once an hour");
        days.note(&sums(3, "a"), at(10, 1)).unwrap();
        assert_eq!(
            points(data, &Scope::Whole),
            [(10, 60)],
            "the last of the day"
        );
        days.note(&sums(3, "a"), at(11, 0)).unwrap();
        // Another process, after a line that a kill cut.
        let file = folder.join(FILE);
        let mut text = fs::read_to_string(&file).unwrap();
        text.push_str("12\tall\t1\t4");
        fs::write(&file, &text).unwrap();
        let mut days = Days::of(&folder);
        days.note(&sums(1, "b"), at(12, 0)).unwrap();
        assert_eq!(points(data, &Scope::Whole), [(10, 60), (12, 30)]);
        let a = Scope::Source("a".to_owned());
        assert_eq!(
            points(data, &a),
            [(10, 60), (12, 0)],
            "it has none any more"
        );
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(HEADING) && text.ends_with('\n'));
        assert_eq!(text.lines().count(), 1 + 2 + 2 + 3, "{text}");
    }
}
