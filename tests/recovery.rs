//! What is kept, damaged, lost, put back, copied and restored: nothing is deleted for it, nobody is given a number twice, and
//! who looks is told what to do.
//!
//! Everything is on loopback; damage is done to files. Start at [`Bed`] (of the program) and [`whole::Whole::of`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/house.rs"]
mod house;
#[path = "support/origin.rs"]
mod origin;
#[path = "support/serving.rs"]
#[expect(dead_code, reason = "tests/outgoing.rs uses the rest")]
mod serving;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;
#[path = "support/whole.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod whole;

#[path = "recovery/backups.rs"]
mod backups;
#[path = "recovery/compacted.rs"]
mod compacted;
#[path = "recovery/damaged.rs"]
mod damaged;
#[path = "recovery/disk.rs"]
mod disk;
#[path = "recovery/few.rs"]
mod few;
#[path = "recovery/forms.rs"]
mod forms;
#[path = "recovery/put_back.rs"]
mod put_back;
#[path = "recovery/state.rs"]
mod state;

use house::{DEADLINE, House};
use serde_json::Value;
use serving::Bed;
use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use texts::{export, rows, source};
use whole::Whole;

const JSON: &str = "application/json";
const DAMAGED: i32 = 7;
const LOCKED: i32 = 75;

/// How a command ended.
#[derive(Debug)]
struct Told {
    exit: Option<i32>,
    out: String,
    error: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    fn ends_with(self, exit: i32) -> Self {
        assert_eq!(self.exit, Some(exit), "{self:?}");
        self
    }
}

async fn told(bed: &Bed, arguments: &[&str]) -> Told {
    let output = tokio::time::timeout(DEADLINE, bed.command(arguments).output()).await;
    let output = output.expect("the command ends").unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Told {
        exit: output.status.code(),
        out: text(&output.stdout),
        error: text(&output.stderr),
    }
}

/// Opens the data directory in this process.
fn open(bed: &Bed) -> House {
    let source = source("a", "data_gov_tw", &bed.origin.at("/a"), "");
    House::open(&bed.data_dir(), "", &[source])
}

async fn whole(bed: &Bed) -> Whole {
    let house = open(bed);
    let whole = Whole::of(&house.daemon);
    house.close().await;
    whole
}

/// A catalogue of twenty datasets that was harvested, changed, and harvested again: two runs are published.
async fn twice() -> Bed {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    told(&bed, &["run", "a"]).await.ends_with(0);
    bed.origin.say("/a", JSON, changed());
    told(&bed, &["run", "a"]).await.ends_with(0);
    bed
}

/// The same twenty, three of them with another title, and one more.
fn changed() -> String {
    let mut all = rows(1, 21, 1);
    all.splice(0..3, rows(1, 3, 2));
    export(&all)
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let beside = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &beside);
        } else {
            fs::copy(entry.path(), beside).unwrap();
        }
    }
}

/// The files of a folder whose names end so.
fn ending(dir: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = whole::files(dir);
    found.retain(|path| path.is_file() && path.to_str().unwrap().ends_with(end));
    found.sort();
    found
}

/// Changes the bytes from a place on, in this very file: whoever has a link to it has them too.
fn flip(path: &Path, at: u64, count: usize) {
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut bytes = vec![0; count];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut bytes).unwrap();
    for byte in &mut bytes {
        *byte ^= 0x5a;
    }
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&bytes).unwrap();
}

/// Every file below, but for those of the process that looks, with its bytes.
fn bytes_of(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = whole::files(dir)
        .into_iter()
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}
