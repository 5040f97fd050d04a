//! The words of `completions` and `man`, and their help.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// Which shell
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Args)]
pub struct Man {
    /// The folder for a page of each command; it is made where it is missing [default: harvestd(1) to standard output]
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}
