//! The feed's documents on disk and in memory: made from the log when they are asked for or when a page closes, kept
//! compressed, and handed out as they are.
//!
//! A cache: the log is the truth, and whatever is missing here is made again. Never shows what is not published, and
//! never half a document: files get their name when they are whole. Start at [`FeedCache::find`].
//!
//! A closed page is `feed/{generation}-v{LAYOUT}/{page}.{from_us}-{until_us}.{tag}.{syntax}.gz`: its name says all that
//! the tree above it needs. A closed node above pages is a file as well, `{first}-{last}` in the place of `{page}`. Pages are
//! made in TriG as they close, and in other syntaxes, as nodes in any, when somebody first asks; then they are kept. The
//! root and the open page are made once for each published head, and lie in memory.

mod closed;
mod files;

use crate::{
    config::Config,
    feed::{Bounds, Feed, Relation, Syntax, tree},
    log::Log,
    snapshot::Published,
    store::{Head, PAGE},
};
use bytes::Bytes;
use files::{Named, Packing, named};
use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Raised when the same page would be written in other bytes: pages of another layout are made anew.
const LAYOUT: u32 = 1;
const DAY_US: i64 = 86_400_000_000;
const LOOK_EVERY: Duration = Duration::from_secs(86_400);

/// A document of the feed, compressed with gzip.
#[derive(Debug)]
pub struct Prepared {
    /// Names the uncompressed bytes.
    pub tag: String,
    /// Never changes again.
    pub closed: bool,
    pub gzip: Source,
}

/// Where its bytes are.
#[derive(Debug)]
pub enum Source {
    File { file: File, bytes: u64 },
    Memory(Bytes),
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    Root,
    /// A page, or a node above pages.
    Node(Range<u64>),
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("there is no such page yet, or it has not so many activities")]
    Unknown,
    #[error("the pages before {oldest} were removed")]
    Pruned { oldest: u64 },
    #[error("the feed's document could not be made: {0}")]
    Io(#[from] io::Error),
}

/// The documents of one feed.
pub struct FeedCache {
    dir: PathBuf,
    log: Log,
    /// With the generation left open: the published head says which.
    feed: Feed,
    kept: Mutex<Kept>,
    /// Held while a document is made, so that nobody makes it twice. One for each syntax: who asks for one in N-Quads does
    /// not wait for those in TriG.
    making: [Mutex<()>; Syntax::ALL.len()],
}

