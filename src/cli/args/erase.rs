//! The words of `harvestd erase` and their help. What it does is in `src/cli/erase.rs`.

use super::Place;
use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct Erase {
    /// What is to go: IRIs of datasets or other entities, or of records of them. Without any, the past alone
    #[arg(value_name = "IRI")]
    pub iris: Vec<String>,
    /// The reason: it is published, so without what is to go
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    #[command(flatten)]
    pub place: Place,
}
