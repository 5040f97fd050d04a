//! Every connector against folders of recorded answers: `tests/connectors/<kind>/<case>/`.
//!
//! A case replays one run without a network: `case.json` says which questions are expected and which file answers
//! each. What came out is compared with `expected.nt` and `expected.log`; HARVESTD_BLESS=1 writes these two anew and
//! HARVESTD_CASE=ckan/paging runs that case alone. The format is described in `tests/connectors/README.md`.
//!
//! It never speaks to a network and knows no kind by name. Start reading at [`recorded_answers`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "connectors/replay.rs"]
mod replay;

use harvestd_harvesters::KINDS;
use replay::{Case, Outcome};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn recorded_answers() {
    let only = std::env::var("HARVESTD_CASE").ok();
    let bless = std::env::var_os("HARVESTD_BLESS").is_some_and(|v| v == "1");
    let mut failures = Vec::new();
    let mut run = 0;
    for kind in KINDS {
        for folder in cases(kind.name) {
            let name = format!(
                "{}/{}",
                kind.name,
                folder.file_name().unwrap().to_string_lossy()
            );
            if only.as_ref().is_some_and(|o| !name.starts_with(o.as_str())) {
                continue;
            }
            run += 1;
            failures.extend(
                check(kind, &folder, bless)
                    .into_iter()
                    .map(|f| format!("{name}: {f}")),
            );
        }
    }
    println!("{run} cases, {} failures", failures.len());
    assert!(run > 0, "no case was run (HARVESTD_CASE={only:?})");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn every_kind_has_cases_and_every_folder_a_kind() {
    for kind in KINDS {
        assert!(
            !cases(kind.name).is_empty(),
            "kind {}: no case in {}",
            kind.name,
            root().join(kind.name).display()
        );
    }
    for folder in folders(&root()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            KINDS.iter().any(|k| k.name == name),
            "{}: no kind of that name",
            folder.display()
        );
    }
}

/// What is wrong with the case, one sentence each. Blessing leaves only what no blessing may cover.
fn check(kind: &harvestd_harvesters::Kind, folder: &Path, bless: bool) -> Vec<String> {
    let text = match fs::read_to_string(folder.join("case.json")) {
        Ok(text) => text,
        Err(e) => return vec![format!("case.json: {e}")],
    };
    let case: Case = match serde_json::from_str(&text) {
        Ok(case) => case,
        Err(e) => return vec![format!("case.json: {e}")],
    };
    let Outcome {
        log,
        triples,
        mut faults,
    } = replay::replay(kind, folder, &case);
    for (file, found) in [("expected.log", log), ("expected.nt", triples)] {
        let path = folder.join(file);
        if bless {
            fs::write(&path, &found).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != found {
            faults.push(format!(
                "{file} (- expected, + found)\n{}",
                difference(&expected, &found)
            ));
        }
    }
    faults
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/connectors")
}

fn cases(kind: &str) -> Vec<PathBuf> {
    folders(&root().join(kind))
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).into_iter().flatten();
    let mut found: Vec<_> = entries
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    found.sort();
    found
}

/// The lines in which two texts differ, by their longest common subsequence.
fn difference(expected: &str, found: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let mut common = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && common[i + 1][j] >= common[i][j + 1]) {
            out += &format!("  {:>4} - {}\n", i + 1, a[i]);
            i += 1;
        } else {
            out += &format!("  {:>4} + {}\n", j + 1, b[j]);
            j += 1;
        }
    }
    out
}
