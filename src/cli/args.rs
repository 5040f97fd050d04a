//! The command line: its words and their help, nothing else. What a command does is in the file of its name.
//!
//! Who answers. A data directory belongs to one process at a time, which holds the lock `{data_dir}/lock`.
//! - `serve` and `demo` take it and keep it; where it is taken they end with [`Exit::Locked`](super::exit::Exit::Locked).
//! - `run`, `check` and `redescribe` take it for as long as they work; where a daemon has it, they ask that daemon
//!   through its admin interface and show what it reports: the same result either way, and never two writers.
//! - `status`, `report`, `quality`, `sources`, `query`, `export`, `overrides`, `identity`, `verify`, `feedback list`, `held list` and `show` only read: they ask the daemon where one
//!   runs, and else the data directory.
//! - `erase` and `feed new-generation` take it as well; where a daemon has it, it has to be stopped first.
//! - `token` works on a file of its own, whoever has the data directory.
//! - `check-config` reads configuration files and nothing else.
//!
//! Whose configuration. That of `--config`; where `--data-dir` is a demo's, the demo's own: `configured.rs`.
//!
//! A daemon says where it listens in `{data_dir}/running.json`, which counts only while the lock is held. So every command
//! finds it by `--data-dir` alone, whatever port the system gave it.

mod by_hand;
mod erase;
mod feedback;
mod identity;
mod overrides;
mod quality;
mod recovery;
mod token;
mod webhooks;
mod work;

pub use by_hand::*;
pub use erase::*;
pub use feedback::*;
pub use identity::*;
pub use overrides::*;
pub use quality::*;
pub use recovery::*;
pub use token::*;
pub use webhooks::*;
pub use work::*;

use super::exit;
use crate::config::Outside;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  harvestd demo                              an invented federation, harvested: look around
  harvestd check-config                      what is configured, or all that is wrong with it
  harvestd check data-gov-tw                 what a harvest would change; writes nothing
  harvestd serve --listen 0.0.0.0:8080       the daemon, open to others
  harvestd run data-gov-tw                   harvest now, here or in the running daemon
  harvestd query 'SELECT (COUNT(*) AS ?n) { ?d a <http://www.w3.org/ns/dcat#Dataset> }'";

fn ending() -> String {
    format!("{EXAMPLES}\n\n{}", exit::TABLE)
}