/// Makes pages as they close, and removes those that are old, until told to stop: after each publication, and once a
/// day for what has grown old meanwhile.
pub async fn keep(
    cache: Arc<FeedCache>,
    mut published: watch::Receiver<Option<Arc<Published>>>,
    stop: CancellationToken,
) {
    loop {
        let head = published.borrow_and_update().as_deref().map(Head::from);
        if let Some(head) = head {
            let (cache, stop) = (cache.clone(), stop.clone());
            let done = tokio::task::spawn_blocking(move || {
                cache.prune(head, chrono::Utc::now().timestamp_micros())?;
                cache.catch_up(head, &|| stop.is_cancelled())
            });
            match done.await {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(pages)) => tracing::info!(pages, "pages of the feed are ready"),
                Ok(Err(error)) => tracing::error!(%error, "pages of the feed could not be made"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = published.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Removes what a kill left half written. Says how many files. What is no folder of ours is left alone.
pub fn sweep(data_dir: &Path) -> io::Result<usize> {
    let mut swept = 0;
    let generations = match fs::read_dir(data_dir.join("feed")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
        found => found?,
    };
    for generation in generations {
        let generation = generation?.path();
        if !is_ours(&generation) {
            continue;
        }
        for entry in fs::read_dir(generation)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "tmp") && path.is_file() {
                fs::remove_file(path)?;
                swept += 1;
            }
        }
    }
    Ok(swept)
}

/// Removes all documents of the feed: they are made again of the log as it is then. Nobody may have the folder open.
pub fn forget(data_dir: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(data_dir.join("feed")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    for entry in entries {
        let path = entry?.path();
        if is_ours(&path) {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

/// Is a document's file what its name says, byte by byte?
pub fn intact(path: &Path) -> io::Result<()> {
    let Some(named) = named(path) else {
        // None of ours.
        return Ok(());
    };
    let mut hasher = blake3::Hasher::new();
    io::copy(
        &mut flate2::read::GzDecoder::new(File::open(path)?),
        &mut hasher,
    )?;
    let found = hasher.finalize().to_hex();
    match found.starts_with(&named.tag) {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "its bytes have the hash {found}, and its name says {}",
                named.tag
            ),
        )),
    }
}

/// Is it the folder of some generation, in this layout or another?
fn is_ours(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    let of = name.and_then(|name| name.split_once("-v"));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    of.is_some_and(|(generation, layout)| number(generation) && number(layout)) && folder.is_dir()
}

/// What is ready.
#[derive(Default)]
struct Kept {
    /// None: nothing was looked at yet.
    generation: Option<u64>,
    /// The first page that is wholly in the log.
    oldest: u64,
    bounds: BTreeMap<u64, Bounds>,
    /// Which closed documents are files, and what they are called.
    files: HashMap<(Range<u64>, Syntax), Named>,
    /// Documents that are true for one head only.
    fresh: HashMap<(What, Syntax), (Head, String, Bytes)>,
}

impl FeedCache {
    /// The cache of a daemon.
    pub fn of(config: &Config) -> Self {
        let base = config.public_url.as_str();
        let feed = Feed {
            base: base.to_owned(),
            generation: 0,
            title: config.title.clone(),
            keep_days: config.feed.keep_days,
        };
        let log = Log::at(config.data_dir.join("log"), base);
        Self::new(&config.data_dir, log, feed)
    }

    /// `feed` is the feed of any generation.
    pub fn new(data_dir: &Path, log: Log, feed: Feed) -> Self {
        Self {
            dir: data_dir.join("feed"),
            log,
            feed,
            kept: Mutex::default(),
            making: Default::default(),
        }
    }

    /// The feed at a published head.
    pub fn feed(&self, head: Head) -> Feed {
        Feed {
            generation: head.generation,
            ..self.feed.clone()
        }
    }

    /// A document as it is at a published head. Blocks: reads and writes files.
    pub fn find(&self, head: Head, what: &What, syntax: Syntax) -> Result<Prepared, CacheError> {
        let oldest = self.at(head)?.oldest;
        let closed = head.seq / PAGE;
        match what {
            What::Root => self.fresh(head, what, syntax),
            What::Node(pages) if pages.start < oldest => Err(CacheError::Pruned { oldest }),
            What::Node(pages) if pages.end <= closed => self.closed(head, pages, syntax),
            What::Node(pages) if *pages == (closed..closed + 1) && head.seq > closed * PAGE => {
                self.fresh(head, what, syntax)
            }
            What::Node(_) => Err(CacheError::Unknown),
        }
    }

    /// Makes the pages that have closed and are not here. Ends early when told so.
    pub fn catch_up(&self, head: Head, stop: &dyn Fn() -> bool) -> io::Result<u64> {
        let (feed, closed) = (self.feed(head), head.seq / PAGE);
        let missing: Vec<u64> = {
            let kept = self.at(head)?;
            let all = kept.oldest..closed;
            all.filter(|page| !kept.has(*page, Syntax::TriG)).collect()
        };
        let mut made = 0;
        for run in missing.chunk_by(|a, b| a + 1 == *b) {
            let (first, last) = (run[0], run[run.len() - 1]);
            let mut activities =
                self.log
                    .after(head.generation, first * PAGE, (last + 1) * PAGE)?;
            for page in run {
                if stop() {
                    return Ok(made);
                }
                let _turn = self.turn(Syntax::TriG);
                self.make_page(&feed, *page, Syntax::TriG, &mut activities)?;
                made += 1;
            }
        }
        Ok(made)
    }

    /// Removes pages all of whose activities are older than the feed keeps, with the log's segments that hold nothing
    /// else. The newest closed page stays, whatever its age. Says which page is now the oldest.
    pub fn prune(&self, head: Head, now_us: i64) -> io::Result<u64> {
        let (oldest, closed) = (self.at(head)?.oldest, head.seq / PAGE);
        let Some(days) = self.feed.keep_days else {
            return Ok(oldest);
        };
        let keep_us = i64::try_from(days)
            .unwrap_or(i64::MAX)
            .saturating_mul(DAY_US);
        let limit_us = now_us.saturating_sub(keep_us);
        let mut keep = oldest;
        while keep + 1 < closed && self.bounds(head, keep)?.until_us <= limit_us {
            keep += 1;
        }
        if keep == oldest {
            return Ok(oldest);
        }
        // Whoever makes a page reads the segments that go.
        let _turns = Syntax::ALL.map(|syntax| self.turn(syntax));
        if self.log.prune(head.generation, keep * PAGE + 1)? == 0 {
            return Ok(oldest);
        }
        locked(&self.kept).generation = None;
        Ok(self.at(head)?.oldest)
    }

    /// What is ready for the generation of `head`; looks at the folder where that was not done yet.
    fn at(&self, head: Head) -> io::Result<MutexGuard<'_, Kept>> {
        let mut kept = locked(&self.kept);
        if kept.generation != Some(head.generation) {
            let begins = self.log.begins(head.generation)?;
            // A page that begins in the middle of what is left is not whole.
            let oldest = begins.map_or(0, |seq| (seq - 1).div_ceil(PAGE));
            *kept = Kept {
                oldest,
                generation: Some(head.generation),
                ..Kept::default()
            };
            let own = self.folder(head.generation);
            fs::create_dir_all(&own)?;
            for entry in fs::read_dir(&self.dir)? {
                let path = entry?.path();
                if path != own && is_ours(&path) {
                    fs::remove_dir_all(&path)?;
                }
            }
            for entry in fs::read_dir(&own)? {
                let path = entry?.path();
                match named(&path).filter(|named| named.pages.start >= oldest) {
                    Some(named) => kept.take(named),
                    None if path.is_file() => fs::remove_file(&path)?,
                    None => {}
                }
            }
        }
        Ok(kept)
    }

    fn turn(&self, syntax: Syntax) -> MutexGuard<'_, ()> {
        locked(&self.making[syntax as usize])
    }

    fn folder(&self, generation: u64) -> PathBuf {
        self.dir.join(format!("{generation}-v{LAYOUT}"))
    }

    fn bounds(&self, head: Head, page: u64) -> io::Result<Bounds> {
        let known = self.at(head)?.bounds.get(&page).copied();
        if let Some(bounds) = known {
            return Ok(bounds);
        }
        // Whoever asks for the root does not wait until a page that has just closed is made.
        let published_us = |seq: u64| {
            let mut one = self.log.after(head.generation, seq - 1, seq)?;
            let missing = || io::Error::other(format!("activity {seq} is missing from the log"));
            Ok::<_, io::Error>(one.next().transpose()?.ok_or_else(missing)?.published_us)
        };
        let (first_us, last_us) = (
            published_us(page * PAGE + 1)?,
            published_us((page + 1) * PAGE)?,
        );
        let bounds = Bounds::of(first_us, last_us);
        self.at(head)?.bounds.insert(page, bounds);
        Ok(bounds)
    }

    fn relation(&self, head: Head, pages: Range<u64>) -> io::Result<Relation> {
        Ok(Relation {
            from_us: self.bounds(head, pages.start)?.from_us,
            until_us: Some(self.bounds(head, pages.end - 1)?.until_us),
            pages,
        })
    }

    /// The root or the open page: made once for each head.
    fn fresh(&self, head: Head, what: &What, syntax: Syntax) -> Result<Prepared, CacheError> {
        let key = (what.clone(), syntax);
        let ready = |kept: &Kept| {
            let found = kept.fresh.get(&key).filter(|(of, ..)| *of == head);
            found.map(|(_, tag, bytes)| Prepared {
                tag: tag.clone(),
                closed: false,
                gzip: Source::Memory(bytes.clone()),
            })
        };
        if let Some(found) = ready(&*self.at(head)?) {
            return Ok(found);
        }
        let relations = match what {
            What::Root => self.relations(head)?,
            What::Node(_) => Vec::new(),
        };
        let _turn = self.turn(syntax);
        if let Some(found) = ready(&*self.at(head)?) {
            return Ok(found);
        }
        let feed = self.feed(head);
        let mut out = Packing::quickly_into(Vec::new());
        match what {
            What::Root => feed.root(&relations, syntax, &mut out)?,
            What::Node(pages) => {
                let after = pages.start * PAGE;
                let mut activities = self.log.after(head.generation, after, head.seq)?;
                feed.page(pages.start, head.seq, &mut activities, syntax, &mut out)?;
            }
        }
        let (bytes, tag) = out.finish()?;
        let bytes = Bytes::from(bytes);
        let mut kept = self.at(head)?;
        kept.fresh.retain(|_, (of, ..)| *of == head);
        kept.fresh.insert(key, (head, tag.clone(), bytes.clone()));
        Ok(Prepared {
            tag,
            closed: false,
            gzip: Source::Memory(bytes),
        })
    }

    /// What the root names: the closed pages by the largest nodes over them, and the open page.
    fn relations(&self, head: Head) -> io::Result<Vec<Relation>> {
        let (oldest, closed) = (self.at(head)?.oldest, head.seq / PAGE);
        let mut relations = Vec::new();
        for pages in tree::cover(&(oldest..closed.max(oldest))) {
            relations.push(self.relation(head, pages)?);
        }
        let first = closed * PAGE + 1;
        if let Some(open) = self
            .log
            .after(head.generation, first - 1, head.seq.min(first))?
            .next()
        {
            relations.push(Relation {
                pages: closed..closed + 1,
                from_us: open?.published_us,
                until_us: None,
            });
        }
        Ok(relations)
    }
}

impl Kept {
    fn take(&mut self, named: Named) {
        if named.pages.end - named.pages.start == 1 {
            self.bounds.insert(named.pages.start, named.bounds);
        }
        let key = (named.pages.clone(), named.syntax);
        self.files.insert(key, named);
    }

    fn has(&self, page: u64, syntax: Syntax) -> bool {
        self.files.contains_key(&(page..page + 1, syntax))
    }
}

/// What a thread that panicked left behind is a cache as well.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
