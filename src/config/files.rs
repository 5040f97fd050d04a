//! The files of the configuration, places in them, and the list of everything that is wrong.

use super::errors::ConfigError;
use std::{
    cell::RefCell,
    fs, io,
    path::{Path, PathBuf},
};
use toml::{Spanned, de::DeTable};

/// A file of the configuration, with what is needed to name a place in it.
pub(super) struct File {
    /// As the operator would write it.
    pub name: String,
    pub text: String,
}

impl File {
    pub fn read(path: &Path, problems: &Problems) -> Option<Self> {
        let name = path.display().to_string();
        let text = fs::read(path)
            .map_err(|e| (e.to_string(), "a file that can be read"))
            .and_then(|bytes| {
                String::from_utf8(bytes).map_err(|e| (e.to_string(), "a file in UTF-8"))
            });
        match text {
            Ok(text) => Some(Self { name, text }),
            Err((found, expected)) => {
                problems.add(ConfigError {
                    file: name,
                    line: None,
                    column: None,
                    key: String::new(),
                    found,
                    expected: expected.to_owned(),
                });
                None
            }
        }
    }

    /// `path` as seen from the folder of this file.
    pub fn beside(&self, path: &str) -> PathBuf {
        match Path::new(&self.name).parent() {
            Some(dir) => dir.join(path),
            None => PathBuf::from(path),
        }
    }

    /// Line and column, one-based, columns in characters.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = 1 + before.matches('\n').count();
        (line, 1 + before[line_start..].chars().count())
    }

    /// The whole document. A document that breaks the syntax is read as far as it goes, and its errors are written down.
    pub fn parse(&self, problems: &Problems) -> (Spanned<DeTable<'_>>, bool) {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        for error in &errors {
            let offset = error.span().map_or(0, |span| span.start);
            let (found, expected) = match error.message().split_once(", expected ") {
                Some((found, expected)) => (found.to_owned(), expected.to_owned()),
                None => (error.message().to_owned(), "the syntax of TOML".to_owned()),
            };
            problems.at(self, offset, String::new(), found, expected);
        }
        (table, errors.is_empty())
    }
}

/// Everything that is wrong so far, and the values that no message may show.
#[derive(Default)]
pub(super) struct Problems {
    list: RefCell<Vec<ConfigError>>,
    hidden: RefCell<Vec<(String, String)>>,
}

impl Problems {
    pub fn add(&self, error: ConfigError) {
        self.list.borrow_mut().push(error);
    }

    pub fn at(&self, file: &File, offset: usize, key: String, found: String, expected: String) {
        let (line, column) = file.place(offset);
        self.add(ConfigError {
            file: file.name.clone(),
            line: Some(line),
            column: Some(column),
            key,
            found,
            expected,
        });
    }

    pub fn count(&self) -> usize {
        self.list.borrow().len()
    }

    pub fn hide(&self, used: Vec<(String, String)>) {
        self.hidden.borrow_mut().extend(used);
    }

    /// The errors in the order of files and lines, without any value that came from outside.
    pub fn take(self, files: &[String]) -> Vec<ConfigError> {
        let hidden = self.hidden.into_inner();
        let mut list = self.list.into_inner();
        for error in &mut list {
            for text in [&mut error.key, &mut error.found, &mut error.expected] {
                for (name, value) in &hidden {
                    let name = format!("${{{name}}}");
                    *text = text.replace(value.as_str(), &name);
                    *text = text.replace(&value.escape_debug().to_string(), &name);
                }
            }
        }
        let position = |error: &ConfigError| {
            let known = files.iter().position(|file| *file == error.file);
            // A file that could not be read.
            known.unwrap_or(files.len())
        };
        list.sort_by_key(|error| (position(error), error.line, error.column));
        list.dedup();
        list
    }
}

/// The paths that fit a pattern whose last part may hold one `*`, sorted.
pub(super) fn matching(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let name = pattern
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let Some((first, last)) = name.split_once('*') else {
        return Ok(vec![pattern.to_owned()]);
    };
    let dir = match pattern.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir)? {
        let file = entry?.file_name();
        let name = file.to_string_lossy();
        let fits = name.len() >= first.len() + last.len()
            && name.starts_with(first)
            && name.ends_with(last)
            && !name.starts_with('.');
        if fits {
            paths.push(pattern.with_file_name(&file));
        }
    }
    paths.sort();
    Ok(paths)
}
