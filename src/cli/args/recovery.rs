//! The words of `harvestd scrub`, `recover`, `backup` and `compact`, and their help. What they do is in `src/cli/recovery*`.

use super::Place;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Clone, Args)]
pub struct Scrub {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Recover {
    /// This snapshot, instead of the newest that reads whole
    #[arg(long, value_name = "FOLDER")]
    pub snapshot: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Compact {
    #[command(flatten)]
    pub place: Place,
}

/// `harvestd backup …`
#[derive(Debug, Clone, Subcommand)]
pub enum Backup {
    /// Copy everything that cannot be made again into a folder that is not there yet, or empty
    ///
    /// Of a running daemon as well: it goes on, and the copy is of one moment. What was pushed, tokens and how feedback can
    /// be answered are in it: keep it as you keep the data directory.
    Make(BackupAt),
    /// Read a backup and compare every file with its manifest
    Check(BackupDir),
    /// Put a backup in the place of the data directory, once every file of it was read and is what its manifest says
    ///
    /// What is there is moved to a folder `replaced-…` in the data directory (with --replace), and the feed begins a new
    /// generation, since numbers after the backup may have been seen. No daemon may run meanwhile.
    Restore(BackupRestore),
}

#[derive(Debug, Clone, Args)]
pub struct BackupDir {
    /// The backup's folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct BackupAt {
    /// The backup's folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct BackupRestore {
    /// The backup's folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Move aside what the data directory holds
    #[arg(long)]
    pub replace: bool,
    /// No generation of the feed up to this one is used again: for a data directory that is lost, what followers saw last
    #[arg(long, value_name = "GENERATION", default_value_t = 0)]
    pub above: u64,
    #[command(flatten)]
    pub place: Place,
}
