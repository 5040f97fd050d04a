//! House rules that a compiler does not know: what must be absent from where.
//!
//! Reads the sources as text and runs nothing of the daemon. Each test states one rule; start with the one that failed.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A file of the house, its path relative to the root.
struct File {
    path: String,
    text: String,
}

impl File {
    /// The text without comment lines and without what comes after the first `#[cfg(test)]`.
    fn code(&self) -> String {
        let shipped = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        shipped
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = rust_files()
        .into_iter()
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.path)
        .collect();
    assert_none(&silent, "files that do not open with `//!`");
}

#[test]
fn pure_crates_depend_on_no_runtime_no_network_and_no_store() {
    let mut found = Vec::new();
    for manifest in [
        "vocab/Cargo.toml",
        "harvesters/Cargo.toml",
        "web/Cargo.toml",
    ] {
        let table: toml::Table = read(manifest).parse().unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = table.get(section).and_then(|value| value.as_table());
            for name in names.into_iter().flat_map(|table| table.keys()) {
                if ["tokio", "reqwest", "hyper", "axum", "sled", "oxigraph"]
                    .contains(&name.as_str())
                {
                    found.push(format!("{manifest} [{section}] {name}"));
                }
            }
        }
    }
    assert_none(&found, "dependencies that a pure crate must not have");
}

#[test]
fn pure_crates_do_no_io_and_know_no_clock() {
    const ABSENT: &[&str] = &[
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant::now",
        "Utc::now",
        "Local::now",
        "async fn",
        "println!",
        "eprintln!",
    ];
    let mut found = Vec::new();
    for file in rust_files() {
        let pure = ["vocab/src", "harvesters/src", "web/src"];
        if !pure.iter().any(|home| file.path.starts_with(home)) || file.is_test() {
            continue;
        }
        let code = file.code();
        for word in ABSENT {
            if code.contains(word) {
                found.push(format!("{}: {word}", file.path));
            }
        }
    }
    assert_none(&found, "I/O, clock or async in a pure crate");
}

#[test]
fn only_the_network_knows_reqwest_only_the_state_sled_and_only_the_search_tantivy() {
    for (krate, home) in [
        ("reqwest", "src/network"),
        ("sled", "src/state"),
        ("tantivy", "src/search"),
    ] {
        let strangers: Vec<_> = rust_files()
            .into_iter()
            .filter(|file| file.path.starts_with("src/") && !file.path.starts_with(home))
            .filter(|file| names_crate(&file.code(), krate))
            .map(|file| file.path)
            .collect();
        assert_none(
            &strangers,
            &format!("files outside {home} that name {krate}"),
        );
    }
}

#[test]
fn only_the_store_its_snapshots_and_the_query_workers_open_oxigraph() {
    const HOMES: &[&str] = &[
        "src/store",
        "src/snapshot",
        "src/serve/worker",
        "src/serve/answer",
        // What is small by construction is read in the daemon's own process.
        "src/serve/lookup",
    ];
    let strangers: Vec<_> = rust_files()
        .into_iter()
        .filter(|file| file.path.starts_with("src/"))
        .filter(|file| !HOMES.iter().any(|home| file.path.starts_with(home)))
        .filter(|file| names_oxigraph_store(&file.code()))
        .map(|file| file.path)
        .collect();
    assert_none(&strangers, "files that name oxigraph::store");
}

#[test]
fn nothing_of_the_daemon_decides_by_the_name_of_a_kind() {
    let mut found = Vec::new();
    for file in rust_files() {
        if !file.path.starts_with("src/") || file.is_test() {
            continue;
        }
        let code = file.code();
        for kind in harvestd_harvesters::KINDS {
            let name = kind.name;
            for decision in [
                format!("\"{name}\" =>"),
                format!("== \"{name}\""),
                format!("!= \"{name}\""),
            ] {
                if code.contains(&decision) {
                    found.push(format!("{}: {decision}", file.path));
                }
            }
        }
    }
    assert_none(
        &found,
        "decisions by the name of a kind outside its connector",
    );
}

#[test]
fn no_file_names_a_package_registry_or_somebodys_machine() {
    // Spelled in pieces: this file is searched as well.
    let forbidden = [
        ["crates", ".io"].concat(),
        ["npm", "js."].concat(),
        ["py", "pi.org"].concat(),
        ["files.python", "hosted"].concat(),
        ["proxy.go", "lang"].concat(),
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
    ];
    let mut found = Vec::new();
    for file in files(Path::new("."), &|_| true) {
        // The lock file names the registry in every line: that is its format.
        if file.path == "Cargo.lock" {
            continue;
        }
        for word in &forbidden {
            if file.text.contains(word.as_str()) {
                found.push(format!("{}: {word}", file.path));
            }
        }
    }
    assert_none(&found, "words that no file may hold");
}

