//! The words of `harvestd overrides` and their help. What they do is in `src/cli/overrides.rs`.

use super::Place;
use clap::{Args, Subcommand};

/// `harvestd overrides …`
#[derive(Debug, Clone, Subcommand)]
pub enum Overrides {
    /// List every correction that is configured: where it is written, what it is about, how it stands
    ///
    /// applied: the source says what is expected. drifted: it says something else by now; the correction holds.
    /// fulfilled: it says the same by now; the correction can be removed. unplaced: the dataset has no such distribution,
    /// or several. absent: no such dataset is held. not in force: the running daemon has not read it yet (SIGHUP).
    List(OverridesList),
    /// List those that a person should look at: drifted, unplaced, fulfilled, not in force; exit code 1 where there are any
    ///
    /// Of datasets that are not held nothing is said: their corrections wait.
    Check(OverridesList),
    /// Say everything about the corrections of one dataset: what was expected, found and published, who, when, why
    Explain(OverridesExplain),
}

#[derive(Debug, Clone, Args)]
pub struct OverridesList {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct OverridesExplain {
    /// The dataset's IRI, as it stands in the correction
    pub iri: String,
    #[command(flatten)]
    pub place: Place,
}
