//! Backups of a daemon at work and of a directory at rest, checked, and put in place, also where the process dies meanwhile.

use super::*;
use harvestd::backup::Turn;
use harvestd::push::tokens;

/// It needs no configuration.
fn checked(dir: &str) -> Told {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_harvestd"));
    let output = program.args(["backup", "check", dir]).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Told {
        exit: output.status.code(),
        out: text(&output.stdout),
        error: text(&output.stderr),
    }
}

fn at(bed: &Bed, name: &str) -> String {
    bed.dir.path().join(name).to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_daemon_is_put_in_place_under_a_new_generation() {
    let bed = twice().await;
    let before = whole(&bed).await;
    let serving = bed.serve().await;
    let dir = at(&bed, "backup");
    let made = told(&bed, &["backup", "make", &dir, "--json"])
        .await
        .ends_with(0)
        .json();
    assert_eq!(made["sequence"], before.head.seq);
    assert!(!bed.data_dir().join("backup.staged").exists());
    // It goes on, and what it does then is not in the backup.
    bed.origin.say("/a", JSON, export(&rows(1, 25, 5)));
    serving.run().await;
    let busy = told(&bed, &["backup", "restore", &dir, "--replace"])
        .await
        .ends_with(LOCKED);
    assert!(busy.error.contains("stop it first"), "{busy:?}");
    serving.stop().await;
    let seen = whole(&bed).await;

    checked(&dir).ends_with(0);
    let twice = told(&bed, &["backup", "make", &dir]).await.ends_with(2);
    assert!(twice.error.contains("is not empty"), "{twice:?}");
    let held = told(&bed, &["backup", "restore", &dir]).await.ends_with(2);
    assert!(held.error.contains("--replace"), "{held:?}");
    assert_eq!(whole(&bed).await.head, seen.head);

    told(&bed, &["backup", "restore", &dir, "--replace"])
        .await
        .ends_with(0);
    // Before anything that writes has opened it.
    let status = told(&bed, &["status", "--json"]).await.ends_with(0).json();
    assert_eq!(status["sources"][0]["holds"], 21, "{status}");
    let after = whole(&bed).await;
    assert_eq!(after.bodies, before.bodies);
    assert_eq!(after.head.generation, seen.head.generation + 1);
    let house = open(&bed);
    let report = house.complete("a").await;
    assert_eq!(
        (report.counts.holds, report.counts.absent),
        (25, 0),
        "{}",
        report.line()
    );
    Whole::of(&house.daemon);
    house.close().await;
    let aside = fs::read_dir(bed.data_dir()).unwrap();
    let aside = aside.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().starts_with("replaced-")
    });
    assert_eq!(aside.count(), 1, "what was there is set aside");
    told(&bed, &["scrub"]).await.ends_with(0);
}

