//! The words of `harvestd held`, `undo` and `restore`, and their help. What they do is in `src/cli/by_hand.rs`.

use super::Place;
use clap::{Args, Subcommand};

/// `harvestd held …`
#[derive(Debug, Clone, Subcommand)]
pub enum Held {
    /// Say of which sources deletions are held, how many and why
    List(HeldList),
    /// List the records of one source that would be deleted
    Show(OneHeld),
    /// Delete what is on a source's list; `harvestd undo` takes it back
    Approve(HeldDecision),
    /// Keep what is on a source's list: it stays, and is not asked about again until the source names it
    Reject(HeldDecision),
    /// Take the rejections of a source back: what it does not name counts as absent again from its next run on
    Release(OneHeld),
}

#[derive(Debug, Clone, Args)]
pub struct HeldList {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct OneHeld {
    /// The source's id, as `harvestd held list` shows it
    pub source: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct HeldDecision {
    /// The source's id, as `harvestd held list` shows it
    pub source: String,
    /// Only if the list is still this one, as `harvestd held show` names it
    #[arg(long, value_name = "LIST")]
    pub list: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Undo {
    /// The run, as its report and `--runs` name it
    #[arg(required_unless_present = "runs", conflicts_with = "runs")]
    pub run: Option<String>,
    /// List the runs of a source that can be taken back
    #[arg(long, value_name = "SOURCE")]
    pub runs: Option<String>,
    /// Take back later runs as well that changed the same records again or refer to what goes
    #[arg(long)]
    pub with_later: bool,
    /// Pause the source as well, so that it does not say the same again at its next run
    #[arg(long)]
    pub hold: bool,
    /// Only say what it would come to
    #[arg(long, conflicts_with = "hold")]
    pub dry_run: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// The record's IRI, or that of the dataset it was about
    pub iri: String,
    #[command(flatten)]
    pub place: Place,
}
