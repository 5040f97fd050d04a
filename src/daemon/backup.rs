//! A backup staged while the daemon works: under the writer's lock, so that store, state, log and journals agree, and only
//! for as long as linking takes. Copying is for whoever asked ([`crate::backup`]). And a backup put in the place of what a
//! data directory holds, while no daemon has it: [`put`].

use super::{Daemon, Raise};
use crate::backup::{BackupError, Manifest, STAGED, Staged, Turn, links, restore_into, with_made};
use crate::config::ADMIN_TOKEN;
use crate::push::tokens;
use crate::run::now_ms;
use crate::scrub;
use crate::serve::desk::DeskError;
use crate::snapshot;
use crate::swap::{self, Swap};
use std::{fs, io, path::Path, sync::PoisonError};

/// A backup that is staged.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Who copies it: a command that has its [`Turn`], and is dead when it has it no more. None: whoever asked at the door.
    by: Option<String>,
}

fn failed(what: &str, e: &dyn std::fmt::Display) -> DeskError {
    DeskError::Failed(format!("staging a backup: {what}: {e}"))
}

impl Daemon {
    /// Stages a backup. One that somebody is copying is not taken away: only what a command left that was killed goes.
    pub(super) fn staged_backup(&self) -> Result<Staged, DeskError> {
        let mut waiting = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        let by = Turn::of(&self.config().data_dir).map_err(|e| failed("looking who copies", &e))?;
        match &*waiting {
            Some(Waiting { by: None }) => return Err(DeskError::BackupUnderWay),
            Some(before) if before.by == by => return Err(DeskError::BackupUnderWay),
            _ => {}
        }
        let staged = self.stage()?;
        *waiting = Some(Waiting { by });
        Ok(staged)
    }

    /// What was staged is copied, or not wanted any more.
    pub(super) fn released_backup(&self) -> Result<(), DeskError> {
        let mut waiting = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        remove_staged(&self.config().data_dir)
            .map_err(|e| DeskError::Failed(format!("removing what was staged: {e}")))?;
        *waiting = None;
        Ok(())
    }

    fn stage(&self) -> Result<Staged, DeskError> {
        let config = self.config();
        let dir = config.data_dir.join(STAGED);
        let writer = self.rooms.writer().map_err(|e| failed("waiting", &e))?;
        let head = writer.store.head();
        if head.seq == 0 {
            return Err(DeskError::Refused(
                "nothing was ever committed: there is nothing to back up".to_owned(),
            ));
        }
        emptied(&dir).map_err(|e| failed("making a folder", &e))?;
        let store = writer.store.copy_to(&dir.join("store"));
        store.map_err(|e| failed("the store", &e))?;
        let state = &self.rooms.state;
        state
            .carry_to(&dir.join("state"), config.limits.state_cache_bytes)
            .map_err(|e| failed("the state", &e))?;
        let files = links(&config.data_dir, &dir);
        drop(writer);
        let files = files.and_then(|files| with_made(&dir, files));
        Ok(Staged {
            files: files.map_err(|e| failed("linking files", &e))?,
            dir: std::path::absolute(&dir).unwrap_or(dir),
            base: config.public_url.to_string(),
            generation: head.generation,
            seq: head.seq,
            made_us: chrono::Utc::now().timestamp_micros(),
        })
    }
}

/// Takes away what was staged and never copied to its end, and copies that a scrub left when it was killed.
pub(super) fn remove_staged(data_dir: &Path) -> io::Result<()> {
    let staged = data_dir.join(STAGED);
    if staged.exists() {
        fs::remove_dir_all(staged)?;
    }
    scrub::remove_copies(data_dir)
}

fn emptied(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    fs::create_dir(dir)
}

/// A backup that is to take the place of what a data directory holds.
pub struct Restore<'a> {
    /// The backup's folder.
    pub dir: &'a Path,
    pub data_dir: &'a Path,
    /// Base of our own IRIs, as configured.
    pub base: &'a str,
    /// What is there may be moved aside.
    pub replace: bool,
    /// No generation up to this one is used again, whatever is known here.
    pub above: u64,
}

/// Why it does not.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("{0}; nothing was changed")]
    Refused(String),
    #[error("{0}; nothing was changed")]
    Backup(#[from] BackupError),
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
}

/// Generations that may lie between a backup and what is known of later: each leaves a word in the store.
const SKIPPED_MAX: u64 = 1_000;

/// Copies the backup beside what is there, every file compared with the manifest, and notes that it is to take its place,
/// which whoever takes the data directory next sees to ([`crate::swap`]). The caller has the directory.
pub fn put(
    wanted: &Restore<'_>,
    manifest: &Manifest,
    tell: &mut dyn FnMut(u64),
) -> Result<(), RestoreError> {
    let Restore { dir, data_dir, .. } = *wanted;
    if manifest.base != wanted.base {
        return Err(RestoreError::Refused(format!(
            "the backup holds IRIs under {}, but public_url is {}",
            manifest.base, wanted.base
        )));
    }
    let held = ["store", "log"]
        .into_iter()
        .any(|name| data_dir.join(name).exists());
    if held && !wanted.replace {
        return Err(RestoreError::Refused(format!(
            "{} holds something: --replace moves it aside",
            data_dir.display()
        )));
    }
    let failed = |what| move |e| RestoreError::Io(what, e);
    let seen = generation_seen(data_dir).map_err(failed("looking for the newest generation"))?;
    let above = seen.max(wanted.above).max(manifest.generation);
    if above - manifest.generation > SKIPPED_MAX {
        return Err(RestoreError::Refused(format!(
            "the backup is of generation {}, and {above} is more than {SKIPPED_MAX} later",
            manifest.generation
        )));
    }
    let incoming = swap::fresh(data_dir).map_err(failed("making a folder"))?;
    restore_into(dir, &incoming, tell)?;
    // Who may push is as it is now: what was revoked stays revoked. So is the operator's token.
    for name in [tokens::FILE, ADMIN_TOKEN] {
        let tokens = data_dir.join(name);
        if tokens.exists() {
            fs::copy(&tokens, incoming.join(name))
                .map_err(failed("keeping the tokens as they are"))?;
        }
    }
    let note = Raise {
        above,
        why: format!(
            "A backup was restored, of activity {} of generation {}.",
            manifest.seq, manifest.generation
        ),
    };
    note.leave(&incoming)
        .map_err(failed("noting that a generation is to begin"))?;
    Swap::new(None, now_ms(), true)
        .begin(data_dir)
        .map_err(failed("noting what is begun"))
}

/// The newest generation of which anything lies in the data directory, whether or not its store can be read.
pub(super) fn generation_seen(data_dir: &Path) -> io::Result<u64> {
    let shown = snapshot::newest_named(data_dir)?.map_or(0, |head| head.generation);
    // What was put back before, and not started since, told of it last.
    let noted = Raise::read(data_dir)?.map_or(0, |noted| noted.above);
    let mut newest = shown.max(noted);
    let entries = match fs::read_dir(data_dir.join("log")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(newest),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let generation = name.to_str().and_then(|name| name.parse().ok());
        newest = newest.max(generation.unwrap_or(0));
    }
    Ok(newest)
}
