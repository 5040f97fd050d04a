//! What runs that were killed or broke off have left: the next run of the source goes on from it. Start at [`Answers::left`].

use super::{Answers, Kept, LEFT, PLAIN, folders};
use std::{fs, io, path::Path};

/// What a run that did not come to its end has left.
#[derive(Debug, Default)]
pub struct Left {
    pub run: Option<String>,
    /// When that run began, or the one that it went on from.
    pub began_ms: Option<i64>,
    /// In the order they came.
    pub answers: Vec<Kept>,
}

impl Answers {
    /// What the source's newest run that was killed or broke off has left, or an earlier one that had come further by the
    /// same answers; `broke_off` is one whose answers are kept all the same. What began before `from_ms` is removed.
    pub fn left(&self, source: &str, broke_off: Option<&str>, from_ms: i64) -> io::Result<Left> {
        let mut left = Left::default();
        let mut runs = folders(&self.dir.join(source))?;
        runs.sort();
        for run in runs.into_iter().rev() {
            let is_left = run.extension().is_some_and(|e| e == LEFT);
            let name = run.file_stem().and_then(|name| name.to_str());
            let Some(name) = name.filter(|name| is_left || broke_off == Some(*name)) else {
                continue;
            };
            let name = name.to_owned();
            let answers = answers_of(&run);
            let began_ms = answers.first().map(|first| first.head.began_ms);
            if began_ms.is_none_or(|began_ms| began_ms < from_ms) {
                if is_left {
                    fs::remove_dir_all(run)?;
                }
            } else if begin_alike(&answers, &left.answers) {
                left = Left {
                    run: Some(name),
                    began_ms,
                    answers,
                };
            }
        }
        Ok(left)
    }

    /// Removes what runs of the source have left.
    pub fn forget_left(&self, source: &str) -> io::Result<()> {
        for run in folders(&self.dir.join(source))? {
            if run.extension().is_some_and(|e| e == LEFT) {
                fs::remove_dir_all(run)?;
            }
        }
        Ok(())
    }
}

/// The answers of a run that did not come to its end, as far as they are whole.
fn answers_of(run: &Path) -> Vec<Kept> {
    let answer = |n: u64| {
        let head = fs::read(run.join(format!("{n}.json"))).ok()?;
        let plain = run.join(format!("{n}.{PLAIN}"));
        let path = match plain.exists() {
            true => plain,
            false => run.join(format!("{n}.zst")),
        };
        let head = serde_json::from_slice(&head).ok()?;
        Some(Kept { head, path })
    };
    (0..).map_while(answer).collect()
}

/// Are the first of `all` those of `some`?
fn begin_alike(all: &[Kept], some: &[Kept]) -> bool {
    let same = |(a, b): (&Kept, &Kept)| {
        let (a, b) = (&a.head, &b.head);
        (&a.request.url, a.bytes, &a.hash) == (&b.request.url, b.bytes, &b.hash)
    };
    all.len() >= some.len() && all.iter().zip(some).all(same)
}
