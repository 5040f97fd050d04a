//! The words of the commands that run, ask, read and compare, and their help.

use super::Place;
use crate::config::Outside;
use clap::{Args, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

/// Where a daemon is and listens.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    #[command(flatten)]
    pub place: Place,
    /// Where the public pages and SPARQL listen; port 0 takes any that is free [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where "run now" and "pause" listen; others than loopback want an admin_token [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<SocketAddr>,
}

impl Serve {
    /// What the command line says about the configuration.
    pub fn outside(&self) -> Outside {
        Outside {
            listen: self.listen,
            admin_listen: self.admin_listen,
            ..self.place.outside()
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// A configuration of your own for the demo: `${DEMO_URL}` is the sample server's address [default: built in]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data directory [default: data/demo]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Where the public pages and SPARQL listen; port 0 takes any that is free [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where "run now" and "pause" listen [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<SocketAddr>,
}

impl Demo {
    /// What the command line says about the configuration.
    pub fn outside(&self) -> Outside {
        Outside {
            data_dir: self.data_dir.clone(),
            listen: self.listen,
            admin_listen: self.admin_listen,
            ..Outside::default()
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct Run {
    /// The source's id, as `harvestd sources` lists it
    pub source: String,
    /// Ask for everything, not only for what changed since the last complete run
    #[arg(long)]
    pub full: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Check {
    /// The source's id, as `harvestd sources` lists it
    pub source: String,
    /// Ask for everything, not only for what changed since the last complete run
    #[arg(long)]
    pub full: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Redescribe {
    /// The source's id, as `harvestd sources` lists it
    pub source: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Details {
    /// The source's id, as `harvestd sources` lists it
    pub source: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Query {
    /// The query; `-` reads it from standard input
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub query: Option<String>,
    /// A file that holds the query
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How the answer is written [default: a table for people; json with --json; ttl for CONSTRUCT and DESCRIBE]
    #[arg(long, short = 'o', value_enum)]
    pub format: Option<AnswerFormat>,
    #[command(flatten)]
    pub place: Place,
}

/// Formats of an answer: the first five for SELECT and ASK, the others for CONSTRUCT and DESCRIBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    Table,
    Json,
    Xml,
    Csv,
    Tsv,
    Ttl,
    Nt,
    Rdf,
    Jsonld,
}

impl AnswerFormat {
    pub fn is_for_graphs(self) -> bool {
        matches!(self, Self::Ttl | Self::Nt | Self::Rdf | Self::Jsonld)
    }
}

#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Only this source, with its last runs
    pub source: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Report {
    /// The source
    pub source: String,
    /// The run [default: the last harvest]
    pub run: Option<String>,
    /// Print the rows as a table for spreadsheets
    #[arg(long)]
    pub csv: bool,
    /// List the runs whose accounts are kept, the newest first
    #[arg(long, conflicts_with_all = ["run", "csv"])]
    pub list: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Sources {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct Export {
    /// The syntax
    #[arg(long, short = 'o', value_enum, default_value = "ttl")]
    pub format: CatalogFormat,
    /// The file to write; it appears when it is whole [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

/// Syntaxes of `/catalog.{ttl,rdf,jsonld,nt}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CatalogFormat {
    Ttl,
    Nt,
    Rdf,
    Jsonld,
}

#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// Replay the change log from its beginning and compare that as well
    #[arg(long)]
    pub replay: bool,
    /// Compare with the digest of another harvestd, by its public address
    #[arg(long, value_name = "URL", value_parser = address)]
    pub against: Option<url::Url>,
    #[command(flatten)]
    pub place: Place,
}

fn address(text: &str) -> Result<url::Url, String> {
    let url = url::Url::parse(text).map_err(|e| e.to_string())?;
    let fits = matches!(url.scheme(), "http" | "https") && url.has_host();
    fits.then_some(url)
        .ok_or_else(|| "expected an address that begins with http:// or https://".to_owned())
}

#[derive(Debug, Clone, Args)]
pub struct CheckConfig {
    #[command(flatten)]
    pub serve: Serve,
}
