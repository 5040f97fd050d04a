//! The program itself: what it checks by itself, what its doors tell of it, and the command with a daemon and without.

use crate::{
    checked::{self, row},
    serving::{Bed, Serving, eventually, parsed},
    texts::export,
};
use serde_json::{Value, json};

/// Three datasets: one as it should be, one with other columns, one whose file is gone.
async fn bed(more: &str) -> Bed {
    let fields = ["name(站名);lon(經度)", "name(站名);height(高度)", "無"];
    let bed = checked::bed(fields).await;
    bed.configure("", more);
    bed
}

fn at_once() -> String {
    checked::at_once("page_max = 2\n")
}

async fn checked(daemon: &Serving, count: u64) {
    eventually("all are checked", async || {
        daemon.json("/links").await["checked"] == count
    })
    .await;
}

async fn csv(daemon: &Serving, path: &str) -> Vec<Vec<String>> {
    let answer = daemon
        .get(path)
        .header("accept", "text/csv")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let text = answer.text().await.unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let cells = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    reader.records().map(|row| cells(row.unwrap())).collect()
}

fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    let mut items = list.as_array().unwrap().iter();
    items
        .find(|item| item["name"] == name)
        .unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_checks_what_it_publishes_and_tells_of_it() {
    let bed = bed(&at_once()).await;
    let daemon = bed.serve().await;
    daemon.run().await;
    checked(&daemon, 3).await;

    let sums = daemon.json("/links").await;
    assert_eq!((&sums["known"], &sums["broken"]), (&json!(3), &json!(0)));
    assert_eq!(named(&sums["troubles"], "ok")["addresses"], 1);
    assert_eq!(named(&sums["troubles"], "gone")["faulty"], 1);
    assert_eq!(named(&sums["troubles"], "other-columns")["addresses"], 1);
    assert_eq!(named(&sums["hosts"], "127.0.0.1")["addresses"], 3);
    assert_eq!(named(&sums["sources"], "a")["faulty"], 2);
    assert_eq!(named(&sums["publishers"], "示範部")["addresses"], 3);
    assert_eq!(sums["words"].as_array().unwrap().len(), 30);
    assert!(
        csv(&daemon, "/links").await.contains(
            &["trouble", "gone", "1", "1", "0"]
                .map(str::to_owned)
                .to_vec()
        )
    );

    // A page holds two; the table is whole.
    let page = daemon.json("/links/addresses").await;
    assert_eq!(page["addresses"].as_array().unwrap().len(), 2);
    let next = page["next"]
        .as_str()
        .unwrap()
        .replace(crate::texts::BASE, "/");
    let rest = daemon.json(&next).await;
    assert_eq!(rest["addresses"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next"], Value::Null);
    assert_eq!(csv(&daemon, "/links/addresses").await.len(), 1 + 3);
    let gone = daemon
        .json("/links/addresses?trouble=gone&source=a&host=127.0.0.1&broken=false")
        .await;
    assert_eq!(gone["addresses"][0]["status"], 404);
    assert_eq!(gone["addresses"].as_array().unwrap().len(), 1);
    let none = daemon
        .json("/links/addresses?trouble=gone&publisher=nobody")
        .await;
    assert_eq!(none["addresses"], json!([]));
    let of_one = daemon
        .json("/links/addresses?dataset=https://data.gov.tw/dataset/2")
        .await;
    assert_eq!(of_one["addresses"][0]["trouble"], "other-columns");

    let url: String =
        url::form_urlencoded::byte_serialize(bed.origin.at("/2.csv").as_bytes()).collect();
    let one = daemon.json(&format!("/links/address?url={url}")).await;
    assert_eq!(one["history"].as_array().unwrap().len(), 1);
    assert_eq!(one["came"]["look"]["columns"], json!(["name", "lon"]));
    assert_eq!(one["places"][0]["verdict"]["missing"], json!(["height"]));
    let words = &one["words"];
    assert_eq!(words["zh-Hant"], "欄位與欄位說明不符");
    assert_eq!(
        (&words["advice"], &words["advice-zh-Hant"]),
        (
            &json!("bring the description of the fields up to the file"),
            &json!("請依檔案內容更新欄位說明")
        )
    );

    let datasets = daemon
        .json("/links/datasets?dataset=https://data.gov.tw/dataset/2")
        .await;
    let checks = &datasets["datasets"][0];
    assert_eq!(checks["badge"], "金");
    let told = [
        "linkable",
        "downloadable",
        "structure",
        "encoding_match",
        "desc_match",
    ]
    .map(|name| checks[name].as_bool());
    assert_eq!(
        told,
        [Some(true), Some(true), Some(true), Some(true), Some(false)]
    );
    let table = csv(&daemon, "/links/datasets?source=a").await;
    let gone = table.iter().find(|row| row[0].ends_with("/3")).unwrap();
    assert_eq!(
        gone[7..13],
        ["0", "0", "", "", "", "gone"].map(str::to_owned)
    );

    let metrics = daemon
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("harvestd_links_checked_total{trouble=\"gone\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("harvestd_links_known 3"));

    // The operator asks once more, and sees it line by line.
    let answer = daemon.admin("POST", "/links/check?source=a").await;
    let text = answer.text().await.unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[3],
        json!({ "checked": 3, "troubles": { "gone": 1, "ok": 1, "other-columns": 1 } })
    );
    let again = daemon.json(&format!("/links/address?url={url}")).await;
    assert_eq!(again["history"].as_array().unwrap().len(), 2);

    // A dataset that goes takes its address with it.
    bed.origin.say(
        "/a",
        "application/json",
        export(&[
            row("1", &bed.origin.at("/1.csv"), ""),
            row("2", &bed.origin.at("/2.csv"), ""),
        ]),
    );
    parsed(
        daemon
            .admin("POST", "/sources/a/run?wait=true&full=true")
            .await,
    )
    .await;
    eventually("it is forgotten", async || {
        daemon.json("/links").await["known"] == 2
    })
    .await;
    daemon.stop().await;
}

async fn said(bed: &Bed, arguments: &[&str]) -> (String, i32) {
    let output = bed.command(arguments).output().await.unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    let code = output
        .status
        .code()
        .unwrap_or_else(|| panic!("{complaint}"));
    (String::from_utf8(output.stdout).unwrap(), code)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_works_with_a_daemon_and_without() {
    let bed = bed(&at_once().replace("begin_after_ms = 0", "begin_after_ms = 86_400_000")).await;
    let daemon = bed.serve().await;
    daemon.run().await;
    let gone = bed.origin.at("/gone.csv");
    // Nothing is checked yet, and the first check finds what is published.
    let (text, code) = said(
        &bed,
        &[
            "links",
            "check",
            "--dataset",
            "https://data.gov.tw/dataset/3",
        ],
    )
    .await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("gone 404 {gone}")), "{text}");
    let (text, _) = said(&bed, &["links"]).await;
    assert!(
        text.starts_with("3 addresses, 1 checked, 0 broken"),
        "{text}"
    );
    daemon.stop().await;

    let (text, code) = said(&bed, &["links", "check", "--source", "a"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("3 checked"), "{text}");
    let (text, _) = said(&bed, &["links", "list", "--trouble", "gone"]).await;
    assert_eq!(text.lines().count(), 1, "{text}");
    let (text, _) = said(&bed, &["links", "list", "--csv"]).await;
    assert_eq!(text.lines().count(), 4, "{text}");
    let (text, _) = said(&bed, &["links", "datasets", "--source", "a"]).await;
    assert!(
        text.starts_with("dataset,source,publisher,badge,"),
        "{text}"
    );
    let (text, _) = said(&bed, &["links", "show", &gone]).await;
    assert!(text.contains("name the new address"), "{text}");
    let (text, _) = said(&bed, &["links", "show", &gone, "--json"]).await;
    let one: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(one["history"].as_array().unwrap().len(), 2);
    let (_, code) = said(&bed, &["links", "list", "--trouble", "nonsense"]).await;
    assert_eq!(code, 1);
    let (text, _) = said(
        &bed,
        &["links", "check", "http://127.0.0.1/nobody-names-it"],
    )
    .await;
    assert!(text.contains("no dataset names"), "{text}");
}
