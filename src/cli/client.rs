//! The commands that ask a daemon: the one that runs on the data directory, or one without a schedule that lives as
//! long as the command.

use super::{
    args::Place,
    configured::{Configured, start},
    exit::Exit,
    out,
    serve::House,
};
use crate::config::{ADMIN_TOKEN, Config, Secret, meant};
use crate::daemon::{OpenError, Purpose};
use crate::lock::{LockError, running};
use crate::network::local::{Answered, Local};
use crate::swap;
use std::io;
use tempfile::TempDir;

/// A daemon to ask, and the house to close where it is our own.
pub struct Reached {
    pub local: Local,
    pub config: Config,
    own: Option<House>,
    is_demo: bool,
    /// What a check works in where there is no store yet. Goes at the end.
    _instead: Option<TempDir>,
}

impl Reached {
    /// Finds the daemon of the data directory, or opens the directory for this purpose. To be read it must hold something.
    /// A problem is told already.
    pub async fn reach(place: &Place, purpose: Purpose) -> Result<Self, Exit> {
        Self::find(place, purpose, purpose == Purpose::Read).await
    }

    /// The same where there must be something to work on.
    pub async fn reach_held(place: &Place, purpose: Purpose) -> Result<Self, Exit> {
        Self::find(place, purpose, true).await
    }

    async fn find(place: &Place, purpose: Purpose, held: bool) -> Result<Self, Exit> {
        let Configured {
            config,
            token,
            is_demo,
        } = Configured::of(place).map_err(|e| out::complain(&e.to_string(), Exit::Usage))?;
        if config.data_dir.is_file() {
            let error = LockError::Io {
                dir: config.data_dir.clone(),
                source: io::ErrorKind::NotADirectory.into(),
            };
            return Err(out::complain(&error.to_string(), Exit::Failed));
        }
        let is_new = !config.data_dir.join("store").exists() && !swap::is_begun(&config.data_dir);
        if held && is_new {
            let starts = match is_demo {
                true => format!("`{}`", start(&config.data_dir)),
                false => "`harvestd serve` or `harvestd run SOURCE`".to_owned(),
            };
            let text = format!(
                "no daemon runs on {0}, and nothing was harvested into it yet: {starts} does",
                config.data_dir.display()
            );
            return Err(out::complain(&text, Exit::NotRunning));
        }
        let mut quiet = config.clone();
        quiet.listen = ([127, 0, 0, 1], 0).into();
        quiet.admin_listen = ([127, 0, 0, 1], 0).into();
        let mut instead = None;
        if is_new && purpose == Purpose::Check {
            let made = tempfile::tempdir().map_err(|e| {
                out::complain(&format!("making a folder to check in: {e}"), Exit::Failed)
            })?;
            quiet.data_dir = made.path().to_owned();
            instead = Some(made);
        }
        match House::start(quiet, token.clone(), purpose).await {
            Ok(house) => {
                let local = house
                    .client()
                    .map_err(|e| out::complain(&e.to_string(), Exit::Failed))?;
                Ok(Self {
                    local,
                    config,
                    own: Some(house),
                    is_demo,
                    _instead: instead,
                })
            }
            Err(super::serve::StartError::Open(OpenError::Lock(LockError::Held { dir, pid }))) => {
                let local = theirs(&config, token).map_err(|e| {
                    out::complain(&format!("the data directory {} belongs to process {pid}, which cannot be asked: {e}", dir.display()), Exit::Locked)
                })?;
                Ok(Self {
                    local,
                    config,
                    own: None,
                    is_demo,
                    _instead: None,
                })
            }
            Err(e) => Err(out::complain(&e.to_string(), e.exit())),
        }
    }

    /// Is there such a source? If not, that is told, with what may have been meant.
    pub fn knows(&self, id: &str) -> Result<(), Exit> {
        if self.config.source(id).is_some() {
            return Ok(());
        }
        let known = || self.config.sources.iter().map(|s| s.id.as_str());
        let meant =
            meant(id, known()).map_or(String::new(), |near| format!(" (did you mean {near:?}?)"));
        let known: Vec<&str> = known().collect();
        let text = format!(
            "no source is called {id:?}{meant}; configured are: {}",
            known.join(", ")
        );
        Err(out::complain(&text, Exit::UnknownSource))
    }

    /// Can sources be asked? Those of a demo answer only while it runs; if it does not, that is told.
    pub fn sources_answer(&self) -> Result<(), Exit> {
        if !(self.is_demo && self.own.is_some()) {
            return Ok(());
        }
        let text = format!(
            "the demo of {} does not run, and its sources answer only while it does: `{}` starts it",
            self.config.data_dir.display(),
            start(&self.config.data_dir)
        );
        Err(out::complain(&text, Exit::NotRunning))
    }

    pub async fn done(self, exit: Exit) -> Exit {
        if let Some(house) = self.own {
            house.close().await;
        }
        exit
    }
}

fn theirs(config: &Config, token: Option<Secret>) -> io::Result<Local> {
    let running = running(&config.data_dir).ok_or_else(|| io::Error::other("no running.json"))?;
    let read = || {
        let file = config.data_dir.join(ADMIN_TOKEN);
        let named = |e| io::Error::new(e, format!("{}: {e}", file.display()));
        std::fs::read_to_string(&file)
            .map(|text| Secret(text.trim().to_owned()))
            .map_err(|e| named(e.kind()))
    };
    let token = token.map_or_else(read, Ok)?;
    Local::new(
        running.listen,
        running.admin_listen,
        config.public_url.path(),
        token,
    )
}

/// The body of an answer that went well; else what the daemon says, told.
pub async fn body(answered: io::Result<Answered>) -> Result<Vec<u8>, Exit> {
    let answered = well(answered).await?;
    answered
        .bytes()
        .await
        .map_err(|e| out::complain(&format!("the daemon broke off: {e}"), Exit::Failed))
}

/// An answer that went well; else what the daemon says, told.
pub async fn well(answered: io::Result<Answered>) -> Result<Answered, Exit> {
    let answered = answered.map_err(|e| {
        out::complain(
            &format!("the daemon does not answer: {e}"),
            Exit::NotRunning,
        )
    })?;
    if (200..300).contains(&answered.status) {
        return Ok(answered);
    }
    let status = answered.status;
    let bytes = answered.bytes().await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let detail = problem["detail"].as_str().map_or_else(
        || String::from_utf8_lossy(&bytes).into_owned(),
        str::to_owned,
    );
    let detail = match status {
        401 => format!(
            "{detail} It is `admin_token` in the configuration, or the file admin-token in the data directory."
        ),
        _ => detail,
    };
    let exit = if status == 404 {
        Exit::UnknownSource
    } else {
        Exit::Failed
    };
    Err(out::complain(&format!("{status}: {detail}"), exit))
}
