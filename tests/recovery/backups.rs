//! Backups of a daemon at work and of a directory at rest, checked, and put in place, also where the process dies meanwhile.

use super::*;

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