#[test]
fn the_readme_maps_every_room() {
    let readme = read("README.md");
    let missing: Vec<_> = read("src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|room| {
            let (file, folder) = (format!("{room}.rs"), format!("{room}/"));
            !readme
                .split(|c: char| c.is_whitespace() || "`(),".contains(c))
                .any(|word| {
                    word.trim_start_matches("src/") == file
                        || word.trim_start_matches("src/") == folder
                })
        })
        .map(str::to_owned)
        .collect();
    assert_none(
        &missing,
        "modules that the code map of README.md leaves out",
    );
}

/// In two languages.
const READMES: [&str; 2] = ["README.md", "README.zh-Hant.md"];

/// The commands, queries and settings of a document, without their comments.
fn blocks(text: &str) -> Vec<Vec<String>> {
    let plain = |line: &str| {
        let said = line.split_once(" #").map_or(line, |(said, _)| said);
        said.trim_end().to_owned()
    };
    let fenced = text.split("\n```").skip(1).step_by(2);
    fenced
        .map(|block| block.lines().map(plain).collect())
        .collect()
}

#[test]
fn both_readmes_have_the_same_commands_and_tables() {
    let [english, chinese] = READMES.map(read);
    let (expected, found) = (blocks(&english), blocks(&chinese));
    assert!(expected.len() > 10, "{expected:#?}");
    for (at, block) in expected.iter().enumerate() {
        assert_eq!(found.get(at), Some(block), "README.zh-Hant.md, block {at}");
    }
    assert_eq!(found.len(), expected.len());
    // What a row is about stands in its first cell as code: kinds of sources, states, addresses.
    let codes = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        rows.filter_map(|row| row.split(" | ").next())
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .map(str::to_owned)
            .collect()
    };
    let map = english.find("\n## Code map").unwrap();
    assert_eq!(codes(&chinese)[..], codes(&english[..map])[..]);
}

/// From one of our documents to another, and to a heading of it.
#[test]
fn links_between_documents_lead_somewhere() {
    let heading = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().replace(' ', "-")
    };
    let (mut lost, mut followed) = (Vec::new(), 0);
    let is_document = |path: &Path| path.extension().is_some_and(|e| e == "md");
    let mut documents = files(Path::new("docs"), &is_document);
    documents.extend(READMES.map(|path| File {
        path: path.to_owned(),
        text: read(path),
    }));
    for File { path: from, text } in &documents {
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http")) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let to = match (path, path.strip_prefix("../"), from.starts_with("docs/")) {
                ("", ..) => from.clone(),
                (_, Some(up), true) => up.to_owned(),
                (_, None, true) => format!("docs/{path}"),
                _ => path.to_owned(),
            };
            followed += 1;
            let there = root().join(&to).exists();
            if !there
                || !(anchor.is_empty()
                    || read(&to)
                        .lines()
                        .any(|line| line.starts_with('#') && heading(line) == anchor))
            {
                lost.push(format!("{from}: {target}"));
            }
        }
    }
    assert!(followed > 10, "{followed}");
    assert_none(&lost, "links that lead nowhere");
}

/// systemd's own measure: 0 is shut in completely, 10 not at all. Without a sandbox this service has 9.6.
#[test]
fn the_systemd_unit_is_shut_in() {
    const EXPOSURE_TENTHS_MAX: &str = "--threshold=20";
    let unit = "config/harvestd.service";
    let analyzed = std::process::Command::new("systemd-analyze")
        .args([
            "security",
            "--offline=true",
            "--no-pager",
            EXPOSURE_TENTHS_MAX,
            unit,
        ])
        .current_dir(root())
        .output();
    let Ok(analyzed) = analyzed else {
        eprintln!("SKIPPED: systemd-analyze is not installed; {unit} was not checked");
        return;
    };
    let told = String::from_utf8_lossy(&analyzed.stdout);
    let errors = String::from_utf8_lossy(&analyzed.stderr);
    if errors.contains("unrecognized option") {
        eprintln!("SKIPPED: this systemd-analyze is older than 250; {unit} was not checked");
        return;
    }
    assert!(told.contains("Overall exposure level"), "{errors}");
    assert!(analyzed.status.success(), "{told}");
    assert!(!errors.contains("Unknown"), "{errors}");
}

