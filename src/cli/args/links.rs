//! The words of `harvestd links` and their help. What they do is in `src/cli/links.rs`.

use super::Place;
use clap::{Args, Subcommand};

/// `harvestd links …`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Links {
    #[command(subcommand)]
    pub what: Option<LinksWhat>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Subcommand)]
pub enum LinksWhat {
    /// List addresses and how they fare, all that are wanted
    List(LinkList),
    /// List datasets with the five national checks, beside the portal's badge: a table (CSV)
    Datasets(LinkDatasets),
    /// Say everything of one address: what came, its history, how it fares for each dataset
    Show(LinkShow),
    /// Check addresses now, whatever they are due, at the pace of all checks
    Check(LinkCheck),
}

#[derive(Debug, Clone, Args)]
pub struct LinkList {
    /// Only those with this trouble, as `harvestd links` names it; `unchecked`: those that were never checked
    #[arg(long, value_name = "TROUBLE")]
    pub trouble: Option<String>,
    /// Only those at this host
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Only those that datasets of this source name
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Only those that datasets of this publisher name
    #[arg(long, value_name = "NAME")]
    pub publisher: Option<String>,
    /// Only those that this dataset names
    #[arg(long, value_name = "IRI")]
    pub dataset: Option<String>,
    /// Only those that failed often and for long
    #[arg(long)]
    pub broken: bool,
    /// Print a table (CSV)
    #[arg(long)]
    pub csv: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct LinkDatasets {
    /// Only those of this source
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Only those of this publisher
    #[arg(long, value_name = "NAME")]
    pub publisher: Option<String>,
    /// Only this one
    #[arg(long, value_name = "IRI")]
    pub dataset: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct LinkShow {
    /// The address as the catalogue has it
    pub url: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct LinkCheck {
    /// This address, as the catalogue has it
    #[arg(required_unless_present_any = ["dataset", "source"], conflicts_with_all = ["dataset", "source"])]
    pub url: Option<String>,
    /// All addresses of this dataset
    #[arg(long, value_name = "IRI", conflicts_with = "source")]
    pub dataset: Option<String>,
    /// All addresses of this source's datasets
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    #[command(flatten)]
    pub place: Place,
}
