//! Published, immutable views of the store: one for each published run, kept by a policy, across restarts.
//!
//! A snapshot is a hard-link checkpoint in `snapshots/{generation}-{seq}-{published_us}-{made_us}`: its name says what it
//! shows, and it gets its name when it is whole. It goes when the policy ([`shelf`]) lets it go and its last reader has
//! gone. Start at [`Publisher::publish`].

use crate::state::KeptDigest;
pub mod shelf;

use crate::log::Log;
use crate::quality::{Sums, Survey};
use crate::search::{Search, View};
use crate::store::{Beyond, Head, Store, StoreError};
use chrono::Utc;
use shelf::{Kept, Shelf};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tokio::sync::watch;

/// What every interface shows. Sent through a watch channel when a run is published.
#[derive(Debug)]
pub struct Published {
    pub generation: u64,
    /// Sequence number of the newest activity in it.
    pub seq: u64,
    /// Commit time of that activity, microseconds since 1970.
    pub published_us: i64,
    /// When it was made, microseconds since 1970: what has no activity (named graphs) is as it was then.
    pub made_us: i64,
    /// Directory of the checkpoint, opened read-only by workers. Exists as long as the value is held.
    pub path: PathBuf,
    /// The search index as it belongs to this snapshot, while it is one of the newest two.
    search: RwLock<Option<Arc<View>>>,
    /// How good the datasets are that it shows, likewise.
    quality: RwLock<Option<Arc<Sums>>>,
    /// The policy let it go: it is removed with the value.
    let_go: AtomicBool,
    /// Somebody had reason to ask whether it can be read.
    doubted: AtomicBool,
}

impl PartialEq for Published {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Published {}

impl Published {
    /// A view of a checkpoint that somebody else looks after.
    pub fn of(head: Head, path: PathBuf) -> Self {
        Self {
            generation: head.generation,
            seq: head.seq,
            published_us: head.published_us,
            made_us: head.published_us,
            path,
            search: RwLock::default(),
            quality: RwLock::default(),
            let_go: AtomicBool::new(false),
            doubted: AtomicBool::new(false),
        }
    }

    /// The same, made at that moment or, where clocks disagree, with its newest activity.
    fn made(mut self, us: i64) -> Self {
        self.made_us = us.max(self.published_us);
        self
    }

