//! The store's files missing, cut and flipped, and the log's: not ready, in words, with what helps, and never a hang.

use super::*;

async fn refused(bed: &Bed, says: &str) {
    let log = fs::read_dir(bed.data_dir().join("log/1")).unwrap().count();
    for arguments in [&["serve"][..], &["run", "a"], &["status"]] {
        let told = told(bed, arguments).await.ends_with(DAMAGED);
        assert!(
            told.error.contains(says)
                && told.error.contains("harvestd recover")
                && told.error.contains("docs/recovery.md"),
            "{told:?}"
        );
    }
    let left = fs::read_dir(bed.data_dir().join("log/1")).unwrap().count();
    assert_eq!(left, log, "the log is not given up for it");
}

async fn recovers(bed: &Bed, before: &Whole) {
    let told = told(bed, &["recover", "--json"]).await.ends_with(0).json();
    assert_eq!(told["seq"], before.head.seq, "{told}");
    assert_eq!(told["raises"], false);
    assert_eq!(&whole(bed).await.bodies, &before.bodies);
    let after = whole(bed).await;
    assert_eq!(after.head, before.head, "the same log goes on");
    let house = open(bed);
    let report = house.complete("a").await;
    assert_eq!(report.counts.holds, 21, "{}", report.line());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_file_that_names_all_others() {
    let bed = twice().await;
    let before = whole(&bed).await;
    fs::remove_file(bed.data_dir().join("store/CURRENT")).unwrap();
    refused(&bed, "CURRENT is missing").await;
    let scrubbed = told(&bed, &["scrub", "--json"])
        .await
        .ends_with(DAMAGED)
        .json();
    assert_eq!(scrubbed["damaged"][0]["what"], "store", "{scrubbed}");
    let misspelt = told(&bed, &["recover", "--snapshot", "nope"]).await;
    let misspelt = misspelt.ends_with(2);
    assert!(
        misspelt.error.contains("nope is no snapshot"),
        "{misspelt:?}"
    );
    recovers(&bed, &before).await;
}

/// The newest snapshot is gone as well: what the log holds beyond the one before it may have been seen.
#[tokio::test(flavor = "multi_thread")]
async fn from_an_older_snapshot_a_new_generation_begins() {
    let bed = twice().await;
    let before = whole(&bed).await;
    let newest = format!("{}-{}-", before.head.generation, before.head.seq);
    let mut left = 0;
    for entry in fs::read_dir(bed.data_dir().join("snapshots")).unwrap() {
        let entry = entry.unwrap();
        match entry.file_name().to_str().unwrap().starts_with(&newest) {
            true => fs::remove_dir_all(entry.path()).unwrap(),
            false => left += 1,
        }
    }
    assert!(left > 0, "the first run's is there");
    fs::remove_file(bed.data_dir().join("store/CURRENT")).unwrap();
    let told = told(&bed, &["recover", "--json"]).await.ends_with(0).json();
    assert_eq!(told["raises"], true, "{told}");
    let after = whole(&bed).await;
    assert_eq!(after.head.generation, before.head.generation + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_where_one_was() {
    let bed = twice().await;
    let before = whole(&bed).await;
    fs::remove_dir_all(bed.data_dir().join("store")).unwrap();
    let told = told(&bed, &["serve"]).await.ends_with(DAMAGED);
    assert!(
        told.error.contains("it holds nothing, and activity"),
        "{told:?}"
    );
    recovers(&bed, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_list_of_tables_cut() {
    let bed = twice().await;
    let before = whole(&bed).await;
    let store = bed.data_dir().join("store");
    let current = fs::read_to_string(store.join("CURRENT")).unwrap();
    let manifest = store.join(current.trim_end());
    let length = fs::metadata(&manifest).unwrap().len();
    let file = fs::File::options().write(true).open(&manifest).unwrap();
    file.set_len(length / 3).unwrap();
    let told = told(&bed, &["serve"]).await.ends_with(DAMAGED);
    assert!(told.error.contains("harvestd recover"), "{told:?}");
    recovers(&bed, &before).await;
}

/// Every table of the store has bytes that are not what was written: found, named, no hang. The snapshots have the same
/// files, so nothing here can mend it, and that is said.
#[tokio::test(flavor = "multi_thread")]
async fn with_flipped_tables() {
    let bed = twice().await;
    let backup = bed.dir.path().join("backup");
    told(&bed, &["backup", "make", backup.to_str().unwrap()])
        .await
        .ends_with(0);
    let before = whole(&bed).await;
    for table in ending(&bed.data_dir().join("store"), ".sst") {
        flip(&table, 20, 40);
    }
    let scrubbed = told(&bed, &["scrub", "--json"])
        .await
        .ends_with(DAMAGED)
        .json();
    let damaged = &scrubbed["damaged"][0];
    assert_eq!(damaged["what"], "store", "{scrubbed}");
    let found = damaged["found"].as_str().unwrap();
    assert!(
        found.contains("checksum") || found.contains("Corruption"),
        "{found}"
    );
    let told_words = told(&bed, &["scrub"]).await.ends_with(DAMAGED);
    assert!(
        told_words.out.contains("harvestd recover"),
        "{told_words:?}"
    );
    // No command hangs over it, whatever of it each needs.
    for arguments in [&["status"][..], &["run", "a"], &["compact"]] {
        told(&bed, arguments).await;
    }
    let vain = told(&bed, &["recover"]).await.ends_with(DAMAGED);
    assert!(vain.error.contains("harvestd backup restore"), "{vain:?}");
    let restore = ["backup", "restore", "--replace", backup.to_str().unwrap()];
    told(&bed, &restore).await.ends_with(0);
    assert_eq!(whole(&bed).await.bodies, before.bodies);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrub_names_each_file_that_is_not_what_was_written() {
    let bed = twice().await;
    let data = bed.data_dir();
    let clean = told(&bed, &["scrub"]).await.ends_with(0);
    assert!(clean.out.contains("Nothing is damaged"), "{clean:?}");
    let middle = |path: &Path| fs::metadata(path).unwrap().len() / 2;
    let segment = ending(&data.join("log"), ".nq.zst").remove(0);
    flip(&segment, middle(&segment), 2);
    let frames = ending(&data.join("undo"), ".frames").remove(0);
    flip(&frames, middle(&frames), 2);
    let report = ending(&data.join("reports"), ".json.zst").remove(0);
    fs::write(&report, "none").unwrap();
    fs::create_dir_all(data.join("gate")).unwrap();
    fs::write(data.join("gate/b.json"), "{").unwrap();
    let before = bytes_of(&data);
    let scrubbed = told(&bed, &["scrub", "--json"])
        .await
        .ends_with(DAMAGED)
        .json();
    let mut named: Vec<(String, String)> = Vec::new();
    for damage in scrubbed["damaged"].as_array().unwrap() {
        let text = |key: &str| damage[key].as_str().unwrap().to_owned();
        assert!(!text("help").is_empty() && !text("found").is_empty());
        named.push((text("what"), text("path")));
    }
    let expected = [
        ("gate", data.join("gate/b.json")),
        ("log", segment),
        ("reports", report),
        ("undo", frames),
    ];
    named.sort();
    let expected =
        expected.map(|(what, path)| (what.to_owned(), path.to_str().unwrap().to_owned()));
    assert_eq!(named, expected);
    let after = bytes_of(&data);
    let changed: Vec<_> = after
        .iter()
        .filter(|file| !before.contains(file))
        .map(|(path, _)| path.file_name().unwrap())
        .collect();
    assert_eq!(changed, ["lock"], "a scrub writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_daemon_its_snapshot_is_read() {
    let bed = twice().await;
    let serving = bed.serve().await;
    let scrubbed = told(&bed, &["scrub", "--json"]).await.ends_with(0).json();
    let of = |what: &str| {
        let all = scrubbed["looked"].as_array().unwrap();
        all.iter().find(|looked| looked["what"] == what).unwrap()["read"].clone()
    };
    assert_eq!((of("store"), of("state")), (0.into(), 0.into()));
    assert!(of("snapshot").as_u64() >= Some(1) && of("log").as_u64() >= Some(2));
    serving.stop().await;
}

/// A query meets it while the daemon is at work: the count over a damaged block would go on until its worker has no memory
/// left. From then on everybody is told, nothing is written, and what does not need the block is answered.
#[tokio::test(flavor = "multi_thread")]
async fn met_by_a_daemon_at_work() {
    let bed = twice().await;
    bed.configure("[limits.query]\nmemory_bytes_max = 600_000_000", "");
    let serving = bed.serve().await;
    let sparql = |query: &str| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        serving.get(&format!("/sparql?query={query}")).send()
    };
    assert_eq!(serving.get("/readyz").send().await.unwrap().status(), 200);
    // Without the small one that whoever opens the store reads.
    let mut tables = ending(&bed.data_dir().join("store"), ".sst");
    tables.retain(|table| fs::metadata(table).unwrap().len() > 4_096);
    tables.iter().for_each(|table| flip(table, 20, 40));
    let refused = sparql("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
        .await
        .unwrap();
    assert_eq!(refused.status(), 500);
    let refused = serving::parsed(refused).await;
    assert_eq!(refused["type"], "urn:harvestd:problem:damaged", "{refused}");

    let unready = serving.get("/readyz").send().await.unwrap();
    assert_eq!(unready.status(), 503);
    let why = serving::parsed(unready).await["detail"]
        .as_str()
        .unwrap()
        .to_owned();
    let store = bed.data_dir().join("store");
    assert!(
        why.starts_with(&format!("damaged: {}", store.display()))
            && why.contains(".sst: ")
            && why.contains("harvestd scrub")
            && why.contains("docs/recovery.md"),
        "{why}"
    );
    assert_eq!(serving.json("/status").await["ready"]["why"], why.as_str());
    let status = told(&bed, &["status"]).await.ends_with(0);
    assert!(status.out.contains(&why), "{status:?}");
    let metrics = serving.get("/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let counted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("harvestd_damaged_files "));
    assert!(counted.is_some_and(|n| n != "0"), "{metrics}");

    let asked = bed.origin.asked();
    let refused = serving.admin("POST", "/sources/a/run").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(bed.origin.asked(), asked);
    assert_eq!(sparql("ASK {}").await.unwrap().status(), 200);
    // Once more, and it is not told again.
    let again = sparql("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
        .await
        .unwrap();
    assert_eq!(again.status(), 500);
    let log = serving.log();
    let file = why.split(": ").nth(1).unwrap();
    let told = log
        .lines()
        .filter(|line| line.contains("ERROR") && line.contains(file));
    assert_eq!(told.count(), 1, "{log}");
    serving.stop().await;

    let noted = fs::read_to_string(store.join("damaged.json")).unwrap();
    assert!(noted.contains(file), "{noted}");
}

/// A restart does not forget what was met, before anybody meets it once more. What was noted of a store that reads whole (its
/// disk was mended, or its memory) goes with the next scrub.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_met_is_known_until_a_scrub_finds_nothing() {
    let bed = twice().await;
    let note = bed.data_dir().join("store/damaged.json");
    let write = || {
        let table = bed.data_dir().join("store/000007.sst");
        let noted = serde_json::json!([{ "file": table, "found": "a block" }]);
        fs::write(&note, noted.to_string()).unwrap();
    };
    write();
    let refused = told(&bed, &["run", "a"]).await;
    assert!(refused.error.contains("000007.sst"), "{refused:?}");
    let serving = bed.serve().await;
    let unready = serving.get("/readyz").send().await.unwrap();
    assert_eq!(unready.status(), 503);
    let why = serving::parsed(unready).await["detail"].to_string();
    assert!(why.contains("000007.sst: a block"), "{why}");
    let refused = serving.admin("POST", "/sources/a/run").await;
    assert_eq!(refused.status(), 503);
    told(&bed, &["scrub"]).await.ends_with(0);
    assert!(note.exists(), "beside a daemon the store is not read");
    serving.stop().await;
    let scrubbed = told(&bed, &["scrub"]).await.ends_with(0);
    assert!(scrubbed.out.contains("forgotten"), "{scrubbed:?}");
    told(&bed, &["run", "a"]).await.ends_with(0);

    // Where another store comes into its place, the note goes as well.
    write();
    told(&bed, &["recover"]).await.ends_with(0);
    assert!(!note.exists());
    told(&bed, &["run", "a"]).await.ends_with(0);
}
