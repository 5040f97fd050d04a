//! The snapshots that are kept: which go, and which one shows the state at a moment of the past.
//!
//! Makes no snapshot and serves none. Start at [`Shelf::find`] for the past, at [`Shelf::thin`] for the policy.

use super::{Published, SnapshotLimits};
use crate::store::{Beyond, Head};
use std::{
    collections::{BTreeSet, HashSet},
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// A snapshot, and until when the catalogue was as it shows.
#[derive(Debug, Clone)]
pub struct Kept {
    pub published: Arc<Published>,
    /// Commit time of the first activity that it does not hold, microseconds since 1970. None: there is none.
    pub until_us: Option<i64>,
}

/// A moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// After this activity, and before the next; of the current generation where none is named.
    Seq { generation: Option<u64>, seq: u64 },
    /// Microseconds since 1970.
    Time(i64),
}

/// No snapshot shows the state at that moment: the ones before and after it.
#[derive(Debug, Clone)]
pub struct Between {
    pub earlier: Option<Kept>,
    pub later: Option<Kept>,
}

/// Shared between who publishes and who asks; the oldest first, the last is the newest.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    list: Arc<Mutex<Vec<Kept>>>,
    /// What the newest does not show yet.
    beyond: Beyond,
}

impl Shelf {
    pub fn of(kept: Vec<Kept>, beyond: Beyond) -> Self {
        Self {
            list: Arc::new(Mutex::new(kept)),
            beyond,
        }
    }

    /// Those that show something, the oldest first, one for each state.
    pub fn all(&self) -> Vec<Kept> {
        let list = self.list();
        let newest = newest_of_each(&list);
        let shown = |kept: &&Kept| {
            kept.published.seq > 0 && newest.contains(&std::ptr::from_ref(&*kept.published))
        };
        let mut all: Vec<Kept> = list.iter().filter(shown).cloned().collect();
        // Asked while the list is held: what is published meanwhile is in both or in neither.
        if let Some(newest) = all.last_mut() {
            newest.until_us = newest.until_us.or(self.beyond.first_us());
        }
        all
    }

    /// The newest activity that is committed, whether a snapshot shows it or not.
    pub fn committed(&self) -> Head {
        self.beyond.committed()
    }

    /// The snapshot that shows the catalogue as it was at a moment that is not to come. A commit between the two, be it
    /// published or not, makes it another state, and none is given.
    pub fn find(&self, moment: Moment) -> Result<Kept, Between> {
        let all = self.all();
        let current = all.last().map(|kept| kept.published.generation);
        // Is the moment before what the snapshot shows, within it, or after it?
        let newest = all.last().map(|kept| kept.published.seq);
        // Of one that is not the newest and whose end is not known yet, its very moment is all that is sure.
        let until = |kept: &Kept| match kept.until_us {
            None if Some(kept.published.seq) != newest => Some(kept.published.published_us + 1),
            known => known,
        };
        let place = |kept: &Kept| match moment {
            Moment::Seq { generation, seq } => {
                let asked = (generation.or(current), seq);
                (Some(kept.published.generation), kept.published.seq).cmp(&asked)
            }
            Moment::Time(us) if us < kept.published.published_us => std::cmp::Ordering::Greater,
            Moment::Time(us) if until(kept).is_some_and(|until| us >= until) => {
                std::cmp::Ordering::Less
            }
            Moment::Time(_) => std::cmp::Ordering::Equal,
        };
        if let Some(kept) = all.iter().find(|kept| place(kept).is_eq()) {
            return Ok(kept.clone());
        }
        Err(Between {
            earlier: all.iter().rfind(|kept| place(kept).is_lt()).cloned(),
            later: all.iter().find(|kept| place(kept).is_gt()).cloned(),
        })
    }

    pub(super) fn put(&self, published: Arc<Published>) {
        let mut list = self.list();
        list.push(Kept {
            published,
            until_us: None,
        });
        self.beyond.is_shown();
    }