    /// The search index as it belongs to this snapshot. None: there is none, it failed (which was told), or two others were
    /// published since.
    pub fn search(&self) -> Option<Arc<View>> {
        let search = self.search.read();
        search.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_search(&self, view: Option<Arc<View>>) {
        let mut search = self.search.write().unwrap_or_else(PoisonError::into_inner);
        *search = view;
    }

    /// Is this the first time that somebody has reason to ask whether it can be read?
    pub fn is_first_doubt(&self) -> bool {
        !self.doubted.swap(true, Relaxed)
    }

    /// The quality of the datasets in it, summed up. None: it could not be measured (which was told), or two others were
    /// published since.
    pub fn quality(&self) -> Option<Arc<Sums>> {
        let sums = self.quality.read();
        sums.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_quality(&self, sums: Option<Arc<Sums>>) {
        let mut quality = self.quality.write().unwrap_or_else(PoisonError::into_inner);
        *quality = sums;
    }

    /// To be removed when nobody holds it any more.
    fn let_go(&self) {
        self.let_go.store(true, Relaxed);
    }
}

impl From<&Published> for Head {
    fn from(published: &Published) -> Self {
        Self {
            generation: published.generation,
            seq: published.seq,
            published_us: published.published_us,
        }
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if self.let_go.load(Relaxed)
            && let Err(error) = remove(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "an old snapshot could not be removed; it goes at the next start");
        }
    }
}

/// How long snapshots are kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotLimits {
    /// The newest ones, of different states.
    pub newest: usize,
    /// The last one of each day (UTC), for so many days.
    pub days: u64,
    /// Bytes that all of them hold and the store does not share; the oldest go first.
    pub bytes_max: u64,
    /// How often that is looked at where nothing is published: what they hold grows while the store compacts its files.
    pub look_every_ms: u64,
}

impl Default for SnapshotLimits {
    fn default() -> Self {
        Self {
            newest: 10,
            days: 30,
            bytes_max: 1024 * 1024 * 1024,
            look_every_ms: 60 * 60 * 1000,
        }
    }
}

/// Makes snapshots and tells everyone.
pub struct Publisher {
    dir: PathBuf,
    sender: watch::Sender<Option<Arc<Published>>>,
    /// When the newest was made. It rises, and so distinguishes snapshots of the same head (a run that only changed reports
    /// or losers).
    made_us: i64,
    shelf: Shelf,
    /// How many beside the newest stay whatever the policy says: readers and followers find the one they began with.
    kept: usize,
    /// Moves with what is published.
    digest: Option<Arc<KeptDigest>>,
    /// Moves with it as well, and is published with it.
    search: Option<Search>,
    /// What is published with the next.
    measured: Option<Arc<Sums>>,
    /// The one before the newest: whoever began with it may still search in it.
    before: Weak<Published>,
    policy: SnapshotLimits,
}

impl Publisher {
    /// Takes over the whole snapshots that earlier daemons left of this store's history, and removes everything else.
    /// Nothing is published yet. `beyond` is the store's.
    pub fn open(
        data_dir: &Path,
        kept: usize,
        policy: SnapshotLimits,
        beyond: Beyond,
    ) -> io::Result<Self> {
        let dir = data_dir.join("snapshots");
        fs::create_dir_all(&dir)?;
        let (mut found, mut strays) = (Vec::new(), 0);
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            match named(&path).filter(|_| is_whole(&path)) {
                Some((head, us)) => found.push((us, Published::of(head, path).made(us))),
                None => {
                    remove(&path)?;
                    strays += 1;
                }
            }
        }
        if strays > 0 {
            tracing::info!(strays, "removed snapshots that were not whole");
        }
        found.sort_by_key(|(us, _)| *us);
        let made_us = found.last().map_or(0, |(us, _)| *us);
        let found = found.into_iter().map(|(_, published)| Kept {
            published: Arc::new(published),
            until_us: None,
        });
        Ok(Self {
            dir,
            sender: watch::channel(None).0,
            made_us,
            shelf: Shelf::of(found.collect(), beyond),
            kept,
            digest: None,
            search: None,
            measured: None,
            before: Weak::new(),
            policy,
        })
    }

    pub fn watch(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.sender.subscribe()
    }

    /// From now on the digest moves whenever something is published, never before.
    pub fn with_digest(&mut self, digest: Arc<KeptDigest>) {
        self.digest = Some(digest);
    }

    /// From now on each publication brings its view of the search index.
    pub fn with_search(&mut self, search: Search) {
        self.search = Some(search);
    }

    /// The quality of what is published next.
    pub fn measured(&mut self, sums: Option<Arc<Sums>>) {
        self.measured = sums;
    }

    /// What is kept, for whoever asks for the past.
    pub fn shelf(&self) -> Shelf {
        self.shelf.clone()
    }

    /// From the next publication on. Gives what was set before.
    pub fn set_policy(&mut self, kept: usize, policy: SnapshotLimits) -> (usize, SnapshotLimits) {
        (
            std::mem::replace(&mut self.kept, kept),
            std::mem::replace(&mut self.policy, policy),
        )
    }

    /// Makes ready what [`Publisher::publish`] would make first. The store need not be flushed.
    pub fn prepare(&mut self, store: &Store, survey: &Survey) {
        if let Some(search) = &mut self.search
            && let Err(error) = search.prepare(store, survey)
        {
            // It is tried once more when it is needed, and told then.
            tracing::debug!(%error, "the search index could not be prepared");
        }
    }