#[derive(Debug, Parser)]
#[command(
    name = "harvestd",
    version,
    about = "Harvests many open-data catalogues into one DCAT-AP 3 catalogue and publishes it over SPARQL and feeds",
    after_help = "`harvestd --help` adds examples and the exit codes; `harvestd COMMAND --help` explains a command.",
    after_long_help = ending(),
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "For every command")]
pub struct Common {
    /// Print JSON on standard output instead of text for people
    #[arg(long, global = true)]
    pub json: bool,
    /// What is logged: `warn`, `info`, `debug`, or by part: `harvestd::network=debug,warn`
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "HARVESTD_LOG",
        default_value = "info"
    )]
    pub log: String,
    /// How it is logged, always on standard error [default: text on a terminal, json elsewhere]
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        env = "HARVESTD_LOG_FORMAT"
    )]
    pub log_format: Option<LogFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon: harvest on schedule, publish, answer
    ///
    /// SIGTERM or Ctrl-C ends it in good order (a run under way goes on at the next start), a second one at once.
    /// SIGHUP reads the configuration anew; where that has an error, the running one stays.
    Serve(Serve),
    /// Show everything at once: an invented federation on loopback, harvested over HTTP every few seconds
    ///
    /// Serves a ministry's export, a city's and a research centre's CKAN and an observatory's DCAT catalogue to itself,
    /// changes them a little between harvests, and prints what to open. Nothing leaves this machine.
    Demo(Demo),
    /// Harvest one source now
    ///
    /// In the running daemon where there is one, else here. Ends when the run ends and prints its report.
    Run(Run),
    /// Say what a harvest of one source would change, and what it would refuse and why; write nothing
    ///
    /// Asks the source for real and applies the rules of a real run, up to the commit.
    Check(Check),
    /// Apply a changed mapping to the records at hand, without asking the source
    Redescribe(Redescribe),
    /// Ask one source for the details of its records, the newest first, as many as [source.details] allows
    ///
    /// The daemon does so by itself after each run. What was asked for and came is not asked for again.
    Details(Details),
    /// Look at deletions that are held for a person, and decide of them
    ///
    /// A run that takes too much away deletes nothing by itself ([limits.gate]); what is new and changed is taken in.
    #[command(subcommand)]
    Held(Held),
    /// Take a committed run back: its records are again what they were before it
    ///
    /// The inverse is a run of its own, told in the feed, and can be taken back as well. Refused where later runs changed
    /// the same records, or refer to what would go: they are named. What is one dataset, and corrections by hand, stay as
    /// people decided them. The source is asked for everything at its next run, and what it says then counts: --hold.
    Undo(Undo),
    /// Have a record come back that went, as it was; it stays until its source names it again
    Restore(Restore),
    /// Ask a SPARQL query
    ///
    /// Answered from the newest published snapshot, within the limits of `[limits.query]`.
    Query(Query),
    /// Say how each source is: its last run, what it holds, its next run
    Status(Status),
    /// Show the account of a run: what was received, and each record that was refused, left out or held, with the reason
    ///
    /// The same as /sources/SOURCE/report. --json and --csv have a row for every such record, and for every finding.
    Report(Report),
    /// Say how good the datasets are: points of metadata quality, FAIR, readiness for machine learning, updates kept
    ///
    /// The figures of the newest publication, by source and publisher; of one dataset every indicator, with what was found.
    /// The same as /quality.
    Quality(Quality),
    /// List the sources that are configured
    Sources(Sources),
    /// Write the whole catalogue to a file or to standard output
    Export(Export),
    /// Say which records of different sources are about one dataset, and why; decide it by hand
    #[command(subcommand)]
    Identity(Identity),
    /// Prove that the store holds what was committed, and name the entities where it does not; changes nothing
    ///
    /// Computes the hash of every entity anew from the newest published snapshot and compares the sums with the digest
    /// that is kept commit by commit and published at /feed/state. With --replay, the replayed change log as well; with
    /// --against, another harvestd's digest: equal sums mean that both hold the same, entity by entity, byte by byte.
    Verify(Verify),
    /// Say how each correction by hand stands to what its source says
    #[command(subcommand)]
    Overrides(Overrides),
    /// Read what people and centres say of datasets, and decide of it: a correction is published from then on
    #[command(subcommand)]
    Feedback(Feedback),
    /// Show who is told of changes and what they did not take; send it again
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// Begin the change log anew
    #[command(subcommand)]
    Feed(Feed),
    /// Erase entities, and the past: from the store, the log, snapshots and every other file that is kept
    ///
    /// Without an IRI, what is said now stays, and what was said before goes. The feed begins a new generation, and whoever
    /// follows it is told to begin again. No daemon may run meanwhile. See docs/erasing.md.
    Erase(Erase),
    /// Read everything that is kept, and name what is damaged, where, and what to do; changes nothing
    ///
    /// The store by each of its orders, snapshots, the change log against the sums that commits name, the state, and every
    /// other file. Beside a running daemon as well; the store's newest snapshot is read then, which has the same files.
    Scrub(Scrub),
    /// Put the newest snapshot that reads whole in the place of a store that is damaged; what was there is set aside
    Recover(Recover),
    /// Make a backup, look whether one is whole, or put one in place
    #[command(subcommand)]
    Backup(Backup),
    /// Write the store and the state into new files, without what was ever removed from them
    ///
    /// Nothing changes of what is said, its numbers and its past. No daemon may run meanwhile; one disk needs room for a
    /// second copy of the store.
    Compact(Compact),
    /// Make, list and revoke the tokens of centres that push (sources of kind `push`)
    #[command(subcommand)]
    Token(Token),
    /// Say what is configured and when it is next due, or everything that is wrong, each with its place
    CheckConfig(CheckConfig),
    /// One process of the query pool, spoken to over its standard input and output
    #[command(hide = true)]
    Worker,
}

/// Where the configuration and the data are.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// The configuration file [default: config/harvestd.toml, or the demo's own for the data directory of a demo]
    #[arg(long, value_name = "FILE", env = "HARVESTD_CONFIG")]
    pub config: Option<PathBuf>,
    /// The data directory, whatever the configuration says
    #[arg(long, value_name = "FOLDER", env = "HARVESTD_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

