//! The same by the program itself: commands with and without a daemon, the operator's door, and kill -9 in the middle.

use super::*;
use serde_json::Value;
use serving::{Serving, parsed};
use std::{os::unix::process::ExitStatusExt, process::Output};

/// Exit code, standard output and standard error.
async fn does(
    bed: &serving::Bed,
    arguments: &[&str],
    failpoints: &str,
) -> (Output, String, String) {
    let mut command = bed.command(arguments);
    let running = command.env("FAILPOINTS", failpoints).output();
    let output = tokio::time::timeout(DEADLINE, running).await;
    let output = output.expect("the command ends").unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

async fn ok(bed: &serving::Bed, arguments: &[&str]) -> String {
    let (output, out, err) = does(bed, arguments, "").await;
    assert!(output.status.success(), "{arguments:?}: {out}\n{err}");
    out
}

async fn fails(bed: &serving::Bed, arguments: &[&str], code: i32) -> String {
    let (output, out, err) = does(bed, arguments, "").await;
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {out}\n{err}"
    );
    err
}

async fn json(bed: &serving::Bed, arguments: &[&str]) -> Value {
    serde_json::from_str(&ok(bed, arguments).await).unwrap()
}

async fn run(serving: &Serving) -> Value {
    parsed(
        serving
            .admin("POST", "/sources/a/run?full=true&wait=true")
            .await,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_looks_and_decides() {
    let bed = serving::Bed::new(export(&rows(1, 100, 1))).await;
    let serving = bed.serve().await;
    serving.run().await;
    assert_eq!(
        ok(&bed, &["held", "list"]).await,
        "No deletions are held.\n"
    );
    let say = |document: String| bed.origin.say("/a", JSON, document);
    say(export(&rows(41, 100, 1)));
    let report = run(&serving).await;
    assert_eq!(
        (&report["outcome"], &report["held"]["datasets"]),
        (&"partial".into(), &40.into())
    );
    // Everywhere where one looks.
    let status = serving.json("/status.json").await;
    assert_eq!(status["sources"][0]["gate"]["held"], report["held"]);
    let metrics = serving
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("harvestd_held_datasets{source=\"a\"} 40\n"),
        "{metrics}"
    );
    let page = serving
        .get("/sources/a")
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("harvestd held show a"), "{page}");
    let told = json(&bed, &["held", "list", "--json"]).await;
    assert_eq!(told[0]["held"], report["held"]);
    let list = report["held"]["list"].as_str().unwrap();
    assert!(ok(&bed, &["held", "list"]).await.contains(list));
    let shown = ok(&bed, &["held", "show", "a"]).await;
    assert!(
        shown.contains("dataset 7  資料 7.1") && !shown.contains("資料 41.1"),
        "{shown}"
    );
    fails(&bed, &["held", "show", "nobody"], 4).await;
    let err = fails(&bed, &["held", "approve", "a", "--list", "0"], 1).await;
    assert!(err.contains(list), "{err}");
    let done = ok(&bed, &["held", "approve", "a", "--list", list]).await;
    assert!(
        done.starts_with(&format!("Deleted: list {list}, 40 datasets")),
        "{done}"
    );
    fails(&bed, &["held", "approve", "a"], 1).await;

    // The approval is a run like any other, and can be taken back.
    let kept = json(&bed, &["undo", "--runs", "a", "--json"]).await;
    let approval = kept[1]["run"].as_str().unwrap().to_owned();
    assert!(approval.ends_with("-a.approve"), "{kept}");
    let would = json(&bed, &["undo", &approval, "--dry-run", "--json"]).await;
    assert_eq!(
        (&would["report"], &would["undone"]["restored"]),
        (&Value::Null, &40.into())
    );
    fails(&bed, &["undo", "not-a-run"], 2).await;
    fails(&bed, &["undo", "1700000000000-a"], 1).await;
    let done = ok(&bed, &["undo", &approval, "--hold"]).await;
    assert!(done.contains("Records as they were before: 40"), "{done}");
    let source = parsed(serving.admin("GET", "/sources/a").await).await;
    assert_eq!(
        (&source["paused"], &source["holds"]),
        (&true.into(), &100.into())
    );
    serving.stop().await;

    // Without a daemon as well.
    let one = "https://data.gov.tw/dataset/1";
    fails(&bed, &["restore", one], 1).await;
    let again = json(&bed, &["undo", "--runs", "a", "--json"]).await;
    let undo = again[2]["run"].as_str().unwrap();
    ok(&bed, &["undo", undo]).await;
    ok(&bed, &["restore", one]).await;
    let status = json(&bed, &["status", "--json"]).await;
    assert_eq!(status["sources"][0]["holds"], 61);
}

/// Killed after its commit and before the state knows of it, an undo still has the source asked for everything: what it
/// said before, and says again, is not "not modified".
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_undo_took_back_is_asked_for_again() {
    let bed = serving::Bed::new(export(&rows(1, 20, 1))).await;
    ok(&bed, &["run", "a"]).await;
    bed.origin.say("/a", JSON, export(&rows(1, 20, 2)));
    let run = json(&bed, &["run", "a", "--json"]).await;
    let (output, out, err) = does(
        &bed,
        &["undo", run["run"].as_str().unwrap()],
        "committed=return",
    )
    .await;
    assert_eq!(output.status.signal(), Some(9), "{out}\n{err}");
    let report = json(&bed, &["run", "a", "--json"]).await;
    assert_eq!(
        (&report["not_modified"], &report["counts"]["changed"]),
        (&0.into(), &20.into()),
        "{report}"
    );
}

/// Killed anywhere, an undo is done or not begun, batch by batch, and can be given again.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_takes_back() {
    let limits = "batch_triples_max = 1_000\nbulk_bytes_min = 16_000_000_000";
    for failpoint in [
        "commit=return",
        "committed=return",
        "committed=1*off->return",
        "state=return",
        "backup=1*off->return",
    ] {
        let bed = serving::Bed::new(export(&rows(1, 60, 1))).await;
        bed.configure(limits, "");
        ok(&bed, &["run", "a", "--full"]).await;
        let open = || {
            let a = source("a", "data_gov_tw", &bed.origin.at("/a"), "");
            House::open(&bed.data_dir(), limits, &[a])
        };
        let look = async || {
            let house = open();
            let whole = Whole::of(&house.daemon);
            house.close().await;
            whole
        };
        let before = look().await;
        bed.origin.say(
            "/a",
            JSON,
            export(&[rows(3, 58, 2), rows(61, 160, 1)].concat()),
        );
        let run = json(&bed, &["run", "a", "--full", "--json"]).await;
        let run = run["run"].as_str().unwrap().to_owned();
        let (output, out, err) = does(&bed, &["undo", &run], failpoint).await;
        assert_eq!(output.status.signal(), Some(9), "{failpoint}: {out}\n{err}");
        let killed = look().await;
        if killed.bodies != before.bodies {
            // What was done of it is a run of its own, which a second try builds on.
            ok(&bed, &["undo", &run, "--with-later"]).await;
        }
        assert_eq!(look().await.bodies, before.bodies, "{failpoint}");
    }
}