/// Every row of the table of faults names a test, and the test is there.
#[test]
fn every_fault_has_its_test() {
    let table = read("docs/faults.md");
    let rows: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .collect();
    let mut missing = Vec::new();
    for row in &rows {
        let mut named = 0;
        let quoted = row.split('`').skip(1).step_by(2);
        for (file, test) in quoted.filter_map(|name| name.split_once(".rs::")) {
            let file = format!("{file}.rs");
            let text = fs::read_to_string(root().join(&file)).unwrap_or_default();
            let plain = text.contains(&format!("fn {test}("));
            // One line of a macro's table.
            let listed = text.contains(&format!("\n    {test}: "));
            if !plain && !listed {
                missing.push(format!("{file}::{test}"));
            }
            named += 1;
        }
        if named == 0 {
            missing.push(format!("any test in {row}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert_eq!(rows.len(), 18 + 50);
}

/// A code stands on pages beside what it means, in both languages; that of a refusal or finding also beside what to do.
#[test]
fn every_code_of_an_account_has_its_words() {
    /// With these begin the codes of findings that tables of the vocabulary have.
    const IN_TABLES: [&str; 5] = [
        "unmapped-",
        "unparsed-",
        "invalid-",
        "dangerous-",
        "relative-",
    ];
    let words = read("web/words.tsv");
    let keys: BTreeSet<&str> = words
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    let mut found = Vec::new();
    let (mut codes, mut remarks) = (0, 0);
    let mut demand = |of: &[&str], code: &str, path: &str| {
        let missing = of.iter().map(|of| format!("{of}-{code}"));
        let missing = missing.filter(|key| !keys.contains(&**key));
        found.extend(missing.map(|key| format!("{key}, of {path}")));
    };
    for file in rust_files().into_iter().filter(|file| !file.is_test()) {
        let code = file.code();
        let called = first_literals(&code, &["Refusal::new(", "Finding::new("]);
        let tables = code.split('"').skip(1).step_by(2);
        let tables = tables.filter(|text| {
            file.path.starts_with("vocab/") && IN_TABLES.iter().any(|begin| text.starts_with(begin))
        });
        for literal in called.chain(tables) {
            codes += 1;
            demand(&["code", "mend"], literal, &file.path);
        }
        for literal in first_literals(&code, &["noticed(", "notice(", "doubt("]) {
            remarks += 1;
            demand(&["code"], literal, &file.path);
        }
    }
    // Where a code is no literal of the call, a recorded answer has brought it.
    let is_log = |path: &Path| path.extension().is_some_and(|e| e == "log");
    for log in files(Path::new("tests/connectors"), &is_log) {
        for line in log.text.lines().map(str::trim_start) {
            let remark = line.strip_prefix("noticed ");
            let remark = remark.and_then(|rest| rest.split(':').next());
            let filtered = line.strip_prefix("filtered ");
            let filtered = filtered.and_then(|rest| rest.rsplit(": ").next());
            for code in remark.into_iter().chain(filtered) {
                remarks += 1;
                demand(&["code"], code, &log.path);
            }
        }
    }
    assert!(codes > 60, "{codes} codes");
    assert!(remarks > 100, "{remarks} remarks");
    assert_none(&found, "codes without words in web/words.tsv");
}

/// The literals that are the first arguments of these calls.
fn first_literals<'c>(code: &'c str, calls: &'c [&str]) -> impl Iterator<Item = &'c str> + use<'c> {
    let called = calls.iter().flat_map(|call| code.split(*call).skip(1));
    called.filter_map(|rest| {
        let rest = rest.trim_start().strip_prefix('"')?;
        Some(rest.split_once('"')?.0)
    })
}

#[test]
fn the_changelog_knows_this_version() {
    let heading = format!("## {}", env!("CARGO_PKG_VERSION"));
    assert!(
        read("CHANGELOG.md")
            .lines()
            .any(|line| line.starts_with(&heading)),
        "CHANGELOG.md has no heading {heading:?}"
    );
}

/// `krate::` or `use krate`, as a word of its own.
fn names_crate(code: &str, krate: &str) -> bool {
    code.match_indices(krate).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + krate.len()..];
        let stands_alone = before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '"'));
        let used = code[..at].ends_with("use ") && after.starts_with([';', ' ', ':']);
        stands_alone && (after.starts_with("::") || used)
    })
}

/// `oxigraph::store…`, or `store` inside `oxigraph::{…}`.
fn names_oxigraph_store(code: &str) -> bool {
    code.contains("oxigraph::store")
        || code
            .split("oxigraph::{")
            .skip(1)
            .filter_map(|rest| rest.split(';').next())
            .any(|group| names_crate(group, "store"))
}

#[test]
fn the_rules_can_fail() {
    assert!(names_crate("use reqwest;", "reqwest"));
    assert!(names_crate("let c = reqwest::Client::new();", "reqwest"));
    assert!(!names_crate("assembled::x", "sled"));
    assert!(!names_crate("\"reqwest=warn\"", "reqwest"));
    assert!(names_oxigraph_store(
        "use oxigraph::{model::Term, store::Store};"
    ));
    assert!(!names_oxigraph_store("use oxigraph::model::Term;"));
}

fn assert_none(found: &[String], what: &str) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("reading {path}: {e}"))
}

fn rust_files() -> Vec<File> {
    let found = files(Path::new("."), &|path| {
        path.extension().is_some_and(|e| e == "rs")
    });
    assert!(
        found.len() > 20,
        "found {} Rust files: the walk is broken",
        found.len()
    );
    found
}

/// Every text file under `folder` that `wanted` says yes to, without build output, data and version control.
fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<File> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = folder.join(&name);
        if matches!(
            name.as_str(),
            "target" | "data" | ".git" | "node_modules" | "fetched"
        ) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&path, wanted));
        } else if wanted(&path)
            && let Ok(text) = fs::read_to_string(root().join(&path))
        {
            let path = path.to_string_lossy().trim_start_matches("./").to_owned();
            found.push(File { path, text });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
