//! Every parser of what comes from outside, fed with what no parser should be fed with: the corpora of hostile documents as
//! they are, and mutations of them and of recorded answers.
//!
//! Each target runs in a process of its own, on a stack as large as the daemon gives, under a limit of memory; a panic, an
//! overflow, or an input that takes too long is reported with its bytes. `make fuzz` gives each target `FUZZ_SECONDS` and
//! begins with `FUZZ_SEED`; here each gets some hundred inputs. The targets are in [`targets::TARGETS`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "torture/dice.rs"]
mod dice;
#[path = "fuzz/material.rs"]
mod material;
#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "fuzz/reading.rs"]
mod reading;
#[path = "fuzz/targets.rs"]
mod targets;

use dice::Dice;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use targets::{TARGETS, Target};

/// As the daemon's threads that parse.
const STACK_BYTES: usize = 8 << 20;
/// Of one input.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a target may have had resident at most: the material itself is some tens of megabytes.
const RESIDENT_KB_MAX: u64 = 600_000;
const INPUT_BYTES_MAX: usize = 256 << 10;

/// What a process is told.
struct Order {
    target: String,
    /// Inputs, or seconds.
    inputs: u64,
    seconds: u64,
    seed: u64,
}

fn number(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok().filter(|text| !text.is_empty());
    said.map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text:?}, not a whole number"))
    })
}

/// Runs the order in a process of its own. Err: what it died of, and the input.
fn in_a_process(order: &Order) -> Result<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("input");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("FUZZ_TARGET", &order.target)
        .env("FUZZ_INPUTS", order.inputs.to_string())
        .env("FUZZ_SECONDS", order.seconds.to_string())
        .env("FUZZ_SEED", order.seed.to_string())
        .env("FUZZ_INPUT", &input)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(dir.path().join("out")).unwrap())
        .stderr(std::fs::File::create(dir.path().join("err")).unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(order.seconds) + Duration::from_secs(150);
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let said = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    let (out, err) = (said("out"), said("err"));
    if status.is_some_and(|status| status.success()) {
        let line = out.lines().find_map(|line| line.split_once("fuzzed: "));
        return Ok(line.unwrap_or_else(|| panic!("{out}")).1.to_owned());
    }
    let bytes = std::fs::read(&input).unwrap_or_default();
    let kept = std::env::temp_dir().join(format!("harvestd-fuzz-{}-{}", order.target, order.seed));
    std::fs::write(&kept, &bytes).unwrap();
    let shown: String = String::from_utf8_lossy(&bytes).chars().take(300).collect();
    let status = status.map_or("it hangs".to_owned(), |status| status.to_string());
    let last: Vec<&str> = err.lines().rev().take(12).collect();
    Err(format!(
        "{} with seed {}: {status}; input of {} bytes in {}: {shown:?}\n{}",
        order.target,
        order.seed,
        bytes.len(),
        kept.display(),
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    ))
}

fn all(seconds: u64, inputs: u64, seed: u64) {
    let only = std::env::var("FUZZ_ONLY").unwrap_or_default();
    let mut found = Vec::new();
    for Target { name, .. } in TARGETS.iter().filter(|t| t.name.contains(&only)) {
        let target = (*name).to_owned();
        let order = Order {
            target,
            inputs,
            seconds,
            seed,
        };
        match in_a_process(&order) {
            Ok(line) => println!("{name}: {line}"),
            Err(why) => found.push(why),
        }
    }
    println!("fuzz: {} targets, {} findings", TARGETS.len(), found.len());
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

/// All that is hostile as it is, and some mutations.
#[test]
fn what_is_hostile_is_refused_or_read() {
    all(0, 300, 1);
}

#[test]
#[ignore = "as long as FUZZ_SECONDS says: make fuzz"]
fn a_long_one() {
    all(number("FUZZ_SECONDS", 10), u64::MAX, number("FUZZ_SEED", 1));
}

/// Every kind of catalogue is a target.
#[test]
fn every_kind_is_a_target() {
    for kind in harvestd_harvesters::KINDS {
        let is_there = TARGETS.iter().any(|target| target.name == kind.name);
        assert!(is_there, "no target reads as {}", kind.name);
    }
}

#[test]
#[ignore = "run by the others, in a process of its own"]
fn child() {
    let Ok(name) = std::env::var("FUZZ_TARGET") else {
        return;
    };
    let order = Order {
        target: name,
        inputs: number("FUZZ_INPUTS", 0),
        seconds: number("FUZZ_SECONDS", 0),
        seed: number("FUZZ_SEED", 0),
    };
    let limit = getrlimit(Resource::As);
    let current = Some(8 << 30);
    setrlimit(Resource::As, Rlimit { current, ..limit }).unwrap();
    let input = PathBuf::from(std::env::var_os("FUZZ_INPUT").unwrap());
    let deep = std::thread::Builder::new().stack_size(STACK_BYTES);
    let run = deep.spawn(move || fuzzed(&order, &input)).unwrap();
    let line = run.join().expect("no input makes it panic");
    println!("\nfuzzed: {line}");
}

fn fuzzed(order: &Order, input: &Path) -> String {
    let target = TARGETS.iter().find(|target| target.name == order.target);
    let target = target.expect("a target's name");
    let material = material::of(target.name);
    let (began, mut dice) = (Instant::now(), Dice(order.seed));
    let mut slowest = Duration::ZERO;
    let mut tried = |bytes: &[u8]| {
        let mut file = std::fs::File::create(input).unwrap();
        file.write_all(bytes).unwrap();
        let begun = Instant::now();
        (target.run)(bytes);
        slowest = slowest.max(begun.elapsed());
        assert!(
            begun.elapsed() < PATIENCE,
            "an input took {:?}",
            begun.elapsed()
        );
    };
    for document in &material {
        tried(document);
    }
    let (mut inputs, seconds) = (0, Duration::from_secs(order.seconds));
    while inputs < order.inputs && (order.seconds == 0 || began.elapsed() < seconds) {
        tried(&mutate::one(&material, &mut dice, INPUT_BYTES_MAX));
        inputs += 1;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(peak < RESIDENT_KB_MAX, "{peak} kB were resident");
    format!(
        "{} documents, {inputs} mutations, slowest {slowest:?}, peak {} MB",
        material.len(),
        peak / 1024
    )
}
