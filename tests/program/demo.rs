//! `harvestd demo`, and commands that are told its data directory and nothing else.

use super::*;
use serde_json::Value;

const TITLES: &str = "PREFIX dcat: <http://www.w3.org/ns/dcat#>
SELECT (COUNT(DISTINCT ?d) AS ?n) { ?c dcat:dataset ?d ; dcat:record ?r }";
const VERBS: &str = "SELECT DISTINCT ?verb { GRAPH ?page {
  ?activity a ?verb ; <https://www.w3.org/ns/activitystreams#object> ?entity } }";
const NOTHING_RUNS: i32 = 5;

/// A demo at ports that the system gave it, and what it said of them.
async fn started(dir: &Path, more: &[&str]) -> (Daemon, Value) {
    let mut words = vec!["demo", "--json", "--data-dir", text(dir)];
    words.extend(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    words.extend(more);
    let (demo, said) = Daemon::start(&words).await;
    (demo, serde_json::from_str(&said).unwrap())
}

/// A run of one source, which one that is due by itself may be in the way of.
async fn run(dir: &Path, source: &str) -> Value {
    let words = ["run", source, "--json", "--data-dir", text(dir)];
    let told = eventually("a run by hand", async || {
        let told = harvestd(&words).await;
        (!told.error.contains("is under way")).then_some(told)
    })
    .await;
    assert_eq!(told.exit, Some(0), "{told:?}");
    told.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_what_to_open_harvests_changes_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let mut words = vec!["demo", "--data-dir", text(&data)];
    words.extend(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    let (mut demo, blank) = Daemon::start(&words).await;
    let mut banner = blank;
    while banner.matches("curl -sH").count() < 3 {
        let line = tokio::time::timeout(DEADLINE, demo.out.next_line()).await;
        banner += &(line.unwrap().unwrap().expect("three queries") + "\n");
    }
    let opened = |path: &str| {
        let word = banner.split_whitespace().find(|w| w.ends_with(path));
        word.unwrap_or_else(|| panic!("{path} is not in {banner}"))
            .to_owned()
    };
    let status = opened("/status");
    let sample = opened("/step").replace("/step", "");

    let harvested = eventually("all four are harvested", async || {
        let told: Value = serde_json::from_str(&get(&format!("{status}.json")).await).unwrap();
        let sources = told["sources"].as_array().unwrap().clone();
        let holds = sources.iter().map(|s| s["holds"].as_u64().unwrap());
        let holds: Vec<u64> = holds.collect();
        let done = sources.iter().all(|s| s["last"]["outcome"] == "complete");
        done.then_some(holds)
    })
    .await;
    assert_eq!(harvested.len(), 4);
    assert!(harvested.iter().all(|holds| *holds >= 5), "{harvested:?}");
    let counted = harvestd(&["query", "-o", "csv", TITLES, "--data-dir", text(&data)]).await;
    let counted: u64 = counted.out.lines().nth(1).unwrap().parse().unwrap();
    assert!(counted >= 100, "some hundred datasets, and not {counted}");

    // What the page of /sparql suggests finds something here, and is drawn.
    let base = status.trim_end_matches("/status");
    for example in harvestd_web::sparql::examples() {
        let asked = harvestd_web::frame::encoded(example.query);
        let csv = get(&format!("{base}/sparql?format=csv&query={asked}")).await;
        assert!(csv.lines().count() > 1, "{}: {csv}", example.english);
        let page = get(&format!("{base}/sparql?format=html&query={asked}")).await;
        assert!(
            page.contains("<table class=\"answer\">"),
            "{}: {page}",
            example.english
        );
        let has_places = example.query.contains("dcat:centroid");
        assert_eq!(
            page.contains("<svg class=\"map\""),
            has_places,
            "{}: {page}",
            example.english
        );
    }

    // What the sample server changes is seen by the next run, whoever asks for it.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    eventually(
        "something came, something changed, something went",
        async || {
            let stepped = client.post(format!("{sample}/step")).send().await.unwrap();
            assert!(stepped.status().is_success());
            run(&data, "demo-ministry").await;
            let told = harvestd(&["query", "-o", "csv", VERBS, "--data-dir", text(&data)]).await;
            let seen = |verb: &str| told.out.lines().any(|line| line.ends_with(verb));
            ["#Create", "#Update", "#Delete"]
                .into_iter()
                .all(seen)
                .then_some(())
        },
    )
    .await;
    let (exit, _) = demo.terminate().await;
    assert_eq!(exit, Some(0));
}

/// `--data-dir` is enough, at whatever ports the demo listens or listened.
#[tokio::test(flavor = "multi_thread")]
async fn its_data_directory_is_all_that_commands_need() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let (demo, said) = started(&data, &[]).await;
    let at_data = ["--json", "--data-dir", text(&data)];
    let asked = async |words: &[&str]| harvestd(&[words, &at_data].concat()).await;
    run(&data, "demo-ckan").await;
    let checked = eventually("a check", async || {
        let told = asked(&["check", "demo-ckan"]).await;
        (!told.error.contains("is under way")).then_some(told)
    })
    .await;
    assert_eq!(checked.exit, Some(0), "{checked:?}");
    assert_eq!(checked.json()["source"], "demo-ckan");
    let sources = asked(&["sources"]).await.json();
    let sample = said["sample"].as_str().unwrap();
    assert_eq!(sources[1]["url"], format!("{sample}/ckan"));
    assert_eq!(demo.terminate().await.0, Some(0));

    let base = format!("http://{}/", said["listen"].as_str().unwrap());
    let export = asked(&["export", "-o", "nt"]).await;
    assert_eq!(export.exit, Some(0), "{export:?}");
    assert!(export.out.contains(&format!("<{base}catalog/demo-ckan>")));
    assert_eq!(asked(&["check-config"]).await.json()["public_url"], base);
    let overrides = asked(&["overrides", "list"]).await;
    assert_eq!(overrides.exit, Some(0), "{overrides:?}");
    let again = asked(&["redescribe", "demo-ckan"]).await;
    assert_eq!(again.exit, Some(0), "{again:?}");
    assert!(again.json()["counts"]["holds"].as_u64().unwrap() > 0);

    let start = format!("`harvestd demo --data-dir {}`", data.display());
    for command in ["run", "check", "details"] {
        let told = asked(&[command, "demo-ckan"]).await;
        assert_eq!(told.exit, Some(NOTHING_RUNS), "{told:?}");
        assert!(
            told.error.contains("does not run") && told.error.contains(&start),
            "{told:?}"
        );
        assert_eq!(told.out, "");
    }
    let told = asked(&["serve"]).await;
    assert_eq!(told.exit, Some(2), "{told:?}");
    assert!(told.error.contains(&start), "{told:?}");
}