    /// Publishes what the store holds, as it is measured. The store must be flushed.
    pub fn publish(
        &mut self,
        store: &Store,
        survey: &Survey,
    ) -> Result<Arc<Published>, StoreError> {
        crate::crash::hold("publish");
        let head = store.head();
        self.made_us = Utc::now().timestamp_micros().max(self.made_us + 1);
        let name = format!(
            "{}-{}-{}-{}",
            head.generation, head.seq, head.published_us, self.made_us
        );
        let (path, making) = (
            self.dir.join(&name),
            self.dir.join(format!("{name}.making")),
        );
        // Before the snapshot: after a first load that waits until the store is compacted.
        let view = self.indexed(store, survey);
        store.checkpoint(&making)?;
        fs::rename(&making, &path)
            .and_then(|()| File::open(&self.dir)?.sync_all())
            .map_err(|source| StoreError::Snapshot {
                doing: "naming a snapshot",
                source,
            })?;
        crate::crash_point!("prune");
        let published = Arc::new(Published::of(head, path).made(self.made_us));
        published.set_search(view);
        published.set_quality(self.measured.clone());
        self.shelf.put(published.clone());
        let newest = self.sender.send_replace(Some(published.clone()));
        self.forget_index(newest);
        if let Some(digest) = &self.digest
            && let Err(error) = store.changes(|changes| digest.advance(head, changes))
        {
            tracing::error!(%error, "the digest of the state stays behind until the next publication");
        }
        self.thin(store);
        crate::crash_point!("pruned");
        Ok(published)
    }

    /// The view of what the store holds. Trouble here costs the doors that need it, never a publication.
    fn indexed(&mut self, store: &Store, survey: &Survey) -> Option<Arc<View>> {
        match self.search.as_mut()?.follow(store, survey) {
            Ok(view) => Some(view),
            Err(error) => {
                tracing::error!(%error, "the search index stays behind; it is tried again");
                None
            }
        }
    }

    /// Tries once more where the index failed at the newest publication. Gives whether that was mended. What was committed
    /// since waits for its own publication, and so does its index.
    pub fn index_again(&mut self, store: &Store, survey: &Survey) -> bool {
        let newest = self.sender.borrow().clone();
        let lacking = newest.filter(|newest| {
            newest.search().is_none() && Head::from(newest.as_ref()) == store.head()
        });
        let Some(newest) = lacking else {
            return false;
        };
        let view = self.indexed(store, survey);
        let mended = view.is_some();
        newest.set_search(view);
        mended
    }

    /// Snapshots are kept for long, views of the index are not: they would keep its old files.
    fn forget_index(&mut self, newest: Option<Arc<Published>>) {
        let newest = newest.map_or_else(Weak::new, |newest| Arc::downgrade(&newest));
        if let Some(before) = std::mem::replace(&mut self.before, newest).upgrade() {
            before.set_search(None);
            before.set_quality(None);
        }
    }

    /// Shows what the store holds for as long as somebody holds the view: it takes no place among the kept ones, and lets
    /// none of them go. The store must be flushed.
    pub fn show(&self, store: &Store) -> Result<(), StoreError> {
        let head = store.head();
        // No name of a snapshot: what a kill leaves of it goes at the next start.
        let path = self
            .dir
            .join(format!("{}-{}.reading", head.generation, head.seq));
        store.checkpoint(&path)?;
        let published = Published::of(head, path);
        published.let_go();
        published.set_quality(self.measured.clone());
        self.sender.send_replace(Some(Arc::new(published)));
        Ok(())
    }

    /// Lets go what the policy does not keep. Trouble here costs disk, never a publication.
    pub fn thin(&self, store: &Store) {
        let ended = |generation, seq| first_after(store.log(), generation, seq);
        let live = self.dir.with_file_name("store");
        let now_us = Utc::now().timestamp_micros();
        if let Err(error) =
            self.shelf
                .thin(store.head(), now_us, self.kept, &self.policy, &live, ended)
        {
            tracing::warn!(%error, "old snapshots could not be looked through");
        }
    }
}

/// The newest activity that a snapshot in this data directory shows, by the snapshots' names. None: there is none.
pub fn newest_named(data_dir: &Path) -> io::Result<Option<Head>> {
    let heads = all_named(data_dir)?.into_iter().map(|(head, _)| head);
    Ok(heads.max_by_key(|head| (head.generation, head.seq)))
}