/// The directory is lost, and with it what was published last: the operator says what followers saw.
#[tokio::test(flavor = "multi_thread")]
async fn into_an_empty_directory_above_what_followers_saw() {
    let bed = twice().await;
    let before = whole(&bed).await;
    let dir = at(&bed, "backup");
    told(&bed, &["backup", "make", &dir]).await.ends_with(0);
    fs::remove_dir_all(bed.data_dir()).unwrap();
    told(&bed, &["backup", "restore", &dir, "--above", "6"])
        .await
        .ends_with(0);
    let after = whole(&bed).await;
    assert_eq!(after.bodies, before.bodies);
    assert_eq!(after.head.generation, 7);
    let again = whole(&bed).await;
    assert_eq!(again.head, after.head, "once");
    let far = ["backup", "restore", &dir, "--replace", "--above", "5000"];
    told(&bed, &far).await.ends_with(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_replaces_nothing() {
    let bed = twice().await;
    let before = whole(&bed).await;
    let dir = at(&bed, "backup");
    told(&bed, &["backup", "make", &dir]).await.ends_with(0);
    let table = ending(&Path::new(&dir).join("store"), ".sst").remove(0);
    flip(&table, 30, 1);
    let restored = told(&bed, &["backup", "restore", &dir, "--replace"]).await;
    for told in [checked(&dir), restored] {
        let told = told.ends_with(DAMAGED);
        let name = table.file_name().unwrap().to_str().unwrap();
        assert!(told.error.contains(name), "{told:?}");
    }
    assert_eq!(whole(&bed).await, before);
    fs::remove_file(Path::new(&dir).join("manifest.json")).unwrap();
    let told = told(&bed, &["backup", "restore", &dir, "--replace"])
        .await
        .ends_with(1);
    assert!(told.error.contains("is no backup"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_is_put_in_place() {
    let mut bed = twice().await;
    let before = whole(&bed).await;
    let dir = at(&bed, "backup");
    told(&bed, &["backup", "make", &dir]).await.ends_with(0);
    for (turn, failpoint) in [
        "swap-begun",
        "swap-between",
        "swap-half",
        "3*off->swap-half",
    ]
    .into_iter()
    .enumerate()
    {
        let (skip, name) = failpoint
            .split_once("->")
            .map_or(("", failpoint), |(n, name)| (n, name));
        bed.failpoints = match skip {
            "" => format!("{name}=return"),
            skip => format!("{name}={skip}->return"),
        };
        let died = told(&bed, &["backup", "restore", &dir, "--replace"]).await;
        assert_eq!(died.exit, None, "{failpoint}: {died:?}");
        bed.failpoints.clear();
        // Whoever comes next finishes it.
        let after = whole(&bed).await;
        assert_eq!(after.bodies, before.bodies, "{failpoint}");
        assert_eq!(
            after.head.generation,
            before.head.generation + turn as u64 + 1
        );
        assert!(!bed.data_dir().join("incoming").exists());
    }
}

/// What is put back twice before anything is started remembers what followers saw at first; so does who may push.
#[tokio::test(flavor = "multi_thread")]
async fn restored_again_before_a_start_it_remembers_what_was_seen() {
    let bed = twice().await;
    let dir = at(&bed, "backup");
    let data = bed.data_dir();
    let (known, _) = tokens::make(&data, "a", 0).unwrap();
    told(&bed, &["backup", "make", &dir]).await.ends_with(0);
    tokens::revoke(&data, &known.id).unwrap();
    fs::create_dir(data.join("lost+found")).unwrap();
    let restore = ["backup", "restore", &dir, "--replace", "--above", "6"];
    told(&bed, &restore).await.ends_with(0);
    told(&bed, &restore[..4]).await.ends_with(0);
    told(&bed, &restore[..4]).await.ends_with(0);
    assert_eq!(whole(&bed).await.head.generation, 7);
    assert!(data.join("lost+found").exists(), "it is the filesystem's");
    let kept = fs::read_to_string(data.join("push-tokens.json")).unwrap();
    assert!(!kept.contains(&known.sha256), "it was revoked: {kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_or_would_hold_itself_is_not_copied() {
    let bed = twice().await;
    let inside = bed.data_dir().join("backup/today");
    let told_inside = told(&bed, &["backup", "make", inside.to_str().unwrap()]).await;
    assert!(told_inside.ends_with(2).error.contains("made elsewhere"));
    assert!(!inside.exists());
    let tables = ending(&bed.data_dir().join("store"), ".sst");
    for table in &tables {
        flip(table, 30, 1);
    }
    let dir = at(&bed, "backup");
    let damaged = told(&bed, &["backup", "make", &dir])
        .await
        .ends_with(DAMAGED);
    assert!(damaged.error.contains("damaged"), "{damaged:?}");
    assert!(!Path::new(&dir).join("manifest.json").exists());
}

/// A newer harvestd has been here, and is not wanted any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_takes_the_place_of_what_a_newer_program_wrote() {
    let bed = twice().await;
    let before = whole(&bed).await;
    let dir = at(&bed, "backup");
    told(&bed, &["backup", "make", &dir]).await.ends_with(0);
    let format = bed.data_dir().join("format.json");
    let text = fs::read_to_string(&format).unwrap();
    fs::write(&format, text.replace("\"data\":1", "\"data\":99")).unwrap();
    told(&bed, &["run", "a"]).await.ends_with(1);
    told(&bed, &["backup", "restore", &dir, "--replace"])
        .await
        .ends_with(0);
    assert_eq!(whole(&bed).await.bodies, before.bodies);
}

/// Two at once would take each other's files away: the second is told to come again. What a killed command left is no backup
/// under way.
#[tokio::test(flavor = "multi_thread")]
async fn one_backup_is_made_at_a_time() {
    let bed = twice().await;
    let serving = bed.serve().await;
    let staged = bed.data_dir().join("backup.staged");
    let dir = at(&bed, "backup");
    let make = ["backup", "make", &dir];
    let busy = async |what: &str| {
        let busy = told(&bed, &make).await.ends_with(LOCKED);
        assert!(
            busy.error.contains("a backup is being made already"),
            "{what}: {busy:?}"
        );
    };
    let turn = Turn::take(&bed.data_dir()).unwrap().unwrap();
    busy("another command copies").await;
    assert_eq!(serving.admin("POST", "/backup").await.status(), 200);
    assert_eq!(serving.admin("POST", "/backup").await.status(), 409);
    busy("it has staged").await;
    assert!(
        staged.join("store/CURRENT").exists(),
        "nothing was taken away"
    );
    // It dies.
    drop(turn);
    told(&bed, &make).await.ends_with(0);
    assert!(!staged.exists());
    checked(&dir).ends_with(0);

    assert_eq!(serving.admin("POST", "/backup").await.status(), 200);
    fs::remove_dir_all(&dir).unwrap();
    busy("somebody at the door copies").await;
    assert!(
        staged.join("store/CURRENT").exists(),
        "nothing was taken away"
    );
    assert_eq!(serving.admin("POST", "/backup/release").await.status(), 204);
    told(&bed, &make).await.ends_with(0);
    serving.stop().await;
}

/// The operator's token opens everything, and is the same after a restore.
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_s_token_is_in_no_backup() {
    let bed = twice().await;
    let serving = bed.serve().await;
    serving.stop().await;
    let token = bed.data_dir().join("admin-token");
    let before = fs::read_to_string(&token).unwrap();
    let dir = at(&bed, "backup");
    told(&bed, &["backup", "make", &dir]).await.ends_with(0);
    for file in whole::files(Path::new(&dir)) {
        if file.is_file() {
            let bytes = fs::read(&file).unwrap();
            let holds = bytes
                .windows(before.trim().len())
                .any(|w| w == before.trim().as_bytes());
            assert!(!holds, "{}", file.display());
        }
    }
    told(&bed, &["backup", "restore", &dir, "--replace"])
        .await
        .ends_with(0);
    assert_eq!(fs::read_to_string(&token).unwrap(), before);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&token).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

/// Folders of the data directory may be links, to another disk too: then files are copied, not linked.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_follows_links_and_goes_to_another_disk() {
    let bed = twice().await;
    let before = whole(&bed).await;
    let data = bed.data_dir();
    // A filesystem of its own wherever tests run; else both are one, which is told.
    let other = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let other = other.unwrap();
    let disk = |path: &Path| std::os::unix::fs::MetadataExt::dev(&fs::metadata(path).unwrap());
    if disk(other.path()) == disk(&data) {
        eprintln!("SKIPPED in part: there is no other disk here");
    }
    let log = other.path().join("log");
    copied(&data.join("log"), &log);
    fs::remove_dir_all(data.join("log")).unwrap();
    std::os::unix::fs::symlink(&log, data.join("log")).unwrap();
    let serving = bed.serve().await;
    let dir = other.path().join("backup");
    let make = ["backup", "make", dir.to_str().unwrap()];
    told(&bed, &make).await.ends_with(0);
    serving.stop().await;
    checked(dir.to_str().unwrap()).ends_with(0);
    fs::remove_dir_all(&data).unwrap();
    fs::remove_dir_all(&log).unwrap();
    let restore = ["backup", "restore", dir.to_str().unwrap()];
    told(&bed, &restore).await.ends_with(0);
    assert_eq!(whole(&bed).await.bodies, before.bodies);
}

fn beside(bed: &Bed) -> usize {
    let all = fs::read_dir(bed.data_dir()).unwrap();
    let names = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("scrub-")).count()
}

/// A scrub that is killed leaves a copy of the state, until anybody takes the directory.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_scrub_leaves_nothing() {
    let mut bed = twice().await;
    bed.failpoints = "scrub-copied=return".to_owned();
    assert_eq!(told(&bed, &["scrub"]).await.exit, None);
    bed.failpoints.clear();
    assert_eq!(beside(&bed), 1);
    told(&bed, &["scrub"]).await.ends_with(0);
    assert_eq!(beside(&bed), 0);
}
