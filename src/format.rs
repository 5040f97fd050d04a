//! Which form a data directory has: `format.json`, read before anything else is touched.
//!
//! A program refuses what a newer one wrote and leaves every byte of it as it is. What it finds older, it brings up while it
//! opens: of rules of containment by a new generation ([`crate::store::Store::follow_rules`]), of the state by rebuilding it.
//! Whoever changes how something is kept raises [`VERSION`]. Start at [`check`].

use harvestd_vocab::containment;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// How this program keeps a data directory. One without `format.json` is older than the file, and of version 1.
pub const VERSION: u32 = 1;

const FILE: &str = "format.json";

/// What the file says. A newer program may say more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Format {
    data: u32,
    /// Of the rules that say what belongs to a description.
    containment: u32,
    /// The program that last opened it.
    program: String,
}

/// The data directory is not for this program.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error(
        "the data directory {dir} was written by harvestd {program}, in format {found}, and this is harvestd {}, which knows format {known}: nothing was touched; start that version or a later one, or restore a backup that this one made",
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        dir: PathBuf,
        program: String,
        found: String,
        known: String,
    },
    #[error(
        "{file} does not say which format the data directory has ({why}): nothing was touched; take the file from a backup, or remove it if no newer harvestd ever ran here"
    )]
    Unreadable { file: PathBuf, why: String },
}

fn now() -> Format {
    Format {
        data: VERSION,
        containment: containment::VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn read(data_dir: &Path) -> Result<Option<Format>, FormatError> {
    let file = data_dir.join(FILE);
    let unreadable = |why: String| FormatError::Unreadable {
        file: file.clone(),
        why,
    };
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| unreadable(e.to_string())),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(e) => Err(unreadable(e.to_string())),
    }
}

/// Refuses what a newer program wrote. Reads one file and writes nothing.
pub fn check(data_dir: &Path) -> Result<(), FormatError> {
    let Some(found) = read(data_dir)? else {
        return Ok(());
    };
    let known = now();
    if found.data <= known.data && found.containment <= known.containment {
        return Ok(());
    }
    let told = |format: &Format| format!("{}.{}", format.data, format.containment);
    Err(FormatError::Newer {
        dir: data_dir.to_owned(),
        found: told(&found),
        known: told(&known),
        program: found.program,
    })
}

/// Says that the directory has the form of this program, once everything in it has. Durable when it returns.
pub fn note(data_dir: &Path) -> io::Result<()> {
    let now = now();
    if read(data_dir).is_ok_and(|found| found.as_ref() == Some(&now)) {
        return Ok(());
    }
    let temporary = data_dir.join("format.tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(&now)?)?;
    file.sync_all()?;
    fs::rename(temporary, data_dir.join(FILE))?;
    File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_older_or_the_same_is_taken_and_what_is_newer_is_not() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path()).unwrap();
        note(dir.path()).unwrap();
        check(dir.path()).unwrap();
        let write = |text: &str| fs::write(dir.path().join(FILE), text).unwrap();
        for newer in [
            r#"{"data":2,"containment":0,"program":"9.1.0","more":true}"#.to_owned(),
            format!(
                r#"{{"data":1,"containment":{},"program":"9.1.0"}}"#,
                containment::VERSION + 1
            ),
        ] {
            write(&newer);
            let told = check(dir.path()).unwrap_err().to_string();
            assert!(told.contains("harvestd 9.1.0"), "{told}");
        }
        write("{");
        let told = check(dir.path()).unwrap_err().to_string();
        assert!(told.contains("format.json"), "{told}");
        note(dir.path()).unwrap();
        check(dir.path()).unwrap();
    }
}
