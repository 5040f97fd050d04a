//! The command line: its words and their help, nothing else. What a command does is in the file of its name.
//!
//! Who answers. A data directory belongs to one process at a time, which holds the lock `{data_dir}/lock`.
//! - `serve` and `demo` take it and keep it; where it is taken they end with [`Exit::Locked`](super::exit::Exit::Locked).
//! - `run`, `check` and `redescribe` take it for as long as they work; where a daemon has it, they ask that daemon
//!   through its admin interface and show what it reports: the same result either way, and never two writers.
//! - `status`, `sources`, `query`, `export`, `overrides`, `identity`, `verify`, `feedback list` and `show` only read: they ask the daemon where one
//!   runs, and else the data directory.
//! - `token` works on a file of its own, whoever has the data directory.
//! - `check-config` reads configuration files and nothing else.
//!
//! Whose configuration. That of `--config`; where `--data-dir` is a demo's, the demo's own: `configured.rs`.
//!
//! A daemon says where it listens in `{data_dir}/running.json`, which counts only while the lock is held. So every command
//! finds it by `--data-dir` alone, whatever port the system gave it.

use super::exit;
use crate::config::Outside;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

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
    /// Serves a ministry's export, a city's CKAN and an observatory's DCAT catalogue to itself, changes them a little
    /// between harvests, and prints what to open. Nothing leaves this machine.
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
    /// Ask a SPARQL query
    ///
    /// Answered from the newest published snapshot, within the limits of `[limits.query]`.
    Query(Query),
    /// Say how each source is: its last run, what it holds, its next run
    Status(Status),
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
    /// For erasing what must not be kept: a deleted description goes from the log as well. Whoever follows the feed is told
    /// that the old generation is gone, and begins again. No daemon may run meanwhile. Backups, kept answers and replicas
    /// are not touched.
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

/// `harvestd webhooks …`
#[derive(Debug, Clone, Subcommand)]
pub enum Webhooks {
    /// Say of each receiver how far it was told, what it waits for, and what is wrong
    List(WebhooksList),
    /// List the batches that a receiver did not take until they were given up
    Dead(OneWebhook),
    /// Send batches of the dead-letter list again, the oldest first; what is taken leaves the list
    ///
    /// Under their first ids, so that a receiver which had one all the same knows it. Ends at the first that is not taken.
    Resend(ResendWebhook),
    /// Take up again a receiver that was left: it answered 410, or its dead-letter list was full
    ///
    /// It is told from where it was left. A batch that waits for its next try is tried at once.
    Enable(OneWebhook),
}

#[derive(Debug, Clone, Args)]
pub struct WebhooksList {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct OneWebhook {
    /// The webhook's id, as `harvestd webhooks list` shows it
    pub id: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct ResendWebhook {
    /// The webhook's id, as `harvestd webhooks list` shows it
    pub id: String,
    /// One batch of its dead-letter list, as `harvestd webhooks dead` shows it [default: all]
    pub batch: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

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

/// `harvestd token …`
#[derive(Debug, Clone, Subcommand)]
pub enum Token {
    /// Make a token for one source; it is shown once, and only its hash is kept
    ///
    /// Whoever has it may push as this source, and as no other: `PUT /push/SOURCE/ID` and the rest of what README's "One
    /// way in" lists. A daemon that runs knows it at once.
    New(TokenNew),
    /// List the tokens, without what they are
    List(TokenList),
    /// Take a token back; from then on it is refused
    Revoke(TokenRevoke),
}

#[derive(Debug, Clone, Args)]
pub struct TokenNew {
    /// The source's id, as `harvestd sources` lists it
    pub source: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct TokenList {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct TokenRevoke {
    /// The token's id, as `harvestd token list` says it
    pub id: String,
    #[command(flatten)]
    pub place: Place,
}

fn score(text: &str) -> Result<f64, String> {
    let score = text.parse().ok().filter(|s| (0.0..=1.0).contains(s));
    score.ok_or_else(|| "expected a number from 0 to 1".to_owned())
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
