//! Everything that is kept, read from its first byte to its last: what is damaged, where, and what to do about it.
//!
//! Writes nothing, and neither needs nor disturbs a daemon: while one has the directory, its snapshots stand for the store
//! (they are its files), and the state is left out. Start at [`scrub`].

mod files;

use crate::log::Log;
use crate::snapshot;
use crate::state::State;
use crate::store::StoreError;
use crate::store_read::{self, Whole};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// `store`, `snapshot`, `log`, `state`, `undo`, `feed`, `dump`, or the folder it is in.
    pub what: &'static str,
    pub path: PathBuf,
    pub found: String,
    /// What to do.
    pub help: &'static str,
}

/// One kind of what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Looked {
    pub what: &'static str,
    /// Stores, segments or files.
    pub read: u64,
    /// Why not, where it was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Scrubbed {
    pub looked: Vec<Looked>,
    pub damaged: Vec<Damage>,
}

/// Where, and who has it.
pub struct Scrub<'a> {
    pub data_dir: &'a Path,
    /// Base of our own IRIs.
    pub base: &'a str,
    pub state_cache_bytes: u64,
    /// A daemon has the directory at this moment.
    pub is_running: bool,
    /// Told what is being read, and how much of it was.
    pub tell: &'a mut dyn FnMut(&str, u64),
}

const STORE_HELP: &str = "stop the daemon and run `harvestd recover`: it puts the newest snapshot that reads whole in the store's place; where none does, `harvestd backup restore DIR`";
const SNAPSHOT_HELP: &str = "stop the daemon and remove the folder, the next publication makes another; where the store is damaged too, `harvestd recover` comes first";
/// Beginning of the name of the folder that holds a copy of the state meanwhile.
pub(crate) const BESIDE: &str = "scrub-";
const LOG_HELP: &str = "`harvestd backup restore DIR`, or, if no backup has it, `harvestd feed new-generation --why TEXT`: the present is stated again, and the past given up";
const STATE_HELP: &str = "nothing: the next start sets it aside and rebuilds it from the store";

/// Reads everything. What goes away meanwhile is no damage.
pub fn scrub(mut wanted: Scrub<'_>) -> io::Result<Scrubbed> {
    let mut scrubbed = Scrubbed::default();
    let whole = wanted.stores(&mut scrubbed)?;
    wanted.log(whole.as_ref(), &mut scrubbed)?;
    wanted.state(whole.as_ref(), &mut scrubbed)?;
    files::look(wanted.data_dir, wanted.tell, &mut scrubbed)?;
    Ok(scrubbed)
}

