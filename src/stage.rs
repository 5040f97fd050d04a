//! Changes of a run, staged on disk between normalising and committing, so that the writer is held only for as long
//! as the disk needs and a slow source delays nobody.
//!
//! One file a class, since referents are committed before what refers to them. Knows nothing of the store.

use harvestd_harvesters::RecordId;
use harvestd_vocab::{Class, Normal};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// zstd level of staged bodies: they live for seconds.
const LEVEL: i32 = 1;

/// One record to be committed: its normal form, with the hash under which it will be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    pub id: RecordId,
    pub entity: String,
    pub record: String,
    /// Another harvestd's record of the entity: the body is its own, and is published as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirrors: Option<String>,
    /// Sorted N-Triples; written after the head line.
    #[serde(skip)]
    pub body: String,
    bytes: usize,
}

impl Staged {
    pub fn new(id: RecordId, normal: Normal, mirrors: Option<String>) -> Self {
        let (entity, record) = (normal.entity.into_string(), normal.record.into_string());
        Self::of(id, entity, record, mirrors, normal.body)
    }

    /// Of a body that is normal already.
    pub fn of(
        id: RecordId,
        entity: String,
        record: String,
        mirrors: Option<String>,
        body: String,
    ) -> Self {
        Self {
            id,
            entity,
            record,
            mirrors,
            bytes: body.len(),
            body,
        }
    }
}

/// Writes staged records, one file a class.
pub struct Stage {
    dir: PathBuf,
    files: BTreeMap<Class, zstd::Encoder<'static, BufWriter<File>>>,
    pub records: u64,
    /// Bytes of all bodies.
    pub bytes: u64,
}

impl Stage {
    pub fn begin(dir: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        Ok(Self {
            dir,
            files: BTreeMap::new(),
            records: 0,
            bytes: 0,
        })
    }

    pub fn push(&mut self, staged: &Staged) -> io::Result<()> {
        crate::trouble_point!("stage-fails", crate::crash::planned());
        let class = staged.id.class;
        let out = match self.files.entry(class) {
            std::collections::btree_map::Entry::Occupied(o) => o.into_mut(),
            std::collections::btree_map::Entry::Vacant(v) => {
                let file = File::create(path_of(&self.dir, class))?;
                v.insert(zstd::Encoder::new(
                    BufWriter::with_capacity(1 << 16, file),
                    LEVEL,
                )?)
            }
        };
        serde_json::to_writer(&mut *out, staged)?;
        out.write_all(b"\n")?;
        out.write_all(staged.body.as_bytes())?;
        self.records += 1;
        self.bytes += staged.bytes as u64;
        Ok(())
    }

    /// Ends the stage; it may be read from now on, as often as needed.
    pub fn finish(self) -> io::Result<StageFiles> {
        for encoder in self.files.into_values() {
            encoder.finish()?.flush()?;
        }
        Ok(StageFiles {
            dir: self.dir,
            records: self.records,
            bytes: self.bytes,
        })
    }
}

/// A finished stage. Its files go when it is dropped.
#[derive(Debug)]
pub struct StageFiles {
    dir: PathBuf,
    pub records: u64,
    pub bytes: u64,
}

impl StageFiles {
    /// All staged records, referents first.
    pub fn read(&self) -> impl Iterator<Item = io::Result<Staged>> {
        let dir = self.dir.clone();
        Class::ALL
            .into_iter()
            .filter_map(move |class| StageReader::open(&path_of(&dir, class)).transpose())
            .flat_map(|reader| -> Box<dyn Iterator<Item = io::Result<Staged>>> {
                match reader {
                    Ok(reader) => Box::new(reader),
                    Err(e) => Box::new(std::iter::once(Err(e))),
                }
            })
    }
}

impl Drop for StageFiles {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.dir) {
            tracing::warn!(dir = %self.dir.display(), %error, "a finished stage could not be removed");
        }
    }
}

fn path_of(dir: &Path, class: Class) -> PathBuf {
    dir.join(format!("{}.stage", class.segment()))
}

struct StageReader {
    lines: BufReader<zstd::Decoder<'static, BufReader<File>>>,
}

impl StageReader {
    fn open(path: &Path) -> io::Result<Option<Self>> {
        match File::open(path) {
            Ok(file) => Ok(Some(Self {
                lines: BufReader::with_capacity(1 << 16, zstd::Decoder::new(file)?),
            })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn staged(&mut self) -> io::Result<Option<Staged>> {
        let mut head = Vec::new();
        if self.lines.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
        let mut staged: Staged = serde_json::from_slice(&head)?;
        let mut body = vec![0; staged.bytes];
        self.lines.read_exact(&mut body)?;
        staged.body =
            String::from_utf8(body).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        Ok(Some(staged))
    }
}

impl Iterator for StageReader {
    type Item = io::Result<Staged>;
    fn next(&mut self) -> Option<Self::Item> {
        self.staged().transpose()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn staged(class: Class, key: &str, body: &str) -> Staged {
        Staged {
            mirrors: None,
            id: RecordId::new(class, key),
            entity: format!("https://e.example/{key}"),
            record: "https://h.example/record/s/k".into(),
            body: body.into(),
            bytes: body.len(),
        }
    }

    #[test]
    fn referents_come_first_and_nothing_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let mut stage = Stage::begin(dir.path().join("run")).unwrap();
        let all = [
            staged(Class::Dataset, "資料", "<a:a> <a:b> \"x\" .\n"),
            staged(Class::Agent, "a", ""),
            staged(Class::Dataset, "c", "<a:a> <a:b> <a:c> .\n"),
        ];
        for s in &all {
            stage.push(s).unwrap();
        }
        let files = stage.finish().unwrap();
        for _ in 0..2 {
            let read: Vec<Staged> = files.read().collect::<io::Result<_>>().unwrap();
            assert_eq!(read, [all[1].clone(), all[0].clone(), all[2].clone()]);
        }
        drop(files);
        assert!(!dir.path().join("run").exists());
    }
}
