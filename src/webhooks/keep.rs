//! What is kept of a receiver on disk: how far it was told, what waits, and its dead-letter list.
//!
//! Every change is durable before it counts: written beside, synced, renamed. Knows no network. Start at [`Keep`].

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// How far a receiver was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub generation: u64,
    pub seq: u64,
}

/// A batch that waits to be taken: what comes after the cursor, up to and with `last`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub last: u64,
    pub tries: u32,
    pub first_try_ms: Option<i64>,
    pub next_try_ms: i64,
    /// Not activities, but this change of a source's health.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<u64>,
}

/// Why a try failed: in a word for everybody, and whole for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub short: String,
    pub detail: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// None: the receiver is new.
    pub cursor: Option<Cursor>,
    pub pending: Option<Pending>,
    pub trouble: Option<Trouble>,
    pub disabled: Option<String>,
    pub delivered_ms: Option<i64>,
    /// The last change of a source's health that was told, given up, or not wanted. None: nothing was looked at yet.
    #[serde(default)]
    pub health: Option<u64>,
}

/// A batch that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    pub id: String,
    pub generation: u64,
    pub first: u64,
    pub last: u64,
    pub activities: usize,
    pub tries: u32,
    pub gave_up_ms: i64,
    pub error: String,
    /// What was to be sent, byte by byte.
    pub body: String,
}

/// The folder of one receiver.
pub struct Keep {
    dir: PathBuf,
    standing: Standing,
}

impl Keep {
    pub fn open(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(dir.join("dead"))?;
        let standing = match fs::read(dir.join("standing.json")) {
            Ok(bytes) => parse(&dir.join("standing.json"), &bytes)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Standing::default(),
            Err(e) => return Err(e),
        };
        Ok(Self { dir, standing })
    }

    pub fn standing(&self) -> Standing {
        self.standing.clone()
    }

    pub fn set(&mut self, standing: Standing) -> io::Result<()> {
        if standing != self.standing {
            write(
                &self.dir.join("standing.json"),
                &serde_json::to_vec(&standing)?,
            )?;
            self.standing = standing;
        }
        Ok(())
    }

    /// The dead-letter list, the oldest first.
    pub fn dead(&self) -> io::Result<Vec<Dead>> {
        let mut all: Vec<Dead> = Vec::new();
        for entry in fs::read_dir(self.dir.join("dead"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "json") {
                all.push(parse(&path, &fs::read(&path)?)?);
            }
        }
        all.sort_by_key(|dead| (dead.generation, dead.first));
        Ok(all)
    }

    /// How many are in it.
    pub fn dead_count(&self) -> io::Result<usize> {
        let mut count = 0;
        for entry in fs::read_dir(self.dir.join("dead"))? {
            count += usize::from(entry?.path().extension().is_some_and(|e| e == "json"));
        }
        Ok(count)
    }

    pub fn give_up(&self, dead: &Dead) -> io::Result<()> {
        write(&self.letter(&dead.id), &serde_json::to_vec(dead)?)
    }

    /// Takes a batch out of the dead-letter list, if it is in it.
    pub fn bury(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.letter(id)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    fn letter(&self, id: &str) -> PathBuf {
        self.dir.join("dead").join(format!("{id}.json"))
    }
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(|e| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is not what harvestd wrote: {e}", path.display()),
        )
    })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_kept_is_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut keep = Keep::open(dir.path().join("a")).unwrap();
        let standing = Standing {
            cursor: Some(Cursor {
                generation: 1,
                seq: 9,
            }),
            ..Standing::default()
        };
        keep.set(standing.clone()).unwrap();
        for (first, id) in [(30, "1-30-39-x"), (5, "1-5-9-y")] {
            keep.give_up(&Dead {
                id: id.to_owned(),
                generation: 1,
                first,
                last: first,
                activities: 1,
                tries: 2,
                gave_up_ms: 3,
                error: "503".to_owned(),
                body: "{}".to_owned(),
            })
            .unwrap();
        }
        let keep = Keep::open(dir.path().join("a")).unwrap();
        assert_eq!(keep.standing(), standing);
        let ids: Vec<String> = keep.dead().unwrap().into_iter().map(|d| d.id).collect();
        assert_eq!(ids, ["1-5-9-y", "1-30-39-x"]);
        keep.bury("1-5-9-y").unwrap();
        assert_eq!(keep.dead_count().unwrap(), 1);
        fs::write(dir.path().join("a/standing.json"), "{").unwrap();
        let error = Keep::open(dir.path().join("a")).err().unwrap().to_string();
        assert!(error.contains("standing.json is not what"), "{error}");
    }
}