impl Scrub<'_> {
    /// The store and every snapshot that has files which were not read yet. Gives what the newest of them says.
    fn stores(&mut self, scrubbed: &mut Scrubbed) -> io::Result<Option<Whole>> {
        let live = self.data_dir.join("store");
        let (mut read, mut whole, mut stores) = (HashSet::new(), None, 0);
        if !self.is_running && live.exists() {
            match self.store(&live, "store") {
                Ok(found) => {
                    read = tables(&live)?;
                    whole = Some(found);
                }
                Err(error) => scrubbed.damage("store", &live, &error, STORE_HELP),
            }
            stores = 1;
        }
        let left_out = self.is_running.then(|| {
            "a daemon has it: its newest snapshot, which has the same files, is read instead"
                .to_owned()
        });
        scrubbed.looked("store", stores, left_out);
        let mut snapshots = 0;
        for (_, dir) in snapshot::all_named(self.data_dir)?.into_iter().rev() {
            let files = tables(&dir)?;
            if whole.is_some() && files.is_subset(&read) {
                continue;
            }
            match self.store(&dir, "snapshot") {
                Ok(found) => {
                    read.extend(files);
                    whole.get_or_insert(found);
                }
                Err(_) if !dir.exists() => continue,
                Err(error) => scrubbed.damage("snapshot", &dir, &error, SNAPSHOT_HELP),
            }
            snapshots += 1;
        }
        scrubbed.looked("snapshot", snapshots, None);
        Ok(whole)
    }

    fn store(&mut self, dir: &Path, what: &str) -> Result<Whole, StoreError> {
        let tell = &mut *self.tell;
        store_read::read_whole(dir, self.base, &mut |quads| tell(what, quads))
    }

    /// Every segment: its bytes against the sum that its commit names, and its activities in their order.
    fn log(&mut self, whole: Option<&Whole>, scrubbed: &mut Scrubbed) -> io::Result<()> {
        let Some(whole) = whole else {
            let why = "no store could be read, which names the segments".to_owned();
            scrubbed.looked("log", 0, Some(why));
            return Ok(());
        };
        let log = Log::at(self.data_dir.join("log"), self.base);
        let (generation, head) = (whole.head.generation, whole.head.seq);
        let mut next = None;
        let segments = log.segments(generation)?;
        for (read, segment) in segments.iter().enumerate() {
            if segment.last > head {
                // Of a commit since, or of one that never was.
                break;
            }
            (self.tell)("log", read as u64 + 1);
            let name = log.segment_iri(generation, segment.first, segment.last);
            if next.is_some_and(|next| next != segment.first) {
                let found = format!("activities before {} are missing", segment.first);
                scrubbed.damage("log", &segment.path, &found, LOG_HELP);
            }
            next = Some(segment.last + 1);
            let found = match sha256(&segment.path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => Some(e.to_string()),
                Ok(sum) => match whole.segments.get(&name) {
                    Some(named) if *named == sum => readable(segment),
                    Some(named) => Some(format!(
                        "it has the sum {sum}, and its commit names {named}"
                    )),
                    None => Some("no commit names it".to_owned()),
                },
            };
            if let Some(found) = found {
                scrubbed.damage("log", &segment.path, &found, LOG_HELP);
            }
        }
        if head > 0 && next != Some(head + 1) {
            let found = format!("it does not hold activity {head} of generation {generation}");
            let dir = self.data_dir.join("log").join(generation.to_string());
            scrubbed.damage("log", &dir, &found, LOG_HELP);
        }
        scrubbed.looked("log", segments.len() as u64, None);
        Ok(())
    }

    /// A copy of the state, since sled writes to what it opens.
    fn state(&mut self, whole: Option<&Whole>, scrubbed: &mut Scrubbed) -> io::Result<()> {
        let dir = self.data_dir.join("state");
        if self.is_running {
            let why = "a daemon has it".to_owned();
            scrubbed.looked("state", 0, Some(why));
            return Ok(());
        }
        if dir.exists() {
            (self.tell)("state", 0);
            remove_copies(self.data_dir)?;
            let beside = tempfile::Builder::new()
                .prefix(BESIDE)
                .tempdir_in(self.data_dir)?;
            let beside = beside.path().join("state");
            let read = copied(&dir, &beside)
                .map_err(|e| format!("copying it: {e}"))
                .and_then(|()| State::readable(&beside, self.state_cache_bytes));
            crate::crash_point!("scrub-copied");
            let found = match (read, whole) {
                (Err(found), _) => Some(found),
                (Ok(told), Some(whole)) if told != Some(whole.head) => {
                    Some("it does not stand where the store does".to_owned())
                }
                _ => None,
            };
            if let Some(found) = found {
                scrubbed.damage("state", &dir, &found, STATE_HELP);
            }
        }
        scrubbed.looked("state", u64::from(dir.exists()), None);
        Ok(())
    }
}

impl Scrubbed {
    fn looked(&mut self, what: &'static str, read: u64, left_out: Option<String>) {
        self.looked.push(Looked {
            what,
            read,
            left_out,
        });
    }

    fn damage(
        &mut self,
        what: &'static str,
        path: &Path,
        found: &dyn std::fmt::Display,
        help: &'static str,
    ) {
        self.damaged.push(Damage {
            what,
            path: path.to_owned(),
            found: found.to_string(),
            help,
        });
    }
}

fn readable(segment: &crate::log::Segment) -> Option<String> {
    let count = || -> io::Result<u64> {
        let mut count = 0;
        for activity in segment.read()? {
            activity?;
            count += 1;
        }
        Ok(count)
    };
    let expected = segment.last - segment.first + 1;
    match count() {
        Ok(count) if count == expected => None,
        Ok(count) => Some(format!("it holds {count} activities, expected {expected}")),
        Err(e) => Some(e.to_string()),
    }
}

/// The engine's tables in a folder: two that share one have the same file.
fn tables(dir: &Path) -> io::Result<HashSet<u64>> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(HashSet::new()),
        entries => entries?,
    };
    let mut all = HashSet::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().extension().is_some_and(|e| e == "sst") {
            all.insert(entry.metadata()?.ino());
        }
    }
    Ok(all)
}

pub(crate) fn sha256(path: &Path) -> io::Result<String> {
    let (mut file, mut sha) = (File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(sha.finalize())),
            n => sha.update(&buffer[..n]),
        }
    }
}

/// Takes away what a scrub left that was killed. For who has the data directory.
pub(crate) fn remove_copies(data_dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(BESIDE) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn copied(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let beside = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copied(&entry.path(), &beside)?;
        } else {
            fs::copy(entry.path(), beside)?;
        }
    }
    Ok(())
}
