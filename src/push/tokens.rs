//! The tokens by which centres are known: `{data_dir}/push-tokens.json`, which holds of each token only its SHA-256.
//!
//! A token belongs to one source. It has 256 random bits, so that one hash is enough; it is shown once, when it is made,
//! and never logged. The daemon looks at the file whenever it has changed: a token revoked is refused from then on.
//! Start at [`Tokens::source_of`].

use crate::config::{Secret, token_sha256};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use subtle::ConstantTimeEq;

pub(crate) const FILE: &str = "push-tokens.json";
/// What every token begins with, so that one that lies about is recognised.
const BEGIN: &str = "harvestd_";

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The begin of its hash: names it, and says nothing of it.
    pub id: String,
    pub source: String,
    /// In hexadecimal.
    pub sha256: String,
    /// Milliseconds since 1970.
    pub made_ms: i64,
}

/// The tokens of a data directory, read anew when their file changes.
#[derive(Debug)]
pub struct Tokens {
    file: PathBuf,
    read: Mutex<(Option<Stamp>, Vec<Token>)>,
}

/// Changes whenever the file does: it is always replaced by a new one.
type Stamp = (u64, i64, i64, u64);

impl Tokens {
    pub fn new(data_dir: &Path) -> Self {
        Self {
            file: data_dir.join(FILE),
            read: Mutex::default(),
        }
    }

    /// The source that a token belongs to. Compares with every token, in a time that does not depend on what is found.
    pub fn source_of(&self, token: &str) -> io::Result<Option<String>> {
        let hash = hex::encode(token_sha256(&Secret(token.to_owned())));
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.file)?;
        if stamp != read.0 {
            *read = (stamp, load(&self.file)?);
        }
        let mut found = None;
        for known in &read.1 {
            if bool::from(known.sha256.as_bytes().ct_eq(hash.as_bytes())) {
                found = Some(known.source.clone());
            }
        }
        Ok(found)
    }
}

/// Makes a token for a source. The secret is in nothing but what this returns.
pub fn make(data_dir: &Path, source: &str, now_ms: i64) -> io::Result<(Token, Secret)> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let secret = Secret(format!("{BEGIN}{}", hex::encode(bytes)));
    let sha256 = hex::encode(token_sha256(&secret));
    let token = Token {
        id: sha256.chars().take(12).collect(),
        source: source.to_owned(),
        sha256,
        made_ms: now_ms,
    };
    change(data_dir, |tokens| tokens.push(token.clone()))?;
    Ok((token, secret))
}

/// All tokens, the oldest first.
pub fn list(data_dir: &Path) -> io::Result<Vec<Token>> {
    load(&data_dir.join(FILE))
}

/// Takes a token back. None: there is none of that id.
pub fn revoke(data_dir: &Path, id: &str) -> io::Result<Option<Token>> {
    let mut revoked = None;
    change(data_dir, |tokens| {
        let at = tokens.iter().position(|token| token.id == id);
        revoked = at.map(|at| tokens.remove(at));
    })?;
    Ok(revoked)
}

/// Replaces the file by a changed one. Two commands at once wait for each other.
fn change(data_dir: &Path, change: impl FnOnce(&mut Vec<Token>)) -> io::Result<()> {
    fs::create_dir_all(data_dir)?;
    let lock = File::create(data_dir.join("push-tokens.lock"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
    let path = data_dir.join(FILE);
    let mut tokens = load(&path)?;
    change(&mut tokens);
    // Temporary files are made with mode 0600; the rename shows the file whole or not at all.
    let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
    serde_json::to_writer_pretty(&mut file, &tokens)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

fn load(file: &Path) -> io::Result<Vec<Token>> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", file.display()));
    match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| named(e.into())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(named(e)),
    }
}

fn stamp(file: &Path) -> io::Result<Option<Stamp>> {
    match fs::metadata(file) {
        Ok(m) => Ok(Some((m.ino(), m.mtime(), m.mtime_nsec(), m.len()))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_opens_its_source_until_it_is_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(dir.path());
        assert_eq!(tokens.source_of("anything").unwrap(), None);
        let (a, secret_a) = make(dir.path(), "a", 1).unwrap();
        let (_, secret_b) = make(dir.path(), "b", 2).unwrap();
        assert_eq!(tokens.source_of(&secret_a.0).unwrap().as_deref(), Some("a"));
        assert_eq!(tokens.source_of(&secret_b.0).unwrap().as_deref(), Some("b"));
        let text = fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert!(!text.contains(&secret_a.0) && !text.contains(&secret_a.0[BEGIN.len()..]));
        let mode = fs::metadata(dir.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        for wrong in [
            "",
            "x",
            &secret_a.0[..20],
            &format!("{}0", secret_a.0),
            &a.sha256,
        ] {
            assert_eq!(tokens.source_of(wrong).unwrap(), None, "{wrong}");
        }
        assert_eq!(revoke(dir.path(), &a.id).unwrap().unwrap().source, "a");
        assert_eq!(tokens.source_of(&secret_a.0).unwrap(), None);
        assert_eq!(tokens.source_of(&secret_b.0).unwrap().as_deref(), Some("b"));
        assert!(revoke(dir.path(), &a.id).unwrap().is_none());
    }

    #[test]
    fn a_broken_file_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "[{").unwrap();
        let error = Tokens::new(dir.path()).source_of("x").unwrap_err();
        assert!(error.to_string().contains(FILE), "{error}");
        assert!(make(dir.path(), "a", 1).is_err());
    }
}
