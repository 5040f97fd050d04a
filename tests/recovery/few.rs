//! A process that may open few files: nothing is begun, and it is said how many are needed.

use super::*;
use std::process::{Command, Stdio};

fn with_descriptors(bed: &Bed, limit: &str, arguments: &[&str]) -> std::process::Output {
    let set = format!("ulimit -n {limit}; exec \"$@\"");
    Command::new("sh")
        .args(["-c", &set, "sh", env!("CARGO_BIN_EXE_harvestd")])
        .args(arguments)
        .arg("--config")
        .arg(bed.dir.path().join("harvestd.toml"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn under_512_nothing_is_begun() {
    let bed = Bed::new(export(&rows(1, 3, 1))).await;
    for arguments in [&["serve"][..], &["run", "a"]] {
        let output = with_descriptors(&bed, "300", arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.contains("may open 300 files") && error.contains("512"),
            "{error}"
        );
        assert!(!bed.data_dir().join("store").exists());
    }
    assert_eq!(bed.origin.asked(), 0);
}

/// What the system allows is taken, whatever less the shell had set: the soft limit alone refuses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_is_taken() {
    let bed = twice().await;
    let output = with_descriptors(&bed, "-S 300", &["status"]);
    assert!(output.status.success(), "{output:?}");
}
