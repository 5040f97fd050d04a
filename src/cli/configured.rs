//! The configuration that a command works with: that of `--config`, or, where `--data-dir` is a demo's, the demo's own.
//!
//! A demo leaves `{data_dir}/demo.json` when it is up: which configuration it has, and the two addresses that no file says,
//! those of its sample server and of its own pages, which may be others at each start. So its data directory is all that
//! a command has to be told. Start at [`Configured::of`].

use super::args::Place;
use crate::config::{Config, ConfigError, ConfigErrors, Outside, Secret};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use url::Url;

/// A configuration, and whose.
pub struct Configured {
    pub config: Config,
    pub token: Option<Secret>,
    /// Whether it is that of a demo, whose sources only its sample server can answer.
    pub is_demo: bool,
}

impl Configured {
    /// Reads what the command line means. A configuration that it names counts alone.
    pub fn of(place: &Place) -> Result<Self, ConfigErrors> {
        Self::with(place, place.outside())
    }

    /// The same with more that the command line says.
    pub fn with(place: &Place, outside: Outside) -> Result<Self, ConfigErrors> {
        let demo = match (&place.config, &place.data_dir) {
            (None, Some(data_dir)) => DemoNote::of(data_dir)?,
            _ => None,
        };
        let is_demo = demo.is_some();
        let (config, token) = match demo {
            Some(demo) => demo.load(&Outside {
                public_url: Some(demo.public_url.clone()),
                ..outside
            })?,
            None => Config::load_with_token(place.config_file(), &outside)?,
        };
        Ok(Self {
            config,
            token,
            is_demo,
        })
    }
}

/// The demo's configuration, part of the program.
const BUILT_IN: &str = include_str!("../../config/demo.toml");
/// What its `${…}` calls the address of the sample server.
const DEMO_URL: &str = "DEMO_URL";

/// What a demo leaves for the commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemoNote {
    /// Address of the sample server, without a slash at its end.
    pub sample: String,
    /// Base of the demo's own IRIs.
    pub public_url: Url,
    /// Its configuration file. None: the one that is part of the program.
    pub config: Option<PathBuf>,
}

impl DemoNote {
    /// Of the demo whose data directory this is. None: it is not a demo's.
    pub fn of(data_dir: &Path) -> Result<Option<Self>, ConfigErrors> {
        let path = Self::path(data_dir);
        let wrong = |found: String| {
            ConfigErrors(vec![ConfigError {
                file: path.display().to_string(),
                line: None,
                column: None,
                key: String::new(),
                found,
                expected: format!("what `{}` writes: start it once more", start(data_dir)),
            }])
        };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|e| wrong(e.to_string())),
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(e) => Err(wrong(e.to_string())),
        }
    }

    /// Leaves it there, whole or not at all.
    pub fn leave(&self, data_dir: &Path) -> io::Result<()> {
        let path = Self::path(data_dir);
        let temporary = path.with_extension("tmp");
        fs::write(&temporary, serde_json::to_vec(self)?)?;
        fs::rename(temporary, path)
    }

    /// The demo's configuration. Reads a file of it anew at each call.
    pub fn load(&self, outside: &Outside) -> Result<(Config, Option<Secret>), ConfigErrors> {
        let outside = Outside {
            variables: outside.variables.clone().with(DEMO_URL, &*self.sample),
            ..outside.clone()
        };
        match &self.config {
            Some(file) => Config::load_with_token(file, &outside),
            None => {
                let parse =
                    |outside: &Outside| Config::parse("the built-in demo.toml", BUILT_IN, outside);
                // Corrections that are accepted from feedback lie beside what was harvested: the program's folder is not ours.
                let overrides_dir = parse(&outside)?.data_dir.join("overrides");
                let config = parse(&Outside {
                    overrides_dir: Some(overrides_dir),
                    ..outside
                })?;
                Ok((config, None))
            }
        }
    }

    fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("demo.json")
    }
}

/// The command that starts the demo of a data directory.
pub fn start(data_dir: &Path) -> String {
    format!("harvestd demo --data-dir {}", data_dir.display())
}
