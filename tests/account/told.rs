//! What the doors and the commands tell of a run.

use super::*;
use reqwest::StatusCode;
use serde_json::Value;
use std::collections::BTreeMap;

/// More than any report shows itself.
const BAD: usize = 80;
const NAMELESS: usize = 3;
const TWICE: usize = 5;

async fn harvested(limits: &str) -> (Bed, Serving, Value) {
    let bed = Bed::new(with_faults(BAD, NAMELESS, TWICE)).await;
    bed.configure(limits, "");
    let serving = bed.serve().await;
    let report = serving.run().await;
    (bed, serving, report)
}

/// How many rows there are of each fate.
fn fates(report: &Value) -> BTreeMap<String, usize> {
    let mut fates = BTreeMap::new();
    for row in report["rows"].as_array().unwrap() {
        *fates
            .entry(row["fate"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    fates
}

fn count(report: &Value, name: &str) -> u64 {
    report["counts"][name].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_that_did_not_come_in_has_a_row() {
    let (_bed, serving, ran) = harvested("").await;
    let report = serving.json("/sources/a/report").await;
    assert_eq!(report["run"], ran["run"]);
    assert_eq!(
        report["rows"], ran["rows"],
        "the run's own answer has them, too"
    );
    assert_eq!(
        report["disagreements"].as_array().unwrap().len(),
        0,
        "{report}"
    );
    let fates = fates(&report);
    assert_eq!(fates["refused"], BAD);
    assert_eq!(fates["unreadable"], NAMELESS);
    assert_eq!(fates["duplicate"], TWICE);
    for fate in [
        "refused",
        "unreadable",
        "duplicate",
        "filtered",
        "looped",
        "held",
    ] {
        let rows = fates.get(fate).copied().unwrap_or_default() as u64;
        assert_eq!(count(&report, fate), rows, "{fate}");
    }
    let sum: u64 = [
        "new",
        "changed",
        "unchanged",
        "refused",
        "unreadable",
        "duplicate",
        "filtered",
        "looped",
    ]
    .map(|name| count(&report, name))
    .iter()
    .sum();
    assert_eq!(count(&report, "received"), sum);
    let all = report["rows"].as_array().unwrap();
    assert_eq!(report["account"]["written"], all.len());
    assert_eq!(report["account"]["not_written"], 0);
    let bad = all.iter().find(|row| row["record"] == "1079").unwrap();
    assert_eq!(
        (bad["code"].as_str(), bad["index"].as_u64()),
        (Some("not-json"), Some(179))
    );
    assert!(
        bad["expected"].as_str().unwrap().contains("a JSON object"),
        "{bad}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_in_every_form_and_only_once() {
    let (bed, serving, ran) = harvested("").await;
    let run = ran["run"].as_str().unwrap();
    let path = format!("/sources/a/report/{run}");
    let last = serving.get("/sources/a/report").send().await.unwrap();
    let location = last.headers()["content-location"].to_str().unwrap();
    assert!(location.ends_with(&path), "{location}");
    let tag = last.headers()["etag"].clone();
    let again = serving.get(&path).header("if-none-match", &tag);
    assert_eq!(
        again.send().await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );

    let table = serving
        .get(&path)
        .header("accept", "text/csv")
        .send()
        .await
        .unwrap();
    assert_ne!(
        table.headers()["etag"],
        tag,
        "another form is another document"
    );
    let table = table.text().await.unwrap();
    let rows = ran["rows"].as_array().unwrap().len();
    assert_eq!(table.trim_end().lines().count(), rows + 1);
    let refused = table
        .lines()
        .filter(|line| line.contains(",refused,dataset,"));
    assert_eq!(refused.count(), BAD);

    let graph = serving
        .get(&format!("{path}?format=nt"))
        .send()
        .await
        .unwrap();
    assert_eq!(graph.headers()["content-type"], "application/n-triples");
    let graph = graph.text().await.unwrap();
    let results = graph.lines().filter(|line| line.contains("shacl#result>"));
    assert_eq!(results.count(), rows);
    assert!(graph.contains("/record/a/1079>"), "{}", &graph[..2000]);
    for (format, begin) in [("ttl", "@prefix"), ("jsonld", "["), ("rdf", "<?xml")] {
        let told = serving
            .get(&format!("{path}?format={format}"))
            .send()
            .await
            .unwrap();
        assert_eq!(told.status(), StatusCode::OK, "{format}");
        let text = told.text().await.unwrap();
        assert!(
            text.trim_start().starts_with(begin),
            "{format}: {}",
            &text[..40]
        );
    }

    let some = serving
        .json(&format!("{path}?fate=duplicate,unreadable&rows=7"))
        .await;
    assert_eq!(some["rows"].as_array().unwrap().len(), 7);
    assert!(
        fates(&some)
            .keys()
            .all(|fate| fate == "duplicate" || fate == "unreadable")
    );
    for (path, status) in [
        ("/sources/a/report/1-a", 404),
        ("/sources/a/report/..%2F..%2Flock", 404),
        ("/sources/nobody/report", 404),
        ("/sources/a/report?fate=bad", 400),
        ("/sources/a/report?format=xlsx", 400),
        ("/sources/a/reports?limit=0", 400),
    ] {
        let answered = serving.get(path).send().await.unwrap();
        assert_eq!(answered.status().as_u16(), status, "{path}");
        assert_eq!(
            answered.headers()["content-type"],
            "application/problem+json"
        );
    }

    let second = parsed_run(&serving).await;
    let page = serving.json("/sources/a/reports?limit=1").await;
    assert_eq!(page["reports"][0]["run"], second["run"]);
    let next = page["next"].as_str().unwrap();
    let next = next
        .split_once("/sources")
        .map(|(_, rest)| format!("/sources{rest}"));
    let page = serving.json(&next.unwrap()).await;
    assert_eq!(page["reports"][0]["run"], run);
    assert_eq!(page["next"], Value::Null);
    serving.stop().await;
    commands(&bed, run, rows).await;
}

/// The same without a daemon.
async fn commands(bed: &Bed, run: &str, rows: usize) {
    let said = async |arguments: &[&str]| {
        let output = bed.command(arguments).output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (code, json) = said(&["report", "a", run, "--json"]).await;
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (code, report["rows"].as_array().unwrap().len()),
        (Some(0), rows)
    );
    let (code, table) = said(&["report", "a", run, "--csv"]).await;
    assert_eq!(
        (code, table.trim_end().lines().count()),
        (Some(0), rows + 1)
    );
    let (code, text) = said(&["report", "a", run]).await;
    assert_eq!(code, Some(0));
    assert!(
        text.contains(&format!(
            "refused {BAD}, unreadable {NAMELESS}, duplicate {TWICE}"
        )),
        "{text}"
    );
    assert!(text.contains("more refused; --json has all"), "{text}");
    let (_, list) = said(&["report", "a", "--list"]).await;
    assert!(list.contains(run) && list.lines().count() == 3, "{list}");
    assert_eq!(said(&["report", "a", "1-a"]).await.0, Some(2));
    assert_eq!(said(&["report", "nobody"]).await.0, Some(4));
}

async fn parsed_run(serving: &Serving) -> Value {
    serving::parsed(
        serving
            .admin("POST", "/sources/a/run?full=true&wait=true")
            .await,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_account_is_cut_it_says_so() {
    let (_bed, serving, _) = harvested("report_rows_bytes_max = 4096\n").await;
    let report = serving.json("/sources/a/report").await;
    let account = &report["account"];
    let written = account["written"].as_u64().unwrap();
    let rows = report["rows"].as_array().unwrap().len() as u64;
    assert_eq!(written, rows);
    assert!(
        written > 0 && account["not_written"].as_u64().unwrap() > 0,
        "{account}"
    );
    let why = account["why_not"].as_str().unwrap();
    assert!(why.contains("limits.report_rows_bytes_max"), "{why}");
    assert_eq!(count(&report, "refused"), BAD as u64, "counts go on");
    assert_eq!(
        report["disagreements"].as_array().unwrap().len(),
        0,
        "{report}"
    );
    let graph = serving
        .get("/sources/a/report?format=nt")
        .send()
        .await
        .unwrap();
    assert!(graph.text().await.unwrap().contains("rowsNotWritten"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_all_as_well_and_is_no_run() {
    let (bed, serving, ran) = harvested("").await;
    bed.origin
        .say("/a", "application/json", with_faults(BAD + 1, 0, 0));
    let checked = serving
        .admin("POST", "/sources/a/run?what=check&wait=true")
        .await;
    let checked = serving::parsed(checked).await;
    assert_eq!(fates(&checked)["refused"], BAD + 1);
    let head = serving
        .admin("POST", "/sources/a/run?what=check&wait=true&rows=0")
        .await;
    let head = serving::parsed(head).await;
    assert_eq!(head["rows"].as_array().unwrap().len(), 0);
    assert_eq!(count(&head, "refused"), BAD as u64 + 1);
    assert_eq!(serving.json("/sources/a/report").await["run"], ran["run"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_has_rows_and_a_kill_leaves_no_half_report() {
    let bed = Bed::new(export(&rows(1, 100, 1))).await;
    let serving = bed.serve().await;
    let first = serving.run().await;
    bed.origin
        .say("/a", "application/json", export(&rows(61, 100, 1)));
    let held = parsed_run(&serving).await;
    assert_eq!((count(&held, "held"), fates(&held)["held"]), (60, 60));
    let row = held["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["fate"] == "held");
    assert_eq!(row.unwrap()["code"], "too-much");
    serving.kill().await;
    // A run that was killed between its rows and its report, and one in the middle of its rows.
    let dir = bed.data_dir().join("reports/a");
    let rows = dir.join(format!("{}.rows.zst", held["run"].as_str().unwrap()));
    std::fs::copy(&rows, dir.join("9999999999999-a.rows.zst")).unwrap();
    std::fs::write(dir.join("report.tmp"), "half").unwrap();
    let serving = bed.serve().await;
    let list = serving.json("/sources/a/reports").await;
    let runs: Vec<&Value> = list["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["run"])
        .collect();
    assert_eq!(runs, [&held["run"], &first["run"]]);
    // Rows that are cut break the answer off.
    let whole = std::fs::read(&rows).unwrap();
    std::fs::write(&rows, &whole[..whole.len() / 2]).unwrap();
    let cut = serving.get("/sources/a/report").send().await;
    let text = match cut {
        Ok(response) => response.text().await.ok(),
        Err(_) => None,
    };
    assert_eq!(text, None, "a cut account never looks whole");
}