/// The snapshots of a data directory, by their names, the oldest first: what each shows, and its folder.
pub fn all_named(data_dir: &Path) -> io::Result<Vec<(Head, PathBuf)>> {
    let entries = match fs::read_dir(data_dir.join("snapshots")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if let Some((head, made_us)) = named(&path) {
            all.push((made_us, head, path));
        }
    }
    all.sort_by_key(|(made_us, ..)| *made_us);
    Ok(all
        .into_iter()
        .map(|(_, head, path)| (head, path))
        .collect())
}

/// Moves the newest of those snapshots to `{data_dir}/ahead-{its name}`; the others of them go.
pub fn set_ahead_aside(data_dir: &Path, is_ahead: impl Fn(Head) -> bool) -> io::Result<()> {
    let mut ahead = all_named(data_dir)?;
    ahead.retain(|(head, _)| is_ahead(*head));
    let Some((_, newest)) = ahead.pop() else {
        return Ok(());
    };
    for (_, older) in &ahead {
        remove(older)?;
    }
    let name = newest.file_name().and_then(|name| name.to_str());
    let aside = data_dir.join(format!("ahead-{}", name.unwrap_or_default()));
    tracing::warn!(to = %aside.display(), "a snapshot that is ahead of the store is set aside");
    fs::rename(&newest, aside)
}

/// When the activity after `seq` was committed.
fn first_after(log: &Log, generation: u64, seq: u64) -> io::Result<Option<i64>> {
    let first = log.after(generation, seq, seq + 1)?.next().transpose()?;
    Ok(first.map(|activity| activity.published_us))
}

/// What the name of a snapshot's folder says.
fn named(path: &Path) -> Option<(Head, i64)> {
    let mut parts = path.file_name()?.to_str()?.split('-');
    let head = Head {
        generation: parts.next()?.parse().ok()?,
        seq: parts.next()?.parse().ok()?,
        published_us: parts.next()?.parse().ok()?,
    };
    let made_us = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some((head, made_us))
}

/// RocksDB's CURRENT names a manifest that is there.
fn is_whole(path: &Path) -> bool {
    fs::read_to_string(path.join("CURRENT"))
        .is_ok_and(|manifest| path.join(manifest.trim_end()).is_file())
}

/// Takes its name away first: what a kill leaves of it is no snapshot.
fn remove(path: &Path) -> io::Result<()> {
    let mut going = path.as_os_str().to_owned();
    going.push(".going");
    fs::rename(path, &going)?;
    if fs::metadata(&going)?.is_dir() {
        fs::remove_dir_all(&going)
    } else {
        fs::remove_file(&going)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_name_says_what_a_snapshot_shows() {
        let (head, made_us) = named(Path::new("/x/2-17-1700000000000001-9")).unwrap();
        assert_eq!(
            (head.generation, head.seq, head.published_us, made_us),
            (2, 17, 1_700_000_000_000_001, 9)
        );
        for other in [
            "2-17-1",
            "2-17-1-9.making",
            "2-17-1-9.going",
            "2-17-1-9-4",
            "lost+found",
        ] {
            assert_eq!(named(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_whole_goes_at_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let snapshots = dir.path().join("snapshots");
        for name in [
            "1-5-100-1",
            "1-6-200-2",
            "1-7-300-3.making",
            "1-4-50-0.going",
        ] {
            fs::create_dir_all(snapshots.join(name)).unwrap();
        }
        fs::write(snapshots.join("a file"), "").unwrap();
        fs::write(snapshots.join("1-5-100-1/CURRENT"), "MANIFEST-000001\n").unwrap();
        fs::write(snapshots.join("1-5-100-1/MANIFEST-000001"), "").unwrap();
        fs::write(snapshots.join("1-6-200-2/CURRENT"), "MANIFEST-000002\n").unwrap();
        let policy = SnapshotLimits::default();
        let publisher = Publisher::open(dir.path(), 1, policy, Beyond::default()).unwrap();
        let heads: Vec<u64> = publisher
            .shelf()
            .all()
            .iter()
            .map(|k| k.published.seq)
            .collect();
        assert_eq!(heads, [5]);
        assert_eq!(fs::read_dir(&snapshots).unwrap().count(), 1);
    }
}
