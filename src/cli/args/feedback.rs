//! The words of `harvestd feedback` and their help. What they do is in `src/cli/feedback.rs`.

use super::Place;
use clap::{Args, Subcommand};

/// `harvestd feedback …`
#[derive(Debug, Clone, Subcommand)]
pub enum Feedback {
    /// List what was said, the oldest first: of which dataset, by whom, what became of it
    List(FeedbackList),
    /// Say everything about one of them, and where whoever sent it can be asked
    Show(FeedbackShow),
    /// Accept one: a correction is written to a file of overrides_dir and published at once
    ///
    /// A remark is acknowledged by that; with --property and --set it becomes a correction. What the source says at this
    /// moment is what the correction expects, unless the sender said what was found.
    Accept(FeedbackAccept),
    /// Decline one, and say why: the sender can read it
    Decline(FeedbackDecline),
}

#[derive(Debug, Clone, Args)]
pub struct FeedbackList {
    /// Only what is `open`, `accepted` or `declined`
    #[arg(long, value_name = "STATUS", value_parser = ["open", "accepted", "declined"])]
    pub status: Option<String>,
    /// Only what is said of this dataset
    #[arg(long, value_name = "IRI")]
    pub dataset: Option<String>,
    /// Only what is said of this publisher's datasets, by its IRI or name
    #[arg(long, value_name = "IRI|NAME")]
    pub publisher: Option<String>,
    /// Only what is said of datasets that this source has
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct FeedbackShow {
    /// Its number, as `harvestd feedback list` shows it
    pub id: u64,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct FeedbackAccept {
    /// Its number, as `harvestd feedback list` shows it
    pub id: u64,
    /// Why: kept with the correction [default: what the sender said]
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub why: String,
    /// Another property than was said, as `dct:title`
    #[arg(long, value_name = "PROPERTY")]
    pub property: Option<String>,
    /// Replace the values in this language alone
    #[arg(long, value_name = "TAG")]
    pub lang: Option<String>,
    /// Another value than was said; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub judge: Judge,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct FeedbackDecline {
    /// Its number, as `harvestd feedback list` shows it
    pub id: u64,
    /// Why: published with it
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Show nobody any more what was said: for what is not fit to be public
    #[arg(long)]
    pub withhold: bool,
    #[command(flatten)]
    pub judge: Judge,
    #[command(flatten)]
    pub place: Place,
}

/// Who decides.
#[derive(Debug, Clone, Args)]
pub struct Judge {
    /// Who decides: published with it [default: the user's name as the system has it]
    #[arg(
        long,
        value_name = "NAME",
        env = "USER",
        hide_env = true,
        default_value = "operator",
        hide_default_value = true
    )]
    pub who: String,
}