    /// Lets go what the policy does not keep. `ended` says when the first activity after a sequence number was committed.
    pub(super) fn thin(
        &self,
        head: Head,
        now_us: i64,
        beside: usize,
        policy: &SnapshotLimits,
        live: &Path,
        ended: impl Fn(u64, u64) -> io::Result<Option<i64>>,
    ) -> io::Result<()> {
        let mut list = self.list().clone();
        // A store that was put back, or a history that was given up (personal data may be the reason): not ours to show.
        let (ours, others): (Vec<_>, Vec<_>) = list.drain(..).partition(|kept| {
            kept.published.generation == head.generation && kept.published.seq <= head.seq
        });
        let mut going = others;
        let kept = chosen(&ours, now_us, beside, policy);
        let mut stay = Vec::new();
        for (at, mut kept_one) in ours.into_iter().enumerate() {
            if kept.contains(&at) {
                if kept_one.until_us.is_none() && kept_one.published.seq < head.seq {
                    kept_one.until_us = ended(head.generation, kept_one.published.seq)?;
                }
                stay.push(kept_one);
            } else {
                going.push(kept_one);
            }
        }
        going.extend(over(&mut stay, beside, policy.bytes_max, live)?);
        for kept in &going {
            kept.published.let_go();
        }
        *self.list() = stay;
        if !going.is_empty() {
            tracing::debug!(snapshots = going.len(), "old snapshots go");
        }
        Ok(())
    }

