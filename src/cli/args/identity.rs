//! The words of `harvestd identity` and their help. What they do is in `src/cli/identity.rs`.

use super::Place;
use clap::{Args, Subcommand};

/// `harvestd identity …`
#[derive(Debug, Clone, Subcommand)]
pub enum Identity {
    /// List the records that are taken for one dataset, and the pairs that a person should look at
    ///
    /// Records are of different sources, of the newest published snapshot. Each pair comes with its score and its
    /// evidence. From `identity.merge_min` on, records are taken for one; from `identity.list_min` on, they are listed.
    /// What is taken for one is published once, under the IRI that is marked (`published` with --json).
    List(IdentityList),
    /// Say what speaks for a record being about the same dataset as another, and what against it
    ///
    /// With one IRI: every record of another source that has something in common with it. With two: those two, also where
    /// nothing links them. Changes nothing.
    Explain(IdentityExplain),
    /// Decide that two records are about one dataset, whatever their score; it is published once from now on
    Join(IdentityDecide),
    /// Decide that two records are about two datasets, whatever their score; each is published from now on
    Split(IdentityDecide),
    /// Take back what was decided of two records: what is published goes back to what it was
    Forget(IdentityForget),
    /// List what was decided, by whom, when and why
    Decisions(IdentityDecisions),
}

#[derive(Debug, Clone, Args)]
pub struct IdentityDecide {
    /// A dataset, or the record of one
    pub a: String,
    /// Another one, of another source
    pub b: String,
    /// Why: kept with the decision
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Who decides [default: the user's name as the system has it]
    #[arg(
        long,
        value_name = "NAME",
        env = "USER",
        hide_env = true,
        default_value = "operator",
        hide_default_value = true
    )]
    pub who: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct IdentityForget {
    /// A dataset, or the record of one
    pub a: String,
    /// The other one
    pub b: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct IdentityDecisions {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct IdentityList {
    /// Leave out pairs with a lower score, from 0 to 1 [default: identity.list_min of the configuration]
    ///
    /// Below that, all records are compared for this answer, which takes time and memory.
    #[arg(long, value_name = "SCORE", value_parser = score)]
    pub min: Option<f64>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct IdentityExplain {
    /// A dataset, or the record of one
    pub iri: String,
    /// Another one
    pub other: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

fn score(text: &str) -> Result<f64, String> {
    let score = text.parse().ok().filter(|s| (0.0..=1.0).contains(s));
    score.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}
