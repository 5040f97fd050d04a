//! Values that no log, error or page may show, and where they come from: `${NAME}`, a file, or our own making.

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Write},
    path::Path,
};

/// A value that no log, error or page may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What `${NAME}` stands for: names that were given, then the environment.
#[derive(Clone)]
pub struct Variables {
    given: BTreeMap<String, Secret>,
    environment: bool,
}

impl Default for Variables {
    fn default() -> Self {
        Self {
            given: BTreeMap::new(),
            environment: true,
        }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

/// Why `${…}` in a text could not be replaced.
pub(super) struct Unresolved {
    pub found: String,
    pub expected: String,
}

impl Variables {
    /// Without the environment: nothing but what is given.
    pub fn none() -> Self {
        Self {
            given: BTreeMap::new(),
            environment: false,
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.given.insert(name.to_owned(), Secret(value.into()));
        self
    }

    fn lookup(&self, name: &str) -> Option<String> {
        match self.given.get(name) {
            Some(value) => Some(value.0.clone()),
            None if self.environment => std::env::var(name).ok(),
            None => None,
        }
    }

    /// `text` with every `${NAME}` replaced (`$${` stands for `${`), and the names and values that went in.
    pub(super) fn expand(&self, text: &str) -> Result<(String, Vec<(String, String)>), Unresolved> {
        let (mut out, mut used, mut rest) = (String::new(), Vec::new(), text);
        while let Some(at) = rest.find("${") {
            let (before, from) = (&rest[..at], &rest[at + 2..]);
            if let Some(literal) = before.strip_suffix('$') {
                out.push_str(literal);
                out.push_str("${");
                rest = from;
                continue;
            }
            out.push_str(before);
            let name = from.split('}').next().filter(|name| is_name(name));
            let (Some(name), true) = (name, from.contains('}')) else {
                return Err(Unresolved {
                    found: "\"${\" without a name and \"}\"".to_owned(),
                    expected: "${NAME}, or $${ for the two characters".to_owned(),
                });
            };
            let Some(value) = self.lookup(name).filter(|value| !value.is_empty()) else {
                return Err(Unresolved {
                    found: format!("no environment variable {name}"),
                    expected: format!("{name} to be set and not empty where harvestd is started"),
                });
            };
            out.push_str(&value);
            used.push((name.to_owned(), value));
            rest = &from[name.len() + 1..];
        }
        out.push_str(rest);
        Ok((out, used))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// What is kept and compared of an admin token.
pub fn token_sha256(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.0.as_bytes()).into()
}

/// The file of the data directory that holds the operator's token where none is configured.
pub const ADMIN_TOKEN: &str = "admin-token";

/// The admin token that the daemon makes for itself where none is configured: `{data_dir}/admin-token`, readable by its
/// owner only. Made anew when the file is missing; read when it is there, so that a restart keeps it.
pub fn admin_token_in(data_dir: &Path) -> io::Result<Secret> {
    let path = data_dir.join(ADMIN_TOKEN);
    match fs::read_to_string(&path) {
        Ok(token) if token.trim().len() >= TOKEN_CHARS_MIN => {
            return Ok(Secret(token.trim().to_owned()));
        }
        Ok(_) => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{}: expected a token of {TOKEN_CHARS_MIN} characters or more; remove the file to have one made",
                    path.display()
                ),
            ));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let token = hex::encode(bytes);
    // Temporary files are made with mode 0600; the rename shows the token whole or not at all.
    let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
    writeln!(file, "{token}")?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(Secret(token))
}

/// A configured token of fewer characters is refused: it could be guessed.
pub(super) const TOKEN_CHARS_MIN: usize = 16;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn names_are_replaced_and_can_be_escaped() {
        let variables = Variables::none().with("A", "1").with("B_2", "two");
        let expand = |text: &str| {
            variables
                .expand(text)
                .map(|(out, _)| out)
                .map_err(|e| e.found)
        };
        assert_eq!(expand("x"), Ok("x".into()));
        assert_eq!(expand("${A}-${B_2}${A}"), Ok("1-two1".into()));
        assert_eq!(expand("$${A} $ {A} }"), Ok("${A} $ {A} }".into()));
        assert_eq!(expand("${C}"), Err("no environment variable C".into()));
        for bad in ["${", "${}", "${A", "${A B}", "${1}"] {
            assert_eq!(
                expand(bad),
                Err("\"${\" without a name and \"}\"".into()),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_value_is_not_replaced_again() {
        let variables = Variables::none().with("A", "${B}").with("B", "x");
        assert_eq!(
            variables.expand("${A}").map(|(out, _)| out).ok(),
            Some("${B}".into())
        );
    }

    #[test]
    fn debug_shows_no_value() {
        let variables = Variables::none().with("A", "hunter2hunter2");
        let shown = format!("{variables:?} {:?}", Secret("hunter2hunter2".into()));
        assert_eq!(shown, "{\"A\"} Secret(…)");
    }

    #[test]
    fn the_daemons_own_token_is_private_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let token = admin_token_in(dir.path()).unwrap();
        assert_eq!(token.0.len(), 64);
        let path = dir.path().join("admin-token");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(admin_token_in(dir.path()).unwrap(), token);
        fs::write(&path, "short").unwrap();
        let error = admin_token_in(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("admin-token: expected a token of 16 characters"),
            "{error}"
        );
    }

    #[test]
    fn the_hash_is_the_one_that_everybody_computes() {
        assert_eq!(
            hex::encode(token_sha256(&Secret("abc".into()))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