impl Place {
    /// The configuration file that is meant.
    pub fn config_file(&self) -> &Path {
        let default = Path::new("config/harvestd.toml");
        self.config.as_deref().unwrap_or(default)
    }

    /// What the command line says about the configuration.
    pub fn outside(&self) -> Outside {
        Outside {
            data_dir: self.data_dir.clone(),
            ..Outside::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Feed {
    /// State everything the store holds again, in a new generation, and remove the history
    ///
    /// A deleted description goes from the log as well, with the snapshots, dumps and pages of the feed that show it; to erase
    /// what must not be kept there is `harvestd erase`. Whoever follows the feed is told that the old generation is gone, and
    /// begins again. No daemon may run meanwhile. Backups, kept answers and replicas are not touched.
    NewGeneration(NewGeneration),
}

#[derive(Debug, Clone, Args)]
pub struct NewGeneration {
    #[command(flatten)]
    pub place: Place,
    /// The reason, for the record
    #[arg(long, value_name = "TEXT")]
    pub why: String,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_parses() {
        let lines = [
            "serve --config c.toml --listen 127.0.0.1:0 --admin-listen [::1]:0 --data-dir d --json",
            "demo --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --data-dir d",
            "run a --full",
            "check a",
            "redescribe a --data-dir d",
            "query ASK{} -o json",
            "query --file q.rq",
            "query -",
            "status",
            "status a --json",
            "report a",
            "report a 1700000000000-a --json",
            "report a --csv --data-dir d",
            "report a --list",
            "sources",
            "export -o nt --out x.nt",
            "overrides list --json",
            "overrides check --data-dir d",
            "overrides explain https://a.example/1 --config c.toml",
            "identity list --min 0.8 --json",
            "identity explain https://a.example/1 https://b.example/2 --data-dir d",
            "verify --replay --against https://b.example/x --json --data-dir d",
            "identity join https://a.example/1 https://b.example/2 --why same --who me --json",
            "identity split https://a.example/1 https://b.example/2 --why other",
            "identity forget https://a.example/1 https://b.example/2",
            "identity decisions --json",
            "feedback list --status open --publisher Office --json",
            "feedback show 1 --data-dir d",
            "feedback accept 1 --property dct:title --lang en --set A --set B --who me",
            "feedback decline 1 --why no --withhold",
            "feed new-generation --why moved",
            "erase --why forgotten --data-dir d",
            "erase https://a.example/1 https://a.example/2 --why asked --json",
            "scrub --json --data-dir d",
            "recover --snapshot data/snapshots/1-2-3-4",
            "compact --json",
            "backup make /mnt/backup --config c.toml",
            "backup check /mnt/backup --json",
            "backup restore /mnt/backup --replace --above 4 --data-dir d",
            "held list --json",
            "held show a --data-dir d",
            "held approve a --list 0123456789ab",
            "held reject a",
            "held release a",
            "undo 1700000000000-a --with-later --hold",
            "undo 1700000000000-a --dry-run --json",
            "undo --runs a",
            "restore https://a.example/1",
            "token new centre --config c.toml",
            "token list --json",
            "token revoke 0123456789ab",
            "check-config --log debug --log-format json",
            "worker",
        ];
        for line in lines {
            let words = ["harvestd"].into_iter().chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
        for line in [
            "run",
            "report",
            "report a 1-a --list",
            "query",
            "query a --file b",
            "serve --listen 8080",
            "no-such-command",
            "token",
            "token new",
            "feedback",
            "feedback list --status gone",
            "feedback accept x",
            "feedback decline 1",
            "erase https://a.example/1",
            "held",
            "backup",
            "backup make",
            "backup restore d --above x",
            "held approve",
            "undo",
            "undo 1-a --runs a",
            "restore",
            "identity",
            "identity list --min 2",
            "identity explain",
            "verify --against b.example",
            "overrides",
            "overrides explain",
            "identity join https://a.example/1 https://b.example/2",
        ] {
            let words = ["harvestd"].into_iter().chain(line.split(' '));
            assert_eq!(
                Cli::try_parse_from(words).unwrap_err().exit_code(),
                2,
                "{line}"
            );
        }
    }

    #[test]
    fn help_tells_the_exit_codes_and_hides_the_worker() {
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains(exit::TABLE), "{help}");
        assert!(help.contains("check-config"), "{help}");
        assert!(!help.contains("worker"), "{help}");
    }
}
