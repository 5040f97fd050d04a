//! What the first harvest is measured against: Oxigraph's own bulk loader, on the same quads from a file.
//!
//! The loader runs in a fresh process of this program, with the daemon's own threads and batch size; flush and optimize
//! count.

use crate::{memory, place::Place, say};
use anyhow::{Context as _, Result, ensure};
use oxigraph::{io::RdfFormat, store::Store};
use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// Threads and batch of the daemon's own first load. The loader takes megabytes and means a thousand quads each.
const THREADS: usize = 1;
const BATCH_MB: usize = 250;

/// What the loader did.
pub struct Bulk {
    pub took: Duration,
    pub quads: u64,
    pub peak_bytes: u64,
    /// The store it made: the same data for Oxigraph's own server.
    pub store: PathBuf,
}

impl Bulk {
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.store).context("removing the bulk loader's store")
    }
}

/// Writes out what the daemon holds and loads it in a process of its own.
pub fn measure(place: &Place) -> Result<Bulk> {
    let (file, store) = (place.path("all.nq"), place.path("bulk"));
    say("dump of the whole store");
    dump(&place.data_dir().join("store"), &file)?;
    say("Oxigraph's bulk loader on the same quads");
    let output = Command::new(std::env::current_exe()?)
        .arg("bulk")
        .args([&file, &store])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "the bulk loader failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::remove_file(&file)?;
    let mut words = text.split_whitespace();
    let mut next = || words.next().and_then(|word| word.parse::<u64>().ok());
    let (Some(micros), Some(quads), Some(peak_bytes)) = (next(), next(), next()) else {
        anyhow::bail!("found {text:?}, expected three numbers");
    };
    let took = Duration::from_micros(micros);
    say(&format!("  {took:.2?}: {quads} quads"));
    Ok(Bulk {
        took,
        quads,
        peak_bytes,
        store,
    })
}

/// Everything in the daemon's store, the log's index and all other graphs included. The daemon is stopped.
fn dump(store: &Path, file: &Path) -> Result<()> {
    let store = Store::open_read_only(store).context("opening the daemon's store")?;
    let file = BufWriter::with_capacity(1 << 20, File::create(file)?);
    store.dump_to_writer(RdfFormat::NQuads, file)?.flush()?;
    Ok(())
}

/// The child's part: prints microseconds, quads, peak bytes.
pub fn load(file: &Path, store: &Path) -> Result<()> {
    let began = Instant::now();
    let opened = Store::open(store)?;
    let mut loader = opened
        .bulk_loader()
        .with_num_threads(THREADS)
        .with_max_memory_size_in_megabytes(BATCH_MB);
    loader.load_from_reader(
        RdfFormat::NQuads,
        BufReader::with_capacity(1 << 20, File::open(file)?),
    )?;
    loader.commit()?;
    opened.flush()?;
    opened.optimize()?;
    let took = began.elapsed();
    println!(
        "{} {} {}",
        took.as_micros(),
        opened.len()?,
        memory::peak_bytes(std::process::id())?
    );
    Ok(())
}
