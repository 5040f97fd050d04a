//! Disks that are nearly full, full, and read-only, as small filesystems in memory: reads and the feed go on, it is said why
//! nothing is written, and work goes on by itself when there is room. To mount them takes root; else they are skipped.

use super::*;
use serving::{Serving, eventually, parsed};
use std::process::Command;

const MB: u64 = 1024 * 1024;

/// A filesystem of its own. Dropped, it is gone.
struct Disk(PathBuf);

impl Disk {
    /// None, told loudly, where this user may not mount one.
    fn mounted(at: &Path, bytes: u64) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={bytes}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at);
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            failed => {
                eprintln!("SKIPPED: no filesystem can be mounted here: {failed:?}");
                None
            }
        }
    }

    fn free(&self) -> u64 {
        let disk = rustix::fs::statvfs(&self.0).unwrap();
        disk.f_bavail * disk.f_frsize
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Leaves so many bytes, or as many as there are by then.
    fn fill(&self, left: u64) {
        let mut file = fs::File::create(self.filler()).unwrap();
        let zeros = vec![0; 65_536];
        while self.free() > left {
            if file.write(&zeros).unwrap_or(0) == 0 {
                break;
            }
        }
    }

    fn empty(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn read_only(&self) {
        self.remount("remount,ro");
    }

    fn remount(&self, how: &str) {
        let mut mount = Command::new("mount");
        let remounted = mount.args(["-o", how]).arg(&self.0).status();
        assert!(remounted.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

async fn reads_go_on(serving: &Serving) {
    for path in [
        "/sparql?query=ASK%7B%7D",
        "/feed",
        "/catalog.ttl",
        "/status",
    ] {
        let answered = serving.get(path).send().await.unwrap();
        assert_eq!(answered.status(), 200, "{path}");
        answered.bytes().await.unwrap();
    }
}

async fn ready(serving: &Serving) -> String {
    let answered = serving.get("/readyz").send().await.unwrap();
    assert_eq!(answered.status(), 200);
    answered.text().await.unwrap()
}

/// Of everything, or of the state alone.
async fn nearly_full(below: &str) {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    let Some(disk) = Disk::mounted(&bed.data_dir().join(below), 320 * MB) else {
        return;
    };
    let limits = "disk_free_bytes_min = 40_000_000\ndisk_look_every_ms = 20";
    bed.configure(limits, "");
    let serving = bed.serve().await;
    serving.run().await;
    assert_eq!(ready(&serving).await, "ready\n");
    disk.fill(20_000_000);
    eventually("it is seen", async || ready(&serving).await != "ready\n").await;
    let why = ready(&serving).await;
    assert!(why.starts_with("ready, read-only: the disk of "), "{why}");
    reads_go_on(&serving).await;
    bed.origin.say("/a", JSON, changed());
    let asked = bed.origin.asked();
    let refused = serving.admin("POST", "/sources/a/run").await;
    assert_eq!(refused.status(), 503);
    let refused = parsed(refused).await;
    assert!(
        refused["detail"].as_str().unwrap().contains("bytes left"),
        "{refused}"
    );
    assert_eq!(bed.origin.asked(), asked);
    disk.empty();
    eventually("it goes on by itself", async || {
        ready(&serving).await == "ready\n"
    })
    .await;
    assert_eq!(serving.run().await["counts"]["new"], 1);
    serving.stop().await;
    super::whole(&bed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_nearly_full_disk_nothing_is_begun() {
    nearly_full("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_nearly_full_disk_of_the_state_nothing_is_begun() {
    nearly_full("state").await;
}

/// Nobody looked, and the disk is full in the middle of the work.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fails_the_run_and_nothing_else() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    bed.configure("disk_free_bytes_min = 0", "");
    let Some(disk) = Disk::mounted(&bed.data_dir(), 320 * MB) else {
        return;
    };
    let serving = bed.serve().await;
    serving.run().await;
    disk.fill(0);
    bed.origin.say("/a", JSON, export(&rows(1, 2_000, 2)));
    let report = parsed(serving.admin("POST", "/sources/a/run?wait=true").await).await;
    assert_eq!(report["outcome"], "failed", "{report}");
    assert!(!report["why"].as_str().unwrap().is_empty());
    reads_go_on(&serving).await;
    disk.empty();
    eventually("a run completes", async || {
        let answered = serving.admin("POST", "/sources/a/run?wait=true").await;
        parsed(answered).await["outcome"] == "complete"
    })
    .await;
    serving.stop().await;
    let whole = super::whole(&bed).await;
    assert_eq!(whole.titles().len(), 2_000);
}

/// Nobody looked, and the state's own disk is full: whatever becomes of the run, reads go on, and the
/// daemon, killed and started again, goes on where there is room.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_state() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    bed.configure("disk_free_bytes_min = 0", "");
    let Some(disk) = Disk::mounted(&bed.data_dir().join("state"), 320 * MB) else {
        return;
    };
    let serving = bed.serve().await;
    serving.run().await;
    disk.fill(0);
    bed.origin.say("/a", JSON, export(&rows(1, 2_000, 2)));
    let asked = bed.origin.asked();
    let ordered = serving.admin("POST", "/sources/a/run").await;
    assert_eq!(ordered.status(), 202);
    eventually("it is asked", async || bed.origin.asked() > asked).await;
    reads_go_on(&serving).await;
    serving.kill().await;
    disk.empty();
    let serving = bed.serve().await;
    serving.run().await;
    reads_go_on(&serving).await;
    serving.stop().await;
    assert_eq!(super::whole(&bed).await.titles().len(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_written_to_is_named_at_the_start() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    let Some(disk) = Disk::mounted(&bed.data_dir(), 320 * MB) else {
        return;
    };
    bed.configure("disk_free_bytes_min = 0", "");
    told(&bed, &["run", "a"]).await.ends_with(0);
    disk.read_only();
    for arguments in [&["serve"][..], &["run", "a"], &["status"]] {
        let told = told(&bed, arguments).await.ends_with(1);
        assert!(
            told.error.contains("cannot be written to") && told.error.contains("--data-dir"),
            "{told:?}"
        );
    }
}

/// The disk of the change log can only be read from the middle of a run on. (One on which a file is open to be written
/// cannot be made so.)
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_can_only_be_read_in_the_middle_of_a_run() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    bed.configure("disk_look_every_ms = 20\ndisk_free_bytes_min = 0", "");
    let Some(disk) = Disk::mounted(&bed.data_dir().join("log"), 64 * MB) else {
        return;
    };
    let serving = bed.serve().await;
    serving.run().await;
    let (go_on, gate) = tokio::sync::watch::channel(false);
    bed.origin.answer("/a", move |_| {
        let mut gate = gate.clone();
        let answer = futures_util::stream::once(async move {
            gate.wait_for(|open| *open).await.unwrap();
            Ok::<_, std::convert::Infallible>(changed())
        });
        origin::plain(JSON, axum::body::Body::from_stream(answer))
    });
    let asked = bed.origin.asked();
    let run = serving.operator("POST", "/sources/a/run?wait=true").send();
    let in_the_middle = async {
        eventually("it is asked", async || bed.origin.asked() > asked).await;
        disk.read_only();
        eventually("it is seen", async || ready(&serving).await != "ready\n").await;
        go_on.send_replace(true);
    };
    let (run, ()) = tokio::join!(run, in_the_middle);
    let report = parsed(run.unwrap()).await;
    assert_eq!(report["outcome"], "failed", "{report}");
    let why = report["why"].as_str().unwrap();
    assert!(why.contains("Read-only"), "{why}");
    let why = ready(&serving).await;
    assert!(why.contains("cannot be written to"), "{why}");
    reads_go_on(&serving).await;
    disk.remount("remount,rw");
    eventually("it goes on by itself", async || {
        ready(&serving).await == "ready\n"
    })
    .await;
    assert_eq!(serving.run().await["counts"]["new"], 1);
    serving.stop().await;
    super::whole(&bed).await;
}