    fn list(&self) -> MutexGuard<'_, Vec<Kept>> {
        // A list of snapshots is right at every step.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the snapshots of one state (a run that changed reports only) the newest.
fn newest_of_each(list: &[Kept]) -> HashSet<*const Published> {
    let mut states = HashSet::new();
    list.iter()
        .rev()
        .filter(|kept| states.insert((kept.published.generation, kept.published.seq)))
        .map(|kept| std::ptr::from_ref(&*kept.published))
        .collect()
}

/// Which of the snapshots, the oldest first, the policy keeps, whatever they hold.
fn chosen(list: &[Kept], now_us: i64, beside: usize, policy: &SnapshotLimits) -> BTreeSet<usize> {
    let newest = newest_of_each(list);
    let states: Vec<usize> = (0..list.len())
        .filter(|at| newest.contains(&std::ptr::from_ref(&*list[*at].published)))
        .filter(|at| list[*at].published.seq > 0)
        .collect();
    let mut chosen: BTreeSet<usize> = states.iter().rev().take(policy.newest).copied().collect();
    let oldest_day = now_us.div_euclid(DAY_US) - i64::try_from(policy.days).unwrap_or(i64::MAX / 2);
    let mut days = HashSet::new();
    for at in states.iter().rev() {
        let day = list[*at].published.published_us.div_euclid(DAY_US);
        if day > oldest_day && days.insert(day) {
            chosen.insert(*at);
        }
    }
    chosen.extend(list.len().saturating_sub(beside + 1)..list.len());
    chosen
}

/// Takes the oldest away until what the rest hold beside the live store is no more than allowed. The newest, and those
/// `beside` it, stay.
fn over(stay: &mut Vec<Kept>, beside: usize, bytes_max: u64, live: &Path) -> io::Result<Vec<Kept>> {
    let shared: HashSet<u64> = files(live)?.into_iter().map(|(inode, _)| inode).collect();
    let own = stay
        .iter()
        .map(|kept| {
            let mut files = files(&kept.published.path)?;
            files.retain(|(inode, _)| !shared.contains(inode));
            Ok(files)
        })
        .collect::<io::Result<Vec<_>>>()?;
    let held = |from: usize| -> u64 {
        let mut counted = HashSet::new();
        own[from..]
            .iter()
            .flatten()
            .filter(|(inode, _)| counted.insert(*inode))
            .map(|(_, bytes)| bytes)
            .sum()
    };
    let may_go = stay.len().saturating_sub(beside + 1);
    let gone = (0..may_go)
        .find(|from| held(*from) <= bytes_max)
        .unwrap_or(may_go);
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    metrics::gauge!("harvestd_snapshots_bytes").set(held(gone) as f64);
    Ok(stay.drain(..gone).collect())
}

/// The files of a folder on its filesystem: inode and the bytes it takes.
fn files(dir: &Path) -> io::Result<Vec<(u64, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        match entry?.metadata() {
            Ok(file) if file.is_file() => files.push((file.ino(), file.blocks() * 512)),
            // The live store may remove a file while it is looked through.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::path::PathBuf;

    fn kept(seq: u64, published_us: i64, until_us: Option<i64>) -> Kept {
        let head = Head {
            generation: 1,
            seq,
            published_us,
        };
        let path = PathBuf::from(format!("/nowhere/{seq}-{published_us}"));
        Kept {
            published: Arc::new(Published::of(head, path)),
            until_us,
        }
    }

    fn seqs(list: &[Kept], chosen: &BTreeSet<usize>) -> Vec<u64> {
        chosen.iter().map(|at| list[*at].published.seq).collect()
    }

    #[test]
    fn the_newest_and_the_last_of_each_day_stay() {
        // Four states a day for forty days.
        let list: Vec<Kept> = (0..160)
            .map(|n| kept(n as u64 + 1, n * DAY_US / 4 + 1, None))
            .collect();
        let policy = SnapshotLimits {
            newest: 5,
            days: 3,
            bytes_max: 0,
            ..SnapshotLimits::default()
        };
        let chosen = chosen(&list, 40 * DAY_US - 1, 0, &policy);
        assert_eq!(seqs(&list, &chosen), [152, 156, 157, 158, 159, 160]);
    }

    #[test]
    fn of_one_state_the_newest_stays_and_an_empty_store_is_no_state() {
        let list = [
            kept(0, 0, None),
            kept(3, 5, None),
            kept(3, 5, None),
            kept(4, 6, None),
        ];
        let policy = SnapshotLimits {
            newest: 10,
            days: 0,
            bytes_max: 0,
            ..SnapshotLimits::default()
        };
        assert_eq!(chosen(&list, 7, 0, &policy), BTreeSet::from([2, 3]));
        assert_eq!(chosen(&list, 7, 3, &policy), BTreeSet::from([0, 1, 2, 3]));
        let shown: Vec<u64> = Shelf::of(list.to_vec(), Beyond::default())
            .all()
            .iter()
            .map(|k| k.published.seq)
            .collect();
        assert_eq!(shown, [3, 4]);
    }

    #[test]
    fn a_moment_has_a_snapshot_only_where_no_commit_lies_between() {
        let kept = vec![
            kept(10, 1_000, Some(2_000)),
            kept(30, 3_000, Some(4_000)),
            kept(40, 5_000, None),
        ];
        let shelf = Shelf::of(kept, Beyond::default());
        for (us, seq) in [
            (1_000, Some(10)),
            (1_999, Some(10)),
            (2_000, None),
            (2_999, None),
            (3_500, Some(30)),
            (4_000, None),
            (9_000, Some(40)),
        ] {
            let found = shelf.find(Moment::Time(us)).ok();
            assert_eq!(found.map(|kept| kept.published.seq), seq, "{us}");
        }
        let between = shelf.find(Moment::Time(2_500)).unwrap_err();
        assert_eq!(between.earlier.unwrap().published.seq, 10);
        assert_eq!(between.later.unwrap().published.seq, 30);
        let before = shelf.find(Moment::Time(1)).unwrap_err();
        assert!(before.earlier.is_none());
        assert_eq!(before.later.unwrap().published.seq, 10);
        let at = |generation, seq| shelf.find(Moment::Seq { generation, seq });
        assert_eq!(at(None, 30).unwrap().published.seq, 30);
        assert_eq!(at(Some(1), 40).unwrap().published.seq, 40);
        let between = at(None, 31).unwrap_err();
        assert_eq!(between.earlier.unwrap().published.seq, 30);
        assert_eq!(between.later.unwrap().published.seq, 40);
    }

    #[test]
    fn the_oldest_go_while_more_is_held_than_allowed() {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("store");
        fs::create_dir(&live).unwrap();
        fs::write(live.join("shared"), vec![1; 100_000]).unwrap();
        let mut stay = Vec::new();
        for n in 1..=4_u64 {
            let mut one = kept(n, n as i64, None);
            let path = dir.path().join(n.to_string());
            fs::create_dir(&path).unwrap();
            fs::hard_link(live.join("shared"), path.join("shared")).unwrap();
            fs::write(path.join("own"), vec![1; 40_960]).unwrap();
            one.published = Arc::new(Published::of(
                Head {
                    generation: 1,
                    seq: n,
                    published_us: 0,
                },
                path,
            ));
            stay.push(one);
        }
        // Two of them share a file that the live store has no more.
        fs::remove_file(dir.path().join("2/own")).unwrap();
        fs::hard_link(dir.path().join("1/own"), dir.path().join("2/own")).unwrap();
        let gone = over(&mut stay, 0, 3 * 40_960, &live).unwrap();
        assert!(
            gone.is_empty(),
            "the shared files are counted once, the live ones never"
        );
        let gone = over(&mut stay, 0, 2 * 40_960, &live).unwrap();
        let gone: Vec<u64> = gone.iter().map(|k| k.published.seq).collect();
        assert_eq!(gone, [1, 2], "one of two that share a file frees nothing");
        assert!(over(&mut stay, 1, 0, &live).unwrap().is_empty());
        assert_eq!(over(&mut stay, 0, 0, &live).unwrap().len(), 1);
    }
}
