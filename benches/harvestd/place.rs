//! The folder of one benchmark: its configuration, its data, and commands on them.

use anyhow::{Context as _, Result, ensure};
use std::{
    fs::{self, File},
    net::SocketAddr,
    path::PathBuf,
    process::Command,
};

/// The one source of the benchmark.
pub const SOURCE: &str = "bench";
/// The one that pushes.
pub const PUSHES: &str = "centre";
const BINARY: &str = env!("CARGO_BIN_EXE_harvestd");
const NO_LINKS: &str = "[links]\nenabled = false\n";

/// Where everything of one benchmark lies. Removed at the end.
pub struct Place {
    folder: tempfile::TempDir,
    /// Where its daemon always listens, and what its IRIs begin with. None: anywhere.
    pub address: Option<SocketAddr>,
}

impl Place {
    /// On the disk of the build, since a temporary folder of the system may be in memory.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        Ok(Self {
            folder,
            address: None,
        })
    }

    /// For a daemon whose own IRIs lead to it.
    pub fn at(address: SocketAddr) -> Result<Self> {
        Ok(Self {
            address: Some(address),
            ..Self::new()?
        })
    }

    pub fn public_url(&self) -> String {
        self.address.map_or_else(
            || "http://127.0.0.1/".to_owned(),
            |address| format!("http://{address}/"),
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// The configuration: one source, run by hand, that may be on loopback; queries as they come.
    pub fn configure(&self, url: &str, in_parts: bool) -> Result<()> {
        let options = if in_parts {
            "[source.options]\ndetails = \"http://127.0.0.1/\"\n"
        } else {
            ""
        };
        self.configure_as("data_gov_tw", url, options)
    }

    /// The same with a source of another kind.
    pub fn configure_as(&self, kind: &str, url: &str, options: &str) -> Result<()> {
        let public_url = self.public_url();
        // Only a source with a schedule listens; it is never due while the benchmark runs.
        let schedule = match kind {
            "ldes" => "schedule = \"0 0 1 1 *\"\ncatch_up = \"skip\"\n",
            _ => "",
        };
        let text = format!(
            "public_url = \"{public_url}\"

{NO_LINKS}
[[source]]
id = \"{PUSHES}\"
kind = \"push\"
title = {{ en = \"Centre\" }}

[[source]]
id = \"{SOURCE}\"
kind = \"{kind}\"
url = \"{url}\"
title = {{ en = \"Benchmark\" }}
language = \"zh-Hant\"
offset_minutes = 480
{schedule}
[source.network]
allow_ranges = [\"127.0.0.0/8\"]
requests_per_second = 1000
{options}"
        );
        fs::write(self.path("bench.toml"), text).context("writing the configuration")
    }

    /// Puts this in the place of `[links]`, in which nothing is checked.
    pub fn check_links(&self, links: &str) -> Result<()> {
        let path = self.path("bench.toml");
        let text = fs::read_to_string(&path)?;
        ensure!(text.contains(NO_LINKS), "[links] was said already");
        fs::write(path, text.replace(NO_LINKS, links)).context("writing the configuration")
    }

    /// A command of the binary, on this configuration and data.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(BINARY);
        command
            .arg(name)
            .arg("--config")
            .arg(self.path("bench.toml"));
        command.arg("--data-dir").arg(self.data_dir());
        command
    }

    /// The same of a command that has commands.
    pub fn subcommand(&self, name: &str, word: &str) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args([name, word, "--config"])
            .arg(self.path("bench.toml"));
        command.arg("--data-dir").arg(self.data_dir());
        command
    }

    /// Appends to the log of all children; shown where something fails.
    pub fn log(&self) -> Result<File> {
        Ok(File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))?)
    }

    pub fn log_end(&self) -> String {
        const LINES: usize = 15;
        let text = fs::read_to_string(self.path("log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}
