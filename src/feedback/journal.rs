//! The file that all feedback is in, `{data_dir}/feedback.jsonl`: one line of JSON for each thing that was sent and for
//! each decision, never changed but for what is erased, each synced before anybody is told. It holds addresses of people: only its owner reads it.
//!
//! Start at [`Journal::open`].

use super::shelf::Kept;
use crate::feedback::Judged;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const FILE: &str = "feedback.jsonl";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    Sent(Box<Kept>),
    Judged { id: u64, judged: Judged },
}

pub(super) struct Journal {
    path: PathBuf,
    /// None: nothing was ever written, or nothing may be.
    file: Option<File>,
    /// Bytes of whole lines.
    bytes: u64,
    writes: bool,
}

impl Journal {
    /// All lines. One that a kill left half written at the end was never acknowledged, and goes.
    pub fn open(data_dir: &Path, writes: bool) -> io::Result<(Self, Vec<Line>)> {
        let path = data_dir.join(FILE);
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        let mut text = Vec::new();
        match File::open(&path) {
            Ok(mut file) => file.read_to_end(&mut text).map(drop).map_err(named)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(named(e)),
        }
        let whole = text
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let mut lines = Vec::new();
        for (n, line) in text[..whole].split_inclusive(|b| *b == b'\n').enumerate() {
            let line = serde_json::from_slice(line);
            let broken = |e| named(io::Error::other(format!("line {}: {e}", n + 1)));
            lines.push(line.map_err(broken)?);
        }
        let mut journal = Self {
            path,
            file: None,
            bytes: whole as u64,
            writes,
        };
        if writes && whole < text.len() {
            tracing::warn!(
                bytes = text.len() - whole,
                "feedback that was half written is left out"
            );
            let file = journal.file()?;
            file.set_len(whole as u64)?;
            file.sync_all()?;
        }
        Ok((journal, lines))
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn writes(&self) -> bool {
        self.writes
    }

    /// Durable when it returns. What fails leaves nothing behind.
    pub fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let end = self.bytes;
        let file = self.file()?;
        crate::crash_point!("feedback-write");
        let written = file
            .set_len(end)
            .and_then(|()| file.seek(SeekFrom::Start(end)))
            .and_then(|_| file.write_all(&text))
            .and_then(|()| file.sync_data());
        if let Err(error) = written {
            // The next one begins where this one did, whatever is left of it.
            let _ = file.set_len(end).and_then(|()| file.sync_data());
            return Err(error);
        }
        self.bytes += text.len() as u64;
        crate::crash_point!("feedback-durable");
        Ok(())
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let opened = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(&self.path)?;
            if let Some(dir) = self.path.parent() {
                File::open(dir)?.sync_all()?;
            }
            self.file = Some(opened);
        }
        self.file
            .as_mut()
            .ok_or_else(|| io::Error::other("no file"))
    }
}

/// Puts other lines in the place of the file: of what is erased not even the bytes stay. Nobody may have it open.
pub(super) fn rewrite(data_dir: &Path, lines: &[Line]) -> io::Result<()> {
    let path = data_dir.join(FILE);
    let temporary = path.with_extension("tmp");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&temporary)?;
    for line in lines {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        file.write_all(&text)?;
    }
    file.sync_all()?;
    std::fs::rename(temporary, path)?;
    File::open(data_dir)?.sync_all()
}