/// Its configuration is part of the program, its corrections are files: SIGHUP takes over what was written and removed.
#[tokio::test(flavor = "multi_thread")]
async fn its_files_of_corrections_are_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let (demo, _) = started(&data, &[]).await;
    let in_force = async |expected: &[&str]| {
        eventually("the corrections in force", async || {
            let told = harvestd(&["overrides", "list", "--json", "--data-dir", text(&data)]).await;
            let all = told.json();
            let all = all.as_array().unwrap().iter();
            let held = all.filter(|one| one["state"] != "not in force");
            let titles: Vec<_> = held.map(|one| one["set"][0].as_str().unwrap()).collect();
            (titles == expected).then_some(())
        })
        .await;
    };
    in_force(&["River maps as tiles (WMS)"]).await;

    let folder = data.join("overrides");
    std::fs::create_dir_all(&folder).unwrap();
    let correction = "[[override]]
        dataset = \"https://observatory.example.org/service/sensors\"
        property = \"dct:title\"
        lang = \"en\"
        expect = \"Sensor data service\"
        set = \"River sensors\"
        who = \"desk\"
        when = 2026-11-21
        why = \"It does not say which sensors.\"";
    std::fs::write(folder.join("sensors.toml"), correction).unwrap();
    demo.signal(rustix::process::Signal::HUP);
    in_force(&["River maps as tiles (WMS)", "River sensors"]).await;

    std::fs::remove_file(folder.join("sensors.toml")).unwrap();
    demo.signal(rustix::process::Signal::HUP);
    in_force(&["River maps as tiles (WMS)"]).await;
    assert_eq!(demo.terminate().await.0, Some(0));
}

/// A configuration of its own is found as well, and read anew by each command.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_its_own_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("demo"), dir.path().join("my.toml"));
    let own = include_str!("../../config/demo.toml").replace("demo-ckan", "my-ckan");
    std::fs::write(&file, &own).unwrap();
    let (demo, _) = started(&data, &["--config", text(&file)]).await;
    run(&data, "my-ckan").await;
    assert_eq!(demo.terminate().await.0, Some(0));
    let sources = async || harvestd(&["sources", "--json", "--data-dir", text(&data)]).await;
    assert_eq!(sources().await.json()[1]["id"], "my-ckan");
    std::fs::write(&file, own.replace("kind = \"ckan\"", "kind = \"ckam\"")).unwrap();
    let told = sources().await;
    assert_eq!(told.exit, Some(2));
    assert!(
        told.error.contains("my.toml:") && told.error.contains("ckam"),
        "{told:?}"
    );

    std::fs::write(data.join("demo.json"), "{").unwrap();
    let told = sources().await;
    assert_eq!(told.exit, Some(2));
    assert!(
        told.error.contains("demo.json") && told.error.contains("once more"),
        "{told:?}"
    );
    let told = harvestd(&["serve", "--data-dir", text(&data)]).await;
    assert_eq!(told.exit, Some(2));
    assert!(told.error.contains("once more"), "{told:?}");
}
