//! The words of `harvestd quality`.

use super::Place;
use clap::Args;

#[derive(Debug, Clone, Args)]
#[group(id = "of", multiple = false)]
pub struct Of {
    /// Only the datasets that this source's catalogue lists
    #[arg(long, value_name = "ID")]
    pub source: Option<String>,
    /// Only the datasets of this publisher, by its name (the first column of `harvestd quality`)
    #[arg(long, value_name = "NAME")]
    pub publisher: Option<String>,
    /// One dataset: every indicator with what was found
    #[arg(long, value_name = "IRI")]
    pub dataset: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[command(after_long_help = "\
What is counted:
  MQA       the 405 points of data.europa.eu: above 350 excellent, from 221 good, from 121 sufficient
  FAIR      per cent of the indicators of findable, accessible, interoperable, reusable
  AI-ready  per cent of what has to be known before data are trained on
Addresses that nobody checked count no points, and are said to be unchecked.

Examples:
  harvestd quality                          all sources and publishers
  harvestd quality --worst                  what costs most points
  harvestd quality --source data-gov-tw --worst
  harvestd quality --dataset https://data.gov.tw/dataset/6059
  harvestd quality --csv > quality.csv      the same for a spreadsheet")]
pub struct Quality {
    #[command(flatten)]
    pub of: Of,
    /// The indicators by which most points are lost, the worst first
    #[arg(long, conflicts_with = "dataset")]
    pub worst: bool,
    /// Print a table for spreadsheets
    #[arg(long)]
    pub csv: bool,
    #[command(flatten)]
    pub place: Place,
}
